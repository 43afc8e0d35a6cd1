package x509ca

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"math/big"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// TestAuthorityKeyIdentifiersAreRead as key identifier, issuer and serial number; what cannot be read is absent.
func TestAuthorityKeyIdentifiersAreRead(t *testing.T) {
	name := must(Name{{Type: CommonName, Value: "root"}}.DER())
	inHex := hex.EncodeToString(name)
	directory := fmt.Sprintf("a4%02x%s", len(name), inHex)
	names := func(all string) string { return fmt.Sprintf("a1%02x%s", len(all)/2, all) }
	sequence := func(all string) string { return fmt.Sprintf("30%02x%s", len(all)/2, all) }
	for value, want := range map[string]string{
		sequence(""):         "key= name= serial=<nil>",
		sequence("80020102"): "key=0102 name= serial=<nil>",
		sequence("820107"):   "key= name= serial=7",
		sequence("820200ff"): "key= name= serial=255",
		sequence("8201f9"):   "key= name= serial=-7",
		sequence("8202ff00"): "key= name= serial=-256",
		sequence("80020102" + names(directory) + "820107"): "key=0102 name=" + inHex + " serial=7",
		sequence(names("8201618102616b" + directory)):      "key= name=" + inHex + " serial=<nil>", // other forms of names first
		sequence(names("820161")):                          "key= name= serial=<nil>",
		sequence(names("a4")):                              "key= name= serial=<nil>",
		"":                                                 "key= name= serial=<nil>",
		"3004800201":                                       "key= name= serial=<nil>", // ends before its length
		"04020102":                                         "key= name= serial=<nil>",
		sequence("8002"):                                   "key= name= serial=<nil>",
	} {
		der := testrig.Hex(value)
		id := authorityKey(&x509.Certificate{Extensions: []pkix.Extension{{Id: idKeyUsage, Value: []byte{0x30, 0}},
			{Id: idAuthorityKeyIdentifier, Value: der}}})
		if got := fmt.Sprintf("key=%x name=%x serial=%v", id.key, id.name, id.serial); got != want {
			t.Errorf("%s: got %s, want %s", value, got, want)
		}
	}
}

// TestIssuersAreComparedWithWhatIsKnownOfBoth: a part that one of them lacks is not compared.
func TestIssuersAreComparedWithWhatIsKnownOfBoth(t *testing.T) {
	for _, c := range []struct {
		how, id string
		keyless bool // an issuer without a key identifier
		want    Rule
	}{
		{"nothing", "", false, ""},
		{"the key identifier", "80020102", false, ""},
		{"another key identifier", "80020103", false, RuleIssuer},
		{"a longer key identifier", "8003010200", false, RuleIssuer},
		{"an empty key identifier", "8000", false, ""},
		{"another key identifier than of an issuer that has none", "80020103", true, ""},
		{"the serial number", "820107", false, ""},
		{"the serial number with the other sign", "8201f9", false, RuleIssuer},
		{"key identifier and another serial number", "80020102820108", false, RuleIssuer},
	} {
		root := newRoot(t)
		issuer := *root.Certificate
		issuer.SubjectKeyId, issuer.SerialNumber = []byte{1, 2}, big.NewInt(7)
		if c.keyless {
			issuer.SubjectKeyId = nil
		}
		leaf := *root.leaf(t).Certificate
		content := testrig.Hex(c.id)
		leaf.Extensions = []pkix.Extension{{Id: idAuthorityKeyIdentifier, Value: append([]byte{0x30, byte(len(content))}, content...)}}
		p := &path{Rules: Rules{Now: now}, certificates: []*x509.Certificate{&leaf, &issuer}}
		t.Run(c.how, func(t *testing.T) { wantRule(t, p.checkAuthorityKey(0), c.want) })
	}
}
