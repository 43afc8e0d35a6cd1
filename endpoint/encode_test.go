package endpoint

import (
	"encoding/json"
	"math/big"
	"reflect"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"pgregory.net/rapid"
)

// TestEveryStringIsJSON reads back whatever a string may hold.
func TestEveryStringIsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.String().Draw(t, "text")
		var got string
		if out := encode(new(want)); json.Unmarshal(out, &got) != nil || got != want {
			t.Errorf("%q is written %s", want, out)
		}
	})
	if got, want := string(encode(new(`<&>'é"`))), `"<&>'é\""`; got != want {
		t.Errorf("%s, wanted %s", got, want)
	}
}

// TestTimesAreExactToTheMillisecond holds the numbers to exact arithmetic.
func TestTimesAreExactToTheMillisecond(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		milli := rapid.Int64Range(0, 253402300799999).Draw(t, "milliseconds") // the year 9999
		text := string(encode(new(time.UnixMilli(milli))))
		got, ok := new(big.Rat).SetString(text)
		if !ok || got.Cmp(big.NewRat(milli, 1000)) != 0 {
			t.Errorf("%d ms are written %s", milli, text)
		}
	})
	for milli, want := range map[int64]string{1698245002065: "1698245002.065", 1697643478920: "1697643478.92", 1697643478000: "1697643478"} {
		if got := string(encode(new(time.UnixMilli(milli)))); got != want {
			t.Errorf("%s, wanted %s", got, want)
		}
	}
}

// TestAShapeIsWrittenWithWhatItHas covers the members that no operation fills
// yet.
func TestAShapeIsWrittenWithWhatItHas(t *testing.T) {
	key := engine.Key{ReplicationStatus: map[string]engine.ReplicationStatusType{
		"us-west-2": {
			Status:        apc.KeyReplicationStateInProgress,
			StatusMessage: new("soon"),
		}, "eu-west-1": {Status: apc.KeyReplicationStateInProgress}}}
	var got struct {
		ReplicationStatus map[string]engine.ReplicationStatusType
		PrimaryRegion     any
	}
	if err := json.Unmarshal(encode(&key), &got); err != nil || got.PrimaryRegion != nil ||
		!reflect.DeepEqual(got.ReplicationStatus, key.ReplicationStatus) {
		t.Errorf("%v: %+v", err, got)
	}
}
