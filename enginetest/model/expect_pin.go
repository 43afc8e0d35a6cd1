package model

import (
	"fmt"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
)

// PIN is a recorded encrypted PIN block.
type PIN struct {
	KeyARN  string // of the key that encrypts it
	Serial  string // of DUKPT; "" is none
	Derived apc.KeyAlgorithm
	Format  string // "0", "1", "3", "4"
	Account string
	Block   string
	Check   *PINCheck // nil: none is known
	pin     string    // which PIN it is
}

// PINCheck is how a PIN is verified: by a PVV or an offset.
type PINCheck struct {
	KeyARN string
	Offset bool
	Value  string
}

// PINs are all recorded PIN blocks, in order.
func (w *World) PINs() []PIN { return w.pins }

// pinOf is which PIN a block has under a key. It panics where the world has not seen it.
func (q *request) pinOf(k *Key, serial, format, account, block string) string {
	for i := range q.w.pins {
		p := &q.w.pins[i]
		if idOf(p.KeyARN) == k.id() && p.Serial == serial && p.Format == format && (format == "1" || p.Account == account) && p.Block == block {
			return p.pin
		}
	}
	panic("model: a PIN block that was never made")
}

// sees records a block with a PIN, which is a new one for "". Another block with the same PIN may be the same block.
func (q *request) sees(k *Key, serial string, derived apc.KeyAlgorithm, format, account, block, pin string) string {
	if pin == "" {
		pin = fmt.Sprintf("PIN %d", len(q.w.pins))
		for i := range q.w.pins {
			if p := &q.w.pins[i]; idOf(p.KeyARN) == k.id() && p.Serial == serial && p.Format == format && p.Account == account &&
				p.Block == block {
				pin = p.pin
			}
		}
	}
	seen := PIN{KeyARN: k.ARN, Serial: serial, Derived: derived, Format: format, Account: account, Block: block, pin: pin}
	for i := range q.w.pins {
		if p := &q.w.pins[i]; p.pin == pin && p.Check != nil {
			seen.Check = p.Check
		}
	}
	q.w.pins = append(q.w.pins, seen)
	return pin
}

// isChecked records how a PIN is verified.
func (q *request) isChecked(pin string, check *PINCheck) {
	for i := range q.w.pins {
		if p := &q.w.pins[i]; p.pin == pin {
			p.Check = check
		}
	}
}

// pinRule: a format needs an account number, but 1; format 4 is for AES keys, the others for TDES keys.
func pinRule(a apc.KeyAlgorithm, format string, account *string) apc.Rule {
	return firstRule(unless(account != nil || format == "1", apc.RuleRequired),
		unless(inFamilies(a, "AES") == (format == "4"), apc.RuleKeyAlgorithm))
}

// formatOf is the digit of a format: ISO_FORMAT_0.
func formatOf(f dataplane.PinBlockFormatForPinData) string { return string(f[len(f)-1:]) }

func blockRule(format, block string) apc.Rule {
	want := 16
	if format == "4" {
		want = 32
	}
	return unless(len(block) == want, apc.RuleLength)
}

func (q *request) generatePIN(in *dataplane.GeneratePinDataInput) Refusal {
	form, format := armOf(&in.GenerationAttributes), formatOf(in.PinBlockFormat)
	keys, r := q.keys(q.data(form, "GenerationKeyIdentifier", in.GenerationKeyIdentifier),
		q.data(form, "EncryptionKeyIdentifier", in.EncryptionKeyIdentifier))
	if r.refused() {
		return r
	}
	visa := in.GenerationAttributes.VisaPin != nil || in.GenerationAttributes.VisaPinVerificationValue != nil
	rule := firstRule(pinRule(keys[1].Attributes.KeyAlgorithm, format, in.PrimaryAccountNumber),
		unless(!visa || in.PrimaryAccountNumber != nil, apc.RuleRequired))
	if block := blockIn(&in.GenerationAttributes); block != "" && rule == "" {
		rule = blockRule(format, block)
		if rule == "" {
			q.pinOf(keys[1], "", format, text(in.PrimaryAccountNumber), block)
		}
	}
	return invalid(rule)
}

// blockIn is the PIN block that a generation begins with; "" is none.
func blockIn(a *dataplane.PinGenerationAttributes) string {
	switch {
	case a.VisaPinVerificationValue != nil:
		return a.VisaPinVerificationValue.EncryptedPinBlock
	case a.Ibm3624PinOffset != nil:
		return a.Ibm3624PinOffset.EncryptedPinBlock
	}
	return ""
}

func (q *request) verifyPIN(in *dataplane.VerifyPinDataInput) Refusal {
	form, format, serial := "PIN", formatOf(in.PinBlockFormat), ""
	if in.DukptAttributes != nil {
		form, serial = "Dukpt", in.DukptAttributes.KeySerialNumber
	}
	keys, r := q.keys(q.data(armOf(&in.VerificationAttributes), "VerificationKeyIdentifier", in.VerificationKeyIdentifier),
		q.sent(form, "EncryptionKeyIdentifier", in.EncryptionKeyIdentifier, in.EncryptionWrappedKey))
	if r.refused() {
		return r
	}
	var rule apc.Rule
	if keys[1], rule = q.opened(keys[1], in.EncryptionWrappedKey, "P0"); rule != "" {
		return invalid(rule)
	}
	algorithm := keys[1].Attributes.KeyAlgorithm
	if d := in.DukptAttributes; d != nil {
		algorithm, rule = (&terminal{d.KeySerialNumber, &d.DukptDerivationType}).key(keys[1])
	}
	if rule := firstRule(rule, pinRule(algorithm, format, in.PrimaryAccountNumber), blockRule(format, in.EncryptedPinBlock)); rule != "" {
		return invalid(rule)
	}
	pin := q.pinOf(keys[1], serial, format, text(in.PrimaryAccountNumber), in.EncryptedPinBlock)
	if v := in.VerificationAttributes.VisaPin; v != nil {
		return q.verified(pvvFact(keys[0], text(in.PrimaryAccountNumber), *v.PinVerificationKeyIndex, pin), v.VerificationValue)
	}
	v := in.VerificationAttributes.Ibm3624Pin
	return q.verified(offsetFact(keys[0], v.DecimalizationTable, v.PinValidationData, v.PinValidationDataPadCharacter, pin), v.PinOffset)
}

