package tr34

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
)

func TestNamesAreReadable(t *testing.T) {
	p := newParties(t)
	id := NameOf(p.kdh)
	if got, want := id.String(), "CN=KB Vectors KDH CA,O=KB Vectors,C=US, serial 44CDB06DA6E4BC1D9D200B40C904270DBAC8884A"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if negative := (IssuerSerial{id.Issuer, new(big.Int).Neg(id.Serial)}); negative.Names(p.kdh) || !id.Names(p.kdh) {
		t.Errorf("%s and %s read alike", negative, id)
	}
	id.Issuer = []byte{0x30, 0x05}
	if got, want := id.String(), "3005, serial 44CDB06DA6E4BC1D9D200B40C904270DBAC8884A"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	all := fmt.Sprint(IssuerSerial{}, LayoutStandard, LayoutRFC, LayoutStrict, LayoutX9TR342012, Layout(9), TDESCBC,
		AES256CBC, Cipher(-1), UnbindKDH, BindingKind(4))
	if want := "no certificate standard rfc strict x9-tr34-2012 Layout(9) " +
		"TDES-CBC AES-256-CBC Cipher(-1) KDH unbind BindingKind(4)"; all != want {
		t.Errorf("got %q, want %q", all, want)
	}
	if id.Names(p.kdh) || id.Names(nil) || (IssuerSerial{}).Names(p.kdh) || strings.Contains(id.String(), "CN=") {
		t.Errorf("%s names whom it should not", id)
	}
}
