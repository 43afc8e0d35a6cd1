package draw

import (
	"strings"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/enginetest/model"
)

// Requests of the data plane. What verifies, decrypts or opens something follows the request that made it.

const (
	account     = "5123456789012345"
	longAccount = "512345678901234567" // which option B takes
	sequence    = "01"
	counter     = "0007"
	tdesSerial  = "FFFF9876543210E00001"
	aesSerial   = "123456789012345600000001"
)

// message draws whole blocks of every cipher, in hexadecimal; or, at times, another number of bytes.
func message(t *rapid.T) string {
	text := strings.Repeat(
		rapid.SampledFrom([]string{"00112233445566778899AABBCCDDEEFF", "FFFFFFFFFFFFFFFF0000000000000000"}).Draw(t, "blocks"),
		rapid.IntRange(1, 4).Draw(t, "times"),
	)
	return text[:len(text)-2*rapid.SampledFrom([]int{0, 0, 0, 0, 8, 4, 1}).Draw(t, "less")]
}

// serial draws a serial number that fits the key that is named, or another one.
func (r *Requests) serial(t *rapid.T, p model.Place, id string) string {
	k := r.World.Named(r.now(), p, id)
	isAES := k != nil && strings.HasPrefix(string(k.Attributes.KeyAlgorithm), "AES")
	if rapid.IntRange(0, 5).Draw(t, "serial number") == 5 {
		isAES = !isAES
	}
	if isAES {
		return aesSerial
	}
	return tdesSerial
}

// derived draws what a base derivation key derives; nil is its own kind.
func derived(t *rapid.T) *apc.KeyAlgorithm {
	if rapid.IntRange(0, 2).Draw(t, "derives its own") < 2 {
		return nil
	}
	return new(rapid.SampledFrom([]apc.KeyAlgorithm{apc.KeyAlgorithmTDES2Key, apc.KeyAlgorithmAES128, apc.KeyAlgorithmAES256,
		apc.KeyAlgorithmTDES3Key}).Draw(t, "derives"))
}

var variants = rapid.SampledFrom([]dataplane.DukptKeyVariant{dataplane.DukptKeyVariantRequest, dataplane.DukptKeyVariantResponse,
	dataplane.DukptKeyVariantBidirectional})

// vector draws an initialization vector or none.
func vector(t *rapid.T) *string {
	return rapid.SampledFrom([]*string{nil, nil, new("0123456789ABCDEF"), new("0123456789ABCDEF0123456789ABCDEF")}).Draw(t, "IV")
}

// option draws how a card's key is derived, and the card.
func option(t *rapid.T) (dataplane.MajorKeyDerivationMode, string) {
	switch rapid.IntRange(0, 3).Draw(t, "option") {
	case 2:
		return dataplane.MajorKeyDerivationModeEMVOptionB, longAccount
	case 3:
		return dataplane.MajorKeyDerivationModeEMVOptionB, account
	}
	return dataplane.MajorKeyDerivationModeEMVOptionA, account
}

// cipherAttributes draws how data are encrypted.
func (r *Requests) cipherAttributes(t *rapid.T, p model.Place, form, id string) (a dataplane.EncryptionDecryptionAttributes) {
	switch form {
	case "Symmetric":
		a.Symmetric = &dataplane.SymmetricEncryptionAttributes{
			Mode:                 rapid.SampledFrom(dataplane.EncryptionMode("").Values()).Draw(t, "mode"),
			InitializationVector: vector(t),
		}
	case "Asymmetric":
		padding := rapid.SampledFrom(dataplane.PaddingType("").Values()).Draw(t, "padding")
		a.Asymmetric = &dataplane.AsymmetricEncryptionAttributes{PaddingType: &padding}
	case "Dukpt":
		a.Dukpt = &dataplane.DukptEncryptionAttributes{KeySerialNumber: r.serial(t, p, id), DukptKeyDerivationType: derived(t),
			DukptKeyVariant: new(variants.Draw(t, "variant")), InitializationVector: vector(t),
			Mode: rapid.SampledFrom([]*dataplane.EncryptionMode{nil, new(dataplane.EncryptionModeECB)}).Draw(t, "mode")}
	default:
		mode, pan := option(t)
		a.Emv = &dataplane.EmvEncryptionAttributes{MajorKeyDerivationMode: mode, PrimaryAccountNumber: pan, PanSequenceNumber: sequence,
			SessionDerivationData: "0007000000000000", InitializationVector: vector(t)}
	}
	return a
}

func (r *Requests) encryptData(t *rapid.T, p model.Place) any {
	return r.encrypt(t, p, r.formOf(t, "EncryptData"))
}

