package engine

// The arms of ExportKey, with all their members and limits.

// ExportAs2805KeyCryptogram is an arm of ExportKeyMaterial.
type ExportAs2805KeyCryptogram struct {
	WrappingKeyIdentifier string
	As2805KeyVariant      As2805KeyVariant
}

func (in *ExportAs2805KeyCryptogram) shape(s *shape) {
	s.text("WrappingKeyIdentifier", in.WrappingKeyIdentifier, &textKeyArnOrKeyAliasType)
	oneOf(s, "As2805KeyVariant", in.As2805KeyVariant, allAs2805KeyVariant)
}

// ExportAttributes ask for an initial DUKPT key instead of the key itself.
type ExportAttributes struct {
	ExportDukptInitialKey  *ExportDukptInitialKey
	KeyCheckValueAlgorithm *KeyCheckValueAlgorithm
}

func (in *ExportAttributes) shape(s *shape) {
	if in.ExportDukptInitialKey != nil {
		s.inside("ExportDukptInitialKey", in.ExportDukptInitialKey)
	}
	maybeOneOf(s, "KeyCheckValueAlgorithm", in.KeyCheckValueAlgorithm, allKeyCheckValueAlgorithm)
}

// ExportDiffieHellmanTr31KeyBlock is an arm of ExportKeyMaterial.
type ExportDiffieHellmanTr31KeyBlock struct {
	PrivateKeyIdentifier                    string
	CertificateAuthorityPublicKeyIdentifier string
	PublicKeyCertificate                    string
	DeriveKeyAlgorithm                      KeyAlgorithm
	KeyDerivationFunction                   KeyDerivationFunction
	KeyDerivationHashAlgorithm              KeyDerivationHashAlgorithm
	DerivationData                          DiffieHellmanDerivationData
	KeyBlockHeaders                         *KeyBlockHeaders
}

func (in *ExportDiffieHellmanTr31KeyBlock) shape(s *shape) {
	s.text("PrivateKeyIdentifier", in.PrivateKeyIdentifier, &textKeyArnOrKeyAliasType)
	s.text("CertificateAuthorityPublicKeyIdentifier", in.CertificateAuthorityPublicKeyIdentifier, &textKeyArnOrKeyAliasType)
	s.text("PublicKeyCertificate", in.PublicKeyCertificate, &textCertificateType)
	oneOf(s, "DeriveKeyAlgorithm", in.DeriveKeyAlgorithm, allSymmetricKeyAlgorithm)
	oneOf(s, "KeyDerivationFunction", in.KeyDerivationFunction, allKeyDerivationFunction)
	oneOf(s, "KeyDerivationHashAlgorithm", in.KeyDerivationHashAlgorithm, allKeyDerivationHashAlgorithm)
	s.inside("DerivationData", &in.DerivationData)
	if in.KeyBlockHeaders != nil {
		s.inside("KeyBlockHeaders", in.KeyBlockHeaders)
	}
}

// ExportDukptInitialKey names the terminal: 20 hexadecimal digits of key serial number for a TDES key, 24 for AES, upper case; the counter in it is ignored.
type ExportDukptInitialKey struct {
	KeySerialNumber string
}

func (in *ExportDukptInitialKey) shape(s *shape) {
	s.text("KeySerialNumber", in.KeySerialNumber, &textHexLength20Or24)
}

// ExportKeyCryptogram is an arm of ExportKeyMaterial.
type ExportKeyCryptogram struct {
	CertificateAuthorityPublicKeyIdentifier string
	WrappingKeyCertificate                  string
	WrappingSpec                            *WrappingKeySpec
}

func (in *ExportKeyCryptogram) shape(s *shape) {
	s.text("CertificateAuthorityPublicKeyIdentifier", in.CertificateAuthorityPublicKeyIdentifier, &textKeyArnOrKeyAliasType)
	s.text("WrappingKeyCertificate", in.WrappingKeyCertificate, &textCertificateType)
	maybeOneOf(s, "WrappingSpec", in.WrappingSpec, allWrappingKeySpec)
}

