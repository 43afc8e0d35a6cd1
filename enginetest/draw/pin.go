package draw

import (
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/enginetest/model"
)

const (
	table   = "0123456789012345"
	padding = "F"
	subject = "5123456789012345" // of natural PINs
)

// knownPIN draws a PIN block that was made in the caller's place or, where the key is replicated there, in another one; nil
// where there is none.
func (r *Requests) knownPIN(t *rapid.T, p model.Place, fits func(*model.PIN) bool) *model.PIN {
	var all, own []model.PIN
	for _, known := range r.World.PINs() {
		if fits != nil && !fits(&known) {
			continue
		}
		all = append(all, known)
		if strings.Contains(known.KeyARN, ":"+p.Region+":"+p.Account+":") {
			own = append(own, known)
		}
	}
	if len(all) == 0 {
		return nil
	}
	if len(own) > 0 && rapid.IntRange(0, 5).Draw(t, "own") < 5 {
		all = own
	}
	pin := even(all).Draw(t, "PIN block")
	if rapid.Bool().Draw(t, "here") {
		pin.KeyARN = here(p, pin.KeyARN)
	}
	return &pin
}

// block draws a PIN block under a key of its own.
func (r *Requests) block(t *rapid.T, p model.Place) *model.PIN {
	return r.knownPIN(t, p, func(k *model.PIN) bool { return k.Serial == "" })
}

func (r *Requests) generatePIN(t *rapid.T, p model.Place) any {
	form, pin := r.formOf(t, "GeneratePinData"), r.block(t, p)
	if form == "" || form == "PIN" || form == "Dukpt" { // of an operation that begins with a PIN block
		form = "VisaPin"
	}
	if pin == nil && (form == "VisaPinVerificationValue" || form == "Ibm3624PinOffset") {
		form = "VisaPin"
	}
	in := &dataplane.GeneratePinDataInput{
		GenerationKeyIdentifier: r.worker(t, p, "GeneratePinData", form, generation),
		EncryptionKeyIdentifier: r.worker(t, p, "GeneratePinData", form, encryption),
		PinBlockFormat:          r.format(t),
	}
	if rapid.IntRange(0, 5).Draw(t, "account") < 5 {
		in.PrimaryAccountNumber = new(account)
	}
	switch a := &in.GenerationAttributes; form {
	case "VisaPin":
		a.VisaPin = &dataplane.VisaPin{PinVerificationKeyIndex: new(1)}
	case "Ibm3624NaturalPin":
		a.Ibm3624NaturalPin = &dataplane.Ibm3624NaturalPin{DecimalizationTable: table, PinValidationDataPadCharacter: padding,
			PinValidationData: subject}
	case "Ibm3624RandomPin":
		a.Ibm3624RandomPin = &dataplane.Ibm3624RandomPin{DecimalizationTable: table, PinValidationDataPadCharacter: padding,
			PinValidationData: subject}
	case "Ibm3624PinFromOffset":
		a.Ibm3624PinFromOffset = &dataplane.Ibm3624PinFromOffset{DecimalizationTable: table, PinValidationDataPadCharacter: padding,
			PinValidationData: subject, PinOffset: "1234"}
	default:
		r.fromBlock(in, pin, form)
	}
	return in
}

// fromBlock makes the request one for a PIN that there is.
func (r *Requests) fromBlock(in *dataplane.GeneratePinDataInput, pin *model.PIN, form string) {
	in.EncryptionKeyIdentifier, in.PinBlockFormat = pin.KeyARN, dataplane.PinBlockFormatForPinData("ISO_FORMAT_"+pin.Format)
	in.PrimaryAccountNumber = new(account)
	if form == "Ibm3624PinOffset" {
		in.GenerationAttributes.Ibm3624PinOffset = &dataplane.Ibm3624PinOffset{EncryptedPinBlock: pin.Block, DecimalizationTable: table,
			PinValidationDataPadCharacter: padding, PinValidationData: subject}
		return
	}
	in.GenerationAttributes.VisaPinVerificationValue = &dataplane.VisaPinVerificationValue{EncryptedPinBlock: pin.Block,
		PinVerificationKeyIndex: new(1)}
}

// format draws the format of PIN blocks.
func (r *Requests) format(t *rapid.T) dataplane.PinBlockFormatForPinData {
	return rapid.SampledFrom(dataplane.PinBlockFormatForPinData("").Values()).Draw(t, "format")
}

func isoFormat(digit string) (f dataplane.TranslationIsoFormats) {
	with := &dataplane.TranslationPinDataIsoFormat034{PrimaryAccountNumber: account}
	switch digit {
	case "0":
		f.IsoFormat0 = with
	case "1":
		f.IsoFormat1 = &dataplane.TranslationPinDataIsoFormat1{}
	case "3":
		f.IsoFormat3 = with
	default:
		f.IsoFormat4 = with
	}
	return f
}

