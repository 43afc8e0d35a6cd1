package engine

// The enumerations of the service, with its own spelling as values.

// As2805KeyVariant is an enumeration of the service.
type As2805KeyVariant string

// Values of As2805KeyVariant.
const (
	TerminalMajorKeyVariant00         As2805KeyVariant = "TERMINAL_MAJOR_KEY_VARIANT_00"
	PINEncryptionKeyVariant28         As2805KeyVariant = "PIN_ENCRYPTION_KEY_VARIANT_28"
	MessageAuthenticationKeyVariant24 As2805KeyVariant = "MESSAGE_AUTHENTICATION_KEY_VARIANT_24"
	DataEncryptionKeyVariant22        As2805KeyVariant = "DATA_ENCRYPTION_KEY_VARIANT_22"
)

// KeyAlgorithm is an enumeration of the service.
type KeyAlgorithm string

// Values of KeyAlgorithm.
const (
	TDES2Key    KeyAlgorithm = "TDES_2KEY"
	TDES3Key    KeyAlgorithm = "TDES_3KEY"
	AES128      KeyAlgorithm = "AES_128"
	AES192      KeyAlgorithm = "AES_192"
	AES256      KeyAlgorithm = "AES_256"
	HMACSHA256  KeyAlgorithm = "HMAC_SHA256"
	HMACSHA384  KeyAlgorithm = "HMAC_SHA384"
	HMACSHA512  KeyAlgorithm = "HMAC_SHA512"
	HMACSHA224  KeyAlgorithm = "HMAC_SHA224"
	RSA2048     KeyAlgorithm = "RSA_2048"
	RSA3072     KeyAlgorithm = "RSA_3072"
	RSA4096     KeyAlgorithm = "RSA_4096"
	ECCNISTP256 KeyAlgorithm = "ECC_NIST_P256"
	ECCNISTP384 KeyAlgorithm = "ECC_NIST_P384"
	ECCNISTP521 KeyAlgorithm = "ECC_NIST_P521"
)

// KeyCheckValueAlgorithm is an enumeration of the service.
type KeyCheckValueAlgorithm string

// Values of KeyCheckValueAlgorithm.
const (
	KCVCMAC     KeyCheckValueAlgorithm = "CMAC"
	KCVANSIX924 KeyCheckValueAlgorithm = "ANSI_X9_24"
	KCVHMAC     KeyCheckValueAlgorithm = "HMAC"
	KCVSHA1     KeyCheckValueAlgorithm = "SHA_1"
)

// KeyClass is an enumeration of the service.
type KeyClass string

// Values of KeyClass.
const (
	SymmetricKey      KeyClass = "SYMMETRIC_KEY"
	AsymmetricKeyPair KeyClass = "ASYMMETRIC_KEY_PAIR"
	PrivateKey        KeyClass = "PRIVATE_KEY"
	PublicKey         KeyClass = "PUBLIC_KEY"
)

// KeyDerivationFunction is an enumeration of the service.
type KeyDerivationFunction string

// Values of KeyDerivationFunction.
const (
	KDFNISTSP800 KeyDerivationFunction = "NIST_SP800"
	KDFANSIX963  KeyDerivationFunction = "ANSI_X963"
)

// KeyDerivationHashAlgorithm is an enumeration of the service.
type KeyDerivationHashAlgorithm string

// Values of KeyDerivationHashAlgorithm.
const (
	HashSHA256 KeyDerivationHashAlgorithm = "SHA_256"
	HashSHA384 KeyDerivationHashAlgorithm = "SHA_384"
	HashSHA512 KeyDerivationHashAlgorithm = "SHA_512"
)

// KeyExportability is an enumeration of the service.
type KeyExportability string

// Values of KeyExportability.
const (
	Exportable    KeyExportability = "EXPORTABLE"
	NonExportable KeyExportability = "NON_EXPORTABLE"
	Sensitive     KeyExportability = "SENSITIVE"
)

// KeyMaterialType is an enumeration of the service.
type KeyMaterialType string

