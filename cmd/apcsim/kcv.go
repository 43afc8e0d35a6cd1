package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/seed748fb4d1/apcsim/kcv"
)

var kcvCommand = command{
	name:    "kcv",
	args:    "--algorithm NAME KEY",
	summary: "Compute the check value of a key",
	details: `
NAME is
  TDES            8 zero bytes enciphered, ANSI X9.24-1 (the service's ANSI_X9_24)
  TDES_CMAC       CMAC over 8 zero bytes
  AES             CMAC over 16 zero bytes, ANSI X9.24-1 (the service's CMAC)
  AES_ZERO        16 zero bytes enciphered, as older devices print it
  HMAC_SHA1, HMAC_SHA224, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512
                  HMAC over the empty message (the service's HMAC)
  SHA_1           SHA-1 of a public key, 4 bytes of it (the service's SHA_1)

KEY is the key in hexadecimal, or - to read it from standard input, on a line of its
own. For SHA_1 it is a file, or - for standard input, with a public key or a
certificate in PEM or DER, or the text itself; or a SubjectPublicKeyInfo in hexadecimal.`,
	setup: setupKCV,
}

// kcvMethods are the check values there are, in the order of the help.
var kcvMethods = []struct {
	name   string
	method kcv.Method
}{
	{"TDES", kcv.TDESZero},
	{"TDES_CMAC", kcv.TDESCMAC},
	{"AES", kcv.AESCMAC},
	{"AES_ZERO", kcv.AESZero},
	{"HMAC_SHA1", kcv.HMACSHA1},
	{"HMAC_SHA224", kcv.HMACSHA224},
	{"HMAC_SHA256", kcv.HMACSHA256},
	{"HMAC_SHA384", kcv.HMACSHA384},
	{"HMAC_SHA512", kcv.HMACSHA512},
	{"SHA_1", kcv.SHA1},
}

func kcvMethod(name string) (kcv.Method, error) {
	var names []string
	for _, m := range kcvMethods {
		if m.name == name {
			return m.method, nil
		}
		names = append(names, m.name)
	}
	return 0, usageError("--algorithm is one of " + strings.Join(names, ", "))
}

// checkValue is the answer for programs.
type checkValue struct {
	OK       bool   `json:"ok"`
	KCV      string `json:"kcv"`
	Standard string `json:"standard"` // in the length of the standard
}

func (v checkValue) print(w io.Writer) error {
	_, err := fmt.Fprintln(w, v.KCV)
	return err
}

func setupKCV(fs *flag.FlagSet) action {
	algorithm := fs.String("algorithm", "", "what the key is for, `NAME` as above")
	asJSON := fs.Bool("json", false, "answer with a JSON object")
	return func(_ context.Context, s streams, args []string) error {
		if len(args) != 1 {
			return usageError("wants one key")
		}
		method, err := kcvMethod(*algorithm)
		if err != nil {
			return err
		}
		value, err := computeKCV(s, method, args[0])
		return give(s.out, *asJSON, checkValue{true, value.Short(shownBytes(method)), value.String()}, err)
	}
}

// shownBytes is how much of a check value the service shows.
func shownBytes(m kcv.Method) int {
	if m == kcv.SHA1 {
		return 4
	}
	return 3
}

func computeKCV(s streams, m kcv.Method, keyHex string) (kcv.Value, error) {
	if m == kcv.SHA1 {
		spki, err := readPublicKey(s, keyHex)
		if err != nil {
			return kcv.Value{}, err
		}
		return m.Compute(spki)
	}
	if err := resolve(s.in, "key", &keyHex); err != nil {
		return kcv.Value{}, err
	}
	key, err := unhex("key", keyHex)
	if err != nil {
		return kcv.Value{}, err
	}
	defer clear(key)
	return m.Compute(key)
}
