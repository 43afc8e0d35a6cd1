package enginetest

import (
	"fmt"

	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/mac"
)

// Card is a chip card: its keys are derived by option A from issuer master keys that the simulator
// has. It makes cryptograms (ARQC) under EMV's common session keys, checks the issuer's answers
// (ARPC) and accepts PIN change scripts. It works with packages emv, mac and pin. It is for one
// goroutine.
type Card struct {
	IssuerKey         string // ARN of the issuer master key for cryptograms, E0 TDES_2KEY
	Account, Sequence string
	issuer            *Issuer
	key               []byte // for cryptograms
	atc               uint16
	last              Transaction
	pin               string
}

// Transaction is what the issuer receives of a card's transaction. Bytes are written in
// hexadecimal.
type Transaction struct {
	Account, Sequence string
	ATC               string // application transaction counter, four digits
	Data              string // padded by method 2, as the service takes it
	ARQC              string
}

// Format prints the counter and the last digits of the account number, whatever the verb.
func (x Transaction) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "Transaction(...%s, %s)", x.Account[max(0, len(x.Account)-4):], x.ATC)
}

// Card makes a card under a new issuer master key (E0 TDES_2KEY), which is loaded into the simulator. issuerKey are the
// bytes in hexadecimal; "" draws them from the seed. The sequence number has two digits.
func (p *Partner) Card(issuerKey, account, sequence string) *Card {
	p.t.Helper()
	i := p.newIssuer()
	i.load(E0TDES2, issuerKey)
	return i.Card(account, sequence)
}

// Card makes a card of the issuer. Its keys come from the issuer's: see [Issuer.Key].
func (i *Issuer) Card(account, sequence string) *Card {
	i.p.t.Helper()
	c := &Card{IssuerKey: i.Key(E0TDES2), Account: account, Sequence: sequence, issuer: i}
	c.key = i.cardKey(E0TDES2, account, sequence)
	return c
}

// Issuer returns the issuer that made the card.
func (c *Card) Issuer() *Issuer { return c.issuer }

// Format prints the account number masked, whatever the verb.
func (c *Card) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "Card(...%s)", c.Account[max(0, len(c.Account)-4):])
}

// ATC is the application transaction counter of the last ARQC, four hexadecimal digits.
func (c *Card) ATC() string { return fmt.Sprintf("%04X", c.atc) }

// ARQC begins a transaction and returns its cryptogram over the data (hexadecimal), which is padded by method 2, and the padded
// data as the service takes it.
func (c *Card) ARQC(data string) (cryptogram, padded string) {
	p := c.issuer.p
	p.t.Helper()
	c.atc++
	c.last = Transaction{Account: c.Account, Sequence: c.Sequence, ATC: c.ATC()}
	raw, err := mac.Bit.Pad(p.hexBytes("the transaction data", data), 8)
	var sum []byte
	if err == nil {
		sum, err = emv.Cryptogram(c.session(), raw)
	}
	c.issuer.check("an ARQC", err)
	c.last.Data, c.last.ARQC = upperHex(raw), upperHex(sum)
	return c.last.ARQC, c.last.Data
}

// Transaction is the last one, which [Card.ARQC] began.
func (c *Card) Transaction() Transaction { return c.last }

// session is the session key of the transaction.
func (c *Card) session() []byte {
	c.issuer.p.t.Helper()
	key, err := emv.CommonSession(c.key, emv.CounterR(c.issuer.counter(c.last)))
	c.issuer.check("a session key", err)
	c.issuer.p.sim.Secret(key)
	return key
}

// TakesARPC reports whether an issuer's answer by method 1 to the ARQC of this transaction is right. All are in
// hexadecimal; the response code has four digits.
func (c *Card) TakesARPC(arpc, arqc, responseCode string) bool {
	p := c.issuer.p
	p.t.Helper()
	q, code := p.hexBytes("an ARQC", arqc), p.hexBytes("a response code", responseCode)
	if len(q) != 8 || len(code) != 2 {
		return false
	}
	want, err := emv.ARPC1(c.session(), [8]byte(q), [2]byte(code))
	c.issuer.check("an ARPC", err)
	return mac.Equal(p.hexBytes("an ARPC", arpc), want)
}

// TakesARPC2 reports whether an issuer's answer by method 2 to the ARQC of this transaction is right: of a card status
// update (eight digits) and proprietary data.
func (c *Card) TakesARPC2(arpc, statusUpdate, proprietary string) bool {
	p := c.issuer.p
	p.t.Helper()
	status := p.hexBytes("a card status update", statusUpdate)
	if len(status) != 4 || c.last.ARQC == "" {
		return false
	}
	want, err := emv.ARPC2(c.session(), c.issuer.cryptogram(c.last), [4]byte(status), p.hexBytes("proprietary data", proprietary))
	c.issuer.check("an ARPC", err)
	return mac.Equal(p.hexBytes("an ARPC", arpc), want)
}