// Values of KeyMaterialType.
const (
	MaterialTR34KeyBlock                KeyMaterialType = "TR34_KEY_BLOCK"
	MaterialTR31KeyBlock                KeyMaterialType = "TR31_KEY_BLOCK"
	MaterialRootPublicKeyCertificate    KeyMaterialType = "ROOT_PUBLIC_KEY_CERTIFICATE"
	MaterialTrustedPublicKeyCertificate KeyMaterialType = "TRUSTED_PUBLIC_KEY_CERTIFICATE"
	MaterialKeyCryptogram               KeyMaterialType = "KEY_CRYPTOGRAM"
)

// KeyOrigin is an enumeration of the service.
type KeyOrigin string

// Values of KeyOrigin.
const (
	OriginExternal               KeyOrigin = "EXTERNAL"
	OriginAWSPaymentCryptography KeyOrigin = "AWS_PAYMENT_CRYPTOGRAPHY"
)

// KeyReplicationState is an enumeration of the service.
type KeyReplicationState string

// Values of KeyReplicationState.
const (
	ReplicationInProgress       KeyReplicationState = "IN_PROGRESS"
	ReplicationDeleteInProgress KeyReplicationState = "DELETE_IN_PROGRESS"
	ReplicationFailed           KeyReplicationState = "FAILED"
	ReplicationSynchronized     KeyReplicationState = "SYNCHRONIZED"
)

// KeyState is an enumeration of the service.
type KeyState string

// Values of KeyState.
const (
	CreateInProgress KeyState = "CREATE_IN_PROGRESS"
	CreateComplete   KeyState = "CREATE_COMPLETE"
	DeletePending    KeyState = "DELETE_PENDING"
	DeleteComplete   KeyState = "DELETE_COMPLETE"
)

// KeyUsage is an enumeration of the service.
type KeyUsage string

// Values of KeyUsage.
const (
	TR31B0BaseDerivationKey                KeyUsage = "TR31_B0_BASE_DERIVATION_KEY"
	TR31C0CardVerificationKey              KeyUsage = "TR31_C0_CARD_VERIFICATION_KEY"
	TR31D0SymmetricDataEncryptionKey       KeyUsage = "TR31_D0_SYMMETRIC_DATA_ENCRYPTION_KEY"
	TR31D1AsymmetricKeyForDataEncryption   KeyUsage = "TR31_D1_ASYMMETRIC_KEY_FOR_DATA_ENCRYPTION"
	TR31E0EMVMKeyAppCryptograms            KeyUsage = "TR31_E0_EMV_MKEY_APP_CRYPTOGRAMS"
	TR31E1EMVMKeyConfidentiality           KeyUsage = "TR31_E1_EMV_MKEY_CONFIDENTIALITY"
	TR31E2EMVMKeyIntegrity                 KeyUsage = "TR31_E2_EMV_MKEY_INTEGRITY"
	TR31E4EMVMKeyDynamicNumbers            KeyUsage = "TR31_E4_EMV_MKEY_DYNAMIC_NUMBERS"
	TR31E5EMVMKeyCardPersonalization       KeyUsage = "TR31_E5_EMV_MKEY_CARD_PERSONALIZATION"
	TR31E6EMVMKeyOther                     KeyUsage = "TR31_E6_EMV_MKEY_OTHER"
	TR31K0KeyEncryptionKey                 KeyUsage = "TR31_K0_KEY_ENCRYPTION_KEY"
	TR31K1KeyBlockProtectionKey            KeyUsage = "TR31_K1_KEY_BLOCK_PROTECTION_KEY"
	TR31K3AsymmetricKeyForKeyAgreement     KeyUsage = "TR31_K3_ASYMMETRIC_KEY_FOR_KEY_AGREEMENT"
	TR31M0ISO16609MACKey                   KeyUsage = "TR31_M0_ISO_16609_MAC_KEY"
	TR31M3ISO97973MACKey                   KeyUsage = "TR31_M3_ISO_9797_3_MAC_KEY"
	TR31M1ISO97971MACKey                   KeyUsage = "TR31_M1_ISO_9797_1_MAC_KEY"
	TR31M6ISO97975CMACKey                  KeyUsage = "TR31_M6_ISO_9797_5_CMAC_KEY"
	TR31M7HMACKey                          KeyUsage = "TR31_M7_HMAC_KEY"
	TR31P0PINEncryptionKey                 KeyUsage = "TR31_P0_PIN_ENCRYPTION_KEY"
	TR31P1PINGenerationKey                 KeyUsage = "TR31_P1_PIN_GENERATION_KEY"
	TR31S0AsymmetricKeyForDigitalSignature KeyUsage = "TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE"
	TR31V1IBM3624PINVerificationKey        KeyUsage = "TR31_V1_IBM3624_PIN_VERIFICATION_KEY"
	TR31V2VisaPINVerificationKey           KeyUsage = "TR31_V2_VISA_PIN_VERIFICATION_KEY"
	TR31K2TR34AsymmetricKey                KeyUsage = "TR31_K2_TR34_ASYMMETRIC_KEY"
)

