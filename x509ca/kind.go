package x509ca

import (
	"bytes"

	"github.com/seed748fb4d1/apcsim/internal/asn1kind"
	"github.com/seed748fb4d1/apcsim/internal/ber"
)

// isBER reports whether something has the lengths or the constructed strings that
// BER allows and DER (X.690, section 10) does not.
func isBER(in []byte) bool {
	der, ok := ber.Normalize(in)
	return ok && !bytes.Equal(der, in)
}

// cannotRead says why DER that no reader takes is refused.
func cannotRead(der []byte, part string) error {
	if kind := asn1kind.Of(der); kind != "" && kind != asn1kind.Certificate {
		return refuse(RuleParse, problemNotCertificate, kind, "a certificate")
	}
	if isBER(der) {
		return refuse(RuleParse, problemBER, "BER", "DER; openssl asn1parse -inform DER shows the indefinite lengths")
	}
	return refuse(RuleParse, problemParse, "", part)
}
