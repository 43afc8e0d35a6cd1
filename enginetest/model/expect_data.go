package model

import (
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
)

// expectData expects the operations of the data plane.
func (q *request) expectData(in any) (Refusal, bool) {
	switch in := in.(type) {
	case *dataplane.EncryptDataInput:
		return q.cipher(in.KeyIdentifier, in.WrappedKey, &in.EncryptionAttributes, len(in.PlainText)/2, false), true
	case *dataplane.DecryptDataInput:
		return q.cipher(in.KeyIdentifier, in.WrappedKey, &in.DecryptionAttributes, len(in.CipherText)/2, true), true
	case *dataplane.ReEncryptDataInput:
		return q.reEncrypt(in), true
	case *dataplane.GenerateMacInput:
		_, r := q.mac(in.KeyIdentifier, &in.GenerationAttributes, in.MessageData)
		return r, true
	case *dataplane.VerifyMacInput:
		return q.verifyMAC(in), true
	case *dataplane.GenerateCardValidationDataInput:
		_, r := q.keys(q.data(armOf(&in.GenerationAttributes), "KeyIdentifier", in.KeyIdentifier))
		return r, true
	case *dataplane.VerifyCardValidationDataInput:
		keys, r := q.keys(q.data(armOf(&in.VerificationAttributes), "KeyIdentifier", in.KeyIdentifier))
		if r.refused() {
			return r, true
		}
		return q.verified(cardFact(keys[0], in.PrimaryAccountNumber, &in.VerificationAttributes, len(in.ValidationData)),
			in.ValidationData), true
	case *dataplane.GenerateAs2805KekValidationInput:
		return q.kekValidation(in), true
	case *dataplane.TranslateKeyMaterialInput:
		return q.translateKey(in), true
	}
	return q.expectCards(in)
}

// expectCards expects the operations on cryptograms and PINs.
func (q *request) expectCards(in any) (Refusal, bool) {
	switch in := in.(type) {
	case *dataplane.GenerateAuthRequestCryptogramInput:
		_, r := q.cryptogram(in.KeyIdentifier, in.MajorKeyDerivationMode, &in.SessionKeyDerivationAttributes, in.TransactionData)
		return r, true
	case *dataplane.VerifyAuthRequestCryptogramInput:
		k, r := q.cryptogram(in.KeyIdentifier, in.MajorKeyDerivationMode, &in.SessionKeyDerivationAttributes, in.TransactionData)
		if r.refused() {
			return r, true
		}
		return q.verified(cryptogramFact(k, in.MajorKeyDerivationMode, &in.SessionKeyDerivationAttributes, in.TransactionData),
			in.AuthRequestCryptogram), true
	case *dataplane.GeneratePinDataInput:
		return q.generatePIN(in), true
	case *dataplane.VerifyPinDataInput:
		return q.verifyPIN(in), true
	case *dataplane.TranslatePinDataInput:
		return q.translatePIN(in), true
	case *dataplane.GenerateMacEmvPinChangeInput:
		return q.changePIN(in), true
	}
	return Refusal{}, false
}

// wrong is the refusal of a value that was computed and differs.
var wrong = Refusal{apc.ErrVerificationFailed, apc.RuleVerification}

// verified is the refusal of a value whose correct form the world has. It panics where it has none.
func (q *request) verified(fact, given string) Refusal {
	known, ok := q.w.facts[fact]
	if !ok {
		panic("model: a value to be verified that was never computed: " + fact)
	}
	if known != given {
		return wrong
	}
	return Refusal{}
}

// optionB: it is for account numbers of more than 16 digits.
func optionB(mode dataplane.MajorKeyDerivationMode, account string) apc.Rule {
	return unless(mode == dataplane.MajorKeyDerivationModeEMVOptionA || len(account) > 16, apc.RuleOneOf)
}

// cipher is the refusal of so many bytes of data, to be encrypted or decrypted.
func (q *request) cipher(id string, w *dataplane.WrappedKey, a *dataplane.EncryptionDecryptionAttributes, n int, decrypts bool) Refusal {
	keys, r := q.keys(q.sent(armOf(a), "KeyIdentifier", id, w))
	if r.refused() {
		return r
	}
	k, rule := q.opened(keys[0], w, "D0")
	if rule == "" {
		rule = dataRule(k, a, n, decrypts)
	}
	return invalid(rule)
}

