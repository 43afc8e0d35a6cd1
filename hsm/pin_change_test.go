package hsm_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/pin"
)

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
