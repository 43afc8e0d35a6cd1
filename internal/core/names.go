package core

import "github.com/seed748fb4d1/apcsim/apc"

// Short names for the tables of rules: a usage by its TR-31 code, an algorithm by
// itself.
const (
	UsageB0 = apc.KeyUsageTR31B0BaseDerivationKey
	UsageC0 = apc.KeyUsageTR31C0CardVerificationKey
	UsageD0 = apc.KeyUsageTR31D0SymmetricDataEncryptionKey
	UsageD1 = apc.KeyUsageTR31D1AsymmetricKeyForDataEncryption
	UsageE0 = apc.KeyUsageTR31E0EMVMKeyAppCryptograms
	UsageE1 = apc.KeyUsageTR31E1EMVMKeyConfidentiality
	UsageE2 = apc.KeyUsageTR31E2EMVMKeyIntegrity
	UsageE4 = apc.KeyUsageTR31E4EMVMKeyDynamicNumbers
	UsageE5 = apc.KeyUsageTR31E5EMVMKeyCardPersonalization
	UsageE6 = apc.KeyUsageTR31E6EMVMKeyOther
	UsageK0 = apc.KeyUsageTR31K0KeyEncryptionKey
	UsageK1 = apc.KeyUsageTR31K1KeyBlockProtectionKey
	UsageK3 = apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement
	UsageM0 = apc.KeyUsageTR31M0ISO16609MACKey
	UsageM3 = apc.KeyUsageTR31M3ISO97973MACKey
	UsageM1 = apc.KeyUsageTR31M1ISO97971MACKey
	UsageM6 = apc.KeyUsageTR31M6ISO97975CMACKey
	UsageM7 = apc.KeyUsageTR31M7HMACKey
	UsageP0 = apc.KeyUsageTR31P0PINEncryptionKey
	UsageP1 = apc.KeyUsageTR31P1PINGenerationKey
	UsageS0 = apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature
	UsageV1 = apc.KeyUsageTR31V1IBM3624PINVerificationKey
	UsageV2 = apc.KeyUsageTR31V2VisaPINVerificationKey
	UsageK2 = apc.KeyUsageTR31K2TR34AsymmetricKey
)

const (
	TDES2      = apc.KeyAlgorithmTDES2Key
	TDES3      = apc.KeyAlgorithmTDES3Key
	AES128     = apc.KeyAlgorithmAES128
	AES192     = apc.KeyAlgorithmAES192
	AES256     = apc.KeyAlgorithmAES256
	HMACSHA256 = apc.KeyAlgorithmHMACSHA256
	HMACSHA384 = apc.KeyAlgorithmHMACSHA384
	HMACSHA512 = apc.KeyAlgorithmHMACSHA512
	HMACSHA224 = apc.KeyAlgorithmHMACSHA224
	RSA2048    = apc.KeyAlgorithmRSA2048
	RSA3072    = apc.KeyAlgorithmRSA3072
	RSA4096    = apc.KeyAlgorithmRSA4096
	ECCP256    = apc.KeyAlgorithmECCNISTP256
	ECCP384    = apc.KeyAlgorithmECCNISTP384
	ECCP521    = apc.KeyAlgorithmECCNISTP521
)

// CountKeys is the name of the counter of the keys of an account and Region.
const CountKeys = countKeys
