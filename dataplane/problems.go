package dataplane

// What a [apc.Reason] says is wrong, besides the sentences of internal/core. No sentence and no
// value next to it has a digit of a PIN or an account number.
const (
	// Keys.
	problemUsage     = "the usage of the key does not allow this operation"
	problemAlgorithm = "the algorithm of the key does not allow this operation"
	problemModes     = "the modes of use of the key do not allow this operation"
	problemDerived   = "a working key of this algorithm cannot be derived by ECDH"
	problemDukptType = "the base derivation key does not derive keys of this algorithm"
	problemWithBlock = "a key that comes with the request cannot be used together with this member"
	problemDukptKey  = "a key derived by DUKPT cannot be used together with this member"

	// MACs.
	problemHMACName     = "an HMAC key has a hash of its own, so that the algorithm must be HMAC"
	problemHMACKey      = "the algorithm HMAC needs an HMAC key"
	problemMACMessage   = "the message has a length that this algorithm does not accept"
	problemMACCipher    = "a TDES working key is needed here"
	problemMACLength    = "the MAC does not have the length that was asked for"
	problemMAC          = "the MAC is not that of the message under this key"
	problemSessionValue = "the session key is derived from the other member of this union"

	// Data.
	problemStaticKeys = "with stored keys of this usage on both sides data cannot be re-encrypted"
	problemTwoPairs   = "an RSA key on one side needs a symmetric key on the other"
	problemCipherMode = "this cipher mode is for keys with another block length"
	problemIV         = "the initialization vector is not as long as a block of the key"
	problemRSALength  = "the data have a length that the RSA key and the padding do not accept"
	problemModulus    = "the data, as a number, are not smaller than the modulus of the RSA key"
	problemDecryption = "the data do not decrypt, or the outgoing side cannot encrypt the plaintext"

	// PINs.
	problemPIN            = "the PIN in the block does not belong to this verification value"
	problemPINAlgorithm   = "the format of the PIN block needs a working key of another algorithm"
	problemPINBlock       = "the PIN block does not decode"
	problemPINBlockLength = "the PIN block does not have the length of its format"
	problemOffsetLength   = "the offset does not have the length that was asked for"

	// EMV.
	problemOptionB    = "option B is for account numbers of more than 16 digits"
	problemBlocks     = "the data are not whole blocks"
	problemCryptogram = "the cryptogram is not that of the data under this key"

	problemLengthNoPad = "a PIN block with its length in front needs padding"

	// Key material.
	problemNotExported = "the key in the block may not be exported"
	problemRandomKey   = "a KEK validation has no random key of this algorithm"

	// Card validation data.
	problemCardValue = "the card validation data are not those of the card under this key"
)
