package core

import (
	"encoding/hex"
	"reflect"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// goldenRegions is a record of default Regions: it stays readable and is written the same.
const goldenRegions = "01020975732d776573742d320965752d776573742d31"

func TestGoldenRegionsStayReadable(t *testing.T) {
	want := DefaultRegions{Partition: goldenPlace, Regions: []string{"us-west-2", "eu-west-1"}}
	if got := hex.EncodeToString(want.Record().Data); got != goldenRegions {
		t.Errorf("written as %s, golden %s", got, goldenRegions)
	}
	data := testrig.Hex(goldenRegions)
	got, err := decodeRegions(&keystore.Record{Partition: goldenPlace, Data: data})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for n := range len(data) {
		if _, err := decodeRegions(&keystore.Record{Data: data[:n]}); err == nil {
			t.Errorf("cut to %d bytes: decoded", n)
		}
	}
}
