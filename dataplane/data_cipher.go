package dataplane

import (
	"errors"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// dataSide is one side of an operation on data: a key and how it encrypts.
type dataSide struct {
	keyRequest
	attributes EncryptionDecryptionAttributes
	field      string // the member that has the attributes
}

// sameAs is the union of the other operations, which has one member more.
func (a *ReEncryptionAttributes) sameAs() EncryptionDecryptionAttributes {
	return EncryptionDecryptionAttributes{Symmetric: a.Symmetric, Asymmetric: a.Asymmetric, Dukpt: a.Dukpt}
}

// request is the key with the form that the table of keys has for it.
func (s *dataSide) request() keyRequest {
	switch a := &s.attributes; {
	case a.Symmetric != nil:
		s.form = "Symmetric"
	case a.Asymmetric != nil:
		s.form = "Asymmetric"
	case a.Dukpt != nil:
		s.form = "Dukpt"
	default:
		s.form = "Emv"
	}
	return s.keyRequest
}

// checkSides refuses what ReEncryptData does not take: two stored D0 keys (LIVE L-reencrypt-static), RSA on both
// sides, RSA without a padding.
func checkSides(from, to *dataSide, key *workingKey) error {
	static := func(s *dataSide) bool { return s.attributes.Symmetric != nil && s.wrapped == nil }
	if static(from) && static(to) {
		return core.Invalid("KeyUsages not allowed for this operation", core.Because(apc.RuleKeyUsage, fieldOutgoing, problemStaticKeys,
			string(key.named.Attributes.Usage), "a key derived by DUKPT, a key that comes with the request or an RSA key on one side"))
	}
	for _, s := range []*dataSide{from, to} {
		if a := s.attributes.Asymmetric; a != nil && a.PaddingType == nil {
			return missing(s.field + ".Asymmetric.PaddingType")
		}
	}
	if from.attributes.Asymmetric != nil && to.attributes.Asymmetric != nil {
		return excluded(to.field+".Asymmetric", problemTwoPairs, "Symmetric or Dukpt on one side")
	}
	return nil
}

// dataCipher is a key and how it encrypts, ready for a command.
type dataCipher struct {
	hsm.DataCipher
	block   int         // of a symmetric key, in bytes
	rsa     *rsaPadding // nil: the key is symmetric
	modulus int         // of an RSA key, in bytes
}

// rsaPadding is a padding of the service: what a message of the modulus's length less some bytes is.
type rsaPadding struct {
	padding hsm.RSAPadding
	less    int  // bytes by which the longest message is shorter than the modulus (user guide, table)
	exact   bool // no other length is taken
}

// rsaPaddings: the table of the user guide for PKCS #1 is one byte under the standard's own limit;
// its figures for no padding contradict raw RSA, of which the modulus decides.
var rsaPaddings = map[PaddingType]*rsaPadding{
	"":                    {padding: hsm.RSARaw, exact: true},
	PaddingTypePKCS1:      {padding: hsm.RSAPKCS1, less: 12},
	PaddingTypeOAEPSHA1:   {padding: hsm.RSAOAEPSHA1, less: 42},
	PaddingTypeOAEPSHA256: {padding: hsm.RSAOAEPSHA256, less: 66},
	PaddingTypeOAEPSHA512: {padding: hsm.RSAOAEPSHA512, less: 130},
}

// cipher readies the key of a side.
func (s *dataSide) cipher(k *workingKey) (dataCipher, error) {
	if s.wrapped != nil && s.attributes.Symmetric == nil { // the key in a block is of usage D0
		return dataCipher{}, excluded(s.field, problemWithBlock, "Symmetric")
	}
	switch a := &s.attributes; {
	case a.Asymmetric != nil:
		var name PaddingType
		if a.Asymmetric.PaddingType != nil {
			name = *a.Asymmetric.PaddingType
		}
		p := rsaPaddings[name]
		return dataCipher{
			DataCipher: hsm.RSACipher{Pair: k.Key, Public: k.named.Public, Padding: p.padding},
			rsa:        p,
			modulus:    k.named.Attributes.Alg.Bits / 8,
		}, nil
	case a.Symmetric != nil: // PaddingType is RSA's and is ignored here (GUESS G-padding-ignored)
		return blockCipher(k, a.Symmetric.Mode, a.Symmetric.InitializationVector, s.field+".Symmetric")
	case a.Dukpt != nil:
		field := s.field + ".Dukpt"
		if err := k.derive(&terminal{ksn: a.Dukpt.KeySerialNumber, variant: a.Dukpt.DukptKeyVariant,
			algorithm: a.Dukpt.DukptKeyDerivationType, field: field}); err != nil {
			return dataCipher{}, err
		}
		return blockCipher(k, orCBC(a.Dukpt.Mode), a.Dukpt.InitializationVector, field)
	}
	e, field := s.attributes.Emv, s.field+".Emv"
	card, err := cardKey(e.MajorKeyDerivationMode, e.PrimaryAccountNumber, e.PanSequenceNumber, field)
	if err != nil {
		return dataCipher{}, err
	}
	card.Session, card.R = hsm.SessionCommon, [8]byte(bytesOf(e.SessionDerivationData))
	k.letter, k.Derive = hsm.TDES, card
	return blockCipher(k, orCBC(e.Mode), e.InitializationVector, field)
}

// orCBC is a mode, CBC where it is absent (GUESS G-mode-absent).
func orCBC(m *EncryptionMode) EncryptionMode {
	if m == nil {
		return EncryptionModeCBC
	}
	return *m
}

// cipherModes are the modes by the length of a block. CFB has a feedback of whole blocks (GUESS G-cfb-feedback).
var cipherModes = map[int]map[EncryptionMode]hsm.CipherMode{
	8: {EncryptionModeECB: hsm.ECB, EncryptionModeCBC: hsm.CBC, EncryptionModeCFB: hsm.CFB64, EncryptionModeCFB1: hsm.CFB1,
		EncryptionModeCFB8: hsm.CFB8, EncryptionModeCFB64: hsm.CFB64, EncryptionModeOFB: hsm.OFB},
	16: {EncryptionModeECB: hsm.ECB, EncryptionModeCBC: hsm.CBC, EncryptionModeCFB: hsm.CFB128, EncryptionModeCFB1: hsm.CFB1,
		EncryptionModeCFB8: hsm.CFB8, EncryptionModeCFB128: hsm.CFB128, EncryptionModeOFB: hsm.OFB},
}

// blockCipher is a TDES or AES key with a mode. An IV is as long as a block (GUESS G-iv-length), ECB has none.
func blockCipher(k *workingKey, mode EncryptionMode, iv *string, field string) (dataCipher, error) {
	size := k.size()
	m, ok := cipherModes[size][mode]
	if !ok {
		return dataCipher{}, core.Invalid(invalidMessage, core.Because(apc.RuleCipherMode, field+".Mode", problemCipherMode, string(mode),
			map[int]string{8: string(EncryptionModeCFB64), 16: string(EncryptionModeCFB128)}[size]))
	}
	c := hsm.BlockCipher{Key: k.WorkingKey, Mode: m}
	if iv != nil && m != hsm.ECB {
		if c.IV = bytesOf(*iv); len(c.IV) != size {
			return dataCipher{}, core.Invalid(
				invalidMessage,
				core.Because(apc.RuleLength, field+".InitializationVector", problemIV, wording.Bytes(len(c.IV)), wording.Bytes(size)),
			)
		}
	}
	return dataCipher{DataCipher: c, block: size}, nil
}

// checkPlain holds the length of data to be encrypted to the cipher: no padding is added to blocks.
func (c *dataCipher) checkPlain(n int, field string) error {
	if c.rsa == nil {
		return c.checkBlocks(n, field)
	}
	most := c.modulus - c.rsa.less
	wanted := wording.Bytes(most)
	if !c.rsa.exact {
		wanted = "at most " + wanted
	}
	if n > most || c.rsa.exact && n != most {
		return core.Invalid(invalidMessage, core.Because(apc.RuleLength, field, problemRSALength, wording.Bytes(n), wanted))
	}
	return nil
}

// checkCipherText holds the length of data to be decrypted to the cipher.
func (c *dataCipher) checkCipherText(n int, field string) error {
	if c.rsa == nil {
		return c.checkBlocks(n, field)
	}
	if n != c.modulus {
		return core.Invalid(
			invalidMessage,
			core.Because(apc.RuleLength, field, problemRSALength, wording.Bytes(n), wording.Bytes(c.modulus)),
		)
	}
	return nil
}

func (c *dataCipher) checkBlocks(n int, field string) error {
	if n%c.block == 0 {
		return nil
	}
	return core.Invalid(
		invalidMessage,
		core.Because(apc.RuleLength, field, problemBlocks, wording.Bytes(n), "a multiple of "+wording.Bytes(c.block)),
	)
}

// dataError is why data were not encrypted. With an RSA decryption there is one refusal with one
// reason: for a ciphertext that does not decrypt and for a plaintext that the other side does not
// take.
func dataError(c *core.Call, field string, err error) error {
	if errors.Is(err, hsm.ErrInput) {
		return core.Invalid("The ciphertext is invalid.", core.Because(apc.RuleContent, field, problemDecryption, "", ""))
	}
	return commandError(c, field, err)
}