func (r *Requests) translatePIN(t *rapid.T, p model.Place) any {
	pin := r.knownPIN(t, p, nil)
	if pin == nil {
		return r.generatePIN(t, p)
	}
	to := r.formOf(t, "TranslatePinData")
	in := &dataplane.TranslatePinDataInput{IncomingKeyIdentifier: pin.KeyARN, EncryptedPinBlock: pin.Block,
		OutgoingKeyIdentifier:         r.worker(t, p, "TranslatePinData", to, outgoing),
		IncomingTranslationAttributes: isoFormat(pin.Format),
		OutgoingTranslationAttributes: isoFormat(rapid.SampledFrom([]string{"0", "4", "3", "1"}).Draw(t, "format")),
	}
	if pin.Serial != "" {
		in.IncomingDukptAttributes = &dataplane.DukptDerivationAttributes{KeySerialNumber: pin.Serial, DukptKeyDerivationType: &pin.Derived}
	}
	if to == "Dukpt" {
		in.OutgoingDukptAttributes = &dataplane.DukptDerivationAttributes{
			KeySerialNumber: r.serial(t, p, in.OutgoingKeyIdentifier), DukptKeyDerivationType: derived(t)}
	}
	return in
}

func (r *Requests) changePIN(t *rapid.T, p model.Place) any {
	pin := r.block(t, p)
	if pin == nil || pin.Format == "4" {
		return r.generatePIN(t, p)
	}
	const op, request = "GenerateMacEmvPinChange", "AuthorizationRequestKeyIdentifier"
	mode, cryptogram := dataplane.MajorKeyDerivationModeEMVOptionA, "0123456789ABCDEF"
	if rapid.IntRange(0, 3).Draw(t, "option B") == 3 {
		mode = dataplane.MajorKeyDerivationModeEMVOptionB
	}
	in := &dataplane.GenerateMacEmvPinChangeInput{NewPinPekIdentifier: pin.KeyARN, NewEncryptedPinBlock: pin.Block,
		PinBlockFormat:                              dataplane.PinBlockFormatForPinData("ISO_FORMAT_" + pin.Format),
		SecureMessagingIntegrityKeyIdentifier:       r.worker(t, p, op, "", "SecureMessagingIntegrityKeyIdentifier"),
		SecureMessagingConfidentialityKeyIdentifier: r.worker(t, p, op, "", "SecureMessagingConfidentialityKeyIdentifier"),
		MessageData: "00A4040008A000000004101080D80500000001010A"}
	switch d := &in.DerivationMethodAttributes; rapid.IntRange(0, 3).Draw(t, "method") {
	case 0:
		d.Visa = &dataplane.VisaAttributes{MajorKeyDerivationMode: mode, PrimaryAccountNumber: account, PanSequenceNumber: sequence,
			ApplicationTransactionCounter: counter, AuthorizationRequestKeyIdentifier: r.worker(t, p, op, "", request)}
		if rapid.Bool().Draw(t, "current") {
			d.Visa.CurrentPinAttributes = &dataplane.CurrentPinAttributes{CurrentPinPekIdentifier: pin.KeyARN,
				CurrentEncryptedPinBlock: pin.Block}
		}
	case 1:
		d.EmvCommon = &dataplane.EmvCommonAttributes{MajorKeyDerivationMode: mode, PrimaryAccountNumber: account, PanSequenceNumber: sequence,
			ApplicationCryptogram: cryptogram, Mode: dataplane.EncryptionModeECB,
			PinBlockPaddingType:    rapid.SampledFrom(dataplane.PinBlockPaddingType("").Values()).Draw(t, "padding"),
			PinBlockLengthPosition: rapid.SampledFrom(dataplane.PinBlockLengthPosition("").Values()).Draw(t, "length")}
	case 2:
		d.Mastercard = &dataplane.MasterCardAttributes{MajorKeyDerivationMode: mode, PrimaryAccountNumber: account,
			PanSequenceNumber: sequence, ApplicationCryptogram: cryptogram}
	default:
		d.Emv2000 = &dataplane.Emv2000Attributes{MajorKeyDerivationMode: mode, PrimaryAccountNumber: account, PanSequenceNumber: sequence,
			ApplicationTransactionCounter: counter}
	}
	return in
}

// pinNeeds are a PIN whose PVV is known, and its block under a key of a terminal.
var pinNeeds = []need{
	keyNeed("V2 TDES_2KEY", works("VerifyPinData", "VisaPin", "VerificationKeyIdentifier")),
	keyNeed("P0 TDES_2KEY", works("TranslatePinData", "PIN", incoming)),
	keyNeed("B0 AES_128", works("VerifyPinData", "Dukpt", encryption)),
	{"GeneratePinData", noPIN(func(p *model.PIN) bool { return p.Check != nil }), checkedPIN},
	{"TranslatePinData", noPIN(func(p *model.PIN) bool { return p.Check != nil && p.Serial != "" }), terminalPIN},
}

func noPIN(fits func(*model.PIN) bool) func(*model.World, model.Place) bool {
	return func(w *model.World, _ model.Place) bool {
		return !slices.ContainsFunc(w.PINs(), func(p model.PIN) bool { return fits(&p) })
	}
}

