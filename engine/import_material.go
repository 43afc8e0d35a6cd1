package engine

// The arms of ImportKey, with all their members and limits.

// DiffieHellmanDerivationData is a union: its member is set.
type DiffieHellmanDerivationData struct {
	SharedInformation *string
}

func (in *DiffieHellmanDerivationData) shape(s *shape) {
	if in.SharedInformation == nil {
		s.exactlyOne()
	}
	s.maybeText("SharedInformation", in.SharedInformation, &textSharedInformation)
}

// ImportAs2805KeyCryptogram is an arm of ImportKeyMaterial.
type ImportAs2805KeyCryptogram struct {
	As2805KeyVariant      As2805KeyVariant
	KeyModesOfUse         KeyModesOfUse
	KeyAlgorithm          KeyAlgorithm
	Exportable            *bool
	WrappingKeyIdentifier string
	WrappedKeyCryptogram  string
}

func (in *ImportAs2805KeyCryptogram) shape(s *shape) {
	oneOf(s, "As2805KeyVariant", in.As2805KeyVariant, allAs2805KeyVariant)
	oneOf(s, "KeyAlgorithm", in.KeyAlgorithm, allKeyAlgorithm)
	s.given("Exportable", in.Exportable != nil)
	s.text("WrappingKeyIdentifier", in.WrappingKeyIdentifier, &textKeyArnOrKeyAliasType)
	s.text("WrappedKeyCryptogram", in.WrappedKeyCryptogram, &textWrappedKeyCryptogram)
}

// ImportDiffieHellmanTr31KeyBlock is an arm of ImportKeyMaterial.
type ImportDiffieHellmanTr31KeyBlock struct {
	PrivateKeyIdentifier                    string
	CertificateAuthorityPublicKeyIdentifier string
	PublicKeyCertificate                    string
	DeriveKeyAlgorithm                      KeyAlgorithm
	KeyDerivationFunction                   KeyDerivationFunction
	KeyDerivationHashAlgorithm              KeyDerivationHashAlgorithm
	DerivationData                          DiffieHellmanDerivationData
	WrappedKeyBlock                         string
}

func (in *ImportDiffieHellmanTr31KeyBlock) shape(s *shape) {
	s.text("PrivateKeyIdentifier", in.PrivateKeyIdentifier, &textKeyArnOrKeyAliasType)
	s.text("CertificateAuthorityPublicKeyIdentifier", in.CertificateAuthorityPublicKeyIdentifier, &textKeyArnOrKeyAliasType)
	s.text("PublicKeyCertificate", in.PublicKeyCertificate, &textCertificateType)
	oneOf(s, "DeriveKeyAlgorithm", in.DeriveKeyAlgorithm, allSymmetricKeyAlgorithm)
	oneOf(s, "KeyDerivationFunction", in.KeyDerivationFunction, allKeyDerivationFunction)
	oneOf(s, "KeyDerivationHashAlgorithm", in.KeyDerivationHashAlgorithm, allKeyDerivationHashAlgorithm)
	s.inside("DerivationData", &in.DerivationData)
	s.text("WrappedKeyBlock", in.WrappedKeyBlock, &textTr31WrappedKeyBlock)
}

// ImportKeyCryptogram is an arm of ImportKeyMaterial.
type ImportKeyCryptogram struct {
	KeyAttributes        KeyAttributes
	Exportable           *bool
	WrappedKeyCryptogram string
	ImportToken          string
	WrappingSpec         *WrappingKeySpec
}

func (in *ImportKeyCryptogram) shape(s *shape) {
	s.inside("KeyAttributes", &in.KeyAttributes)
	s.given("Exportable", in.Exportable != nil)
	s.text("WrappedKeyCryptogram", in.WrappedKeyCryptogram, &textWrappedKeyCryptogram)
	s.text("ImportToken", in.ImportToken, &textImportTokenId)
	maybeOneOf(s, "WrappingSpec", in.WrappingSpec, allWrappingKeySpec)
}

// ImportKeyMaterial is a union: exactly one member is set.
type ImportKeyMaterial struct {
	RootCertificatePublicKey    *RootCertificatePublicKey
	TrustedCertificatePublicKey *TrustedCertificatePublicKey
	Tr31KeyBlock                *ImportTr31KeyBlock
	Tr34KeyBlock                *ImportTr34KeyBlock
	KeyCryptogram               *ImportKeyCryptogram
	DiffieHellmanTr31KeyBlock   *ImportDiffieHellmanTr31KeyBlock
	As2805KeyCryptogram         *ImportAs2805KeyCryptogram
}

