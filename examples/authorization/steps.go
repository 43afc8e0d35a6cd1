package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
)

// clear are the keys that somebody outside the service has too: the terminal's base derivation key,
// the issuer's PIN key in its branches, its key for cards. A ceremony loads them from components.
var clear = map[string]string{
	"BDK": "FEDCBA9876543210F1F1F1F1F1F1F1F1", "issuer's PEK": "545E2AADFD5EC42F2F5BE5E3ADC75E9B",
	"IMK-AC":   "9E15204313F7318ACB79B90BD986AD29",
	"zone key": "A1B2C3D4E5F60718293A4B5C6D7E8F90", "PVK": "3D5EF7B0A2C419682FE1D3B5978C6A4F", "CVK": "0123456789ABCDEFFEDCBA9876543210",
	"IMK-SMI": "4664942FE615FB02E5D57F292AA2B3B6", "IMK-SMC": "CE293B8CC12A97C79B6D8F1E54C2A3B0",
}

var (
	ciphers = apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true}
	derives = apc.KeyModesOfUse{DeriveKey: true}
	checks  = apc.KeyModesOfUse{Generate: true, Verify: true}
)

func (s *scenario) loadKeys() error {
	s.title("Load the keys of the acquirer and the issuer, from two components each")
	s.keys = map[string]string{}
	for _, k := range []struct {
		name      string
		usage     apc.KeyUsage
		algorithm apc.KeyAlgorithm
		modes     apc.KeyModesOfUse
	}{
		{"BDK", apc.KeyUsageTR31B0BaseDerivationKey, apc.KeyAlgorithmAES128, derives},
		{"zone key", apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES2Key, ciphers},
		{"issuer's PEK", apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES2Key, ciphers},
		{"PVK", apc.KeyUsageTR31V2VisaPINVerificationKey, apc.KeyAlgorithmTDES2Key, checks},
		{"CVK", apc.KeyUsageTR31C0CardVerificationKey, apc.KeyAlgorithmTDES2Key, checks},
		{"IMK-AC", apc.KeyUsageTR31E0EMVMKeyAppCryptograms, apc.KeyAlgorithmTDES2Key, derives},
		{"IMK-SMI", apc.KeyUsageTR31E2EMVMKeyIntegrity, apc.KeyAlgorithmTDES2Key, derives},
		{"IMK-SMC", apc.KeyUsageTR31E1EMVMKeyConfidentiality, apc.KeyAlgorithmTDES2Key, derives},
	} {
		out, err := s.LoadKey(s.ctx, &engine.LoadKeyInput{
			KeyAttributes: apc.KeyAttributes{
				KeyUsage:      k.usage,
				KeyClass:      apc.KeyClassSymmetricKey,
				KeyAlgorithm:  k.algorithm,
				KeyModesOfUse: k.modes,
			},
			Exportable: new(false), Components: components(k.name),
		})
		if err != nil {
			return err
		}
		s.keys[k.name] = out.Key.KeyArn
		s.say("%-12s %s %s, check value %s", k.name, k.usage, k.algorithm, out.Key.KeyCheckValue)
	}
	return nil
}

// components are two random halves of a key.
func components(name string) []hsm.Secret {
	key, _ := hex.DecodeString(clear[name])
	first := make([]byte, len(key))
	rand.Read(first)
	for i := range key {
		key[i] ^= first[i]
	}
	return []hsm.Secret{hsm.NewSecret(first), hsm.NewSecret(key)}
}

