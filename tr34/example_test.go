package tr34_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/seed748fb4d1/apcsim/tr34"
)

// certified is a new RSA key and its certificate, by a CA or by itself.
func certified(
	name string,
	serial int64,
	usage x509.KeyUsage,
	ca *x509.Certificate,
	caKey *rsa.PrivateKey,
) (*x509.Certificate, *rsa.PrivateKey) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, SerialNumber: big.NewInt(serial), KeyUsage: usage,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, IsCA: ca == nil,
	}
	if ca == nil {
		ca, caKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, &key.PublicKey, caKey)
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return c, key
}

// A key encryption key travels from a KDH to a KRD in two passes.
func Example() {
	ca, caKey := certified("KDH CA", 100, x509.KeyUsageCertSign, nil, nil)
	kdh, kdhKey := certified("KDH", 200, x509.KeyUsageDigitalSignature, ca, caKey)
	krd, krdKey := certified("KRD", 300, x509.KeyUsageKeyEncipherment, ca, caKey)
	kek, _ := hex.DecodeString("0123456789ABCDEFFEDCBA9876543210")

	nonce := make([]byte, 16) // from the KRD, for this one token
	rand.Read(nonce)
	der, err := tr34.Seal(&tr34.Sealing{
		Layout: tr34.LayoutX9TR342012, KDH: kdh, Signer: kdhKey, KRD: krd,
		Header: "D0112K0TB00E0000", Nonce: nonce,
	}, kek)
	if err != nil {
		fmt.Println(err)
		return
	}

	token, err := tr34.Parse(der)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.Layout, token.Cipher, "from", token.Signer, "to", token.Recipient)

	check := &tr34.Check{KDH: kdh, CA: ca, KRD: krd, Nonce: nonce}
	opened, err := token.Open(krdKey, check)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer clear(opened.Key)
	fmt.Println(opened, "the same:", hex.EncodeToString(opened.Key) == hex.EncodeToString(kek))

	check.Nonce = []byte("another exchange")
	_, err = token.Open(krdKey, check)
	fmt.Println("the nonce is refused:", errors.Is(err, tr34.ErrNonce))
	// Output:
	// x9-tr34-2012 TDES-CBC from CN=KDH CA, serial C8 to CN=KDH CA, serial 12C
	// Opened(D0112K0TB00E0000, key of 16 bytes) the same: true
	// the nonce is refused: true
}
