package main

// What an inputError says is wrong.
const (
	problemNotObject = "the line is not one JSON object"
	problemJSONKind  = "the line has a value of the wrong kind"
	problemLongLine  = "the line is too long"
	problemNoLine    = "standard input has no line for this value"
	problemHexPairs  = "the value is not an even number of hexadecimal digits"
	problemLength    = "the value has a wrong length"
	problemLongFile  = "the file is too long"
	problemToken     = "neither the text nor a file of that name is a token in DER, PEM, hexadecimal or base64"
	problemTime      = "the time is not in one of the forms that are accepted"
	problemNoRSAKey  = "the file has no RSA private key"

	problemEncryptedKey    = "the private key is encrypted"
	problemOtherPrivateKey = "the private key is not that of the certificate"
	problemNoPublicKey     = "there is no public key"
	problemNoMasterKeys    = "the token has no master keys yet"
	problemNotToken        = "the input is not a token"
	problemNonceMissing    = "the token has a random nonce, and none is given to compare it with"
)
