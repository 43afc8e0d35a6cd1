package draw

import (
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/enginetest/model"
)

// forms are those of operations of the data plane, plainest first, each with a key for every member of it.
var forms = map[string][]struct {
	form string
	keys map[string]enginetest.KeyKind
}{
	"EncryptData": {
		{"Symmetric", with(keyMember, "D0 AES_128")}, {"Dukpt", with(keyMember, "B0 TDES_2KEY")}, {"Emv", with(keyMember, "E1 TDES_2KEY")},
		{"Asymmetric", with(keyMember, "D1 RSA_2048")},
	},
	"ReEncryptData": {
		{"Symmetric to Dukpt", with(incoming, "D0 TDES_2KEY", outgoing, "B0 AES_128")},
		{"Dukpt to Symmetric", with(incoming, "B0 TDES_2KEY", outgoing, "D0 AES_256")},
		{"Dukpt to Dukpt", with(incoming, "B0 AES_128", outgoing, "B0 AES_128")},
		{"Symmetric to Symmetric", with(incoming, "D0 AES_128", outgoing, "D0 AES_128")},
		{"Symmetric to Asymmetric", with(incoming, "D0 AES_128", outgoing, "D1 RSA_2048")},
		{"Asymmetric to Symmetric", with(incoming, "D1 RSA_2048", outgoing, "D0 AES_128")},
		{"Asymmetric to Dukpt", with(incoming, "D1 RSA_2048", outgoing, "B0 TDES_2KEY")},
	},
	"GenerateMac": {
		{"CMAC", with(keyMember, "M6 AES_128")}, {"ISO9797_ALGORITHM3", with(keyMember, "M3 TDES_2KEY")},
		{"HMAC", with(keyMember, "M7 HMAC_SHA256")}, {"ISO9797_ALGORITHM1", with(keyMember, "M1 TDES_2KEY")},
		{"AS2805_4_1", with(keyMember, "M0 TDES_2KEY")}, {"DukptCmac", with(keyMember, "B0 AES_128")},
		{"DukptIso9797Algorithm1", with(keyMember, "B0 TDES_2KEY")}, {"DukptIso9797Algorithm3", with(keyMember, "B0 TDES_2KEY")},
		{"EmvMac", with(keyMember, "E2 TDES_2KEY")}, {"HMAC_SHA256", with(keyMember, "M7 HMAC_SHA256")},
	},
	"GenerateCardValidationData": {
		{"CardVerificationValue2", with(keyMember, "C0 TDES_2KEY")}, {"CardVerificationValue1", with(keyMember, "C0 TDES_2KEY")},
		{"AmexCardSecurityCodeVersion1", with(keyMember, "C0 TDES_3KEY")},
		{"AmexCardSecurityCodeVersion2", with(keyMember, "C0 TDES_2KEY")},
		{"CardHolderVerificationValue", with(keyMember, "E6 TDES_2KEY")},
		{"DynamicCardVerificationCode", with(keyMember, "E4 TDES_2KEY")},
		{"DynamicCardVerificationValue", with(keyMember, "E6 TDES_2KEY")},
	},
	"GeneratePinData": {
		{"VisaPin", with(generation, "V2 TDES_2KEY", encryption, "P0 TDES_2KEY")},
		{"VisaPinVerificationValue", with(generation, "V2 TDES_2KEY", encryption, "P0 TDES_2KEY")},
		{"Ibm3624NaturalPin", with(generation, "V1 TDES_2KEY", encryption, "P0 AES_128")},
		{"Ibm3624RandomPin", with(generation, "V1 TDES_2KEY", encryption, "P0 TDES_2KEY")},
		{"Ibm3624PinFromOffset", with(generation, "V1 TDES_2KEY", encryption, "P0 TDES_2KEY")},
		{"Ibm3624PinOffset", with(generation, "V1 TDES_2KEY", encryption, "P0 TDES_2KEY")},
	},
	"TranslatePinData":              {{"PIN", with(outgoing, "P0 AES_128")}, {"Dukpt", with(outgoing, "B0 TDES_2KEY")}},
	"GenerateAuthRequestCryptogram": {{"", with(keyMember, "E0 TDES_2KEY")}},
	"GenerateAs2805KekValidation":   {{"", with(keyMember, "K0 TDES_2KEY")}},
	"GenerateMacEmvPinChange": {{"", with("SecureMessagingIntegrityKeyIdentifier", "E2 TDES_2KEY",
		"SecureMessagingConfidentialityKeyIdentifier", "E1 TDES_2KEY", "AuthorizationRequestKeyIdentifier", "E0 TDES_2KEY")}},
}