func (r *Requests) encrypt(t *rapid.T, p model.Place, form string) any {
	id := r.worker(t, p, "EncryptData", form, keyMember)
	return &dataplane.EncryptDataInput{KeyIdentifier: id, PlainText: message(t), EncryptionAttributes: r.cipherAttributes(t, p, form, id)}
}

func (r *Requests) reEncryptData(t *rapid.T, p model.Place) any {
	from, to, _ := strings.Cut(r.formOf(t, "ReEncryptData"), " to ")
	if from == "Asymmetric" {
		return r.reEncryptSealed(t, p, to)
	}
	in := &dataplane.ReEncryptDataInput{
		IncomingKeyIdentifier: r.worker(t, p, "ReEncryptData", from, "IncomingKeyIdentifier"),
		OutgoingKeyIdentifier: r.worker(t, p, "ReEncryptData", to, "OutgoingKeyIdentifier"),
		CipherText:            message(t),
	}
	a, b := r.cipherAttributes(t, p, from, in.IncomingKeyIdentifier), r.cipherAttributes(t, p, to, in.OutgoingKeyIdentifier)
	in.IncomingEncryptionAttributes = dataplane.ReEncryptionAttributes{Symmetric: a.Symmetric, Dukpt: a.Dukpt}
	in.OutgoingEncryptionAttributes = dataplane.ReEncryptionAttributes{Symmetric: b.Symmetric, Asymmetric: b.Asymmetric, Dukpt: b.Dukpt}
	return in
}

// reEncryptSealed draws a request for a ciphertext of an RSA key that there is; without one, a request that makes one.
func (r *Requests) reEncryptSealed(t *rapid.T, p model.Place, to string) any {
	all := r.World.Sealed()
	if len(all) == 0 {
		return r.encrypt(t, p, "Asymmetric")
	}
	s := even(all).Draw(t, "sealed")
	in := &dataplane.ReEncryptDataInput{IncomingKeyIdentifier: here(p, s.KeyARN), CipherText: s.CipherText,
		OutgoingKeyIdentifier: r.worker(t, p, "ReEncryptData", to, outgoing)}
	padding := &s.Padding
	if s.Padding != dataplane.PaddingTypePKCS1 {
		switch rapid.IntRange(0, 7).Draw(t, "otherwise") {
		case 5:
			in.IncomingKeyIdentifier = r.worker(t, p, "ReEncryptData", "Asymmetric", incoming)
		case 6:
			padding = new(even([]dataplane.PaddingType{dataplane.PaddingTypeOAEPSHA1, dataplane.PaddingTypeOAEPSHA256,
				dataplane.PaddingTypeOAEPSHA512}).Draw(t, "padding"))
		case 7:
			padding = nil
		}
	}
	in.IncomingEncryptionAttributes.Asymmetric = &dataplane.AsymmetricEncryptionAttributes{PaddingType: padding}
	a := r.cipherAttributes(t, p, to, in.OutgoingKeyIdentifier)
	in.OutgoingEncryptionAttributes = dataplane.ReEncryptionAttributes{Symmetric: a.Symmetric, Asymmetric: a.Asymmetric, Dukpt: a.Dukpt}
	return in
}

func (r *Requests) generateMAC(t *rapid.T, p model.Place) any {
	form := r.formOf(t, "GenerateMac")
	in := &dataplane.GenerateMacInput{KeyIdentifier: r.worker(t, p, "GenerateMac", form, keyMember), MessageData: message(t)}
	if rapid.IntRange(0, 2).Draw(t, "length") == 2 {
		in.MacLength = new(rapid.IntRange(4, 32).Draw(t, "bytes"))
	}
	a := &in.GenerationAttributes
	arms := map[string]**dataplane.MacAlgorithmDukpt{"DukptCmac": &a.DukptCmac, "DukptIso9797Algorithm1": &a.DukptIso9797Algorithm1,
		"DukptIso9797Algorithm3": &a.DukptIso9797Algorithm3}
	switch arm := arms[form]; {
	case arm != nil:
		*arm = &dataplane.MacAlgorithmDukpt{KeySerialNumber: r.serial(t, p, in.KeyIdentifier), DukptKeyVariant: variants.Draw(t, "variant"),
			DukptDerivationType: derived(t)}
	case form == "EmvMac":
		mode, pan := option(t)
		a.EmvMac = &dataplane.MacAlgorithmEmv{MajorKeyDerivationMode: mode, PrimaryAccountNumber: pan, PanSequenceNumber: sequence,
			SessionKeyDerivationMode: rapid.SampledFrom(dataplane.SessionKeyDerivationMode("").Values()).Draw(t, "session")}
		if rapid.Bool().Draw(t, "by counter") {
			a.EmvMac.SessionKeyDerivationValue.ApplicationTransactionCounter = new(counter)
		} else {
			a.EmvMac.SessionKeyDerivationValue.ApplicationCryptogram = new("0123456789ABCDEF")
		}
	default:
		a.Algorithm = new(dataplane.MacAlgorithm(form))
	}
	return in
}

