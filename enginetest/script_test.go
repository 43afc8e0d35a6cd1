package enginetest_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

const changeCommand = "8424000210" + "00000000000000" // PIN CHANGE/UNBLOCK, and what a card adds to it

// askForChange lets the service make a script for a card's last transaction.
func askForChange(t *testing.T, s *enginetest.Sim, c *enginetest.Card, script enginetest.Script, next string) enginetest.Script {
	t.Helper()
	i, x, option := c.Issuer(), c.Transaction(), dataplane.MajorKeyDerivationModeEMVOptionA
	in := &dataplane.GenerateMacEmvPinChangeInput{
		NewPinPekIdentifier: i.Key(enginetest.P0TDES2), NewEncryptedPinBlock: i.PINBlock(x.Account, next),
		PinBlockFormat:                              dataplane.PinBlockFormatForPinDataISOFormat0,
		SecureMessagingIntegrityKeyIdentifier:       i.Key(enginetest.E2TDES2),
		SecureMessagingConfidentialityKeyIdentifier: i.Key(enginetest.E1TDES2),
		MessageData: script.Message,
	}
	var current *dataplane.CurrentPinAttributes
	if script.Current {
		current = &dataplane.CurrentPinAttributes{CurrentPinPekIdentifier: i.Key(enginetest.P0TDES2),
			CurrentEncryptedPinBlock: i.PINBlock(x.Account, c.PIN())}
	}
	how := &in.DerivationMethodAttributes
	switch script.Scheme {
	case enginetest.SchemeEMVCommon:
		how.EmvCommon = &dataplane.EmvCommonAttributes{MajorKeyDerivationMode: option, PrimaryAccountNumber: x.Account,
			PanSequenceNumber: x.Sequence, ApplicationCryptogram: x.ARQC, Mode: dataplane.EncryptionModeCBC,
			PinBlockPaddingType: dataplane.PinBlockPaddingTypeISOIEC78164, PinBlockLengthPosition: dataplane.PinBlockLengthPositionFrontOfPINBlock}
	case enginetest.SchemeVisa:
		how.Visa = &dataplane.VisaAttributes{MajorKeyDerivationMode: option, PrimaryAccountNumber: x.Account,
			PanSequenceNumber: x.Sequence, ApplicationTransactionCounter: x.ATC, AuthorizationRequestKeyIdentifier: c.IssuerKey,
			CurrentPinAttributes: current}
	case enginetest.SchemeAmex:
		how.Amex = &dataplane.AmexAttributes{MajorKeyDerivationMode: option, PrimaryAccountNumber: x.Account,
			PanSequenceNumber: x.Sequence, ApplicationTransactionCounter: x.ATC, AuthorizationRequestKeyIdentifier: c.IssuerKey,
			CurrentPinAttributes: current}
	case enginetest.SchemeMastercard:
		how.Mastercard = &dataplane.MasterCardAttributes{MajorKeyDerivationMode: option, PrimaryAccountNumber: x.Account,
			PanSequenceNumber: x.Sequence, ApplicationCryptogram: x.ARQC}
	case enginetest.SchemeEMV2000:
		how.Emv2000 = &dataplane.Emv2000Attributes{MajorKeyDerivationMode: option, PrimaryAccountNumber: x.Account,
			PanSequenceNumber: x.Sequence, ApplicationTransactionCounter: x.ATC}
	}
	out, err := s.GenerateMacEmvPinChange(ctx, in)
	if err != nil {
		t.Fatalf("%v: %v", script.Scheme, err)
	}
	script.Block, script.MAC = out.EncryptedPinBlock, out.Mac
	return script
}

// TestCardTakesThePINChangeOfTheService: of every scheme, and what the issuer computes is the same.
func TestCardTakesThePINChangeOfTheService(t *testing.T) {
	s := enginetest.New(t, nil)
	c := s.Partner(t, "Issuer").Card("", account, "00")
	c.SetPIN("13579")
	for n, script := range []enginetest.Script{
		{Scheme: enginetest.SchemeEMVCommon, Form: emv.ScriptForm{Length: true, Pad: true, CBC: true}},
		{Scheme: enginetest.SchemeVisa},
		{Scheme: enginetest.SchemeVisa, Current: true},
		{Scheme: enginetest.SchemeAmex},
		{Scheme: enginetest.SchemeAmex, Current: true},
		{Scheme: enginetest.SchemeMastercard},
		{Scheme: enginetest.SchemeEMV2000},
	} {
		c.ARQC("0102030405")
		script.Message = changeCommand
		before, next := c.PIN(), "2468013579"[:4+n]
		got := askForChange(t, s, c, script, next)
		if want := c.Issuer().PINChange(c.Transaction(), script, before, next); got != want {
			t.Errorf("%v, current PIN %t: block %s and MAC %s, the issuer has %s and %s",
				script.Scheme, script.Current, got.Block, got.MAC, want.Block, want.MAC)
		}
		for name, wrong := range map[string]func(*enginetest.Script){
			"message": func(s *enginetest.Script) { s.Message = "84" + s.Message },
			"block":   func(s *enginetest.Script) { s.Block = "0000000000000000" + s.Block[16:] },
			"MAC":     func(s *enginetest.Script) { s.MAC = "00000000" + s.MAC[8:] },
			"no MAC":  func(s *enginetest.Script) { s.MAC = "" },
		} {
			spoiled := got
			if wrong(&spoiled); c.TakesScript(spoiled) || c.PIN() != before {
				t.Errorf("%v: a script with another %s is taken", script.Scheme, name)
			}
		}
		if !c.TakesScript(got) || c.PIN() != next {
			t.Errorf("%v: the card has the PIN %q, want %q", script.Scheme, c.PIN(), next)
		}
	}
}

// TestCardRefusesTheScriptOfAnotherTransaction: the session keys are others.
func TestCardRefusesTheScriptOfAnotherTransaction(t *testing.T) {
	c := enginetest.New(t, nil).Partner(t, "Issuer").Card("", account, "00")
	for _, scheme := range []enginetest.Scheme{enginetest.SchemeVisa, enginetest.SchemeMastercard, enginetest.SchemeEMV2000} {
		c.ARQC("01")
		script := c.Issuer().PINChange(c.Transaction(), enginetest.Script{Scheme: scheme, Message: changeCommand}, "", "2468")
		c.ARQC("02")
		if c.TakesScript(script) {
			t.Errorf("%v: the script is taken in the next transaction", scheme)
		}
	}
}
