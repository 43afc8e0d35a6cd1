package tr34

// What an [Error] says is wrong. The values at fault are in Found, those that
// would have passed in Wanted.
const (
	// DER and BER.
	problemTooLong  = "the message is too long"
	problemDER      = "the message is neither DER nor BER, or is cut short"
	problemBehind   = "there are bytes behind the message"
	problemInnerDER = "the signed content is neither DER nor BER, or is cut short"
	problemSealed   = "the enveloped data is neither DER nor BER, or is cut short"
	problemNoWrite  = "the message cannot be written as DER"

	// Structure.
	problemPart         = "a part of the message is missing, or has another ASN.1 type"
	problemMore         = "a part of the message has bytes behind its last field"
	problemNumber       = "a version number is unknown"
	problemOID          = "an object identifier is not the one that TR-34 has here"
	problemParameters   = "the parameters of an algorithm are neither absent nor an empty NULL"
	problemCount        = "the message has too many or too few parts of one kind"
	problemNotEnveloped = "the content of the key token is not enveloped data"
	problemNotEmpty     = "the content of the credential token is not empty data"
	problemContentType  = "the content of the token is neither data (unbind) nor signed data (rebind)"
	problemNewKDH       = "the content inside the rebind token is not data"
	problemUnparsed     = "the token was not parsed"

	// Signed attributes.
	problemNoAttributes = "the message has no signed attributes"
	problemTwice        = "a signed attribute appears twice"
	problemNoValue      = "a signed attribute has no value"
	problemNoNonce      = "the random nonce is empty"
	problemTimeForm     = "the signing time is not a time in UTC to the second"
	problemHeaderForm   = "the key block header is not 16 or more printable characters"
	problemSignedType   = "the signed content type is not that of the message"
	problemDigestLength = "the message digest does not have the length of SHA-256"
	problemProtection   = "the algorithm protection names another signature algorithm than the signer uses"

	// The envelope.
	problemLabel         = "the OAEP parameters have a label"
	problemCipher        = "the content cipher is not one of TR-34"
	problemIV            = "the IV does not have the length of a cipher block"
	problemPartial       = "the encrypted content is not a whole number of cipher blocks"
	problemNoPrivateKey  = "the private key of the KRD is missing"
	problemOAEP          = "the content key does not decrypt with this private key"
	problemContentKey    = "the content key is not a key of the content cipher"
	problemPKCS7         = "the decrypted content has no padding of PKCS #7"
	problemKeyBlockWrite = "the key block cannot be written as DER"
	problemNoKey         = "the key is empty"
	problemIDKDH         = "the key block inside names another KDH than the signer"
	problemHeader        = "the key block header inside is not the one that was signed"

	// Certificates.
	problemNoCertificate = "the certificate of the signer is missing, or has no issuer or serial number"
	problemNoKDH         = "the certificate of the KDH is missing"
	problemValidity      = "the certificate of the KDH is not valid at this time"
	problemKeyUsage      = "the certificate of the KDH is not for signatures"
	problemNoRSA         = "the certificate of the signer has no RSA key"
	problemCAValidity    = "the certificate of the KDH's CA is not valid at this time"
	problemOtherCA       = "the certificate of the KDH is from another CA"
	problemCASignature   = "the signature in the certificate of the KDH does not verify under the key of its CA"
	problemNotCA         = "the certificate that signed the token is not that of a CA"
	problemNoKRD         = "the certificate of the KRD is missing, or has no issuer or serial number"
	problemKRDNoRSA      = "the certificate of the KRD has no RSA key"
	problemKRDKey        = "the key of the KRD is too short to encrypt a content key"
	problemSignerKey     = "the private key is missing, or not that of the signer's certificate"

	// Who, when and for whom.
	problemSigner      = "the token names another signer than this certificate"
	problemDigest      = "the message digest is not that of the content"
	problemSignature   = "the signature does not verify under the key of the signer"
	problemNoTime      = "the token has neither the nonce expected nor a signing time"
	problemNonceAbsent = "the token has no random nonce"
	problemNonce       = "the random nonce of the token is not the one expected"
	problemRecipient   = "the token is for another recipient than this KRD"
	problemNoHeader    = "the signed attributes have no key block header"

	// Revocation lists.
	problemNoCRL        = "the token has no CRL"
	problemCRLForm      = "the CRL is not X.509 in DER"
	problemCRLNoCA      = "the CRL cannot be checked without the certificate of the CA"
	problemCRLIssuer    = "the CRL is from another CA"
	problemCRLSignature = "the signature of the CRL does not verify under the key of the CA"
	problemCRLTime      = "the CRL is not valid at this time"
	problemRevoked      = "the CRL lists the certificate of the signer"
	problemCRLCritical  = "the CRL has a critical extension, which is not understood"

	// What the caller asks for.
	problemLayout      = "there is no such layout"
	problemCipherValue = "there is no such cipher"
	problemFreshness   = "the token has neither a nonce nor a signing time"
	problemBoth        = "the token has a nonce and a signing time"
	problemNonceLength = "the random nonce has a wrong length"
)
