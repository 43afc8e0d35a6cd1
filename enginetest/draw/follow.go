package draw

import (
	"reflect"
	"strings"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest/model"
)

// past is a request that undoes or verifies what an earlier one has made, or asks for it again.
type past struct {
	in    any
	plain string // what it decrypts to; "" where it decrypts nothing
}

// most is how many past requests the machine keeps.
const most = 20

// followData keeps the request that undoes what the data plane did, and makes it at once.
func (m *machine) followData(t *rapid.T, who apc.Identity, in, out any) {
	p := past{in: inverse(in, out)}
	if p.in == nil {
		return
	}
	switch in := in.(type) {
	case *dataplane.EncryptDataInput:
		p.plain = in.PlainText
		m.plain[out.(*dataplane.EncryptDataOutput).CipherText] = p.plain
	case *dataplane.ReEncryptDataInput:
		p.plain = m.plain[in.CipherText]
		m.plain[out.(*dataplane.ReEncryptDataOutput).CipherText] = p.plain
	}
	if m.past = append(m.past, p); len(m.past) > most {
		m.past = m.past[1:]
	}
	m.again(t, who, p)
}

// inverse is the request that verifies or decrypts what an accepted one made, or asks for it again; nil where there is none.
func inverse(in, out any) any {
	switch in := in.(type) {
	case *engine.GetPublicKeyCertificateInput:
		if out != nil {
			return in
		}
	case *dataplane.EncryptDataInput:
		if o, ok := out.(*dataplane.EncryptDataOutput); ok {
			return &dataplane.DecryptDataInput{KeyIdentifier: in.KeyIdentifier, WrappedKey: in.WrappedKey, CipherText: o.CipherText,
				DecryptionAttributes: in.EncryptionAttributes}
		}
	case *dataplane.GenerateMacInput:
		if o, ok := out.(*dataplane.GenerateMacOutput); ok {
			return &dataplane.VerifyMacInput{KeyIdentifier: in.KeyIdentifier, MessageData: in.MessageData, Mac: o.Mac,
				VerificationAttributes: in.GenerationAttributes, MacLength: in.MacLength}
		}
	case *dataplane.GenerateCardValidationDataInput:
		if o, ok := out.(*dataplane.GenerateCardValidationDataOutput); ok {
			a := &in.GenerationAttributes
			return &dataplane.VerifyCardValidationDataInput{KeyIdentifier: in.KeyIdentifier, PrimaryAccountNumber: in.PrimaryAccountNumber,
				ValidationData: o.ValidationData, VerificationAttributes: dataplane.CardVerificationAttributes{
					AmexCardSecurityCodeVersion1: a.AmexCardSecurityCodeVersion1, AmexCardSecurityCodeVersion2: a.AmexCardSecurityCodeVersion2,
					CardVerificationValue1: a.CardVerificationValue1, CardVerificationValue2: a.CardVerificationValue2,
					CardHolderVerificationValue:  a.CardHolderVerificationValue,
					DynamicCardVerificationCode:  a.DynamicCardVerificationCode,
					DynamicCardVerificationValue: a.DynamicCardVerificationValue}}
		}
	case *dataplane.GenerateAuthRequestCryptogramInput:
		if o, ok := out.(*dataplane.GenerateAuthRequestCryptogramOutput); ok {
			return &dataplane.VerifyAuthRequestCryptogramInput{KeyIdentifier: in.KeyIdentifier, TransactionData: in.TransactionData,
				AuthRequestCryptogram: o.AuthRequestCryptogram, MajorKeyDerivationMode: in.MajorKeyDerivationMode,
				SessionKeyDerivationAttributes: in.SessionKeyDerivationAttributes}
		}
	case *dataplane.GeneratePinDataInput:
		if o, ok := out.(*dataplane.GeneratePinDataOutput); ok {
			return verification(in, o)
		}
	case *dataplane.ReEncryptDataInput:
		if o, ok := out.(*dataplane.ReEncryptDataOutput); ok {
			return &dataplane.DecryptDataInput{KeyIdentifier: in.OutgoingKeyIdentifier, CipherText: o.CipherText,
				DecryptionAttributes: dataplane.EncryptionDecryptionAttributes{Symmetric: in.OutgoingEncryptionAttributes.Symmetric,
					Asymmetric: in.OutgoingEncryptionAttributes.Asymmetric, Dukpt: in.OutgoingEncryptionAttributes.Dukpt}}
		}
	}
	return nil
}

