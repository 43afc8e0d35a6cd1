package hsm_test

import (
	"crypto"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/mac"
)

var sessionModes = map[string]hsm.Session{
	"EMV_COMMON_SESSION_KEY": hsm.SessionCommon, "MASTERCARD_SESSION_KEY": hsm.SessionCommon, "EMV2000": hsm.SessionEMV2000,
	"AMEX": hsm.SessionVisaScript, "VISA": hsm.SessionVisaScript, "UNION_PAY": hsm.SessionUnionPay,
}

// mac is what a MAC is made with, and how long it is if the request does not say.
func (d *dataCase) mac(attributes string) (k hsm.WorkingKey, m hsm.MACMethod, length int) {
	k = hsm.WorkingKey{Key: d.key("KeyIdentifier")}
	form, a := d.in.union(attributes)
	const whole, short = 64, 4
	switch form {
	case "EmvMac":
		session, value := d.emv(a), a.in("SessionKeyDerivationValue")
		session.Session = sessionModes[a.text("SessionKeyDerivationMode")]
		if ac := value.text("ApplicationCryptogram"); ac != "" {
			session.R = d.array8(ac)
		} else {
			session.ATC = d.array2(value.text("ApplicationTransactionCounter"))
		}
		k.Derive = session
		return k, hsm.MACMethod{Algorithm: hsm.MACISO3, Padding: mac.Bit}, whole
	case "DukptIso9797Algorithm1":
		return d.dukpt(k.Key, a), hsm.MACMethod{Algorithm: hsm.MACISO1}, short
	case "DukptIso9797Algorithm3":
		return d.dukpt(k.Key, a), hsm.MACMethod{Algorithm: hsm.MACISO3}, short
	case "DukptCmac":
		return d.dukpt(k.Key, a), hsm.MACMethod{Algorithm: hsm.MACCMAC}, whole
	}
	switch d.in.in(attributes).text("Algorithm") {
	case "ISO9797_ALGORITHM1":
		return k, hsm.MACMethod{Algorithm: hsm.MACISO1, Padding: mac.Zeros}, short
	case "ISO9797_ALGORITHM3", "AS2805_4_1":
		return k, hsm.MACMethod{Algorithm: hsm.MACISO3, Padding: mac.Zeros}, short
	case "CMAC":
		return k, hsm.MACMethod{Algorithm: hsm.MACCMAC}, whole
	}
	m.Algorithm = hsm.MACHMAC
	if k.Key.Attributes.Algorithm != hsm.HMAC {
		m.Hash = map[string]crypto.Hash{"HMAC_SHA224": crypto.SHA224, "HMAC_SHA256": crypto.SHA256, "HMAC_SHA384": crypto.SHA384,
			"HMAC_SHA512": crypto.SHA512}[d.in.in(attributes).text("Algorithm")]
	}
	return k, m, whole
}

func TestMACAsAnotherImplementation(t *testing.T) {
	onDataCases(t, "GenerateMac", func(d *dataCase) {
		k, m, length := d.mac("GenerationAttributes")
		got, err := d.h.MAC(ctx, k, m, d.hex(d.in.text("MessageData")))
		d.is("Mac", upperHex(got[:min(len(got), d.in.number("MacLength", length))]), err)
	})
}

func TestVerifyMACAsAnotherImplementation(t *testing.T) {
	onDataCases(t, "VerifyMac", func(d *dataCase) {
		k, m, _ := d.mac("VerificationAttributes")
		d.verdict(d.h.VerifyMAC(ctx, k, m, d.hex(d.in.text("MessageData")), d.hex(d.in.text("Mac"))))
	})
}