func (s *scenario) personalise() error {
	s.title("Personalise a card: its holder chooses a PIN in a branch")
	c := &s.card
	*c = card{pan: "5413339000001513", psn: "01", expiry: "2912", pin: "7391"}
	block, err := choosePIN(bytesOf("issuer's PEK"), c.pin, c.pan)
	if err != nil {
		return err
	}
	chosen, err := s.GeneratePinData(s.ctx, &dataplane.GeneratePinDataInput{
		GenerationKeyIdentifier: s.keys["PVK"], EncryptionKeyIdentifier: s.keys["issuer's PEK"],
		PinBlockFormat: dataplane.PinBlockFormatForPinDataISOFormat0, PrimaryAccountNumber: &c.pan,
		GenerationAttributes: dataplane.PinGenerationAttributes{
			VisaPinVerificationValue: &dataplane.VisaPinVerificationValue{EncryptedPinBlock: block, PinVerificationKeyIndex: new(1)},
		},
	})
	if err != nil {
		return err
	}
	c.pvv = *chosen.PinData.VerificationValue
	for _, v := range []struct {
		into       *string
		attributes dataplane.CardGenerationAttributes
	}{
		{&c.cvv, dataplane.CardGenerationAttributes{CardVerificationValue1: &dataplane.CardVerificationValue1{CardExpiryDate: c.expiry,
			ServiceCode: "201"}}},
		{&c.cvv2, dataplane.CardGenerationAttributes{CardVerificationValue2: &dataplane.CardVerificationValue2{CardExpiryDate: c.expiry}}},
	} {
		out, err := s.GenerateCardValidationData(
			s.ctx,
			&dataplane.GenerateCardValidationDataInput{
				KeyIdentifier:        s.keys["CVK"],
				PrimaryAccountNumber: c.pan,
				GenerationAttributes: v.attributes,
			},
		)
		if err != nil {
			return err
		}
		*v.into = out.ValidationData
	}
	s.say("PVV %s, CVV %s on the stripe, CVV2 %s in print", c.pvv, c.cvv, c.cvv2)
	c.key, err = cardKey(bytesOf("IMK-AC"), c.pan, c.psn)
	return err
}

func bytesOf(name string) []byte { b, _ := hex.DecodeString(clear[name]); return b }

func (s *scenario) pay() (err error) {
	s.title("Pay: the terminal encrypts the PIN under AES DUKPT, the chip makes an ARQC")
	p := &s.payment
	*p = payment{ksn: terminalKSN, data: withAmount, atc: "0017"}
	if p.pinBlock, err = encryptPIN(bytesOf("BDK"), p.ksn, s.card.pin, s.card.pan); err != nil {
		return err
	}
	p.arqc, err = s.card.cryptogram(p.data, p.atc)
	s.say("PIN block %s of key serial number %s", p.pinBlock, p.ksn)
	s.say("ARQC %s of transaction %s", p.arqc, p.atc)
	return err
}

func (s *scenario) authorise() error {
	s.title("The acquirer translates the PIN to the zone key of the issuer")
	zone, err := s.translate(s.payment.pinBlock)
	if err != nil {
		return err
	}
	s.say("PIN block %s, ISO format 0", zone)
	s.title("The issuer verifies the ARQC, the PIN and the CVV2, and answers")
	arpc, err := s.verifyARQC(s.payment.data)
	if err != nil {
		return err
	}
	if err := s.verifyPIN(zone); err != nil {
		return err
	}
	if err := s.verifyCVV2(s.card.cvv2); err != nil {
		return err
	}
	s.say("all three are right; ARPC %s", arpc)
	return nil
}

func (s *scenario) translate(block string) (string, error) {
	out, err := s.TranslatePinData(s.ctx, &dataplane.TranslatePinDataInput{
		IncomingKeyIdentifier: s.keys["BDK"], OutgoingKeyIdentifier: s.keys["zone key"], EncryptedPinBlock: block,
		IncomingTranslationAttributes: dataplane.TranslationIsoFormats{
			IsoFormat4: &dataplane.TranslationPinDataIsoFormat034{PrimaryAccountNumber: s.card.pan},
		},
		OutgoingTranslationAttributes: dataplane.TranslationIsoFormats{
			IsoFormat0: &dataplane.TranslationPinDataIsoFormat034{PrimaryAccountNumber: s.card.pan},
		},
		IncomingDukptAttributes: &dataplane.DukptDerivationAttributes{
			KeySerialNumber:        s.payment.ksn,
			DukptKeyDerivationType: new(apc.KeyAlgorithmAES128),
		},
	})
	if err != nil {
		return "", err
	}
	return out.PinBlock, nil
}

func (s *scenario) verifyARQC(data string) (arpc string, err error) {
	out, err := s.VerifyAuthRequestCryptogram(s.ctx, &dataplane.VerifyAuthRequestCryptogramInput{
		KeyIdentifier: s.keys["IMK-AC"], TransactionData: data, AuthRequestCryptogram: s.payment.arqc,
		MajorKeyDerivationMode: dataplane.MajorKeyDerivationModeEMVOptionA,
		SessionKeyDerivationAttributes: dataplane.SessionKeyDerivation{EmvCommon: &dataplane.SessionKeyEmvCommon{
			PrimaryAccountNumber: s.card.pan, PanSequenceNumber: s.card.psn, ApplicationTransactionCounter: s.payment.atc}},
		AuthResponseAttributes: &dataplane.CryptogramAuthResponse{
			ArpcMethod1: &dataplane.CryptogramVerificationArpcMethod1{AuthResponseCode: "3030"},
		},
	})
	if err != nil {
		return "", err
	}
	return *out.AuthResponseValue, nil
}

