package tr34

import "encoding/asn1"

// The object identifiers of TR-34, all of them from PKCS and NIST.
var (
	oidData       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSigned     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidEnveloped  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}
	oidType       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidDigest     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidTime       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidNonce      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 25, 3}
	oidProtection = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 52}
	oidRSA        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidOAEP       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 7}
	oidMGF1       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	oidSpecified  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 9}
	oidSHA256RSA  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	oidTDES       = asn1.ObjectIdentifier{1, 2, 840, 113549, 3, 7}
	oidSHA256     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidAES128     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}
	oidAES192     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 22}
	oidAES256     = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
)