func (in *ImportKeyMaterial) shape(s *shape) {
	s.exactlyOne(in.arms()...)
	if in.RootCertificatePublicKey != nil {
		s.inside("RootCertificatePublicKey", in.RootCertificatePublicKey)
	}
	if in.TrustedCertificatePublicKey != nil {
		s.inside("TrustedCertificatePublicKey", in.TrustedCertificatePublicKey)
	}
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

// ImportTr31KeyBlock is a TR-31 key block and the key that protects it.
type ImportTr31KeyBlock struct {
	WrappingKeyIdentifier string
	WrappedKeyBlock       string
}

func (in *ImportTr31KeyBlock) shape(s *shape) {
	s.text("WrappingKeyIdentifier", in.WrappingKeyIdentifier, &textKeyArnOrKeyAliasType)
	s.text("WrappedKeyBlock", in.WrappedKeyBlock, &textTr31WrappedKeyBlock)
}

// ImportTr34KeyBlock is an arm of ImportKeyMaterial.
type ImportTr34KeyBlock struct {
	CertificateAuthorityPublicKeyIdentifier string
	SigningKeyCertificate                   string
	ImportToken                             *string
	WrappingKeyIdentifier                   *string
	WrappingKeyCertificate                  *string
	WrappedKeyBlock                         string
	KeyBlockFormat                          Tr34KeyBlockFormat
	RandomNonce                             *string
}

func (in *ImportTr34KeyBlock) shape(s *shape) {
	s.text("CertificateAuthorityPublicKeyIdentifier", in.CertificateAuthorityPublicKeyIdentifier, &textKeyArnOrKeyAliasType)
	s.text("SigningKeyCertificate", in.SigningKeyCertificate, &textCertificateType)
	s.maybeText("ImportToken", in.ImportToken, &textImportTokenId)
	s.maybeText("WrappingKeyIdentifier", in.WrappingKeyIdentifier, &textKeyArnOrKeyAliasType)
	s.maybeText("WrappingKeyCertificate", in.WrappingKeyCertificate, &textCertificateType)
	s.text("WrappedKeyBlock", in.WrappedKeyBlock, &textTr34WrappedKeyBlock)
	oneOf(s, "KeyBlockFormat", in.KeyBlockFormat, allTr34KeyBlockFormat)
	s.maybeText("RandomNonce", in.RandomNonce, &textEvenHexLengthBetween16And32)
}

// RootCertificatePublicKey is an arm of ImportKeyMaterial.
type RootCertificatePublicKey struct {
	KeyAttributes        KeyAttributes
	PublicKeyCertificate string
}

func (in *RootCertificatePublicKey) shape(s *shape) {
	s.inside("KeyAttributes", &in.KeyAttributes)
	s.text("PublicKeyCertificate", in.PublicKeyCertificate, &textCertificateType)
}

// TrustedCertificatePublicKey is an arm of ImportKeyMaterial.
type TrustedCertificatePublicKey struct {
	KeyAttributes                           KeyAttributes
	PublicKeyCertificate                    string
	CertificateAuthorityPublicKeyIdentifier string
}

func (in *TrustedCertificatePublicKey) shape(s *shape) {
	s.inside("KeyAttributes", &in.KeyAttributes)
	s.text("PublicKeyCertificate", in.PublicKeyCertificate, &textCertificateType)
	s.text("CertificateAuthorityPublicKeyIdentifier", in.CertificateAuthorityPublicKeyIdentifier, &textKeyArnOrKeyAliasType)
}

// arms names the members that are set.
func (in *ImportKeyMaterial) arms() []string {
	return setArms(
		arm{"RootCertificatePublicKey", in.RootCertificatePublicKey != nil},
		arm{"TrustedCertificatePublicKey", in.TrustedCertificatePublicKey != nil},
		arm{"Tr31KeyBlock", in.Tr31KeyBlock != nil},
		arm{"Tr34KeyBlock", in.Tr34KeyBlock != nil},
		arm{"KeyCryptogram", in.KeyCryptogram != nil},
		arm{"DiffieHellmanTr31KeyBlock", in.DiffieHellmanTr31KeyBlock != nil},
		arm{"As2805KeyCryptogram", in.As2805KeyCryptogram != nil},
	)
}

// arm is a member of a union and whether it is set.
type arm struct {
	name string
	set  bool
}

func setArms(arms ...arm) []string {
	var out []string
	for _, a := range arms {
		if a.set {
			out = append(out, a.name)
		}
	}
	return out
}