func (s *scenario) verifyPIN(block string) error {
	_, err := s.VerifyPinData(s.ctx, &dataplane.VerifyPinDataInput{
		VerificationKeyIdentifier: s.keys["PVK"], EncryptionKeyIdentifier: s.keys["zone key"], EncryptedPinBlock: block,
		PrimaryAccountNumber: &s.card.pan, PinBlockFormat: dataplane.PinBlockFormatForPinDataISOFormat0,
		VerificationAttributes: dataplane.PinVerificationAttributes{
			VisaPin: &dataplane.VisaPinVerification{PinVerificationKeyIndex: new(1), VerificationValue: s.card.pvv},
		},
	})
	return err
}

func (s *scenario) verifyCVV2(value string) error {
	_, err := s.VerifyCardValidationData(s.ctx, &dataplane.VerifyCardValidationDataInput{
		KeyIdentifier: s.keys["CVK"], PrimaryAccountNumber: s.card.pan, ValidationData: value,
		VerificationAttributes: dataplane.CardVerificationAttributes{
			CardVerificationValue2: &dataplane.CardVerificationValue2{CardExpiryDate: s.card.expiry},
		},
	})
	return err
}

func (s *scenario) changePIN() error {
	s.title("The holder asks for another PIN: the issuer makes a script for the card")
	block, err := choosePIN(bytesOf("issuer's PEK"), "2580", s.card.pan)
	if err != nil {
		return err
	}
	out, err := s.GenerateMacEmvPinChange(s.ctx, &dataplane.GenerateMacEmvPinChangeInput{
		NewPinPekIdentifier: s.keys["issuer's PEK"], NewEncryptedPinBlock: block, PinBlockFormat: dataplane.PinBlockFormatForPinDataISOFormat0,
		SecureMessagingIntegrityKeyIdentifier: s.keys["IMK-SMI"], SecureMessagingConfidentialityKeyIdentifier: s.keys["IMK-SMC"],
		MessageData: "8424000210" + s.payment.atc + s.payment.arqc, // the command, the counter, the cryptogram
		DerivationMethodAttributes: dataplane.DerivationMethodAttributes{EmvCommon: &dataplane.EmvCommonAttributes{
			MajorKeyDerivationMode: dataplane.MajorKeyDerivationModeEMVOptionA, PrimaryAccountNumber: s.card.pan, PanSequenceNumber: s.card.psn,
			ApplicationCryptogram: s.payment.arqc, Mode: dataplane.EncryptionModeCBC,
			PinBlockPaddingType: dataplane.PinBlockPaddingTypeISOIEC78164, PinBlockLengthPosition: dataplane.PinBlockLengthPositionFrontOfPINBlock}},
	})
	if err != nil {
		return err
	}
	s.say("encrypted PIN %s, MAC %s", out.EncryptedPinBlock, out.Mac)
	return nil
}

func (s *scenario) frauds() error {
	s.title("A thief guesses the PIN")
	block, err := encryptPIN(bytesOf("BDK"), s.payment.ksn, "1234", s.card.pan)
	if err != nil {
		return err
	}
	zone, err := s.translate(block)
	if err != nil {
		return err
	}
	if err := s.refused(s.verifyPIN(zone)); err != nil {
		return err
	}
	s.title("A merchant changes the amount after the card has signed it")
	_, err = s.verifyARQC(strings.Replace(s.payment.data, "0000000125", "0000009125", 1))
	if err := s.refused(err); err != nil {
		return err
	}
	s.title("Somebody has the number from the stripe and tries the CVV as CVV2")
	return s.refused(s.verifyCVV2(s.card.cvv))
}

// refused says why something was refused, and fails if it was not.
func (s *scenario) refused(err error) error {
	refusal, ok := errors.AsType[*apc.Error](err)
	if !ok || refusal.Code != apc.ErrVerificationFailed {
		return fmt.Errorf("the fraud is not refused: %v", err)
	}
	s.say("%s, %s: %s", refusal.Code, refusal.Failed, refusal.Message)
	for _, r := range refusal.Reasons {
		s.say("why: %s", r)
	}
	return nil
}
