package core

import (
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/keystore"
)

var updateGolden = flag.Bool("update", false, "write the golden records anew")

var goldenPlace = keystore.Partition{Account: "111122223333", Region: "us-east-1"}

func TestLaterAndDamagedRecordsAreRefused(t *testing.T) {
	full := fullKey()
	data := full.encode()
	later := append([]byte(nil), data...)
	later[0] = keyVersion + 1
	var version errVersion
	if _, err := decodeKey(&keystore.Record{Data: later}); !errors.As(err, &version) || version.found != keyVersion+1 {
		t.Errorf("a later version: %v", err)
	}
	for n := range len(data) {
		if _, err := decodeKey(&keystore.Record{Data: data[:n]}); err == nil {
			t.Errorf("cut to %d bytes: decoded", n)
		}
	}
	if _, err := decodeKey(&keystore.Record{Data: append(data, 0)}); err == nil {
		t.Error("with a byte too many: decoded")
	}
	if _, err := decodeAlias(keystore.Record{Data: []byte{aliasVersion, 0}}); err == nil {
		t.Error("an alias with a byte too many: decoded")
	}
}

// golden reads a record that an earlier build wrote, or writes it anew.
func golden(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	path := "testdata/" + name + ".hex"
	if *updateGolden {
		if err := os.WriteFile(path, []byte(hex.EncodeToString(data)+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return goldenBytes(t, name)
}

// goldenBytes reads a record that an earlier build wrote.
func goldenBytes(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".hex")
	if err != nil {
		t.Fatal(err)
	}
	out := testrig.Hex(string(text))
	return out
}