// ExportKeyMaterial is a union: exactly one member is set.
type ExportKeyMaterial struct {
	Tr31KeyBlock              *ExportTr31KeyBlock
	Tr34KeyBlock              *ExportTr34KeyBlock
	KeyCryptogram             *ExportKeyCryptogram
	DiffieHellmanTr31KeyBlock *ExportDiffieHellmanTr31KeyBlock
	As2805KeyCryptogram       *ExportAs2805KeyCryptogram
}

func (in *ExportKeyMaterial) shape(s *shape) {
	s.exactlyOne(in.arms()...)
	if in.Tr31KeyBlock != nil {
		s.inside("Tr31KeyBlock", in.Tr31KeyBlock)
	}
	if in.Tr34KeyBlock != nil {
		s.inside("Tr34KeyBlock", in.Tr34KeyBlock)
	}
	if in.KeyCryptogram != nil {
		s.inside("KeyCryptogram", in.KeyCryptogram)
	}
	if in.DiffieHellmanTr31KeyBlock != nil {
		s.inside("DiffieHellmanTr31KeyBlock", in.DiffieHellmanTr31KeyBlock)
	}
	if in.As2805KeyCryptogram != nil {
		s.inside("As2805KeyCryptogram", in.As2805KeyCryptogram)
	}
}

// ExportTr31KeyBlock asks for a TR-31 key block under a key.
type ExportTr31KeyBlock struct {
	WrappingKeyIdentifier string
	KeyBlockHeaders       *KeyBlockHeaders
}

func (in *ExportTr31KeyBlock) shape(s *shape) {
	s.text("WrappingKeyIdentifier", in.WrappingKeyIdentifier, &textKeyArnOrKeyAliasType)
	if in.KeyBlockHeaders != nil {
		s.inside("KeyBlockHeaders", in.KeyBlockHeaders)
	}
}

// ExportTr34KeyBlock is an arm of ExportKeyMaterial.
type ExportTr34KeyBlock struct {
	CertificateAuthorityPublicKeyIdentifier string
	WrappingKeyCertificate                  string
	ExportToken                             *string
	SigningKeyIdentifier                    *string
	SigningKeyCertificate                   *string
	KeyBlockFormat                          Tr34KeyBlockFormat
	RandomNonce                             *string
	KeyBlockHeaders                         *KeyBlockHeaders
}

func (in *ExportTr34KeyBlock) shape(s *shape) {
	s.text("CertificateAuthorityPublicKeyIdentifier", in.CertificateAuthorityPublicKeyIdentifier, &textKeyArnOrKeyAliasType)
	s.text("WrappingKeyCertificate", in.WrappingKeyCertificate, &textCertificateType)
	s.maybeText("ExportToken", in.ExportToken, &textExportTokenId)
	s.maybeText("SigningKeyIdentifier", in.SigningKeyIdentifier, &textKeyArnOrKeyAliasType)
	s.maybeText("SigningKeyCertificate", in.SigningKeyCertificate, &textCertificateType)
	oneOf(s, "KeyBlockFormat", in.KeyBlockFormat, allTr34KeyBlockFormat)
	s.maybeText("RandomNonce", in.RandomNonce, &textEvenHexLengthBetween16And32)
	if in.KeyBlockHeaders != nil {
		s.inside("KeyBlockHeaders", in.KeyBlockHeaders)
	}
}

// KeyBlockHeaders narrow what the exported key may do; nil members keep what the key has.
type KeyBlockHeaders struct {
	KeyModesOfUse    *KeyModesOfUse
	KeyExportability *KeyExportability
	KeyVersion       *string
	OptionalBlocks   map[string]string
}

func (in *KeyBlockHeaders) shape(s *shape) {
	maybeOneOf(s, "KeyExportability", in.KeyExportability, allKeyExportability)
	s.maybeText("KeyVersion", in.KeyVersion, &textKeyVersion)
	s.optionalBlocks(in.OptionalBlocks)
}

// arms names the members that are set.
func (in *ExportKeyMaterial) arms() []string {
	return setArms(
		arm{"Tr31KeyBlock", in.Tr31KeyBlock != nil},
		arm{"Tr34KeyBlock", in.Tr34KeyBlock != nil},
		arm{"KeyCryptogram", in.KeyCryptogram != nil},
		arm{"DiffieHellmanTr31KeyBlock", in.DiffieHellmanTr31KeyBlock != nil},
		arm{"As2805KeyCryptogram", in.As2805KeyCryptogram != nil},
	)
}
