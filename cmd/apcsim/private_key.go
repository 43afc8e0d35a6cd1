package main

import (
	"bytes"
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"github.com/seed748fb4d1/apcsim/internal/asn1kind"
)

// readRSAKey reads an RSA private key from a file, or from standard input. What
// the library says of one that does not parse is not repeated.
func readRSAKey(s streams, field, name string) (*rsa.PrivateKey, error) {
	var data []byte
	var err error
	if name == fromStdin {
		data, err = readArgument(s, fromStdin)
	} else {
		data, err = readFile(field, name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	defer clear(data)
	return parseRSAKey(field, data)
}

func parseRSAKey(field string, data []byte) (*rsa.PrivateKey, error) {
	der, found := data, ""
	if block := keyBlock(data); block != nil {
		defer clear(block.Bytes)
		der, found = block.Bytes, asn1kind.OfLabel(block.Type)
		if block.Headers["DEK-Info"] != "" { // OpenSSL's older way of encrypting one
			found = asn1kind.EncryptedKey
		}
	}
	if found == "" {
		found = asn1kind.Of(der)
	}
	if found == asn1kind.EncryptedKey {
		return nil, &inputError{field, -1, problemEncryptedKey, "", "one without a passphrase, which openssl pkey -in FILE writes"}
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if key, ok := key.(*rsa.PrivateKey); ok && err == nil {
		return key, nil
	}
	if _, ec := x509.ParseECPrivateKey(der); err == nil || ec == nil {
		found = "a private key of another algorithm"
	}
	return nil, &inputError{field, -1, problemNoRSAKey, cmp.Or(found, "none of the forms of a key"), "PKCS #1 or PKCS #8, in PEM or DER"}
}

// keyBlock is the first block of PEM text but parameters, which OpenSSL writes in
// front of a key; nil in other data.
func keyBlock(data []byte) *pem.Block {
	for rest := bytes.TrimSpace(data); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "EC PARAMETERS" {
			return block
		}
	}
}
