package engine

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
	"github.com/seed748fb4d1/apcsim/tr34"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

// benchParty is the other party: a pair under a self-signed root, and that root
// imported.
type benchParty struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
	ca   string
}

func newBenchParty(b *testing.B, eng *Engine) benchParty {
	fail := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	rootKey, err := rsa.GenerateKey(rand.Reader, 2048)
	fail(err)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	fail(err)
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber:          big.NewInt(100),
		Subject:               pkix.Name{CommonName: "root"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, &rootKey.PublicKey, rootKey)
	fail(err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(200),
		Subject:      pkix.Name{CommonName: "leaf"},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(time.Hour),
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, &key.PublicKey, rootKey)
	fail(err)
	cert, err := x509.ParseCertificate(leafDER)
	fail(err)
	out, err := eng.ImportKey(
		context.Background(),
		&ImportKeyInput{KeyMaterial: ImportKeyMaterial{RootCertificatePublicKey: &RootCertificatePublicKey{
			PublicKeyCertificate: x509ca.EncodeCertificate(
				der,
			), KeyAttributes: apc.KeyAttributes{KeyUsage: core.UsageS0, KeyClass: apc.KeyClassPublicKey,
				KeyAlgorithm: core.RSA2048, KeyModesOfUse: apc.KeyModesOfUse{Verify: true}}}}},
	)
	fail(err)
	return benchParty{key, cert, out.Key.KeyArn}
}

