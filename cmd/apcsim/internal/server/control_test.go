package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/console"
	"github.com/seed748fb4d1/apcsim/engine"
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

func TestTheSimulatorsOwnCallsAreOffUnlessAskedFor(t *testing.T) {
	r := start(t, "127.0.0.1", Options{})
	for _, path := range []string{"", "now", "advance", "reset-clock", "reset", "keys", "keys/x", "journal", "due", "graph", "approvals", "faults",
		"nothing"} {
		for _, method := range []string{"GET", "POST"} {
			status, answer, _ := r.do(t, method, "/_apcsim/"+path, "")
			if want := `{"error":"the simulator's own calls are off"}` + "\n"; status != 404 || answer != want {
				t.Errorf("%s %s: got %d, %s", method, path, status, answer)
			}
		}
	}
}

func TestTheOwnCallsListThemselves(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true})
	var got struct {
		Calls []struct{ Method, Path, Summary string }
	}
	r.own(t, "GET", "", "", &got)
	if len(got.Calls) != len(ownCalls()) {
		t.Fatalf("got %d calls, want %d", len(got.Calls), len(ownCalls()))
	}
	for _, c := range got.Calls {
		other := map[string]string{"GET": "DELETE", "POST": "PUT"}[c.Method]
		if status, answer, header := r.do(t, other, c.Path, ""); status != 405 ||
			!strings.Contains(strings.Join(header.Values("Allow"), ","), c.Method) {
			t.Errorf("%s %s: got %d, %s, %v", other, c.Path, status, answer, header)
		}
		if c.Summary == "" {
			t.Errorf("%s has no summary", c.Path)
		}
	}
	for _, path := range []string{"nothing", "keys/", "now/", "/now", "../now"} {
		if status, answer, _ := r.do(t, "GET", "/_apcsim/"+path, ""); status != 404 {
			t.Errorf("%s: got %d, %s", path, status, answer)
		}
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
		"KeyUsage":"TR31_P0_PIN_ENCRYPTION_KEY","KeyClass":"SYMMETRIC_KEY","KeyAlgorithm":"TDES_2KEY","KeyModesOfUse":{"Encrypt":true,"Wrap":true}}}`
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

func TestKeysThatCannotBeLoadedLeaveNothingAndAreNotRepeated(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Config: parsed(t, zoneKey)})
	long := `"components":["` + canary + `","` + canary + `"],`
	for _, c := range []struct {
		body   string
		status int
		want   string
	}{
		{`{"alias":"alias/new",` + long + `"KeyAttributes":{"KeyUsage":"` + canary + `"}}`, 400, "KeyAttributes.KeyUsage"},
		{`{"alias":"alias/zone-key",` + long + aKey, 409, "ConflictException"},
		{`{"alias":"alias/new","components":[],` + aKey, 400, "components: there are 0, wanted 1 to 3"},
		{`{"alias":"alias/new","componentCheckValues":["","000000"],` + long + aKey, 400,
			"Component 2 does not have the check value given for it."},
		{`{"alias":"alias/new","componentCheckValues":["` + canary + `",""],` + long + aKey, 400, "ComponentCheckValues[0]"},
		{`{"material":"` + canary + `"}`, 400, "material: there is no such member"},
		{`{"` + canary, 400, "the JSON ends too soon"},
		{canary, 400, "is not JSON"},
		{`{"Tags":"` + strings.Repeat("x", maxOwnBody) + `"}`, 413, "longer than 65536 bytes"},
	} {
		status, answer, _ := r.do(t, "POST", "/_apcsim/keys", c.body)
		if status != c.status || !strings.Contains(answer, c.want) || strings.Contains(answer, canary) || !json.Valid([]byte(answer)) {
			t.Errorf("%.80s: got %d, %s, want %d, %s", c.body, status, answer, c.status, c.want)
		}
	}
	var got pageView
	if r.own(t, "GET", "keys", "", &got); len(got.Keys) != 1 {
		t.Errorf("got %d keys, want the one of the configuration", len(got.Keys))
	}
	r.own(t, "POST", "keys", `{"alias":"alias/new",`+long+aKey, &struct{}{}) // the alias is free
	if strings.Contains(r.log.String(), canary) {
		t.Errorf("the log repeats it:\n%s", r.log)
	}
}

func TestRecentCallsHaveTheirReasons(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	key := r.create(t)
	r.call(t, "GetKey", `{"KeyIdentifier":"alias/none"}`)
	var got journalView
	r.own(t, "GET", "journal", "", &got)
	if len(got.Calls) != 2 {
		t.Fatalf("got %+v", got)
	}
	made, refused := got.Calls[0], got.Calls[1]
	if made.Operation != "CreateKey" || made.Account != engine.DefaultAccount || made.Region != engine.DefaultRegion ||
		made.Error != "" ||
		fmt.Sprint(made.Keys) != "["+key+"]" {
		t.Errorf("accepted: got %+v", made)
	}
	if refused.Operation != "GetKey" || !refused.ReadOnly || refused.Error != "ResourceNotFoundException" || len(refused.Reasons) != 1 ||
		refused.Reasons[0].Rule != "alias" {
		t.Errorf("refused: got %+v", refused)
	}
	r.own(t, "GET", "journal?limit=1", "", &got)
	if len(got.Calls) != 1 || got.Calls[0].Operation != "GetKey" {
		t.Errorf("the last one: got %+v", got)
	}
}

// TestCallsThatDidNotReachTheEngineAreInTheJournal: such a call is often the first one of a new client.
func TestCallsThatDidNotReachTheEngineAreInTheJournal(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true})
	r.call(t, "CreateKey", createAES) // without a signature
	r.call(t, "Fly", "{}")
	var got journalView
	r.own(t, "GET", "journal", "", &got)
	if len(got.Calls) != 2 || got.Calls[0].Operation != "CreateKey" || got.Calls[0].Error != "MissingAuthenticationTokenException" ||
		got.Calls[1].Error != "UnknownOperationException" ||
		got.Calls[1].Message == "" {
		t.Errorf("got %+v", got.Calls)
	}
}

// TestACallIsKeptBriefly: a request that is wrong everywhere must not fill
// the memory, nor a key in the wrong place stay in it.
func TestACallIsKeptBriefly(t *testing.T) {
	var c calls
	long := console.Call{Message: strings.Repeat("m", 1<<20)}
	for range 1000 {
		long.Reasons = append(long.Reasons, apc.Reason{Found: "0123456789ABCDEFFEDCBA9876543210", Wanted: strings.Repeat("w", 1<<16)})
	}
	c.add(long)
	got := c.latest(0, callFilter{}, 1)[0]
	if len(got.Message) > maxText || len(got.Reasons) != maxReasons || got.Reasons[0].Found != "..." ||
		len(got.Reasons[0].Wanted) > maxText ||
		long.Reasons[0].Found == "..." {
		t.Errorf("%d bytes of message, %d reasons, the first %+v", len(got.Message), len(got.Reasons), got.Reasons[0])
	}
}

func TestOldCallsAreDropped(t *testing.T) {
	var c calls
	for i := range maxCalls + 7 {
		c.add(console.Call{Operation: fmt.Sprint(i)})
	}
	got := c.latest(0, callFilter{}, 2*maxCalls)
	if len(got) != maxCalls || got[0].Operation != "7" || got[maxCalls-1].Operation != fmt.Sprint(maxCalls+6) || got[0].Number != 8 {
		t.Errorf("got %d calls from %s to %s", len(got), got[0].Operation, got[len(got)-1].Operation)
	}
	for i := range maxTransfers + 7 {
		c.transferred(transfer{how: fmt.Sprint(i)})
	}
	if got := c.allTransfers(); len(got) != maxTransfers || got[0].how != "7" {
		t.Errorf("got %d transfers from %s", len(got), got[0].how)
	}
	big := console.Call{Request: &engine.ImportKeyInput{KeyMaterial: engine.ImportKeyMaterial{
		RootCertificatePublicKey: &engine.RootCertificatePublicKey{PublicKeyCertificate: strings.Repeat("A", 1<<20)}}}}
	for range 20 {
		c.add(big)
	}
	if got := c.latest(0, callFilter{}, maxCalls); len(got) > 7 || len(got) < 6 || c.size > maxCallBytes {
		t.Errorf("%d requests of a megabyte are remembered, %d bytes", len(got), c.size)
	}
}

func TestAResetDeletesAllButTheConfiguration(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true, Seed: 7, Config: parsed(t, zoneKey)})
	var before, after pageView
	r.own(t, "GET", "keys", "", &before)
	_, first, _ := r.call(t, "CreateKey", createAES)
	var at timeView
	r.own(t, "POST", "advance", `{"duration":"30d"}`, &at)
	r.own(t, "POST", "reset", "", &at)
	if at.Offset != "0s" || time.Since(at.Now).Abs() > time.Minute {
		t.Errorf("the clock: got %+v", at)
	}
	r.own(t, "GET", "keys", "", &after)
	if len(after.Keys) != 1 || after.Keys[0].KeyArn != before.Keys[0].KeyArn || after.Keys[0].KeyCheckValue != zoneKCV {
		t.Errorf("got %+v, want %+v", after, before)
	}
	var calls journalView
	if r.own(t, "GET", "journal", "", &calls); len(calls.Calls) != 0 {
		t.Errorf("calls are remembered: %+v", calls)
	}
	_, again, _ := r.call(t, "CreateKey", createAES)
	for _, member := range []string{`"KeyArn":"[^"]+"`, `"KeyCheckValue":"[^"]+"`} {
		find := regexp.MustCompile(member).FindString
		if got, want := find(again), find(first); got != want || got == "" {
			t.Errorf("the seed: got %s, want %s", got, want)
		}
	}
	for body, status := range map[string]int{`{}`: 200, `{"store":1}`: 400, `[]`: 400} {
		if got, answer, _ := r.do(t, "POST", "/_apcsim/reset", body); got != status {
			t.Errorf("%s: got %d, %s, want %d", body, got, answer, status)
		}
	}
}

