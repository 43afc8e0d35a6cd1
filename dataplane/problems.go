package dataplane

// What a [apc.Reason] says is wrong, besides the sentences of internal/core. No sentence and no
// value next to it has a digit of a PIN or an account number.
const (
	// Keys.
	problemUsage     = "the usage of the key does not allow this operation"
	problemAlgorithm = "the algorithm of the key does not allow this operation"
	problemModes     = "the modes of use of the key do not allow this operation"
	problemDerived   = "a working key of this algorithm cannot be agreed on"
	problemDukptType = "the base derivation key does not derive keys of this algorithm"
	problemWithBlock = "a key that comes with the request does not go with this"
	problemDukptKey  = "a key derived by DUKPT does not go with this"

	// MACs.
	problemHMACName     = "the hash belongs to the HMAC key, and the algorithm is named HMAC"
	problemHMACKey      = "an HMAC with this algorithm is for a key of another kind"
	problemMACMessage   = "the message does not have a length that this algorithm takes"
	problemMACCipher    = "this algorithm needs a TDES working key"
	problemMACLength    = "the MAC does not have the length that was asked for"
	problemMAC          = "the MAC is not that of the message under this key"
	problemSessionValue = "this derivation of a session key takes the other value"

	// Data.
	problemStaticKeys = "data are not re-encrypted from one stored key of this usage to another"
	problemTwoPairs   = "an RSA key goes with a symmetric key on the other side"
	problemCipherMode = "the block of the key does not have the length that this cipher mode is for"
	problemIV         = "the initialization vector is not as long as a block of the key"
	problemRSALength  = "the data do not have a length that the RSA key and the padding take"
	problemModulus    = "the data, as a number, are not smaller than the modulus of the RSA key"
	problemDecryption = "the data do not decrypt to something that can be encrypted anew, or not at all"

	// PINs.
	problemPIN            = "the PIN in the block is not the one that was verified with this value"
	problemPINAlgorithm   = "the format of the PIN block needs a working key of another algorithm"
	problemPINBlock       = "the PIN block does not decode"
	problemPINBlockLength = "the PIN block does not have the length of its format"
	problemOffsetLength   = "the offset does not have the length that was asked for"

	// EMV.
	problemOptionB    = "option B is for account numbers of more than 16 digits"
	problemBlocks     = "the data are not whole blocks"
	problemCryptogram = "the cryptogram is not that of the data under this key"

	problemLengthNoPad = "a length in front of the PIN block needs a padded block"

	// Key material.
	problemNotExported = "the key in the block may not be exported"
	problemRandomKey   = "a random key of this algorithm is not sent"

	// Card validation data.
	problemCardValue = "the card validation data are not those of the card under this key"
)
