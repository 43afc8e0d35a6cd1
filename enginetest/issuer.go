package enginetest

import (
	"crypto/rand"
	"fmt"

	"github.com/seed748fb4d1/apcsim/cvv"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/pin"
)

// Issuer computes what an issuer keeps, prints and checks, under keys that the simulator has: PIN and card
// verification values, PIN offsets, the cryptograms of cards and the answers to them, and PIN change scripts. It
// works with packages pin, cvv, emv and mac. It is for one goroutine.
type Issuer struct {
	PVK, CVK string // ARNs of the keys V2 TDES_2KEY and C0 TDES_2KEY; "" of the issuer of a [Partner.Card]
	p        *Partner
	keys     map[KeyKind]issuerKey
}

// issuerKey is a key that the simulator has too.
type issuerKey struct {
	raw []byte
	arn string
}

// Issuer makes an issuer with a Visa PIN verification key (V2 TDES_2KEY) and a card verification key (C0
// TDES_2KEY), which are loaded into the simulator. Their bytes are in hexadecimal; "" draws them from the seed.
func (p *Partner) Issuer(pvk, cvk string) *Issuer {
	p.t.Helper()
	i := p.newIssuer()
	i.PVK, i.CVK = i.load(V2TDES2, pvk).arn, i.load(C0TDES2, cvk).arn
	return i
}

func (p *Partner) newIssuer() *Issuer { return &Issuer{p: p, keys: map[KeyKind]issuerKey{}} }

func (i *Issuer) load(k KeyKind, key string) issuerKey {
	i.p.t.Helper()
	raw, arn := i.p.shared(k, key)
	i.keys[k] = issuerKey{raw, arn}
	return i.keys[k]
}

// Key is the ARN of the issuer's key of a double-length TDES kind: [V1TDES2] for PIN offsets, [P0TDES2] for PIN blocks,
// [E0TDES2] for cryptograms, [E1TDES2] and [E2TDES2] for scripts, [E4TDES2] and [E6TDES2] for dynamic values of cards. It is drawn from
// the seed and loaded into the simulator when it is first needed.
func (i *Issuer) Key(k KeyKind) string {
	i.p.t.Helper()
	return i.key(k).arn
}

func (i *Issuer) key(k KeyKind) issuerKey {
	i.p.t.Helper()
	if known, ok := i.keys[k]; ok {
		return known
	}
	return i.load(k, "")
}

// cardKey is the master key of a card, derived by option A.
func (i *Issuer) cardKey(k KeyKind, account, sequence string) []byte {
	i.p.t.Helper()
	i.p.sim.Secret([]byte(account))
	key, err := emv.MasterKey(doubleDES(i.key(k).raw), emv.OptionA, account, sequence)
	i.check("a card key", err)
	i.p.sim.Secret(key)
	return key
}

func (i *Issuer) check(what string, err error) {
	i.p.t.Helper()
	if err != nil {
		i.p.t.Fatalf("enginetest: %s of %s: %v", what, i.p.Name, err)
	}
}

// Format prints only the ARNs, whatever the verb.
func (i *Issuer) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "Issuer(%s, %s)", i.PVK, i.CVK) }

// PVV is the Visa PIN verification value of a PIN, under the key index 1 to 6.
func (i *Issuer) PVV(account, digits string, index int) string {
	i.p.t.Helper()
	p := i.pin(account, digits)
	v, err := pin.PVV(doubleDES(i.key(V2TDES2).raw), account, index, p)
	i.check("a PVV", err)
	return v
}

// Offset is the IBM 3624 offset of a PIN, under the key V1 TDES_2KEY.
func (i *Issuer) Offset(m *pin.IBM3624, digits string) string {
	i.p.t.Helper()
	v, err := m.Offset(doubleDES(i.key(V1TDES2).raw), i.pin("", digits))
	i.check("an offset", err)
	return v
}

// PINBlock encrypts a PIN in ISO format 0 under the key P0 TDES_2KEY, in hexadecimal.
func (i *Issuer) PINBlock(account, digits string) string {
	i.p.t.Helper()
	block, err := pin.Encrypt(doubleDES(i.key(P0TDES2).raw), pin.ISO0, i.pin(account, digits), account, rand.Reader)
	i.check("a PIN block", err)
	return upperHex(block)
}

func (i *Issuer) pin(account, digits string) pin.PIN {
	i.p.t.Helper()
	i.p.sim.Secret([]byte(digits))
	if account != "" {
		i.p.sim.Secret([]byte(account))
	}
	p, err := pin.New(digits)
	i.check("a PIN", err)
	return p
}

