package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/seed748fb4d1/apcsim/kcv"
)

var kcvCommand = command{
	name:    "kcv",
	args:    "--algorithm NAME KEYHEX",
	summary: "Compute the check value of a key",
	details: `
NAME is TDES, AES, HMAC_SHA224, HMAC_SHA256, HMAC_SHA384 or HMAC_SHA512. KEYHEX is
the key in hexadecimal, or - to read it from standard input, on a line of its own.`,
	setup: setupKCV,
}

// kcvMethods is the check value each kind of key has by default, in the order of the help.
var kcvMethods = []struct {
	name   string
	method kcv.Method
}{
	{"TDES", kcv.TDESZero},
	{"AES", kcv.AESCMAC},
	{"HMAC_SHA224", kcv.HMACSHA224},
	{"HMAC_SHA256", kcv.HMACSHA256},
	{"HMAC_SHA384", kcv.HMACSHA384},
	{"HMAC_SHA512", kcv.HMACSHA512},
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
		if *asJSON {
			return printJSON(s.out, checkValue{true, value.Short(3), value.String()}, err)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(s.out, value.Short(3))
		return err
	}
}

func computeKCV(s streams, m kcv.Method, keyHex string) (kcv.Value, error) {
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