// dataRule is the rule that a key's attributes in a request, or the length of the data, break.
func dataRule(k *Key, a *dataplane.EncryptionDecryptionAttributes, n int, decrypts bool) apc.Rule {
	algorithm, mode := k.Attributes.KeyAlgorithm, dataplane.EncryptionModeCBC
	var iv *string
	var rule apc.Rule
	switch {
	case a.Asymmetric != nil:
		return rsaRule(k, a.Asymmetric, n, decrypts)
	case a.Symmetric != nil:
		mode, iv = a.Symmetric.Mode, a.Symmetric.InitializationVector
	case a.Dukpt != nil:
		algorithm, rule = (&terminal{a.Dukpt.KeySerialNumber, a.Dukpt.DukptKeyDerivationType}).key(k)
		iv = a.Dukpt.InitializationVector
		if a.Dukpt.Mode != nil {
			mode = *a.Dukpt.Mode
		}
	default:
		rule, iv = optionB(a.Emv.MajorKeyDerivationMode, a.Emv.PrimaryAccountNumber), a.Emv.InitializationVector
		if a.Emv.Mode != nil {
			mode = *a.Emv.Mode
		}
	}
	size := blockSize(algorithm)
	odd := mode == dataplane.EncryptionModeCFB64 && size == 16 || mode == dataplane.EncryptionModeCFB128 && size == 8
	hasIV := iv == nil || mode == dataplane.EncryptionModeECB || len(*iv) == 2*size
	return firstRule(rule, unless(!odd, apc.RuleCipherMode), unless(hasIV, apc.RuleLength), unless(n%size == 0, apc.RuleLength))
}

// rsaLess is by how many bytes the longest message is shorter than the modulus (user guide).
var rsaLess = map[dataplane.PaddingType]int{dataplane.PaddingTypePKCS1: 12, dataplane.PaddingTypeOAEPSHA1: 42,
	dataplane.PaddingTypeOAEPSHA256: 66, dataplane.PaddingTypeOAEPSHA512: 130}

var modulus = map[apc.KeyAlgorithm]int{apc.KeyAlgorithmRSA2048: 256, apc.KeyAlgorithmRSA3072: 384, apc.KeyAlgorithmRSA4096: 512}

func rsaRule(k *Key, a *dataplane.AsymmetricEncryptionAttributes, n int, decrypts bool) apc.Rule {
	whole := modulus[k.Attributes.KeyAlgorithm]
	if decrypts || a.PaddingType == nil {
		return unless(n == whole, apc.RuleLength)
	}
	return unless(n <= whole-rsaLess[*a.PaddingType], apc.RuleLength)
}

// Learns takes over a card validation value that the caller has found, where the service does not generate one.
func (w *World) Learns(now time.Time, who apc.Identity, in *dataplane.VerifyCardValidationDataInput) {
	q := w.request(now, who, "VerifyCardValidationData")
	if k, r := q.key(in.KeyIdentifier); !r.refused() {
		w.facts[cardFact(k, in.PrimaryAccountNumber, &in.VerificationAttributes, len(in.ValidationData))] = in.ValidationData
	}
}

// Sealed is a recorded ciphertext of an RSA key.
type Sealed struct {
	KeyARN     string
	Padding    dataplane.PaddingType
	CipherText string
	length     int // of what is inside
}

// Sealed are all recorded ciphertexts of RSA keys, in order.
func (w *World) Sealed() []Sealed { return w.sealed }

// seals records a ciphertext of so many bytes, if it is one of an RSA key.
func (q *request) seals(id string, a *dataplane.AsymmetricEncryptionAttributes, n int, cipherText string) {
	if k, _ := q.key(id); a != nil && a.PaddingType != nil {
		q.w.sealed = append(q.w.sealed, Sealed{k.ARN, *a.PaddingType, cipherText, n})
	}
}

// inside is how many bytes a ciphertext of an RSA key has inside; ok is false where it does not decrypt. It panics where
// that is not known: any ciphertext may decrypt by PKCS #1 to something.
func (q *request) inside(k *Key, padding dataplane.PaddingType, cipherText string) (n int, ok bool) {
	for i := range q.w.sealed {
		if s := &q.w.sealed[i]; idOf(s.KeyARN) == k.id() && s.Padding == padding && s.CipherText == cipherText {
			return s.length, true
		}
	}
	if padding == dataplane.PaddingTypePKCS1 {
		panic("model: a ciphertext by PKCS #1 that was never made")
	}
	return 0, false
}

