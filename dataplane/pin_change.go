package dataplane

import (
	"context"
	"errors"

	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
)

// GenerateMacEmvPinChange makes the parts of an issuer script that changes the PIN of a card.
func (c *Caller) GenerateMacEmvPinChange(ctx context.Context, in *GenerateMacEmvPinChangeInput) (*GenerateMacEmvPinChangeOutput, error) {
	return core.Run(ctx, c.caller, "GenerateMacEmvPinChange", in, generateMacEmvPinChange)
}

func generateMacEmvPinChange(
	ctx context.Context,
	c *core.Call,
	in *GenerateMacEmvPinChangeInput,
) (*GenerateMacEmvPinChangeOutput, error) {
	// Load and check: all keys in one snapshot, then the card and the PIN blocks.
	method := in.DerivationMethodAttributes.method()
	requests := append([]keyRequest{
		{member: fieldNewPEK, identifier: in.NewPinPekIdentifier},
		{member: fieldIntegrity, identifier: in.SecureMessagingIntegrityKeyIdentifier},
		{member: fieldConfidentiality, identifier: in.SecureMessagingConfidentialityKeyIdentifier},
	}, method.keys()...)
	keys := make([]workingKey, len(requests))
	if err := loadKeys(ctx, c, keys, requests...); err != nil {
		return nil, err
	}
	change, err := method.change(in, keys)
	if err != nil {
		return nil, err
	}
	// HSM.
	changed, err := c.Cloud.HSM.PINChange(ctx, change)
	if err != nil {
		return nil, pinError(c, method.blockOf(err), method.field, err)
	}
	return &GenerateMacEmvPinChangeOutput{
		NewPinPekArn: keys[0].arn(), NewPinPekKeyCheckValue: keys[0].checkValue,
		SecureMessagingIntegrityKeyArn: keys[1].arn(), SecureMessagingIntegrityKeyCheckValue: keys[1].checkValue,
		SecureMessagingConfidentialityKeyArn: keys[2].arn(), SecureMessagingConfidentialityKeyCheckValue: keys[2].checkValue,
		Mac: hexOf(changed.MAC), EncryptedPinBlock: hexOf(changed.Block), VisaAmexDerivationOutputs: derivationOutputs(keys[3:]),
	}, nil
}

// scriptMethod is a scheme's script.
type scriptMethod struct {
	field    string // of the request: "DerivationMethodAttributes.Visa"
	arm      string
	mode     MajorKeyDerivationMode
	pan, psn string
	session  hsm.EMV // how session keys are derived, without the card
	form     emv.ScriptForm

	cryptogramKey string // of Visa and American Express; else ""
	current       *CurrentPinAttributes
}

// method is the scheme of a request (data-plane, sections 3.9 and 6.5).
func (in *DerivationMethodAttributes) method() *scriptMethod {
	switch {
	case in.Visa != nil:
		a := in.Visa
		m := newScriptMethod("Visa", a.MajorKeyDerivationMode, a.PrimaryAccountNumber, a.PanSequenceNumber)
		m.ofVisa(a.ApplicationTransactionCounter, a.AuthorizationRequestKeyIdentifier, a.CurrentPinAttributes)
		return m
	case in.Amex != nil:
		a := in.Amex
		m := newScriptMethod("Amex", a.MajorKeyDerivationMode, a.PrimaryAccountNumber, a.PanSequenceNumber)
		m.ofVisa(a.ApplicationTransactionCounter, a.AuthorizationRequestKeyIdentifier, a.CurrentPinAttributes)
		return m
	case in.EmvCommon != nil:
		a := in.EmvCommon
		m := newScriptMethod("EmvCommon", a.MajorKeyDerivationMode, a.PrimaryAccountNumber, a.PanSequenceNumber)
		m.form = emv.ScriptForm{
			Length: a.PinBlockLengthPosition == PinBlockLengthPositionFrontOfPINBlock,
			Pad:    a.PinBlockPaddingType == PinBlockPaddingTypeISOIEC78164,
			CBC:    a.Mode == EncryptionModeCBC,
		}
		m.session = hsm.EMV{Session: hsm.SessionCommon, R: [8]byte(bytesOf(a.ApplicationCryptogram))}
		return m
	case in.Mastercard != nil:
		a := in.Mastercard
		m := newScriptMethod("Mastercard", a.MajorKeyDerivationMode, a.PrimaryAccountNumber, a.PanSequenceNumber)
		m.form = emv.MChipForm
		m.session = hsm.EMV{Session: hsm.SessionCommon, R: [8]byte(bytesOf(a.ApplicationCryptogram))}
		return m
	}
	a := in.Emv2000 // the shape has checked that one is set
	m := newScriptMethod("Emv2000", a.MajorKeyDerivationMode, a.PrimaryAccountNumber, a.PanSequenceNumber)
	m.form = emv.EMV2000Form
	m.session = hsm.EMV{Session: hsm.SessionEMV2000, ATC: counter(a.ApplicationTransactionCounter)}
	return m
}

