package sdktest

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"math/big"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/tr34"
)

// node is an ASN.1 value and those within it. The export scripts use nothing of
// CMS and go by position alone, and so does the walk.
type node struct {
	testing.TB
	asn1.RawValue
}

func nodesOf(t testing.TB, der []byte) (list []node) {
	t.Helper()
	for len(der) > 0 {
		n := node{TB: t}
		rest, err := asn1.Unmarshal(der, &n.RawValue)
		if err != nil {
			t.Fatal(err)
		}
		list, der = append(list, n), rest
	}
	return list
}

// within goes down: the first number is a position here, the next one there.
func (n node) within(path ...int) node {
	n.Helper()
	for _, i := range path {
		list := nodesOf(n.TB, n.Bytes)
		if i >= len(list) {
			n.Fatalf("%d values where a reader wants number %d", len(list), i)
		}
		n = list[i]
	}
	return n
}

// size is how many values are within.
func (n node) size() int { return len(nodesOf(n.TB, n.Bytes)) }

func (n node) oid(want string) {
	n.Helper()
	var got asn1.ObjectIdentifier
	if _, err := asn1.Unmarshal(n.FullBytes, &got); err != nil || got.String() != want {
		n.Errorf("object identifier %v, %v, want %s", got, err, want)
	}
}

// names holds that SEQUENCE { issuer, serial } is that of a certificate.
func (n node) names(issuer []byte, serial *big.Int) {
	n.Helper()
	var got *big.Int
	_, err := asn1.Unmarshal(n.within(1).FullBytes, &got)
	if err != nil || !bytes.Equal(n.within(0).FullBytes, issuer) || got.Cmp(serial) != 0 {
		n.Errorf("not the issuer and serial number %x, %v", serial, err)
	}
}

// walked is what a walk finds in a token.
type walked struct {
	key    []byte
	header string
}

// walk reads a token of the service's (tr31-mapping.md, section 9) and checks
// what the scripts check: digest, signature, nonce, issuer and serial number.
func (r *replay) walk(material, signer *string, krd local, nonce []byte) walked {
	r.Helper()
	kdh := r.certificate(signer)
	token := nodesOf(r, testrig.Hex(*material))
	if len(token) != 1 {
		r.Fatalf("%d values instead of a token", len(token))
	}
	token[0].within(0).oid("1.2.840.113549.1.7.2")
	signed := token[0].within(1, 0)
	if signed.size() != 4 {
		r.Errorf("%d parts of the SignedData, want 4: no certificates, no CRL", signed.size())
	}
	signed.within(1, 0, 0).oid("2.16.840.1.101.3.4.2.1")
	signed.within(2, 0).oid("1.2.840.113549.1.7.3")
	enveloped := signed.within(2, 1, 0).Bytes

	info := signed.within(3, 0)
	info.within(1).names(kdh.RawIssuer, kdh.SerialNumber)
	info.within(2, 0).oid("2.16.840.1.101.3.4.2.1")
	info.within(4, 0).oid("1.2.840.113549.1.1.1")
	attributes := info.within(3)
	toVerify := append([]byte{0x31}, attributes.FullBytes[1:]...)
	sum := sha256.Sum256(toVerify)
	if err := rsa.VerifyPKCS1v15(kdh.PublicKey.(*rsa.PublicKey), crypto.SHA256, sum[:], info.within(5).Bytes); err != nil {
		r.Errorf("the signature: %v", err)
	}
	for i, oid := range []string{"1.2.840.113549.1.9.3", "1.2.840.113549.1.9.25.3", "1.2.840.113549.1.7.1", "1.2.840.113549.1.9.4"} {
		attributes.within(i, 0).oid(oid)
	}
	attributes.within(0, 1, 0).oid("1.2.840.113549.1.7.3")
	if got := attributes.within(1, 1, 0).Bytes; !bytes.Equal(got, nonce) {
		r.Errorf("nonce %x, want %x", got, nonce)
	}
	header := string(attributes.within(2, 1, 0).Bytes)
	digest := sha256.Sum256(enveloped)
	if !bytes.Equal(attributes.within(3, 1, 0).Bytes, digest[:]) {
		r.Error("the digest is another")
	}
	inner := r.openEnvelope(enveloped, krd)
	inner.within(1).names(kdh.RawIssuer, kdh.SerialNumber)
	if got := string(inner.within(3, 1, 0).Bytes); got != header || len(header) != 16 {
		r.Errorf("header %q within, %q signed", got, header)
	}
	return walked{inner.within(2).Bytes, header}
}