// BenchmarkTR34 imports and exports a key as a token, against what the standard
// library takes for the RSA in it: one OAEP decryption and one verification, one
// signature and one OAEP encryption. The bars are 1.3.
func BenchmarkTR34(b *testing.B) {
	ctx := context.Background()
	eng := benchEngine(b, &Options{Limits: apc.Limits{Keys: 1 << 40}})
	party := newBenchParty(b, eng)
	digest := sha256.Sum256([]byte("digest"))
	signature, _ := rsa.SignPKCS1v15(nil, party.key, crypto.SHA256, digest[:])
	contentKey := make([]byte, 24)
	encrypted, _ := rsa.EncryptOAEP(sha256.New(), rand.Reader, &party.key.PublicKey, contentKey, nil)

	b.Run("ImportKey", func(b *testing.B) {
		p, err := eng.GetParametersForImport(
			ctx,
			&GetParametersForImportInput{KeyMaterialType: apc.KeyMaterialTypeTR34KeyBlock, WrappingKeyAlgorithm: core.RSA2048},
		)
		if err != nil {
			b.Fatal(err)
		}
		krd, _ := x509ca.Decode(p.WrappingKeyCertificate)
		der, err := tr34.Seal(
			&tr34.Sealing{
				Layout: tr34.LayoutX9TR342012,
				KDH:    party.cert,
				Signer: party.key,
				KRD:    krd,
				Header: "D9999K0TB00E0000",
				Nonce:  []byte("8 bytes!"),
			},
			make([]byte, 16),
		)
		if err != nil {
			b.Fatal(err)
		}
		in := &ImportKeyInput{
			KeyMaterial: ImportKeyMaterial{
				Tr34KeyBlock: &ImportTr34KeyBlock{
					CertificateAuthorityPublicKeyIdentifier: party.ca,
					SigningKeyCertificate:                   x509ca.EncodeCertificate(party.cert.Raw),
					ImportToken:                             &p.ImportToken,
					WrappedKeyBlock:                         hexText(der),
					KeyBlockFormat:                          apc.Tr34KeyBlockFormatX9TR342012,
					RandomNonce:                             new(hex.EncodeToString([]byte("8 bytes!"))),
				},
			},
		}
		ratio.Beside(b, 1, func() {
			rsa.DecryptOAEP(sha256.New(), nil, party.key, encrypted, nil)
			rsa.VerifyPKCS1v15(&party.key.PublicKey, crypto.SHA256, digest[:], signature)
		}, func() {
			if _, err := eng.ImportKey(ctx, in); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("ExportKey", func(b *testing.B) {
		p, err := eng.GetParametersForExport(
			ctx,
			&GetParametersForExportInput{KeyMaterialType: apc.KeyMaterialTypeTR34KeyBlock, SigningKeyAlgorithm: core.RSA2048},
		)
		if err != nil {
			b.Fatal(err)
		}
		a := benchAttributes
		a.KeyAlgorithm = core.TDES2
		in := &ExportKeyInput{
			ExportKeyIdentifier: benchKey(b, eng, a),
			KeyMaterial: ExportKeyMaterial{Tr34KeyBlock: &ExportTr34KeyBlock{CertificateAuthorityPublicKeyIdentifier: party.ca,
				WrappingKeyCertificate: x509ca.EncodeCertificate(
					party.cert.Raw,
				), ExportToken: &p.ExportToken, KeyBlockFormat: apc.Tr34KeyBlockFormatX9TR342012, RandomNonce: new("0011223344556677")}},
		}
		ratio.Beside(b, 1, func() {
			rsa.SignPKCS1v15(nil, party.key, crypto.SHA256, digest[:])
			rsa.EncryptOAEP(sha256.New(), rand.Reader, &party.key.PublicKey, contentKey, nil)
		}, func() {
			if _, err := eng.ExportKey(ctx, in); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// endless gives one pair again and again.
type endless struct {
	private []byte
	public  hsm.Public
}

func (e *endless) Next(bits int) (hsm.Secret, hsm.Public, bool) {
	return hsm.NewSecret(e.private), e.public, bits == 2048
}

// BenchmarkGetParametersForImport, with the authority and a ready pair at hand,
// against one signature by the authority's key of RSA_4096. The bar is 1.3.
func BenchmarkGetParametersForImport(b *testing.B) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	public, _ := x509.MarshalPKIXPublicKey(&key.PublicKey)
	eng := benchEngine(b, &Options{HSM: hsm.Options{Ready: &endless{x509.MarshalPKCS1PrivateKey(key), public}}})
	ctx, in := context.Background(), &GetParametersForImportInput{
		KeyMaterialType:      apc.KeyMaterialTypeTR34KeyBlock,
		WrappingKeyAlgorithm: core.RSA2048,
	}
	if _, err := eng.GetParametersForImport(ctx, in); err != nil { // which makes the authority
		b.Fatal(err)
	}
	ca, err := (&core.Call{Caller: eng.caller}).Authority(ctx, core.AlgorithmNamed(core.RSA2048))
	if err != nil {
		b.Fatal(err)
	}
	signer, err := eng.cloud.HSM.Signer(ctx, ca.Key, ca.Public)
	if err != nil {
		b.Fatal(err)
	}
	digest := sha512.Sum512([]byte("digest"))
	ratio.Beside(b, 1, func() {
		if _, err := signer.Sign(nil, digest[:], crypto.SHA512); err != nil {
			b.Fatal(err)
		}
	}, func() {
		if _, err := eng.GetParametersForImport(ctx, in); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkGetPublicKeyCertificate gives a certificate again, against a GetKey.
// The bar is 3.
func BenchmarkGetPublicKeyCertificate(b *testing.B) {
	eng := benchEngine(b, &Options{})
	arn := benchKey(
		b,
		eng,
		apc.KeyAttributes{
			KeyUsage:      core.UsageK3,
			KeyClass:      apc.KeyClassAsymmetricKeyPair,
			KeyAlgorithm:  core.ECCP256,
			KeyModesOfUse: apc.KeyModesOfUse{DeriveKey: true},
		},
	)
	ctx, in, get := context.Background(), &GetPublicKeyCertificateInput{KeyIdentifier: arn}, &GetKeyInput{KeyIdentifier: arn}
	ratio.Beside(b, 1, func() {
		if _, err := eng.GetKey(ctx, get); err != nil {
			b.Fatal(err)
		}
	}, func() {
		if _, err := eng.GetPublicKeyCertificate(ctx, in); err != nil {
			b.Fatal(err)
		}
	})
}
