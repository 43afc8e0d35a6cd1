package engine

import "github.com/seed748fb4d1/apcsim/apc"

// Short names for the tables of rules: a usage by its TR-31 code, an algorithm by
// itself.
const (
	usageB0 = apc.KeyUsageTR31B0BaseDerivationKey
	usageC0 = apc.KeyUsageTR31C0CardVerificationKey
	usageD0 = apc.KeyUsageTR31D0SymmetricDataEncryptionKey
	usageD1 = apc.KeyUsageTR31D1AsymmetricKeyForDataEncryption
	usageE0 = apc.KeyUsageTR31E0EMVMKeyAppCryptograms
	usageE1 = apc.KeyUsageTR31E1EMVMKeyConfidentiality
	usageE2 = apc.KeyUsageTR31E2EMVMKeyIntegrity
	usageE4 = apc.KeyUsageTR31E4EMVMKeyDynamicNumbers
	usageE5 = apc.KeyUsageTR31E5EMVMKeyCardPersonalization
	usageE6 = apc.KeyUsageTR31E6EMVMKeyOther
	usageK0 = apc.KeyUsageTR31K0KeyEncryptionKey
	usageK1 = apc.KeyUsageTR31K1KeyBlockProtectionKey
	usageK3 = apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement
	usageM0 = apc.KeyUsageTR31M0ISO16609MACKey
	usageM3 = apc.KeyUsageTR31M3ISO97973MACKey
	usageM1 = apc.KeyUsageTR31M1ISO97971MACKey
	usageM6 = apc.KeyUsageTR31M6ISO97975CMACKey
	usageM7 = apc.KeyUsageTR31M7HMACKey
	usageP0 = apc.KeyUsageTR31P0PINEncryptionKey
	usageP1 = apc.KeyUsageTR31P1PINGenerationKey
	usageS0 = apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature
	usageV1 = apc.KeyUsageTR31V1IBM3624PINVerificationKey
	usageV2 = apc.KeyUsageTR31V2VisaPINVerificationKey
	usageK2 = apc.KeyUsageTR31K2TR34AsymmetricKey
)

const (
	tdes2      = apc.KeyAlgorithmTDES2Key
	tdes3      = apc.KeyAlgorithmTDES3Key
	aes128     = apc.KeyAlgorithmAES128
	aes192     = apc.KeyAlgorithmAES192
	aes256     = apc.KeyAlgorithmAES256
	hmacSHA256 = apc.KeyAlgorithmHMACSHA256
	hmacSHA384 = apc.KeyAlgorithmHMACSHA384
	hmacSHA512 = apc.KeyAlgorithmHMACSHA512
	hmacSHA224 = apc.KeyAlgorithmHMACSHA224
	rsa2048    = apc.KeyAlgorithmRSA2048
	rsa3072    = apc.KeyAlgorithmRSA3072
	rsa4096    = apc.KeyAlgorithmRSA4096
	eccP256    = apc.KeyAlgorithmECCNISTP256
	eccP384    = apc.KeyAlgorithmECCNISTP384
	eccP521    = apc.KeyAlgorithmECCNISTP521
)
