package core

import (
	"errors"
	"reflect"
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
