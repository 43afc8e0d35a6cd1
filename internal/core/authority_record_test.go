package core

import (
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

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