// openEnvelope takes the envelope, which has no SEQUENCE around it, and gives the
// key block that was encrypted.
func (r *replay) openEnvelope(enveloped []byte, krd local) node {
	r.Helper()
	parts := nodesOf(r, enveloped)
	if len(parts) != 3 {
		r.Fatalf("%d parts of the EnvelopedData, want 3", len(parts))
	}
	recipient := parts[1].within(0)
	recipient.within(1).names(krd.certificate.RawIssuer, krd.certificate.SerialNumber)
	recipient.within(2, 0).oid("1.2.840.113549.1.1.7")
	recipient.within(2, 1, 0, 0).oid("2.16.840.1.101.3.4.2.1")
	recipient.within(2, 1, 1, 0).oid("1.2.840.113549.1.1.8")
	recipient.within(2, 1, 2, 0).oid("1.2.840.113549.1.1.9")
	short := must(rsa.DecryptOAEP(sha256.New(), nil, krd.Signer.(*rsa.PrivateKey), recipient.within(3).Bytes, nil))(r)
	content := parts[2]
	content.within(0).oid("1.2.840.113549.1.7.1")
	iv, text := content.within(1, 1).Bytes, bytes.Clone(content.within(1, 2).Bytes)
	var block cipher.Block
	if len(short) == 24 {
		content.within(1, 0).oid("1.2.840.113549.3.7")
		block = must(des.NewTripleDESCipher(short))(r)
	} else {
		content.within(1, 0).oid("2.16.840.1.101.3.4.1.2")
		block = must(aes.NewCipher(short))(r)
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(text, text)
	return nodesOf(r, text[:len(text)-int(text[len(text)-1])])[0]
}

// tr34Export asks for a token and exports a key to the holder of a certificate.
func (r *replay) tr34Export(key *string, authority *types.Key, krd local) (walked, *types.WrappedKey) {
	r.Helper()
	p := r.forExport(types.KeyAlgorithmRsa2048)
	r.chained(p.SigningKeyCertificate, p.SigningKeyCertificateChain)
	nonce := random(8)
	w := r.exported(key, &types.ExportKeyMaterialMemberTr34KeyBlock{Value: types.ExportTr34KeyBlock{
		CertificateAuthorityPublicKeyIdentifier: authority.KeyArn, ExportToken: p.ExportToken, KeyBlockFormat: types.Tr34KeyBlockFormatX9Tr342012,
		WrappingKeyCertificate: aws.String(
			krd.text(),
		), RandomNonce: aws.String(upperHex(nonce))}}, types.WrappedKeyMaterialFormatTr34KeyBlock)
	found := r.walk(w.KeyMaterial, p.SigningKeyCertificate, krd, nonce)
	token := must(tr34.Parse(testrig.Hex(*w.KeyMaterial)))(r)
	opened := must(
		token.Open(
			krd.Signer.(crypto.Decrypter),
			&tr34.Check{KDH: r.certificate(p.SigningKeyCertificate), KRD: krd.certificate, Now: r.now(), Nonce: nonce},
		),
	)(r)
	if !bytes.Equal(opened.Key, found.key) || opened.Header != found.header {
		r.Error("tr34 reads another key than the walk")
	}
	return found, w
}

func TestFlow3ExportByTR34(t *testing.T) {
	r := newReplay(t, nil)
	ca := r.root(simtest.PartyRSA(2048, 0))
	krd := r.issue(ca, simtest.PartyRSA(2048, 1), &leafProfile)
	name := aws.String("alias/exported-key")
	for range 2 { // the second run finds the aliases taken, and the key
		r.freeAlias("alias/tr34-key-export-krd-ca")
		authority := r.trusted(ca, types.KeyAlgorithmRsa2048, untagged(types.KeyCheckValueAlgorithmAnsiX924))
		r.pointAlias("alias/tr34-key-export-krd-ca", authority)
		out, err := r.GetAlias(ctx, &pc.GetAliasInput{AliasName: name})
		if is[*types.ResourceNotFoundException](err) {
			must(r.CreateAlias(ctx, &pc.CreateAliasInput{AliasName: name}))(t)
			k := r.create("D0", types.KeyAlgorithmTdes2key, "B", func(in *pc.CreateKeyInput) { in.Enabled = aws.Bool(true) })
			must(r.UpdateAlias(ctx, &pc.UpdateAliasInput{AliasName: name, KeyArn: k.KeyArn}))(t)
			out = must(r.GetAlias(ctx, &pc.GetAliasInput{AliasName: name}))(t)
		} else if err != nil {
			t.Fatal(err)
		}
		found, _ := r.tr34Export(out.Alias.KeyArn, authority, krd)
		key := must(r.GetKey(ctx, &pc.GetKeyInput{KeyIdentifier: out.Alias.KeyArn}))(t).Key
		r.matches(key, found.key)
		if len(found.key) != 16 || found.header != "D0112D0TB00E0000" {
			t.Errorf("%d bytes under header %s", len(found.key), found.header)
		}
	}
	// A key given by its ARN that is not there is reported.
	_, err := r.GetKey(
		ctx,
		&pc.GetKeyInput{KeyIdentifier: aws.String("arn:aws:payment-cryptography:us-east-1:111122223333:key/aaaaaaaaaaaaaaaa")},
	)
	if !is[*types.ResourceNotFoundException](err) {
		t.Errorf("a key that is not there: %v", err)
	}
}
