package enginetest

import (
	"encoding/binary"
	"fmt"

	"github.com/seed748fb4d1/apcsim/cvv"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/mac"
)

// Card is a chip card: it has a master key for cryptograms, derived by option A from an issuer master key that the
// simulator has, and asks for authorizations (ARQC) under EMV's common session keys. It works with package emv. It is
// for one goroutine. PIN change scripts are not here.
type Card struct {
	IssuerKey         string // ARN of the issuer master key
	Account, Sequence string
	p                 *Partner
	key               []byte
	atc               uint16
}

// Card makes a card under a new issuer master key (E0 TDES_2KEY), which is loaded into the simulator. issuerKey are the
// bytes in hexadecimal; "" draws them from the seed. The sequence number has two digits.
func (p *Partner) Card(issuerKey, account, sequence string) *Card {
	p.t.Helper()
	raw, arn := p.shared(E0TDES2, issuerKey)
	p.sim.Secret([]byte(account))
	key, err := emv.MasterKey(doubleDES(raw), emv.OptionA, account, sequence)
	if err != nil {
		p.t.Fatalf("enginetest: a card of %s: %v", p.Name, err)
	}
	p.sim.Secret(key)
	return &Card{IssuerKey: arn, Account: account, Sequence: sequence, p: p, key: key}
}

// Format prints the account number masked, whatever the verb.
func (c *Card) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "Card(...%s)", c.Account[max(0, len(c.Account)-4):])
}

// ATC is the application transaction counter of the last ARQC, four hexadecimal digits.
func (c *Card) ATC() string { return fmt.Sprintf("%04X", c.atc) }

// ARQC begins a transaction and returns its cryptogram over the data (hexadecimal), which is padded by method 2, and the padded
// data as the service takes it.
func (c *Card) ARQC(data string) (cryptogram, padded string) {
	c.p.t.Helper()
	c.atc++
	raw, err := mac.Bit.Pad(c.p.hexBytes("the transaction data", data), 8)
	var sum []byte
	if err == nil {
		sum, err = emv.Cryptogram(c.session(), raw)
	}
	if err != nil {
		c.p.t.Fatalf("enginetest: an ARQC of %s: %v", c.p.Name, err)
	}
	return upperHex(sum), upperHex(raw)
}

// session is the session key of the transaction.
func (c *Card) session() []byte {
	c.p.t.Helper()
	var atc [2]byte
	binary.BigEndian.PutUint16(atc[:], c.atc)
	key, err := emv.CommonSession(c.key, emv.CounterR(atc))
	if err != nil {
		c.p.t.Fatalf("enginetest: a session key of %s: %v", c.p.Name, err)
	}
	c.p.sim.Secret(key)
	return key
}

// TakesARPC reports whether an issuer's answer by method 1 to the ARQC of this transaction is right. All are in
// hexadecimal; the response code has four digits.
func (c *Card) TakesARPC(arpc, arqc, responseCode string) bool {
	c.p.t.Helper()
	q, code := c.p.hexBytes("an ARQC", arqc), c.p.hexBytes("a response code", responseCode)
	if len(q) != 8 || len(code) != 2 {
		return false
	}
	want, err := emv.ARPC1(c.session(), [8]byte(q), [2]byte(code))
	if err != nil {
		c.p.t.Fatalf("enginetest: an ARPC of %s: %v", c.p.Name, err)
	}
	return mac.Equal(c.p.hexBytes("an ARPC", arpc), want)
}

// CVV is the card verification value of an account number, an expiry date (four digits) and a service code, three
// digits long.
func (i *Issuer) CVV(account, expiry, serviceCode string) string {
	i.p.t.Helper()
	i.p.sim.Secret([]byte(account))
	k, err := mac.NewRetailKey(i.cvk)
	var v string
	if err == nil {
		v, err = cvv.CVV(k, account, expiry, serviceCode, 3)
	}
	if err != nil {
		i.p.t.Fatalf("enginetest: a CVV of %s: %v", i.p.Name, err)
	}
	return v
}
