//go:build ignore

// Gen makes the ready pairs: go generate ./hsm/testkeys.
package main

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log"
	"os"
)

const each = 8

func main() {
	var out bytes.Buffer
	for _, bits := range []int{2048, 3072, 4096} {
		for i := range each {
			key, err := rsa.GenerateKey(nil, bits)
			if err != nil {
				log.Fatal(err)
			}
			pem.Encode(&out, &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
			fmt.Fprintf(os.Stderr, "\r%d bits: %d of %d", bits, i+1, each)
		}
	}
	if err := os.WriteFile("pairs.pem", out.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}