// reEncrypt: not both keys are used as they are, and the data fit both.
func (q *request) reEncrypt(in *dataplane.ReEncryptDataInput) Refusal {
	from, to := sameArms(&in.IncomingEncryptionAttributes), sameArms(&in.OutgoingEncryptionAttributes)
	keys, r := q.keys(q.data(armOf(from), "IncomingKeyIdentifier", in.IncomingKeyIdentifier),
		q.data(armOf(to), "OutgoingKeyIdentifier", in.OutgoingKeyIdentifier))
	if r.refused() {
		return r
	}
	n, whole := len(in.CipherText)/2, 240 // fits every cipher
	rule := firstRule(
		unless(from.Symmetric == nil || to.Symmetric == nil, apc.RuleKeyUsage),
		unless((from.Asymmetric == nil || from.Asymmetric.PaddingType != nil) &&
			(to.Asymmetric == nil || to.Asymmetric.PaddingType != nil), apc.RuleRequired),
		unless(from.Asymmetric == nil || to.Asymmetric == nil, apc.RuleOneOf),
		attributesRule(keys[0], from, whole), // the attributes of both before the lengths
		attributesRule(keys[1], to, whole),
		dataRule(keys[0], from, n, true),
	)
	if a := from.Asymmetric; a != nil && rule == "" {
		n, ok := q.inside(keys[0], *a.PaddingType, in.CipherText)
		return invalid(unless(ok && dataRule(keys[1], to, n, false) == "", apc.RuleContent))
	} else if rule == "" {
		rule = dataRule(keys[1], to, n, false)
	}
	return invalid(rule)
}

// attributesRule is dataRule without the length of an RSA message.
func attributesRule(k *Key, a *dataplane.EncryptionDecryptionAttributes, n int) apc.Rule {
	if a.Asymmetric != nil {
		return ""
	}
	return dataRule(k, a, n, false)
}

func sameArms(a *dataplane.ReEncryptionAttributes) *dataplane.EncryptionDecryptionAttributes {
	return &dataplane.EncryptionDecryptionAttributes{Symmetric: a.Symmetric, Asymmetric: a.Asymmetric, Dukpt: a.Dukpt}
}

// kekValidation: what is validated is a TDES key.
func (q *request) kekValidation(in *dataplane.GenerateAs2805KekValidationInput) Refusal {
	_, r := q.keys(q.data("", "KeyIdentifier", in.KeyIdentifier))
	if r.refused() {
		return r
	}
	asked := in.KekValidationType.KekValidationRequest
	return invalid(unless(asked == nil || isTDES(asked.DeriveKeyAlgorithm), apc.RuleKeyAlgorithm))
}

func (q *request) translateKey(in *dataplane.TranslateKeyMaterialInput) Refusal {
	m := in.IncomingKeyMaterial.DiffieHellmanTr31KeyBlock
	keys, r := q.keys(q.data("", "PrivateKeyIdentifier", m.PrivateKeyIdentifier),
		working(m.CertificateAuthorityPublicKeyIdentifier, isSigner),
		q.data("", "WrappingKeyIdentifier", in.OutgoingKeyMaterial.Tr31KeyBlock.WrappingKeyIdentifier))
	if r.refused() {
		return r
	}
	return invalid(firstRule(keys[0].sameCurve(m.PublicKeyCertificate), keys[1].issued(m.PublicKeyCertificate)))
}

// isSigner is the authority as the table of the data plane has it.
func isSigner(k *Key) apc.Rule { return unless(isAuthority(k) == "", apc.RuleKeyUsage) }

// cryptogram finds the key of a cryptogram, or refuses it.
func (q *request) cryptogram(id string, mode dataplane.MajorKeyDerivationMode, s *dataplane.SessionKeyDerivation,
	data string) (*Key, Refusal) {
	keys, r := q.keys(q.data("", "KeyIdentifier", id))
	if r.refused() {
		return nil, r
	}
	return keys[0], invalid(firstRule(optionB(mode, accountOf(s)), unless(len(data)%16 == 0, apc.RuleLength)))
}