// MultiRegionKeyType is an enumeration of the service.
type MultiRegionKeyType string

// Values of MultiRegionKeyType.
const (
	MultiRegionPrimary MultiRegionKeyType = "PRIMARY"
	MultiRegionReplica MultiRegionKeyType = "REPLICA"
)

// SessionStatus is an enumeration of the service.
type SessionStatus string

// Values of SessionStatus.
const (
	SessionPending   SessionStatus = "PENDING"
	SessionApproved  SessionStatus = "APPROVED"
	SessionFailed    SessionStatus = "FAILED"
	SessionCancelled SessionStatus = "CANCELLED"
)

// SigningAlgorithmType is an enumeration of the service.
type SigningAlgorithmType string

// Values of SigningAlgorithmType.
const (
	SignSHA224 SigningAlgorithmType = "SHA224"
	SignSHA256 SigningAlgorithmType = "SHA256"
	SignSHA384 SigningAlgorithmType = "SHA384"
	SignSHA512 SigningAlgorithmType = "SHA512"
)

// Tr34KeyBlockFormat is an enumeration of the service.
type Tr34KeyBlockFormat string

// Values of Tr34KeyBlockFormat.
const (
	X9TR342012 Tr34KeyBlockFormat = "X9_TR34_2012"
)

// WrappedKeyMaterialFormat is an enumeration of the service.
type WrappedKeyMaterialFormat string

// Values of WrappedKeyMaterialFormat.
const (
	FormatKeyCryptogram WrappedKeyMaterialFormat = "KEY_CRYPTOGRAM"
	FormatTR31KeyBlock  WrappedKeyMaterialFormat = "TR31_KEY_BLOCK"
	FormatTR34KeyBlock  WrappedKeyMaterialFormat = "TR34_KEY_BLOCK"
)

// WrappingKeySpec is an enumeration of the service.
type WrappingKeySpec string

// Values of WrappingKeySpec.
const (
	RSAOAEPSHA256 WrappingKeySpec = "RSA_OAEP_SHA_256"
	RSAOAEPSHA512 WrappingKeySpec = "RSA_OAEP_SHA_512"
)