func newScriptMethod(arm string, mode MajorKeyDerivationMode, pan, psn string) *scriptMethod {
	return &scriptMethod{field: "DerivationMethodAttributes." + arm, arm: arm, mode: mode, pan: pan, psn: psn}
}

// ofVisa completes the schemes of Visa and American Express, which are the same.
func (m *scriptMethod) ofVisa(atc, cryptogramKey string, current *CurrentPinAttributes) {
	m.form = emv.VisaForm
	m.session = hsm.EMV{Session: hsm.SessionVisaScript, ATC: counter(atc)}
	m.cryptogramKey, m.current = cryptogramKey, current
}

// keys are those that Visa and American Express need besides.
func (m *scriptMethod) keys() (out []keyRequest) {
	if m.cryptogramKey != "" {
		out = append(out, keyRequest{form: m.arm, member: m.field + "." + fieldRequestKey, identifier: m.cryptogramKey})
	}
	if m.current != nil {
		out = append(out, keyRequest{form: m.arm, member: m.field + "." + fieldCurrentPEK, identifier: m.current.CurrentPinPekIdentifier})
	}
	return out
}

// change is the command of a request.
func (m *scriptMethod) change(in *GenerateMacEmvPinChangeInput, keys []workingKey) (*hsm.PINChange, error) {
	card, err := cardKey(m.mode, m.pan, m.psn, m.field)
	if err != nil {
		return nil, err
	}
	if m.form.Length && !m.form.Pad {
		return nil, excluded(m.field+".PinBlockLengthPosition", problemLengthNoPad, string(PinBlockPaddingTypeISOIEC78164))
	}
	card.Session, card.R, card.ATC = m.session.Session, m.session.R, m.session.ATC
	next, err := m.pinBlock(&keys[0], in.PinBlockFormat, in.NewEncryptedPinBlock, "NewEncryptedPinBlock")
	if err != nil {
		return nil, err
	}
	out := &hsm.PINChange{
		New:             next,
		Integrity:       keys[1].Key,
		Confidentiality: keys[2].Key,
		Session:         card,
		Form:            m.form,
		Message:         bytesOf(in.MessageData),
	}
	if m.cryptogramKey != "" {
		out.Cryptogram = &keys[3].Key
	}
	if m.current != nil {
		current, err := m.pinBlock(&keys[4], in.PinBlockFormat, m.current.CurrentEncryptedPinBlock, m.currentBlock())
		if err != nil {
			return nil, err
		}
		out.Current = &current
	}
	return out, nil
}

// blockOf is the member that has the PIN block which a failure is about.
func (m *scriptMethod) blockOf(err error) string {
	if e, ok := errors.AsType[*hsm.PINBlockError](err); ok && e.Current {
		return m.currentBlock()
	}
	return "NewEncryptedPinBlock"
}

func (m *scriptMethod) currentBlock() string {
	return m.field + ".CurrentPinAttributes.CurrentEncryptedPinBlock"
}

func (m *scriptMethod) pinBlock(k *workingKey, format PinBlockFormatForPinData, digits, field string) (hsm.PINBlock, error) {
	key, err := pinForm(k, format, &m.pan, field)
	if err != nil {
		return hsm.PINBlock{}, err
	}
	return key.block(digits, field)
}

// derivationOutputs name the keys that Visa and American Express need besides; nil for others.
func derivationOutputs(keys []workingKey) *VisaAmexDerivationOutputs {
	if len(keys) == 0 {
		return nil
	}
	out := &VisaAmexDerivationOutputs{AuthorizationRequestKeyArn: keys[0].arn(), AuthorizationRequestKeyCheckValue: keys[0].checkValue}
	if len(keys) > 1 {
		out.CurrentPinPekArn, out.CurrentPinPekKeyCheckValue = new(keys[1].arn()), new(keys[1].checkValue)
	}
	return out
}
