package server

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
)

func TestHealthIsAlwaysThere(t *testing.T) {
	r := start(t, "127.0.0.1", Options{})
	var got struct{ Status, Version, Now string }
	r.own(t, "GET", "health", "", &got)
	at, err := time.Parse(time.RFC3339Nano, got.Now)
	if got.Status != "ok" || got.Version == "" || err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("got %+v, %v", got, err)
	}
	if status, answer, header := r.do(t, "POST", "/_apcsim/health", ""); status != 405 || header.Get("Allow") != "GET" {
		t.Errorf("POST: got %d, %s, %v", status, answer, header)
	}
	if status, answer, _ := r.do(t, "HEAD", "/_apcsim/health", "", "Host", "elsewhere.example"); status != 200 || answer != "" {
		t.Errorf("HEAD: got %d, %q", status, answer)
	}
}

func TestTheClockIsMovedOverTheWire(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	key := r.create(t)
	if status, answer, _ := r.call(t, "DeleteKey", `{"KeyIdentifier":"`+key+`","DeleteKeyInDays":3}`); status != 200 {
		t.Fatalf("DeleteKey: %d, %s", status, answer)
	}
	var before, after timeView
	r.own(t, "GET", "now", "", &before)
	r.own(t, "POST", "advance", `{"duration":"3d"}`, &after)
	if d := after.Now.Sub(before.Now); before.Offset != "0s" || after.Offset != "72h0m0s" || d < 72*time.Hour || d > 73*time.Hour {
		t.Errorf("got %+v, then %+v", before, after)
	}
	var got inspection
	r.own(t, "GET", "keys/"+key, "", &got)
	if got.Key.KeyState != apc.KeyStateDeleteComplete || got.Key.DeleteTimestamp == nil {
		t.Errorf("after the wait: got %+v", got.Key)
	}
	for body, want := range map[string]string{
		``: "the JSON ends too soon", `{}`: "duration: is missing",
		`{"duration":3}`:     `duration: found a number, wanted a time like \"90m\", \"36h\"`,
		`{"duration":"-3h"}`: "duration: wanted a time", `{"duration":"3h","by":1}`: "by: there is no such member",
		`{"duration":"36524d"}`: errTooFar.Error(),
	} {
		if status, answer, _ := r.do(t, "POST", "/_apcsim/advance", body); status != 400 || !strings.Contains(answer, want) {
			t.Errorf("%s: got %d, %s, want %s", body, status, answer, want)
		}
	}
}

func TestKeysAreLoadedAndInspectedOverTheWire(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true, Config: parsed(t, zoneKey)})
	load := `{"account":"444455556666","region":"eu-central-1","alias":"alias/a","components":["0123456789ABCDEFFEDCBA9876543210",
		"00000000000000000000000000000000"],"Exportable":false,"Enabled":false,"Tags":[{"Key":"k","Value":"v"}],"KeyAttributes":{
		"KeyUsage":"TR31_P0_PIN_ENCRYPTION_KEY","KeyClass":"SYMMETRIC_KEY","KeyAlgorithm":"TDES_2KEY",` +
		`"KeyModesOfUse":{"Encrypt":true,"Wrap":true}}}`
	var made loadedView
	r.own(t, "POST", "keys", load, &made)
	if got := made.Key; got.KeyCheckValue != "08D7B4" || got.Exportable || got.Enabled || got.KeyOrigin != apc.KeyOriginExternal ||
		!strings.HasPrefix(got.KeyArn, "arn:aws:payment-cryptography:eu-central-1:444455556666:key/") {
		t.Errorf("loaded: got %+v", got)
	}
	if len(made.ComponentCheckValues) != 2 || made.ComponentCheckValues[0] != "08D7B4" {
		t.Errorf("check values of the components: got %v", made.ComponentCheckValues)
	}
	_, id, _ := strings.Cut(made.Key.KeyArn, "key/")
	for _, path := range []string{made.Key.KeyArn, id + "?account=444455556666&region=eu-central-1",
		"alias/a?account=444455556666&region=eu-central-1"} {
		var got inspection
		r.own(t, "GET", "keys/"+path, "", &got)
		if got.Key.KeyArn != made.Key.KeyArn || fmt.Sprint(got.Aliases, got.Tags) != "[alias/a] [{k v}]" {
			t.Errorf("%s: got %+v", path, got)
		}
	}
	var here, there pageView
	r.own(t, "GET", "keys", "", &here)
	r.own(t, "GET", "keys?account=444455556666&region=eu-central-1", "", &there)
	if len(here.Keys) != 1 || here.Keys[0].KeyCheckValue != zoneKCV || len(there.Keys) != 1 || there.Keys[0].KeyArn != made.Key.KeyArn {
		t.Errorf("got %+v here and %+v there", here, there)
	}
	var calls journalView
	r.own(t, "GET", "journal", "", &calls)
	if len(calls.Calls) != 3 || calls.Calls[1].Operation != "LoadKey" { // between those of the alias
		t.Errorf("looking around is no call: got %+v", calls)
	}
}

func TestKeysComeInPages(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	want := map[string]bool{}
	for range 5 {
		want[r.create(t)] = true
	}
	next := ""
	for range 3 {
		var got pageView
		r.own(t, "GET", "keys?limit=2&next="+next, "", &got)
		for _, k := range got.Keys {
			delete(want, k.KeyArn)
		}
		if got.Next == nil {
			break
		}
		next = *got.Next
	}
	if len(want) != 0 {
		t.Errorf("not listed: %v", want)
	}
	for path, status := range map[string]int{
		"keys?limit=0": 400, "keys?limit=101": 400, "keys?limit=x": 400, "keys?next=x": 400, "keys?account=1": 400, "keys?region=x": 400,
		"keys/zzzzzzzzzzzzzzzz": 404, "keys/alias/none": 404, "keys/x": 400, "journal?limit=1001": 400,
	} {
		if got, answer, _ := r.do(t, "GET", "/_apcsim/"+path, ""); got != status || !strings.HasPrefix(answer, `{"error":"`) {
			t.Errorf("%s: got %d, %s, want %d", path, got, answer, status)
		}
	}
}