// CVV is the card verification value of an account number, an expiry date (four digits) and a service code, three
// digits long. With the service codes [cvv.CVV2Code] and [cvv.ICVVCode] it is a CVV2 and an iCVV.
func (i *Issuer) CVV(account, expiry, serviceCode string) string {
	i.p.t.Helper()
	i.p.sim.Secret([]byte(account))
	v, err := cvv.CVV(i.retailKey(i.key(C0TDES2).raw), account, expiry, serviceCode, 3)
	i.check("a CVV", err)
	return v
}

// CSC is the card security code of American Express: of version 2 with a service code, of version 1 without (""). The key is C0 TDES_2KEY.
func (i *Issuer) CSC(account, expiry, serviceCode string) (v cvv.CSC) {
	i.p.t.Helper()
	i.p.sim.Secret([]byte(account))
	key := doubleDES(i.key(C0TDES2).raw)
	var err error
	if serviceCode == "" {
		v, err = cvv.CSC1(key, account, expiry)
	} else {
		v, err = cvv.CSC2(key, account, expiry, serviceCode)
	}
	i.check("a CSC", err)
	return v
}

// DynamicCVV is the dynamic card verification value of a transaction, three digits long, under the card's key of the
// issuer's E6 TDES_2KEY.
func (i *Issuer) DynamicCVV(x Transaction, expiry, serviceCode string) string {
	i.p.t.Helper()
	key := i.cardKey(E6TDES2, x.Account, x.Sequence)
	v, err := cvv.Dynamic(i.retailKey(key), x.Account, expiry, serviceCode, x.ATC, 3)
	i.check("a dCVV", err)
	return v
}

// CVC3 is the dynamic card verification code of a transaction, three digits long, under the card's key of the issuer's
// E4 TDES_2KEY. The track data and the unpredictable number are in hexadecimal.
func (i *Issuer) CVC3(x Transaction, track, unpredictable string) string {
	i.p.t.Helper()
	key := i.cardKey(E4TDES2, x.Account, x.Sequence)
	v, err := cvv.CVC3(doubleDES(key), i.retailKey(key), i.p.hexBytes("track data", track), unpredictable, x.ATC, 3)
	i.check("a CVC3", err)
	return v
}

func (i *Issuer) retailKey(key []byte) *mac.RetailKey {
	i.p.t.Helper()
	k, err := mac.NewRetailKey(key)
	i.check("a key", err)
	return k
}

// VerifyARQC reports whether the cryptogram of a transaction is right, under the key E0 TDES_2KEY.
func (i *Issuer) VerifyARQC(x Transaction) bool {
	i.p.t.Helper()
	want, err := emv.Cryptogram(i.session(x), i.p.hexBytes("transaction data", x.Data))
	i.check("an ARQC", err)
	return mac.Equal(i.p.hexBytes("an ARQC", x.ARQC), want)
}

// ARPC is the answer to a transaction by method 1. The response code has four hexadecimal digits.
func (i *Issuer) ARPC(x Transaction, responseCode string) string {
	i.p.t.Helper()
	code := [2]byte(i.p.hexSized("a response code", responseCode, 2))
	v, err := emv.ARPC1(i.session(x), i.cryptogram(x), code)
	i.check("an ARPC", err)
	return upperHex(v)
}

// ARPC2 is the answer to a transaction by method 2: of a card status update (eight hexadecimal digits) and up to
// eight bytes of proprietary data.
func (i *Issuer) ARPC2(x Transaction, statusUpdate, proprietary string) string {
	i.p.t.Helper()
	status := [4]byte(i.p.hexSized("a card status update", statusUpdate, 4))
	v, err := emv.ARPC2(i.session(x), i.cryptogram(x), status, i.p.hexBytes("proprietary data", proprietary))
	i.check("an ARPC", err)
	return upperHex(v)
}

func (i *Issuer) cryptogram(x Transaction) [8]byte {
	i.p.t.Helper()
	return [8]byte(i.p.hexSized("an ARQC", x.ARQC, 8))
}

// session is the session key of a transaction's cryptograms, by EMV's common method.
func (i *Issuer) session(x Transaction) []byte {
	i.p.t.Helper()
	key, err := emv.CommonSession(i.cardKey(E0TDES2, x.Account, x.Sequence), emv.CounterR(i.counter(x)))
	i.check("a session key", err)
	i.p.sim.Secret(key)
	return key
}

func (i *Issuer) counter(x Transaction) [2]byte {
	i.p.t.Helper()
	return [2]byte(i.p.hexSized("an application transaction counter", x.ATC, 2))
}
