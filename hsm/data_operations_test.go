package hsm_test

import (
	"crypto"
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/pin"
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
func (d *dataCase) hex(text string) []byte       { return bytesOf(d.t, text) }
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

var cipherModes = map[string]hsm.CipherMode{
	"":       hsm.CBC,
	"ECB":    hsm.ECB,
	"CBC":    hsm.CBC,
	"CFB1":   hsm.CFB1,
	"CFB8":   hsm.CFB8,
	"CFB64":  hsm.CFB64,
	"CFB128": hsm.CFB128,
	"OFB":    hsm.OFB,
}

// dataCipher is a key and how it enciphers; nil for RSA, which has tests of its own.
func (d *dataCase) dataCipher(member, attributes, wrapped string) hsm.DataCipher {
	form, m := d.in.union(attributes)
	if form == "Asymmetric" {
		return nil
	}
	out := hsm.BlockCipher{Key: d.working(d.key(member), d.in.in(wrapped)), Mode: cipherModes[m.text("Mode")]}
	switch form {
	case "Dukpt":
		out.Key = d.dukpt(out.Key.Key, m)
	case "Emv":
		session := d.emv(m)
		session.Session, session.R = hsm.SessionCommon, d.array8(m.text("SessionDerivationData"))
		out.Key.Derive = session
	}
	if m.text("Mode") == "CFB" {
		out.Mode = hsm.CFB64
		if strings.HasPrefix(d.workingAlgorithm(member, wrapped), "AES") {
			out.Mode = hsm.CFB128
		}
	}
	if iv := m.text("InitializationVector"); iv != "" && out.Mode != hsm.ECB {
		out.IV = d.hex(iv)
	}
	return out
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

func TestEncryptAsAnotherImplementation(t *testing.T) {
	onDataCases(t, "EncryptData", func(d *dataCase) {
		if c := d.dataCipher("KeyIdentifier", "EncryptionAttributes", "WrappedKey"); c != nil {
			got, err := d.h.Encrypt(ctx, c, d.hex(d.in.text("PlainText")))
			d.is("CipherText", upperHex(got), err)
		}
	})
}

func TestDecryptAsAnotherImplementation(t *testing.T) {
	onDataCases(t, "DecryptData", func(d *dataCase) {
		if c := d.dataCipher("KeyIdentifier", "DecryptionAttributes", "WrappedKey"); c != nil {
			got, err := d.h.Decrypt(ctx, c, d.hex(d.in.text("CipherText")))
			d.is("PlainText", upperHex(got), err)
		}
	})
}

func TestReEncryptAsAnotherImplementation(t *testing.T) {
	onDataCases(t, "ReEncryptData", func(d *dataCase) {
		from := d.dataCipher("IncomingKeyIdentifier", "IncomingEncryptionAttributes", "IncomingWrappedKey")
		to := d.dataCipher("OutgoingKeyIdentifier", "OutgoingEncryptionAttributes", "OutgoingWrappedKey")
		if from != nil && to != nil {
			got, err := d.h.ReEncrypt(ctx, from, to, d.hex(d.in.text("CipherText")))
			d.is("CipherText", upperHex(got), err)
		}
	})
}

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

var cardForms = map[string]hsm.CardForm{
	"CardVerificationValue1": hsm.CardCVV, "CardVerificationValue2": hsm.CardCVV, "CardHolderVerificationValue": hsm.CardHolder,
	"DynamicCardVerificationCode": hsm.CardCVC3, "DynamicCardVerificationValue": hsm.CardDCVV,
	"AmexCardSecurityCodeVersion1": hsm.CardCSC1, "AmexCardSecurityCodeVersion2": hsm.CardCSC2,
	"DiscoverDynamicCardVerificationCode": hsm.CardDiscover,
}

func (d *dataCase) card(attributes string) hsm.CardData {
	form, m := d.in.union(attributes)
	out := hsm.CardData{
		Form:        cardForms[form],
		PAN:         hsm.NewPAN(d.in.text("PrimaryAccountNumber")),
		Expiry:      m.text("CardExpiryDate"),
		ServiceCode: m.text("ServiceCode"),
		PSN: m.text(
			"PanSequenceNumber",
		),
		ATC:   m.text("ApplicationTransactionCounter"),
		UN:    m.text("UnpredictableNumber"),
		Track: hsm.NewSecret(d.hex(m.text("TrackData"))),
	}
	if form == "CardVerificationValue2" {
		out.ServiceCode = "000"
	}
	return out
}

func TestCardValueAsAnotherImplementation(t *testing.T) {
	onDataCases(t, "GenerateCardValidationData", func(d *dataCase) {
		got, err := d.h.CardValue(ctx, d.key("KeyIdentifier"), d.card("GenerationAttributes"), d.in.number("ValidationDataLength", 3))
		d.is("ValidationData", got, err)
	})
}

func TestVerifyCardValueAsAnotherImplementation(t *testing.T) {
	onDataCases(t, "VerifyCardValidationData", func(d *dataCase) {
		d.verdict(d.h.VerifyCardValue(ctx, d.key("KeyIdentifier"), d.card("VerificationAttributes"), d.in.text("ValidationData")))
	})
}

// cryptogram is the derivation of a cryptogram's session key.
func (d *dataCase) cryptogram() hsm.EMV {
	form, m := d.in.union("SessionKeyDerivationAttributes")
	m["MajorKeyDerivationMode"] = d.in["MajorKeyDerivationMode"]
	out := d.emv(m)
	if atc := m.text("ApplicationTransactionCounter"); atc != "" {
		out.ATC = d.array2(atc)
	}
	switch form {
	case "EmvCommon":
		out.Session, out.R = hsm.SessionCommon, emv.CounterR(out.ATC)
	case "Mastercard":
		out.Session, out.UN = hsm.SessionMChip, [4]byte(d.hex(m.text("UnpredictableNumber")))
	case "Emv2000":
		out.Session = hsm.SessionEMV2000
	case "UnionPay":
		out.Session = hsm.SessionUnionPay
	}
	return out
}

func TestARQCAsAnotherImplementation(t *testing.T) {
	onDataCases(t, "GenerateAuthRequestCryptogram", func(d *dataCase) {
		got, err := d.h.ARQC(ctx, d.key("KeyIdentifier"), d.cryptogram(), d.hex(d.in.text("TransactionData")))
		d.is("AuthRequestCryptogram", upperHex(got), err)
	})
}

func TestVerifyARQCAsAnotherImplementation(t *testing.T) {
	onDataCases(t, "VerifyAuthRequestCryptogram", func(d *dataCase) {
		var response *hsm.ARPC
		switch form, m := d.in.union("AuthResponseAttributes"); form {
		case "ArpcMethod1":
			response = &hsm.ARPC{Method: 1, ResponseCode: d.array2(m.text("AuthResponseCode"))}
		case "ArpcMethod2":
			response = &hsm.ARPC{
				Method:       2,
				StatusUpdate: [4]byte(d.hex(m.text("CardStatusUpdate"))),
				Proprietary:  d.hex(m.text("ProprietaryAuthenticationData")),
			}
		}
		got, arpc, err := d.h.VerifyARQC(
			ctx,
			d.key("KeyIdentifier"),
			d.cryptogram(),
			d.hex(d.in.text("TransactionData")),
			d.array8(d.in.text("AuthRequestCryptogram")),
			response,
		)
		d.verdict(got, err)
		d.is("AuthResponseValue", upperHex(arpc), err)
	})
}

var blockFormats = map[string]pin.Format{
	"ISO_FORMAT_0": pin.ISO0,
	"ISO_FORMAT_1": pin.ISO1,
	"ISO_FORMAT_3": pin.ISO3,
	"ISO_FORMAT_4": pin.ISO4,
}

// pinChange is the change that a request asks for.
func (d *dataCase) pinChange() *hsm.PINChange {
	form, m := d.in.union("DerivationMethodAttributes")
	path := "DerivationMethodAttributes." + form + "."
	session := d.emv(m)
	block := func(member, text string) hsm.PINBlock {
		return hsm.PINBlock{
			Key:    hsm.WorkingKey{Key: d.key(member)},
			Format: blockFormats[d.in.text("PinBlockFormat")],
			Block:  d.hex(text),
			PAN:    session.PAN,
		}
	}
	out := &hsm.PINChange{New: block("NewPinPekIdentifier", d.in.text("NewEncryptedPinBlock")), Message: d.hex(d.in.text("MessageData")),
		Integrity: d.key("SecureMessagingIntegrityKeyIdentifier"), Confidentiality: d.key("SecureMessagingConfidentialityKeyIdentifier")}
	if ac := m.text("ApplicationCryptogram"); ac != "" {
		session.Session, session.R = hsm.SessionCommon, d.array8(ac)
	} else {
		session.ATC = d.array2(m.text("ApplicationTransactionCounter"))
	}
	switch form {
	case "Visa", "Amex":
		session.Session, out.Form = hsm.SessionVisaScript, emv.VisaForm
		key := d.key(path + "AuthorizationRequestKeyIdentifier")
		out.Cryptogram = &key
		if current := m.in("CurrentPinAttributes"); current != nil {
			b := block(path+"CurrentPinAttributes.CurrentPinPekIdentifier", current.text("CurrentEncryptedPinBlock"))
			out.Current = &b
		}
	case "Mastercard":
		out.Form = emv.MChipForm
	case "Emv2000":
		session.Session, out.Form = hsm.SessionEMV2000, emv.EMV2000Form
	case "EmvCommon":
		out.Form = emv.ScriptForm{
			Length: m.text("PinBlockLengthPosition") == "FRONT_OF_PIN_BLOCK",
			Pad:    m.text("PinBlockPaddingType") == "ISO_IEC_7816_4",
			CBC:    m.text("Mode") == "CBC",
		}
	}
	out.Session = session
	return out
}

func TestPINChangeAsAnotherImplementation(t *testing.T) {
	onDataCases(t, "GenerateMacEmvPinChange", func(d *dataCase) {
		got, err := d.h.PINChange(ctx, d.pinChange())
		d.is("EncryptedPinBlock", upperHex(got.Block), err)
		d.is("Mac", upperHex(got.MAC), err)
	})
}

// TestHeldKeyHasTheCheckValueOfTheKeyInTheBlock is about the cases that say what it is.
func TestHeldKeyHasTheCheckValueOfTheKeyInTheBlock(t *testing.T) {
	onDataCases(t, "EncryptData", func(d *dataCase) {
		want := d.want.in("intermediate").text("wrapped_key_check_value")
		if want == "" {
			return
		}
		method := zeroMethods[hsm.TDES]
		if d.workingAlgorithm("KeyIdentifier", "WrappedKey") != "TDES" {
			method = zeroMethods[hsm.AES]
		}
		held, got, err := d.h.Hold(ctx, d.working(d.key("KeyIdentifier"), d.in.in("WrappedKey")), method)
		d.equals("check value", got.String(), want, err)
		if err == nil {
			held.Close()
		}
	})
}