// The values an input may carry, in the order of the service's description.
var (
	allAs2805KeyVariant           = []As2805KeyVariant{TerminalMajorKeyVariant00, PINEncryptionKeyVariant28, MessageAuthenticationKeyVariant24, DataEncryptionKeyVariant22}
	allDeriveKeyUsage             = []KeyUsage{TR31B0BaseDerivationKey, TR31C0CardVerificationKey, TR31D0SymmetricDataEncryptionKey, TR31E0EMVMKeyAppCryptograms, TR31E1EMVMKeyConfidentiality, TR31E2EMVMKeyIntegrity, TR31E4EMVMKeyDynamicNumbers, TR31E5EMVMKeyCardPersonalization, TR31E6EMVMKeyOther, TR31K0KeyEncryptionKey, TR31K1KeyBlockProtectionKey, TR31M3ISO97973MACKey, TR31M1ISO97971MACKey, TR31M6ISO97975CMACKey, TR31M7HMACKey, TR31P0PINEncryptionKey, TR31P1PINGenerationKey, TR31V1IBM3624PINVerificationKey, TR31V2VisaPINVerificationKey}
	allKeyAlgorithm               = []KeyAlgorithm{TDES2Key, TDES3Key, AES128, AES192, AES256, HMACSHA256, HMACSHA384, HMACSHA512, HMACSHA224, RSA2048, RSA3072, RSA4096, ECCNISTP256, ECCNISTP384, ECCNISTP521}
	allKeyCheckValueAlgorithm     = []KeyCheckValueAlgorithm{KCVCMAC, KCVANSIX924, KCVHMAC, KCVSHA1}
	allKeyClass                   = []KeyClass{SymmetricKey, AsymmetricKeyPair, PrivateKey, PublicKey}
	allKeyDerivationFunction      = []KeyDerivationFunction{KDFNISTSP800, KDFANSIX963}
	allKeyDerivationHashAlgorithm = []KeyDerivationHashAlgorithm{HashSHA256, HashSHA384, HashSHA512}
	allKeyExportability           = []KeyExportability{Exportable, NonExportable, Sensitive}
	allKeyMaterialType            = []KeyMaterialType{MaterialTR34KeyBlock, MaterialTR31KeyBlock, MaterialRootPublicKeyCertificate, MaterialTrustedPublicKeyCertificate, MaterialKeyCryptogram}
	allKeyOrigin                  = []KeyOrigin{OriginExternal, OriginAWSPaymentCryptography}
	allKeyReplicationState        = []KeyReplicationState{ReplicationInProgress, ReplicationDeleteInProgress, ReplicationFailed, ReplicationSynchronized}
	allKeyState                   = []KeyState{CreateInProgress, CreateComplete, DeletePending, DeleteComplete}
	allKeyUsage                   = []KeyUsage{TR31B0BaseDerivationKey, TR31C0CardVerificationKey, TR31D0SymmetricDataEncryptionKey, TR31D1AsymmetricKeyForDataEncryption, TR31E0EMVMKeyAppCryptograms, TR31E1EMVMKeyConfidentiality, TR31E2EMVMKeyIntegrity, TR31E4EMVMKeyDynamicNumbers, TR31E5EMVMKeyCardPersonalization, TR31E6EMVMKeyOther, TR31K0KeyEncryptionKey, TR31K1KeyBlockProtectionKey, TR31K3AsymmetricKeyForKeyAgreement, TR31M0ISO16609MACKey, TR31M3ISO97973MACKey, TR31M1ISO97971MACKey, TR31M6ISO97975CMACKey, TR31M7HMACKey, TR31P0PINEncryptionKey, TR31P1PINGenerationKey, TR31S0AsymmetricKeyForDigitalSignature, TR31V1IBM3624PINVerificationKey, TR31V2VisaPINVerificationKey, TR31K2TR34AsymmetricKey}
	allMultiRegionKeyType         = []MultiRegionKeyType{MultiRegionPrimary, MultiRegionReplica}
	allSessionStatus              = []SessionStatus{SessionPending, SessionApproved, SessionFailed, SessionCancelled}
	allSigningAlgorithmType       = []SigningAlgorithmType{SignSHA224, SignSHA256, SignSHA384, SignSHA512}
	allSymmetricKeyAlgorithm      = []KeyAlgorithm{TDES2Key, TDES3Key, AES128, AES192, AES256, HMACSHA256, HMACSHA384, HMACSHA512, HMACSHA224}
	allTr34KeyBlockFormat         = []Tr34KeyBlockFormat{X9TR342012}
	allWrappedKeyMaterialFormat   = []WrappedKeyMaterialFormat{FormatKeyCryptogram, FormatTR31KeyBlock, FormatTR34KeyBlock}
	allWrappingKeySpec            = []WrappingKeySpec{RSAOAEPSHA256, RSAOAEPSHA512}
)