// verify makes a past request again, of a caller of any place, with the value as it was or another one.
func (m *machine) verify(t *rapid.T) {
	if len(m.past) == 0 {
		t.Skip("nothing has been made")
	}
	p := even(m.past).Draw(t, "past")
	at := m.place(t)
	p.in = copyOf(p.in)
	if rapid.Bool().Draw(t, "here") {
		moveTo(at, p.in)
	}
	if p.plain == "" {
		tamper(t, p.in)
	}
	m.again(t, m.requests.caller(t, at, operationOf(p.in)), p)
}

// again makes a past request and compares what it decrypts.
func (m *machine) again(t *rapid.T, who apc.Identity, p past) {
	out := m.call(t, operationOf(p.in), who, p.in)
	if d, ok := out.(*dataplane.DecryptDataOutput); ok && p.plain != "" && d.PlainText != p.plain {
		t.Fatalf("%s was encrypted and decrypts to %s", p.plain, d.PlainText)
	}
}

// operationOf is the name of the operation that an input belongs to.
func operationOf(in any) string { return strings.TrimSuffix(reflect.TypeOf(in).Elem().Name(), "Input") }

// copyOf is a copy of a request whose own members may be changed.
func copyOf(in any) any {
	out := reflect.New(reflect.TypeOf(in).Elem())
	out.Elem().Set(reflect.ValueOf(in).Elem())
	return out.Interface()
}

// here is the ARN that a key, if it is replicated, has in the Region of a place.
func here(p model.Place, arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 {
		return arn
	}
	parts[3] = p.Region
	return strings.Join(parts, ":")
}

// moveTo names the keys of a request by their ARNs in the Region of a place.
func moveTo(p model.Place, in any) {
	v := reflect.ValueOf(in).Elem()
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; strings.HasSuffix(name, "KeyIdentifier") {
			v.Field(i).SetString(here(p, v.Field(i).String()))
		}
	}
}

// tamper changes, one time of two, the value that a request verifies.
func tamper(t *rapid.T, in any) {
	if m, ok := in.(*dataplane.VerifyMacInput); ok && rapid.IntRange(0, 2).Draw(t, "length") == 2 {
		m.MacLength = rapid.SampledFrom([]*int{nil, new(4), new(8), new(32)}).Draw(t, "bytes")
	}
	if !rapid.Bool().Draw(t, "tampered") {
		return
	}
	switch in := in.(type) {
	case *dataplane.VerifyMacInput:
		in.Mac = flip(in.Mac)
	case *dataplane.VerifyCardValidationDataInput:
		in.ValidationData = flip(in.ValidationData)
	case *dataplane.VerifyAuthRequestCryptogramInput:
		in.AuthRequestCryptogram = flip(in.AuthRequestCryptogram)
	case *dataplane.VerifyPinDataInput:
		if v := in.VerificationAttributes.VisaPin; v != nil {
			changed := *v
			changed.VerificationValue = flip(v.VerificationValue)
			in.VerificationAttributes.VisaPin = &changed
			return
		}
		changed := *in.VerificationAttributes.Ibm3624Pin
		changed.PinOffset = flip(changed.PinOffset)
		in.VerificationAttributes.Ibm3624Pin = &changed
	}
}

// flip changes the first digit.
func flip(digits string) string {
	if digits[0] == '0' {
		return "1" + digits[1:]
	}
	return "0" + digits[1:]
}
