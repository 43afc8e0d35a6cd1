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
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

func goldenToken() Token {
	at := time.UnixMilli(1_760_000_000_000).UTC()
	t := Token{
		Place:       goldenPlace,
		ID:          "import-token-bwxli6ocftypneu5",
		Purpose:     ForImport,
		Material:    apc.KeyMaterialTypeTR34KeyBlock,
		Alg:         AlgorithmNamed(RSA2048),
		Created:     at,
		Expires:     at.Add(7 * day),
		Certificate: "LS0tLS1CRUdJTg==",
		Public:      []byte{0x30, 0x01},
		sealed:      []byte{0x01, 0x02},
	}
	t.bound, _ = t.HSMAttributes().AppendBinary(nil)
	return t
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
	if got, err := DecodeToken(&keystore.Record{Partition: goldenPlace, ID: want.ID, Data: goldenBytes(t, "token_v1")}); err != nil ||
		!reflect.DeepEqual(got, want) {
		t.Errorf("of version 1: got %+v, %v; want %+v", got, err, want)
	}
	data := golden(t, "token_v2", want.Record().Data)
	got, err := DecodeToken(&keystore.Record{Partition: goldenPlace, ID: want.ID, Data: data})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if again := want.Record(); string(again.Data) != string(data) || again.Index != "import-token-TR34_KEY_BLOCK-RSA_2048" ||
		!again.Due.Equal(want.Expires) {
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
	first := goldenBytes(t, "authority_v1")
	data := golden(t, "authority_v2", rec.Data)
	a, err := decodeAuthority(&keystore.Record{Partition: goldenPlace, ID: "root", Data: data})
	old, failed := decodeAuthority(&keystore.Record{Partition: goldenPlace, ID: "root", Data: first})
	if failed != nil {
		t.Fatalf("of version 1: %v", failed)
	}
	if got := old.Key.Attributes; got.KeyID != "ca-111122223333-us-east-1" || got.Usage != "S1" || got.Algorithm != hsm.EC ||
		got.Mode != 'S' ||
		len(old.Key.Sealed) == 0 {
		t.Errorf("of version 1: sealed with %v", got)
	}
	if err != nil || a.certificate.Subject.CommonName != "111122223333" || a.Key.Attributes.KeyID != "ca-111122223333-us-east-1" ||
		len(a.Key.Sealed) == 0 ||
		len(a.Public) == 0 ||
		a.Text == "" {
		t.Errorf("got %+v, %v", a, err)
	}
	for n := range len(data) {
		if _, err := decodeAuthority(&keystore.Record{Partition: goldenPlace, Data: data[:n]}); err == nil {
			t.Errorf("cut to %d bytes: decoded", n)
		}
	}
}

// TestTokensOpenWithTheAttributesTheyWereSealedWith, whatever a token is sealed with today; but not
// once the record has become that of another token.
func TestTokensOpenWithTheAttributesTheyWereSealedWith(t *testing.T) {
	sealedWith := func(change func(*hsm.Attributes)) Token {
		token := goldenToken()
		a := token.HSMAttributes()
		change(&a)
		token.bound, _ = a.AppendBinary(nil)
		rec := token.Record()
		out, err := DecodeToken(&rec)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	token := sealedWith(func(a *hsm.Attributes) { a.Mode, a.Exportability = 'N', 'S' })
	if got := token.Ref().Attributes; got.Mode != 'N' || got.Exportability != 'S' {
		t.Errorf("got %v, want the stored mode of use N and exportability S", got)
	}
	for what, change := range map[string]func(*hsm.Attributes){
		"id": func(a *hsm.Attributes) { a.KeyID = "import-token-aaaaaaaaaaaaaaaa" }, "usage": func(a *hsm.Attributes) { a.Usage = "S0" },
		"algorithm": func(a *hsm.Attributes) { a.Algorithm = hsm.EC }, "length": func(a *hsm.Attributes) { a.Bits = 4096 },
	} {
		token := sealedWith(change)
		if got := token.Ref().Attributes; got != (hsm.Attributes{}) {
			t.Errorf("sealed with another %s: refers to %v", what, got)
		}
	}
}

// TestThePurposeOfATokenIsItsRecords, not its id's; but for records of version 1.
func TestThePurposeOfATokenIsItsRecords(t *testing.T) {
	token := goldenToken()
	token.ID, token.Purpose = "import-token-bwxli6ocftypneu5", ForExport
	token.bound, _ = token.HSMAttributes().AppendBinary(nil)
	rec := token.Record()
	got, err := DecodeToken(&rec)
	if err != nil || got.Purpose != ForExport || got.Ref().Attributes.Usage != "S0" ||
		rec.Index != "export-token-TR34_KEY_BLOCK-RSA_2048" {
		t.Errorf("got %+v, %v at %s; want an export token", got, err, rec.Index)
	}
	old, err := DecodeToken(
		&keystore.Record{Partition: goldenPlace, ID: "export-token-bwxli6ocftypneu5", Data: goldenBytes(t, "token_v1")},
	)
	if err != nil || old.Purpose != ForExport || old.Ref().Attributes.Usage != "S0" {
		t.Errorf("of version 1: got %+v, %v; want the purpose of the id", old, err)
	}
}

func TestAuthoritiesSealedForOthersAreDamaged(t *testing.T) {
	k := &Call{Caller: testCaller(t), Now: time.UnixMilli(1_760_000_000_000).UTC()}
	ref := keystore.Ref{Partition: goldenPlace, Kind: kindAuthority, ID: "root"}
	rec, err := k.newAuthority(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []keystore.Partition{{Account: "444455556666", Region: "us-east-1"},
		{Account: "111122223333", Region: "eu-west-1"}} {
		moved := *rec
		moved.Partition = place
		if got, err := decodeAuthority(&moved); err == nil {
			t.Errorf("in %v: got %+v, want a damaged record", place, got.Key.Attributes)
		}
	}
}

// FuzzTokenRecord: a record is refused or written again as it was.
func FuzzTokenRecord(f *testing.F) {
	want := goldenToken()
	f.Add(want.Record().Data, want.ID)
	want.sealed, want.bound = nil, nil
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
