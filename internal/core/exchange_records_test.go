package core

import (
	"encoding/hex"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

func goldenToken() Token {
	at := time.UnixMilli(1_760_000_000_000).UTC()
	return Token{Place: goldenPlace, ID: "import-token-bwxli6ocftypneu5", Material: apc.KeyMaterialTypeTR34KeyBlock, Alg: AlgorithmNamed(RSA2048),
		Created: at, Expires: at.Add(7 * day), Certificate: "LS0tLS1CRUdJTg==", Public: []byte{0x30, 0x01}, Sealed: []byte{0x01, 0x02}}
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
	out, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGoldenTokensStayReadable(t *testing.T) {
	want := goldenToken()
	data := golden(t, "token_v1", want.Record().Data)
	got, err := DecodeToken(&keystore.Record{Partition: goldenPlace, ID: want.ID, Data: data})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if again := want.Record(); string(again.Data) != string(data) || again.Index != "import-token-TR34_KEY_BLOCK-RSA_2048" || !again.Due.Equal(want.Expires) {
		t.Errorf("written as %+v", again)
	}
	for n := range len(data) {
		if _, err := DecodeToken(&keystore.Record{ID: want.ID, Data: data[:n]}); err == nil {
			t.Errorf("cut to %d bytes: decoded", n)
		}
	}
	var version errVersion
	later := append([]byte{tokenVersion + 1}, data[1:]...)
	if _, err := DecodeToken(&keystore.Record{ID: want.ID, Data: later}); !errors.As(err, &version) {
		t.Errorf("a later version: %v", err)
	}
}

func TestGoldenAuthoritiesStayReadable(t *testing.T) {
	k := &Call{Caller: testCaller(t), Now: time.UnixMilli(1_760_000_000_000).UTC()}
	rec, err := k.newAuthority(t.Context(), keystore.Ref{Partition: goldenPlace, Kind: kindAuthority, ID: "root"})
	if err != nil {
		t.Fatal(err)
	}
	data := golden(t, "authority_v1", rec.Data)
	a, err := decodeAuthority(&keystore.Record{Partition: goldenPlace, ID: "root", Data: data})
	if err != nil || a.certificate.Subject.CommonName != "111122223333" || a.Key.Attributes.KeyID != "ca-111122223333-us-east-1" || len(a.Key.Sealed) == 0 || len(a.Public) == 0 || a.Text == "" {
		t.Errorf("got %+v, %v", a, err)
	}
	for n := range len(data) {
		if _, err := decodeAuthority(&keystore.Record{Partition: goldenPlace, Data: data[:n]}); err == nil {
			t.Errorf("cut to %d bytes: decoded", n)
		}
	}
}

// FuzzTokenRecord: a record is refused or written again as it was.
func FuzzTokenRecord(f *testing.F) {
	want := goldenToken()
	f.Add(want.Record().Data, want.ID)
	want.Sealed = nil
	f.Add(want.Record().Data, want.ID)
	f.Fuzz(func(t *testing.T, data []byte, id string) {
		got, err := DecodeToken(&keystore.Record{Partition: goldenPlace, ID: id, Data: data})
		if err != nil {
			return
		}
		rec := got.Record()
		again, err := DecodeToken(&rec)
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("%x: decodes to %+v, and that to %+v, %v", data, got, again, err)
		}
	})
}
