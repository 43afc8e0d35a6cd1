// Package x509ca makes and checks X.509 certificates (RFC 5280) as a small
// certification authority does, and makes PKCS #10 certification requests
// (RFC 2986). What it makes is written byte for byte as asked; what it checks
// is checked by rules that are data, so that one can be as strict or as lenient
// as the service that is simulated.
//
// # Making
//
// A [Name] is a distinguished name, attribute by attribute. A [Profile] says
// what a kind of certificate looks like, a [Request] what is particular to one.
// [NewRoot] makes a self-signed certificate, an [Authority] issues the others,
// and [CSR] makes a certification request:
//
//	root, err := x509ca.NewRoot(signer, caProfile, &x509ca.Request{...})
//	authority, err := x509ca.NewAuthority(rootCertificate, signer)
//	leaf, err := authority.Issue(public, leafProfile, &x509ca.Request{...})
//
// Private keys are [crypto.Signer], RSA (PKCS #1 v1.5) or ECDSA, and may be in a device. A
// signature is verified before it is returned, and an error of the signer can be found with
// errors.Is.
//
// # As text
//
// [EncodeCertificate] and [EncodeCSR] give one line of base64 over PEM text, the form in which
// services pass certificates in JSON. [Decode] reads it, and refuses malformed RSA and ECDSA keys:
// even numbers, exponents out of range, points that are not on their curve, bytes after the key.
//
// # Checking
//
// [Rules] check the certificates of others: [Rules.CheckRoot] one that is to be trusted,
// [Rules.CheckIssued] one that was issued by a trusted one. The zero Rules are those of RFC 5280,
// section 6.1; the fields make them stricter or more lenient.
//
// A certificate with an authority key identifier is refused under an issuer that it does not name, as
// OpenSSL does. Revocation lists, certificate policies and extended key usages are not checked; nor are
// name constraints, but a certificate in which they are critical is refused.
//
// # Errors
//
// A refusal is an [*Error] with its [Rule], so that errors.Is(err,
// x509ca.RuleExpired) works. It has what was found and what would have
// been accepted.
package x509ca
