package server

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// TestAPageOfManyKeysHasTheFirst 50 of them, however many there are.
func TestAPageOfManyKeysHasTheFirst(t *testing.T) {
	r := start(
		t,
		"127.0.0.1",
		Options{
			Control:   true,
			Anonymous: true,
			Config:    parsed(t, strings.Replace(zoneKey, `{"keys"`, `{"limits":{"Keys":20000},"keys"`, 1)),
		},
	)
	for range 10000 {
		req := httptest.NewRequest("POST", "http://localhost/", strings.NewReader(createAES))
		req.Header.Set(target, operation("CreateKey"))
		r.world.api.ServeHTTP(httptest.NewRecorder(), req)
	}
	status, body, _ := r.page(t, "/_apcsim/console/keys")
	if n := strings.Count(body, "<tr><td>"); status != 200 || n != keysShown || !strings.Contains(body, `rel="next"`) {
		t.Errorf("got %d with %d keys", status, n)
	}
}

func TestTheFactsOfAKeyHaveAnOrder(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	k := &keyView{KeyCheckValue: "08D7B4", KeyCheckValueAlgorithm: "ANSI_X9_24", Exportable: true, KeyOrigin: apc.KeyOriginExternal,
		CreateTimestamp: at, UsageStopTimestamp: &at, MultiRegionKeyType: new(apc.MultiRegionKeyType("PRIMARY")),
		ReplicationStatus: map[string]engine.ReplicationStatusType{}}
	want := [][2]string{{"Check value", "08D7B4 (ANSI_X9_24)"}, {"Exportable", "yes"}, {"Origin", "EXTERNAL"},
		{"Created", "2026-03-01 12:00:00 UTC"}, {"Stopped", "2026-03-01 12:00:00 UTC"}, {"Multi-Region", "PRIMARY"}}
	for _, region := range []string{"ap-south-1", "ca-central-1", "eu-west-1", "eu-west-2", "sa-east-1", "us-west-2"} {
		k.ReplicationStatus[region] = engine.ReplicationStatusType{Status: "IN_PROGRESS"}
		want = append(want, [2]string{"Replica in " + region, "IN_PROGRESS"})
	}
	for range 10 {
		if got := keyFacts(k); !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	for want, m := range map[string]apc.KeyModesOfUse{"": {}, "Encrypt Verify": {Verify: true, Encrypt: true},
		"DeriveKey NoRestrictions": {DeriveKey: true, NoRestrictions: true}} {
		if got := strings.Join(modesOf(m), " "); got != want {
			t.Errorf("%+v: got modes %q, want %q", m, got, want)
		}
	}
}
