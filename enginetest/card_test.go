package enginetest_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/mac"
)

func TestCardTakesTheIssuersAnswerAndNoOther(t *testing.T) {
	c := enginetest.New(t, nil).Partner(t, "Issuer").Card(publishedKey, "4111111111111111", "00")
	arqc, padded := c.ARQC("0102030405")
	if c.ATC() != "0001" || padded != "0102030405800000" {
		t.Errorf("ATC %s, data %s", c.ATC(), padded)
	}
	// The issuer derives the session key anew.
	raw := testrig.Hex(publishedKey + publishedKey[:16])
	imk := testrig.TDES(raw)
	mk, err := emv.MasterKey(imk, emv.OptionA, "4111111111111111", "00")
	if err != nil {
		t.Fatal(err)
	}
	sk, err := emv.CommonSession(mk, emv.CounterR([2]byte{0, 1}))
	if err != nil {
		t.Fatal(err)
	}
	data := testrig.Hex(padded)
	want, err := emv.Cryptogram(sk, data)
	if got := testrig.Hex(arqc); err != nil || !mac.Equal(got, want) {
		t.Errorf("ARQC: got %s, want %X", arqc, want)
	}
	arpc, err := emv.ARPC1(sk, [8]byte(want), [2]byte{0x30, 0x30})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ToUpper(hex.EncodeToString(arpc))
	if !c.TakesARPC(text, arqc, "3030") || c.TakesARPC(text, arqc, "3035") {
		t.Errorf("ARPC %s: taken for 00 %t, for 05 %t", text, c.TakesARPC(text, arqc, "3030"), c.TakesARPC(text, arqc, "3035"))
	}
}

// authorize asks the service about the card's last transaction.
func authorize(t *testing.T, s *enginetest.Sim, c *enginetest.Card, how *dataplane.CryptogramAuthResponse) string {
	t.Helper()
	x := c.Transaction()
	out, err := s.VerifyAuthRequestCryptogram(ctx, &dataplane.VerifyAuthRequestCryptogramInput{
		KeyIdentifier: c.IssuerKey, TransactionData: x.Data, AuthRequestCryptogram: x.ARQC,
		MajorKeyDerivationMode: dataplane.MajorKeyDerivationModeEMVOptionA, AuthResponseAttributes: how,
		SessionKeyDerivationAttributes: dataplane.SessionKeyDerivation{EmvCommon: &dataplane.SessionKeyEmvCommon{
			PrimaryAccountNumber: x.Account, PanSequenceNumber: x.Sequence, ApplicationTransactionCounter: x.ATC,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.AuthResponseValue
}

func TestServiceAnswersACard(t *testing.T) {
	s := enginetest.New(t, nil)
	c := s.Partner(t, "Issuer").Card("", account, "00")
	for range 3 {
		arqc, _ := c.ARQC("000000012500000000000000084000000000000840")
		x := c.Transaction()
		arpc := authorize(t, s, c, &dataplane.CryptogramAuthResponse{
			ArpcMethod1: &dataplane.CryptogramVerificationArpcMethod1{AuthResponseCode: "3030"},
		})
		if !c.TakesARPC(arpc, arqc, "3030") || c.TakesARPC(arpc, arqc, "3035") || c.Issuer().ARPC(x, "3030") != arpc {
			t.Errorf("method 1: the card does not take the answer %s to %s; the issuer's is %s", arpc, arqc, c.Issuer().ARPC(x, "3030"))
		}
		arpc = authorize(t, s, c, &dataplane.CryptogramAuthResponse{
			ArpcMethod2: &dataplane.CryptogramVerificationArpcMethod2{CardStatusUpdate: "03820000", ProprietaryAuthenticationData: new("AB")},
		})
		if !c.TakesARPC2(arpc, "03820000", "AB") || c.TakesARPC2(arpc, "03820000", "AC") || c.Issuer().ARPC2(x, "03820000", "AB") != arpc {
			t.Errorf("method 2: the card does not take the answer %s to %s", arpc, arqc)
		}
	}
}

func TestIssuerVerifiesACardsCryptogram(t *testing.T) {
	i := enginetest.New(t, nil).Partner(t, "Issuer").Issuer("", "")
	c := i.Card(account, "01")
	c.ARQC("0102030405060708")
	x := c.Transaction()
	if !i.VerifyARQC(x) {
		t.Error("the cryptogram of the card is refused")
	}
	for name, change := range map[string]func(*enginetest.Transaction){
		"counter":  func(x *enginetest.Transaction) { x.ATC = "0002" },
		"data":     func(x *enginetest.Transaction) { x.Data = "01020304050607088000000000000001" },
		"account":  func(x *enginetest.Transaction) { x.Account = "4111111111111129" },
		"sequence": func(x *enginetest.Transaction) { x.Sequence = "00" },
	} {
		wrong := x
		if change(&wrong); i.VerifyARQC(wrong) {
			t.Errorf("the cryptogram is taken with another %s", name)
		}
	}
}
