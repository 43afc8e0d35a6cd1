package model

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
)

// arm is the member of a union that is set.
func arm(union any) (name string, value any) {
	v := reflect.Indirect(reflect.ValueOf(union))
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Pointer && !f.IsNil() {
			return v.Type().Field(i).Name, f.Elem().Interface()
		}
	}
	return "", nil
}

func armOf(union any) string {
	name, _ := arm(union)
	return name
}

// armText is the member of a union that is set, with its value.
func armText(union any) string {
	name, value := arm(union)
	b, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return name + string(b)
}

// accountOf is the account number in a derivation of session keys.
func accountOf(s *dataplane.SessionKeyDerivation) string {
	_, value := arm(s)
	return reflect.ValueOf(value).FieldByName("PrimaryAccountNumber").String()
}

func idOf(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// Facts are values that the service has computed. A primary and its replicas compute the same.

func macFact(k *Key, a *dataplane.MacAttributes, message string, length int) string {
	return fmt.Sprint("MAC ", k.id(), " ", armText(a), " ", message, " ", length)
}

func cardFact(k *Key, account string, attributes any, length int) string {
	return fmt.Sprint("card ", k.id(), " ", account, " ", armText(attributes), " ", length)
}

func cryptogramFact(k *Key, mode dataplane.MajorKeyDerivationMode, s *dataplane.SessionKeyDerivation, data string) string {
	return fmt.Sprint("ARQC ", k.id(), " ", mode, " ", armText(s), " ", data)
}

func pvvFact(k *Key, account string, index int, pin string) string {
	return fmt.Sprint("PVV ", k.id(), " ", account, " ", index, " ", pin)
}

func offsetFact(k *Key, table, data, pad, pin string) string {
	return fmt.Sprint("offset ", k.id(), " ", table, " ", data, " ", pad, " ", pin)
}

// computes notes a value, which must be the same each time.
func (q *request) computes(fact, value string) error {
	if known, ok := q.w.facts[fact]; ok && known != value {
		return fmt.Errorf("%s is %s, was %s before", fact, value, known)
	}
	q.w.facts[fact] = value
	return nil
}

// didData takes over what an operation of the data plane has computed.
func (q *request) didData(in, out any) error {
	switch in := in.(type) {
	case *dataplane.GenerateMacInput:
		m, _ := q.mac(in.KeyIdentifier, &in.GenerationAttributes, in.MessageData)
		o := out.(*dataplane.GenerateMacOutput)
		if want := m.length(in.MacLength); len(o.Mac) != 2*want {
			return fmt.Errorf("a MAC of %d bytes, must have %d", len(o.Mac)/2, want)
		}
		return q.answers(m.key, o.KeyArn, o.KeyCheckValue,
			q.computes(macFact(m.key, &in.GenerationAttributes, in.MessageData, len(o.Mac)/2), o.Mac))
	case *dataplane.GenerateCardValidationDataInput:
		k, _ := q.key(in.KeyIdentifier)
		o, want := out.(*dataplane.GenerateCardValidationDataOutput), 3
		if in.ValidationDataLength != nil {
			want = *in.ValidationDataLength
		}
		if len(o.ValidationData) != want {
			return fmt.Errorf("a value of %d digits, must have %d", len(o.ValidationData), want)
		}
		return q.answers(k, o.KeyArn, o.KeyCheckValue,
			q.computes(cardFact(k, in.PrimaryAccountNumber, &in.GenerationAttributes, want), o.ValidationData))
	case *dataplane.GenerateAuthRequestCryptogramInput:
		k, _ := q.key(in.KeyIdentifier)
		o := out.(*dataplane.GenerateAuthRequestCryptogramOutput)
		return q.answers(k, o.KeyArn, o.KeyCheckValue, q.computes(cryptogramFact(k, in.MajorKeyDerivationMode,
			&in.SessionKeyDerivationAttributes, in.TransactionData), o.AuthRequestCryptogram))
	case *dataplane.EncryptDataInput:
		o := out.(*dataplane.EncryptDataOutput)
		q.seals(in.KeyIdentifier, in.EncryptionAttributes.Asymmetric, len(in.PlainText)/2, o.CipherText)
		return q.encrypted(in.KeyIdentifier, in.WrappedKey, o.KeyArn, o.KeyCheckValue)
	case *dataplane.DecryptDataInput:
		o := out.(*dataplane.DecryptDataOutput)
		return q.encrypted(in.KeyIdentifier, in.WrappedKey, o.KeyArn, &o.KeyCheckValue)
	case *dataplane.ReEncryptDataInput:
		q.seals(in.OutgoingKeyIdentifier, in.OutgoingEncryptionAttributes.Asymmetric, len(in.CipherText)/2,
			out.(*dataplane.ReEncryptDataOutput).CipherText)
	case *dataplane.GeneratePinDataInput:
		return q.generatedPIN(in, out.(*dataplane.GeneratePinDataOutput))
	case *dataplane.TranslatePinDataInput:
		return q.translatedPIN(in, out.(*dataplane.TranslatePinDataOutput))
	case *dataplane.TranslateKeyMaterialInput:
		return q.translatedKey(in, out.(*dataplane.TranslateKeyMaterialOutput))
	}
	return nil
}

// answers compares the key that an answer names, unless something else is wrong.
func (q *request) answers(k *Key, arn, check string, err error) error {
	if err == nil && (arn != k.ARN || check != k.CheckValue) {
		return fmt.Errorf("the answer names the key %s with check value %s, must name %s with %s", arn, check, k.ARN, k.CheckValue)
	}
	return err
}

func (q *request) generatedPIN(in *dataplane.GeneratePinDataInput, out *dataplane.GeneratePinDataOutput) error {
	generator, _ := q.key(in.GenerationKeyIdentifier)
	pek, _ := q.key(in.EncryptionKeyIdentifier)
	format, account, pin := formatOf(in.PinBlockFormat), text(in.PrimaryAccountNumber), ""
	if block := blockIn(&in.GenerationAttributes); block != "" {
		pin = q.pinOf(pek, "", format, account, block)
	}
	pin = q.sees(pek, "", pek.Attributes.KeyAlgorithm, format, account, out.EncryptedPinBlock, pin)
	if err := q.answers(generator, out.GenerationKeyArn, out.GenerationKeyCheckValue, nil); err != nil {
		return err
	}
	if err := q.answers(pek, out.EncryptionKeyArn, out.EncryptionKeyCheckValue, nil); err != nil {
		return err
	}
	if v := out.PinData.VerificationValue; v != nil {
		q.isChecked(pin, &PINCheck{generator.ARN, false, *v})
	} else {
		q.isChecked(pin, &PINCheck{generator.ARN, true, text(out.PinData.PinOffset)})
	}
	switch a := &in.GenerationAttributes; {
	case a.VisaPin != nil:
		return q.computes(pvvFact(generator, account, *a.VisaPin.PinVerificationKeyIndex, pin), text(out.PinData.VerificationValue))
	case a.VisaPinVerificationValue != nil:
		return q.computes(pvvFact(generator, account, *a.VisaPinVerificationValue.PinVerificationKeyIndex, pin),
			text(out.PinData.VerificationValue))
	default:
		_, value := arm(a)
		v := reflect.ValueOf(value)
		return q.computes(offsetFact(generator, v.FieldByName("DecimalizationTable").String(), v.FieldByName("PinValidationData").String(),
			v.FieldByName("PinValidationDataPadCharacter").String(), pin), text(out.PinData.PinOffset))
	}
}

func (q *request) translatedPIN(in *dataplane.TranslatePinDataInput, out *dataplane.TranslatePinDataOutput) error {
	from, to := sideOf(&in.IncomingTranslationAttributes, in.IncomingDukptAttributes),
		sideOf(&in.OutgoingTranslationAttributes, in.OutgoingDukptAttributes)
	named, _ := q.key(in.IncomingKeyIdentifier)
	incoming, _ := q.opened(named, in.IncomingWrappedKey, "P0")
	outgoing, _ := q.key(in.OutgoingKeyIdentifier)
	pin := q.pinOf(incoming, from.serial, from.format, from.account, in.EncryptedPinBlock)
	derived, _ := to.algorithm(outgoing)
	for i := range q.w.pins {
		if p := &q.w.pins[i]; to.format == "0" && p.pin == pin && idOf(p.KeyARN) == outgoing.id() && p.Serial == to.serial &&
			p.Derived == derived && p.Format == "0" && p.Account == to.account && p.Block != out.PinBlock {
			return fmt.Errorf("the PIN block is %s, was %s with the same PIN before", out.PinBlock, p.Block)
		}
	}
	q.sees(outgoing, to.serial, derived, to.format, to.account, out.PinBlock, pin)
	return q.answers(outgoing, out.KeyArn, out.KeyCheckValue, nil)
}

// translatedKey is a key block with the same key as the one that it was made of.
func (q *request) translatedKey(in *dataplane.TranslateKeyMaterialInput, out *dataplane.TranslateKeyMaterialOutput) error {
	want, known := q.p.blocks[in.IncomingKeyMaterial.DiffieHellmanTr31KeyBlock.WrappedKeyBlock]
	got := out.WrappedKey
	if known && got.KeyCheckValue != want || got.WrappedKeyMaterialFormat != apc.WrappedKeyMaterialFormatTR31KeyBlock {
		return fmt.Errorf("translated to a %s with check value %s, it was %s", got.WrappedKeyMaterialFormat, got.KeyCheckValue, want)
	}
	q.p.blocks[got.WrappedKeyMaterial] = got.KeyCheckValue
	return nil
}
