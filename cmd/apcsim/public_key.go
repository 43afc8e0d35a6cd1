package main

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/asn1kind"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

// readPublicKey reads a public key, of itself or in a certificate, in whatever form
// it is, and returns its SubjectPublicKeyInfo.
func readPublicKey(s streams, arg string) ([]byte, error) {
	data, err := readArgument(s, arg)
	if err != nil {
		return nil, err
	}
	der := decodedText(data)
	found := asn1kind.Of(der)
	switch found {
	case asn1kind.Certificate:
		c, err := x509ca.Decode(string(der))
		if refusal, ok := errors.AsType[*x509ca.Error](err); ok {
			return nil, &inputError{"key", -1, refusal.Problem, refusal.Found, refusal.Wanted}
		}
		return c.RawSubjectPublicKeyInfo, err
	case asn1kind.PublicKey:
		if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
			return x509.MarshalPKIXPublicKey(key)
		}
		return der, nil
	}
	return nil, &inputError{"key", -1, problemNoPublicKey, cmp.Or(found, "neither PEM nor DER"), "a public key or a certificate"}
}

// decodedText is what is in PEM, hexadecimal or base64, or the data itself.
func decodedText(data []byte) []byte {
	text := bytes.TrimSpace(data)
	if block, _ := pem.Decode(text); block != nil {
		return block.Bytes
	}
	digits := strings.Join(strings.Fields(string(text)), "")
	if der, err := hex.DecodeString(digits); err == nil {
		return der
	}
	der, err := base64.StdEncoding.DecodeString(digits)
	if err != nil {
		return data
	}
	if block, _ := pem.Decode(der); block != nil { // as services give certificates
		return block.Bytes
	}
	return der
}