// side is a PIN block's form in a translation.
type side struct {
	form, serial, format, account string
	derived                       *apc.KeyAlgorithm
}

func sideOf(f *dataplane.TranslationIsoFormats, d *dataplane.DukptDerivationAttributes) *side {
	s := &side{form: "PIN"}
	switch {
	case f.IsoFormat0 != nil:
		s.format, s.account = "0", f.IsoFormat0.PrimaryAccountNumber
	case f.IsoFormat1 != nil:
		s.format = "1"
	case f.IsoFormat3 != nil:
		s.format, s.account = "3", f.IsoFormat3.PrimaryAccountNumber
	default:
		s.format, s.account = "4", f.IsoFormat4.PrimaryAccountNumber
	}
	if d != nil {
		s.form, s.serial, s.derived = "Dukpt", d.KeySerialNumber, d.DukptKeyDerivationType
	}
	return s
}

func (s *side) algorithm(k *Key) (apc.KeyAlgorithm, apc.Rule) {
	if s.form == "PIN" {
		return k.Attributes.KeyAlgorithm, ""
	}
	return (&terminal{s.serial, s.derived}).key(k)
}

func (q *request) translatePIN(in *dataplane.TranslatePinDataInput) Refusal {
	from, to := sideOf(&in.IncomingTranslationAttributes, in.IncomingDukptAttributes),
		sideOf(&in.OutgoingTranslationAttributes, in.OutgoingDukptAttributes)
	keys, r := q.keys(q.sent(from.form, "IncomingKeyIdentifier", in.IncomingKeyIdentifier, in.IncomingWrappedKey),
		q.data(to.form, "OutgoingKeyIdentifier", in.OutgoingKeyIdentifier))
	if r.refused() {
		return r
	}
	var opens apc.Rule
	if keys[0], opens = q.opened(keys[0], in.IncomingWrappedKey, "P0"); opens != "" {
		return invalid(opens)
	}
	a, fromRule := from.algorithm(keys[0])
	b, toRule := to.algorithm(keys[1])
	translates := from.format == "1" || to.format != "1"
	samePAN := from.format == "1" || to.format == "1" || from.account == to.account
	if rule := firstRule(fromRule, toRule, pinRule(a, from.format, &from.account), pinRule(b, to.format, &to.account),
		blockRule(from.format, in.EncryptedPinBlock), unless(translates && samePAN, apc.RulePIN)); rule != "" {
		return invalid(rule)
	}
	q.pinOf(keys[0], from.serial, from.format, from.account, in.EncryptedPinBlock)
	return Refusal{}
}

func (q *request) changePIN(in *dataplane.GenerateMacEmvPinChangeInput) Refusal {
	all := []subject{q.data("", "NewPinPekIdentifier", in.NewPinPekIdentifier),
		q.data("", "SecureMessagingIntegrityKeyIdentifier", in.SecureMessagingIntegrityKeyIdentifier),
		q.data("", "SecureMessagingConfidentialityKeyIdentifier", in.SecureMessagingConfidentialityKeyIdentifier)}
	mode, account, current := dataplane.MajorKeyDerivationMode(""), "", (*dataplane.CurrentPinAttributes)(nil)
	var rule apc.Rule
	switch m := &in.DerivationMethodAttributes; {
	case m.Visa != nil:
		mode, account, current = m.Visa.MajorKeyDerivationMode, m.Visa.PrimaryAccountNumber, m.Visa.CurrentPinAttributes
		all = append(all, q.data("", "AuthorizationRequestKeyIdentifier", m.Visa.AuthorizationRequestKeyIdentifier))
	case m.EmvCommon != nil:
		mode, account = m.EmvCommon.MajorKeyDerivationMode, m.EmvCommon.PrimaryAccountNumber
		rule = unless(m.EmvCommon.PinBlockLengthPosition != dataplane.PinBlockLengthPositionFrontOfPINBlock ||
			m.EmvCommon.PinBlockPaddingType == dataplane.PinBlockPaddingTypeISOIEC78164, apc.RuleOneOf)
	case m.Mastercard != nil:
		mode, account = m.Mastercard.MajorKeyDerivationMode, m.Mastercard.PrimaryAccountNumber
	default:
		mode, account = m.Emv2000.MajorKeyDerivationMode, m.Emv2000.PrimaryAccountNumber
	}
	if current != nil {
		all = append(all, q.data("", "CurrentPinPekIdentifier", current.CurrentPinPekIdentifier))
	}
	keys, r := q.keys(all...)
	if r.refused() {
		return r
	}
	format := formatOf(in.PinBlockFormat)
	rule = firstRule(optionB(mode, account), rule, pinRule(keys[0].Attributes.KeyAlgorithm, format, &account),
		blockRule(format, in.NewEncryptedPinBlock))
	if rule != "" {
		return invalid(rule)
	}
	q.pinOf(keys[0], "", format, account, in.NewEncryptedPinBlock)
	if current != nil {
		q.pinOf(keys[len(keys)-1], "", format, account, current.CurrentEncryptedPinBlock)
	}
	return Refusal{}
}