func TestResetsWhileOthersWork(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true, Config: parsed(t, zoneKey)})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 25 {
				var status int
				var answer string
				switch i {
				case 0:
					status, answer, _ = r.do(t, http.MethodPost, "/_apcsim/reset", "")
				case 1:
					status, answer, _ = r.do(t, http.MethodPost, "/_apcsim/advance", `{"duration":"1h"}`)
				case 2:
					status, answer, _ = r.do(t, http.MethodGet, "/_apcsim/keys/alias/zone-key", "")
				default:
					status, answer, _ = r.call(t, "CreateKey", createAES)
				}
				if status != http.StatusOK {
					t.Errorf("%d: got %d, %s", i, status, answer)
				}
			}
		})
	}
	all.Wait()
}

func TestAPageThatIsLetInMayMakeEveryOwnCall(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, AllowOrigins: []string{"https://app.example"}})
	for _, c := range ownCalls() {
		status, _, header := r.do(
			t,
			"OPTIONS",
			"/_apcsim/"+c.Path,
			"",
			"Origin",
			"https://app.example",
			"Access-Control-Request-Method",
			c.Method,
		)
		if allowed := header.Get("Access-Control-Allow-Methods"); status != 204 || !strings.Contains(allowed, c.Method) {
			t.Errorf("%s %s: status %d, allowed are %q", c.Method, c.Path, status, allowed)
		}
	}
}
