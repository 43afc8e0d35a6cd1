package hsm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"

	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// members are a structure of a request or an answer of the service.
type members map[string]any

func (m members) text(name string) string { s, _ := m[name].(string); return s }
func (m members) in(name string) members  { s, _ := m[name].(map[string]any); return s }

func (m members) number(name string, absent int) int {
	if v, ok := m[name].(float64); ok {
		return int(v)
	}
	return absent
}

// union is the one member that a union has.
func (m members) union(name string) (string, members) {
	for form := range m.in(name) {
		return form, m.in(name).in(form)
	}
	return "", nil
}

// dataCase is a case with its keys loaded.
type dataCase struct {
	t    *testing.T
	h    *hsm.HSM
	b    hsm.Backend
	c    *operation
	in   members
	want members
}

// onDataCases runs a test for each case of an operation that is not refused by a rule of the
// service, since the rules are not here. A published case that is not verified is no test.
func onDataCases(t *testing.T, op string, run func(d *dataCase)) {
	onOperations(t, op, func(t *testing.T, b hsm.Backend, h *hsm.HSM, c *operation) {
		d := &dataCase{t, h, b, c, read[members](t, c.Inputs), read[members](t, c.Expected)}
		drawn := strings.HasPrefix(c.ID, "rnd-") || strings.HasPrefix(c.ID, op)
		if d.want.text("error") != "ValidationException" && (c.Verified || drawn) {
			run(d)
		}
	})
}

func (d *dataCase) key(member string) hsm.KeyRef { return loadOperationKey(d.t, d.b, d.c, member) }
func (d *dataCase) hex(text string) []byte       { return testrig.Hex(text) }
func (d *dataCase) array2(text string) [2]byte   { return [2]byte(d.hex(text)) }
func (d *dataCase) array8(text string) [8]byte   { return [8]byte(d.hex(text)) }
func (d *dataCase) is(what, got string, err error) {
	d.t.Helper()
	d.equals(what, got, d.want.text(what), err)
}

func (d *dataCase) equals(what, got, want string, err error) {
	d.t.Helper()
	if err != nil || !strings.EqualFold(got, want) {
		d.t.Errorf("%s: got %s, %v, want %s", what, got, err, want)
	}
}

// verdict compares a verdict with the answer of the service.
func (d *dataCase) verdict(got hsm.Verdict, err error) {
	d.t.Helper()
	want := hsm.Verified
	if d.want.text("error") == "VerificationFailedException" {
		want = hsm.NotVerified
	}
	if err != nil || got != want {
		d.t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

var duktypes = map[string]dukpt.KeyType{
	"TDES_2KEY": dukpt.TDES2,
	"TDES_3KEY": dukpt.TDES3,
	"AES_128":   dukpt.AES128,
	"AES_192":   dukpt.AES192,
	"AES_256":   dukpt.AES256,
}

var directions = map[string]hsm.Direction{
	"":              hsm.Request,
	"REQUEST":       hsm.Request,
	"RESPONSE":      hsm.Response,
	"BIDIRECTIONAL": hsm.BothWays,
}

// dukpt is a working key of DUKPT. The type's member has two names.
func (d *dataCase) dukpt(k hsm.KeyRef, m members) hsm.WorkingKey {
	kind := m.text("DukptKeyDerivationType") + m.text("DukptDerivationType")
	if kind == "" {
		kind = "TDES_2KEY" // that of the base derivation key
		if k.Attributes.Algorithm == hsm.AES {
			kind = fmt.Sprintf("AES_%d", k.Attributes.Bits)
		}
	}
	return hsm.WorkingKey{
		Key:    k,
		Derive: hsm.DUKPT{KSN: m.text("KeySerialNumber"), Type: duktypes[kind], Direction: directions[m.text("DukptKeyVariant")]},
	}
}

var options = map[string]emv.Option{"EMV_OPTION_A": emv.OptionA, "EMV_OPTION_B": emv.OptionB}

// emv is the derivation of a card's keys, without the session's.
func (d *dataCase) emv(m members) hsm.EMV {
	return hsm.EMV{
		Option: options[m.text("MajorKeyDerivationMode")],
		PAN:    hsm.NewPAN(m.text("PrimaryAccountNumber")),
		PSN:    m.text("PanSequenceNumber"),
	}
}

// working is a key of a request: itself, or one that came with the request.
func (d *dataCase) working(k hsm.KeyRef, wrapped members) hsm.WorkingKey {
	form, m := wrapped.union("WrappedKeyMaterial")
	switch form {
	case "Tr31KeyBlock":
		block, err := tr31.Parse(wrapped.in("WrappedKeyMaterial").text(form), tr31.Lenient)
		if err != nil {
			d.t.Fatal(err)
		}
		return hsm.WorkingKey{Key: k, Derive: hsm.WrappedKey{Block: block}}
	case "DiffieHellmanSymmetricKey":
		algorithm := m.text("KeyAlgorithm")
		return hsm.WorkingKey{Key: k, Derive: hsm.ECDH{
			Peer: peerOf(d.t, m.text("PublicKeyCertificate")), KDF: keyDerivations[m.text("KeyDerivationFunction")],
			Hash:      hashNames[m.text("KeyDerivationHashAlgorithm")],
			Info:      d.hex(m.in("DerivationData").text("SharedInformation") + m.text("SharedInformation")),
			Algorithm: algorithmOf(algorithm), Bits: keyLengths[algorithm]}}
	}
	return hsm.WorkingKey{Key: k}
}

func (d *dataCase) workingAlgorithm(member, wrapped string) string {
	form, m := d.in.in(wrapped).union("WrappedKeyMaterial")
	switch form {
	case "Tr31KeyBlock":
		if d.in.in(wrapped).in("WrappedKeyMaterial").text(form)[7] == 'A' {
			return "AES"
		}
		return "TDES"
	case "DiffieHellmanSymmetricKey":
		return m.text("KeyAlgorithm")
	}
	return d.c.Keys[member].Algorithm
}