// checkedPIN makes a PIN with its PVV.
func checkedPIN(r *Requests, p model.Place) any {
	generators := r.World.Keys(p, works("GeneratePinData", "VisaPin", generation))
	encrypting := r.World.Keys(p, works("GeneratePinData", "VisaPin", encryption))
	if len(generators) == 0 || len(encrypting) == 0 {
		return nil
	}
	in := &dataplane.GeneratePinDataInput{GenerationKeyIdentifier: generators[0].ARN, EncryptionKeyIdentifier: encrypting[0].ARN,
		PinBlockFormat: dataplane.PinBlockFormatForPinDataISOFormat0, PrimaryAccountNumber: new(account)}
	in.GenerationAttributes.VisaPin = &dataplane.VisaPin{PinVerificationKeyIndex: new(1)}
	return in
}

// terminalPIN puts a PIN under a TDES key that an AES key derives.
func terminalPIN(r *Requests, p model.Place) any {
	bases := r.World.Keys(p, func(k *model.Key) bool {
		return works("TranslatePinData", "Dukpt", outgoing)(k) && strings.HasPrefix(string(k.Attributes.KeyAlgorithm), "AES")
	})
	for _, pin := range r.World.PINs() {
		if pin.Check != nil && pin.Serial == "" && len(bases) > 0 {
			return &dataplane.TranslatePinDataInput{IncomingKeyIdentifier: pin.KeyARN, EncryptedPinBlock: pin.Block,
				OutgoingKeyIdentifier: bases[0].ARN, IncomingTranslationAttributes: isoFormat(pin.Format),
				OutgoingTranslationAttributes: isoFormat("0"), OutgoingDukptAttributes: &dataplane.DukptDerivationAttributes{
					KeySerialNumber: aesSerial, DukptKeyDerivationType: new(apc.KeyAlgorithmTDES2Key)}}
		}
	}
	return nil
}

// verifyPIN draws the verification of a PIN block of which that is known; without one, a request that makes one.
func (r *Requests) verifyPIN(t *rapid.T, p model.Place) any {
	derived := rapid.IntRange(0, 2).Draw(t, "of a terminal") > 0
	pin := r.knownPIN(t, p, func(k *model.PIN) bool { return k.Check != nil && (k.Serial != "" || !derived) })
	if pin == nil {
		r.form = nil
		return r.translatePIN(t, p)
	}
	return r.checkOf(t, p, pin)
}

// checkOf draws the verification of a PIN block; nil where none is known.
func (r *Requests) checkOf(t *rapid.T, p model.Place, pin *model.PIN) *dataplane.VerifyPinDataInput {
	if pin.Check == nil {
		return nil
	}
	in := &dataplane.VerifyPinDataInput{VerificationKeyIdentifier: here(p, pin.Check.KeyARN), EncryptionKeyIdentifier: pin.KeyARN,
		EncryptedPinBlock: pin.Block, PinBlockFormat: dataplane.PinBlockFormatForPinData("ISO_FORMAT_" + pin.Format),
		PrimaryAccountNumber: new(account)}
	if pin.Serial != "" {
		in.DukptAttributes = &dataplane.DukptAttributes{KeySerialNumber: pin.Serial, DukptDerivationType: pin.Derived}
	}
	value := pin.Check.Value
	if rapid.IntRange(0, 3).Draw(t, "tampered") == 3 {
		value = flip(value)
	}
	if pin.Check.Offset {
		in.VerificationAttributes.Ibm3624Pin = offsetOf(value)
	} else {
		in.VerificationAttributes.VisaPin = &dataplane.VisaPinVerification{PinVerificationKeyIndex: new(1), VerificationValue: value}
	}
	return in
}

func offsetOf(value string) *dataplane.Ibm3624PinVerification {
	return &dataplane.Ibm3624PinVerification{DecimalizationTable: table, PinValidationDataPadCharacter: padding,
		PinValidationData: subject, PinOffset: value}
}

// verification is the request that verifies a generated PIN.
func verification(in *dataplane.GeneratePinDataInput, out *dataplane.GeneratePinDataOutput) *dataplane.VerifyPinDataInput {
	v := &dataplane.VerifyPinDataInput{VerificationKeyIdentifier: in.GenerationKeyIdentifier,
		EncryptionKeyIdentifier: in.EncryptionKeyIdentifier, EncryptedPinBlock: out.EncryptedPinBlock,
		PinBlockFormat: in.PinBlockFormat, PrimaryAccountNumber: in.PrimaryAccountNumber}
	if out.PinData.VerificationValue != nil {
		v.VerificationAttributes.VisaPin = &dataplane.VisaPinVerification{PinVerificationKeyIndex: new(1),
			VerificationValue: *out.PinData.VerificationValue}
		return v
	}
	v.VerificationAttributes.Ibm3624Pin = offsetOf(*out.PinData.PinOffset)
	return v
}