// Members that name keys.
const (
	keyMember  = "KeyIdentifier"
	incoming   = "IncomingKeyIdentifier"
	outgoing   = "OutgoingKeyIdentifier"
	generation = "GenerationKeyIdentifier"
	encryption = "EncryptionKeyIdentifier"
)

// with are the kinds of keys of members, in turn.
func with(membersAndKinds ...string) map[string]enginetest.KeyKind {
	out := map[string]enginetest.KeyKind{}
	for i := 0; i < len(membersAndKinds); i += 2 {
		out[membersAndKinds[i]] = enginetest.KeyKind(membersAndKinds[i+1])
	}
	return out
}

// formOf is the form of a request of an operation: the one that the machine has arranged keys for, or any.
func (r *Requests) formOf(t *rapid.T, op string) string {
	if r.form != nil {
		return *r.form
	}
	all := forms[op]
	return even(all).Draw(t, "form").form
}

// drawForm draws the form of an operation that has some, and returns what it needs.
func (r *Requests) drawForm(t *rapid.T, op string) (all []need) {
	r.form, r.almost = nil, false
	if len(forms[op]) == 0 {
		return needs[op]
	}
	if len(r.World.PINs()) == 0 && (op == "TranslatePinData" || op == "GenerateMacEmvPinChange") {
		op = "GeneratePinData" // a PIN block to begin with
	}
	f := even(forms[op]).Draw(t, "form")
	r.form = &f.form
	r.almost = rapid.IntRange(0, 3).Draw(t, "almost") == 3
	for _, member := range slices.Sorted(maps.Keys(f.keys)) {
		form := tableForm(f.form, member)
		all = append(all, keyNeed(f.keys[member], works(op, form, member)))
		if a := sameUsage(f.keys[member].Attributes()); r.almost && len(a) > 0 {
			all = append(all, need{"CreateKey", noKey(almost(op, form, member)), func(*Requests, model.Place) any {
				return &engine.CreateKeyInput{KeyAttributes: even(a).Draw(t, "almost fitting"), Exportable: new(true)}
			}})
		}
	}
	if op == "ReEncryptData" && tableForm(f.form, incoming) == "Asymmetric" {
		all = append(all, sealedNeed)
	}
	return all
}

// sealedNeed is a ciphertext of an RSA key.
var sealedNeed = need{"EncryptData", func(w *model.World, _ model.Place) bool { return len(w.Sealed()) == 0 },
	func(r *Requests, p model.Place) any {
		for _, k := range r.World.Keys(p, works("EncryptData", "Asymmetric", keyMember)) {
			return &dataplane.EncryptDataInput{KeyIdentifier: k.ARN, PlainText: "00112233445566778899AABBCCDDEEFF",
				EncryptionAttributes: dataplane.EncryptionDecryptionAttributes{Asymmetric: &dataplane.AsymmetricEncryptionAttributes{
					PaddingType: new(dataplane.PaddingTypeOAEPSHA256)}}}
		}
		return nil
	}}

// sameUsage are the attributes of other keys of the same usage.
func sameUsage(a apc.KeyAttributes) (all []apc.KeyAttributes) {
	for _, b := range allAttributes() {
		if b.KeyUsage == a.KeyUsage && b != a {
			all = append(all, b)
		}
	}
	return all
}

// almost reports of a key whether it has the usage for a member of a form, and breaks another rule.
func almost(op, form, member string) func(*model.Key) bool {
	return func(k *model.Key) bool {
		rule := model.DataKey(op, form, member, k)
		return k.Usable() && (rule == apc.RuleKeyAlgorithm || rule == apc.RuleKeyModesOfUse)
	}
}

// tableForm is the form of one key in the table of the data plane: of "Symmetric to Dukpt", one of the two.
func tableForm(form, member string) string {
	from, to, two := strings.Cut(form, " to ")
	if two && member == outgoing {
		return to
	}
	return from
}

// works reports of a key whether the table of the data plane allows it in a member of a form.
func works(op, form, member string) func(*model.Key) bool {
	return func(k *model.Key) bool { return k.Usable() && model.DataKey(op, form, member, k) == "" }
}

// worker draws the key of a member: mostly one that the table of the data plane allows.
func (r *Requests) worker(t *rapid.T, p model.Place, op, form, member string) string {
	if all := r.World.Keys(p, almost(op, form, member)); r.almost && len(all) > 0 {
		return even(all).Draw(t, "key").ARN
	}
	fits := works(op, form, member)
	generates := func(k *model.Key) bool {
		return fits(k) && k.Attributes.KeyModesOfUse == apc.KeyModesOfUse{Generate: true}
	}
	if rapid.IntRange(0, 4).Draw(t, "generates alone") == 4 && len(r.World.Keys(p, generates)) > 0 {
		return r.key(t, p, generates)
	}
	return r.key(t, p, fits)
}