func (r *Requests) generateCard(t *rapid.T, p model.Place) any {
	form := r.formOf(t, "GenerateCardValidationData")
	in := &dataplane.GenerateCardValidationDataInput{KeyIdentifier: r.worker(t, p, "GenerateCardValidationData", form, keyMember),
		PrimaryAccountNumber: rapid.SampledFrom([]string{account, longAccount, "341234567890123"}).Draw(t, "account")}
	if rapid.Bool().Draw(t, "length") {
		in.ValidationDataLength = new(rapid.IntRange(3, 5).Draw(t, "digits"))
	}
	const expiry, service, number = "2812", "201", "12345678"
	switch a := &in.GenerationAttributes; form {
	case "CardVerificationValue1":
		a.CardVerificationValue1 = &dataplane.CardVerificationValue1{CardExpiryDate: expiry, ServiceCode: service}
	case "CardVerificationValue2":
		a.CardVerificationValue2 = &dataplane.CardVerificationValue2{CardExpiryDate: expiry}
	case "AmexCardSecurityCodeVersion1":
		a.AmexCardSecurityCodeVersion1 = &dataplane.AmexCardSecurityCodeVersion1{CardExpiryDate: expiry}
	case "AmexCardSecurityCodeVersion2":
		a.AmexCardSecurityCodeVersion2 = &dataplane.AmexCardSecurityCodeVersion2{CardExpiryDate: expiry, ServiceCode: service}
	case "CardHolderVerificationValue":
		a.CardHolderVerificationValue = &dataplane.CardHolderVerificationValue{UnpredictableNumber: number, PanSequenceNumber: sequence,
			ApplicationTransactionCounter: counter}
	case "DynamicCardVerificationCode":
		a.DynamicCardVerificationCode = &dataplane.DynamicCardVerificationCode{UnpredictableNumber: number, PanSequenceNumber: sequence,
			ApplicationTransactionCounter: counter, TrackData: "5123456789012345D2812201"}
	default:
		a.DynamicCardVerificationValue = &dataplane.DynamicCardVerificationValue{PanSequenceNumber: sequence, CardExpiryDate: expiry,
			ServiceCode: service, ApplicationTransactionCounter: counter}
	}
	return in
}

func (r *Requests) generateCryptogram(t *rapid.T, p model.Place) any {
	mode, pan := option(t)
	in := &dataplane.GenerateAuthRequestCryptogramInput{KeyIdentifier: r.worker(t, p, "GenerateAuthRequestCryptogram", "", keyMember),
		MajorKeyDerivationMode: mode, TransactionData: message(t)}
	switch s := &in.SessionKeyDerivationAttributes; rapid.IntRange(0, 5).Draw(t, "session") {
	case 0:
		s.Visa = &dataplane.SessionKeyVisa{PrimaryAccountNumber: pan, PanSequenceNumber: sequence}
	case 1:
		s.Amex = &dataplane.SessionKeyAmex{PrimaryAccountNumber: pan, PanSequenceNumber: sequence}
	case 2:
		s.EmvCommon = &dataplane.SessionKeyEmvCommon{PrimaryAccountNumber: pan, PanSequenceNumber: sequence,
			ApplicationTransactionCounter: counter}
	case 3:
		s.Mastercard = &dataplane.SessionKeyMastercard{PrimaryAccountNumber: pan, PanSequenceNumber: sequence,
			ApplicationTransactionCounter: counter, UnpredictableNumber: "12345678"}
	case 4:
		s.Emv2000 = &dataplane.SessionKeyEmv2000{PrimaryAccountNumber: pan, PanSequenceNumber: sequence,
			ApplicationTransactionCounter: counter}
	default:
		s.UnionPay = &dataplane.SessionKeyUnionPay{PrimaryAccountNumber: pan, PanSequenceNumber: sequence,
			ApplicationTransactionCounter: counter}
	}
	return in
}

func (r *Requests) kekValidation(t *rapid.T, p model.Place) any {
	in := &dataplane.GenerateAs2805KekValidationInput{KeyIdentifier: r.worker(t, p, "GenerateAs2805KekValidation", "", keyMember),
		RandomKeySendVariantMask: rapid.SampledFrom(dataplane.RandomKeySendVariantMask("").Values()).Draw(t, "mask")}
	in.KekValidationType.KekValidationRequest = &dataplane.KekValidationRequest{DeriveKeyAlgorithm: rapid.SampledFrom(
		[]apc.KeyAlgorithm{apc.KeyAlgorithmTDES2Key, apc.KeyAlgorithmTDES3Key, apc.KeyAlgorithmAES128}).Draw(t, "derives")}
	return in
}
