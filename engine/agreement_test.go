package engine_test

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// agreeingPair is a pair that may carry keys.
func agreeingPair(t testing.TB, c *engine.Caller, a apc.KeyAlgorithm, use *apc.KeyUsage) engine.Key {
	t.Helper()
	out, err := c.CreateKey(ctx, &engine.CreateKeyInput{Exportable: new(true), DeriveKeyUsage: use, KeyAttributes: apc.KeyAttributes{
		KeyUsage: apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement, KeyClass: apc.KeyClassAsymmetricKeyPair, KeyAlgorithm: a,
		KeyModesOfUse: deriveModes}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Key
}

// publicKeyOf is what a party learns of a pair.
func publicKeyOf(t testing.TB, c *engine.Caller, arn string) any {
	t.Helper()
	out, err := c.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: arn})
	if err != nil {
		t.Fatal(err)
	}
	return testrig.Certificate(t, out.KeyCertificate).PublicKey
}

// TestKeysAreExchangedUnderAnAgreedKey: the other party agrees and derives with the
// standard library; its self-signed certificate is root and leaf, as in the
// samples.
func TestKeysAreExchangedUnderAnAgreedKey(t *testing.T) {
	info := testrig.Hex("00A1B2C3D4E5F60718293A4B5C6D7E8F")
	eng, _ := clocked(t, engine.Options{})
	for _, c := range curves {
		pair := agreeingPair(t, eng.Caller, c.a, new(apc.KeyUsageTR31K1KeyBlockProtectionKey))
		mine := ecKey(t, c.curve)
		self := issue(t, mine, "party U", nil, nil)
		ca := trust(t, eng.Caller, self, c.a)
		public, err := publicKeyOf(t, eng.Caller, pair.KeyArn).(*ecdsa.PublicKey).ECDH()
		if err != nil {
			t.Fatal(err)
		}
		private, _ := mine.ECDH()
		shared, err := private.ECDH(public)
		if err != nil {
			t.Fatal(err)
		}
		kbpk, err := tr31.NewKBPK(concatKDF(shared, info, 32))
		if err != nil {
			t.Fatal(err)
		}
		key := testrig.Hex("8A8349794C9EE9A4C2927098F249FED6")
		header, _ := tr31.ParseHeader("D0000B0TX00E0000")
		want, _ := kcv.TDES(key)
		if c.a == apc.KeyAlgorithmECCNISTP384 {
			header, _ = tr31.ParseHeader("D0000M7HC00E0000")
			header.Blocks = []tr31.OptionalBlock{{ID: "HM", Data: "21"}}
			want, _ = kcv.HMAC(crypto.SHA256, key)
		}
		block, err := kbpk.Wrap(ctx, header, key, nil)
		if err != nil {
			t.Fatal(err)
		}
		in := engine.ImportDiffieHellmanTr31KeyBlock{
			PrivateKeyIdentifier:                    pair.KeyArn,
			CertificateAuthorityPublicKeyIdentifier: ca.KeyArn,
			PublicKeyCertificate:                    self.text(),
			DeriveKeyAlgorithm:                      apc.KeyAlgorithmAES256,
			KeyDerivationFunction:                   apc.KeyDerivationFunctionNISTSP800,
			KeyDerivationHashAlgorithm:              apc.KeyDerivationHashAlgorithmSHA256,
			DerivationData:                          engine.DiffieHellmanDerivationData{SharedInformation: new(hex.EncodeToString(info))},
			WrappedKeyBlock:                         block,
		}
		k, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{DiffieHellmanTr31KeyBlock: &in})
		if err != nil || k.KeyCheckValue != want {
			t.Fatalf("%s: imported as %+v, %v; want check value %s", c.a, k, err, want)
		}
		out, err := eng.ExportKey(
			ctx,
			&engine.ExportKeyInput{
				ExportKeyIdentifier: k.KeyArn,
				KeyMaterial: engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ExportDiffieHellmanTr31KeyBlock{
					PrivateKeyIdentifier: pair.KeyArn, CertificateAuthorityPublicKeyIdentifier: ca.KeyArn, PublicKeyCertificate: self.text(),
					DeriveKeyAlgorithm: apc.KeyAlgorithmAES256, KeyDerivationFunction: apc.KeyDerivationFunctionNISTSP800,
					KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA256, DerivationData: in.DerivationData}},
			},
		)
		if err != nil {
			t.Fatalf("%s: %v", c.a, err)
		}
		back, err := tr31.Parse(out.WrappedKey.KeyMaterial, tr31.Strict)
		if err != nil {
			t.Fatal(err)
		}
		got, err := kbpk.Unwrap(ctx, back)
		if err != nil || string(got) != string(key) || out.WrappedKey.WrappingKeyArn != pair.KeyArn ||
			*out.WrappedKey.KeyCheckValue != want {
			t.Errorf("%s: exported %+v, opened as %x, %v", c.a, out.WrappedKey, got, err)
		}
		agreementRefusals(t, eng.Caller, &in, c.a)
	}
}

func agreementRefusals(t *testing.T, c *engine.Caller, good *engine.ImportDiffieHellmanTr31KeyBlock, a apc.KeyAlgorithm) {
	t.Helper()
	other := curves[0]
	if other.a == a {
		other = curves[1]
	}
	foreign := issue(t, ecKey(t, other.curve), "party U", nil, nil)
	silent, data := agreeingPair(t, c, a, nil), agreeingPair(t, c, a, new(apc.KeyUsageTR31P0PINEncryptionKey))
	kek := create(t, c, kekAttributes(apc.KeyAlgorithmAES128))
	for _, x := range []struct {
		what   string
		change func(*engine.ImportDiffieHellmanTr31KeyBlock)
		rule   apc.Rule
	}{
		{"other shared information", func(in *engine.ImportDiffieHellmanTr31KeyBlock) { in.DerivationData.SharedInformation = new("00") }, "mac"},
		{"the other derivation", func(in *engine.ImportDiffieHellmanTr31KeyBlock) {
			in.KeyDerivationFunction = apc.KeyDerivationFunctionANSIX963
		}, "mac"},
		{"another hash", func(in *engine.ImportDiffieHellmanTr31KeyBlock) {
			in.KeyDerivationHashAlgorithm = apc.KeyDerivationHashAlgorithmSHA512
		}, "mac"},
		{"a pair that says nothing of what it derives",
			func(in *engine.ImportDiffieHellmanTr31KeyBlock) { in.PrivateKeyIdentifier = silent.KeyArn }, "derive-key-usage"},
		{"a pair that derives PIN keys", func(in *engine.ImportDiffieHellmanTr31KeyBlock) { in.PrivateKeyIdentifier = data.KeyArn },
			"derive-key-usage"},
		{"no pair", func(in *engine.ImportDiffieHellmanTr31KeyBlock) { in.PrivateKeyIdentifier = kek.KeyArn }, "key-usage"},
		{"a derived HMAC key", func(in *engine.ImportDiffieHellmanTr31KeyBlock) { in.DeriveKeyAlgorithm = apc.KeyAlgorithmHMACSHA256 },
			"key-algorithm"},
		{"a derived TDES key for version D", func(in *engine.ImportDiffieHellmanTr31KeyBlock) {
			in.DeriveKeyAlgorithm = apc.KeyAlgorithmTDES2Key
		}, "key-block-version"},
		{"a certificate of another curve", func(in *engine.ImportDiffieHellmanTr31KeyBlock) { in.PublicKeyCertificate = foreign.text() },
			"key-algorithm"},
		{"a certificate of another root", func(in *engine.ImportDiffieHellmanTr31KeyBlock) {
			for _, same := range curves {
				if same.a == a {
					in.PublicKeyCertificate = issue(t, ecKey(t, same.curve), "party V", nil, nil).text()
				}
			}
		}, "issuer"},
	} {
		in := *good
		x.change(&in)
		_, err := importMaterial(c, engine.ImportKeyMaterial{DiffieHellmanTr31KeyBlock: &in})
		refused(t, string(a)+", "+x.what, err, apc.ErrValidation, x.rule)
	}
}

func TestAgreementsAreAsStrongAsTheTableSays(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	keys := map[apc.KeyAlgorithm]string{}
	for _, a := range []apc.KeyAlgorithm{apc.KeyAlgorithmTDES2Key, apc.KeyAlgorithmTDES3Key, apc.KeyAlgorithmAES128,
		apc.KeyAlgorithmAES192, apc.KeyAlgorithmAES256} {
		keys[a] = create(t, eng.Caller, kekAttributes(a)).KeyArn
	}
	curvesOf := map[apc.KeyAlgorithm][]apc.KeyAlgorithm{ // control-plane, section 10
		apc.KeyAlgorithmTDES2Key: {
			apc.KeyAlgorithmECCNISTP256,
			apc.KeyAlgorithmECCNISTP384,
			apc.KeyAlgorithmECCNISTP521,
		}, apc.KeyAlgorithmTDES3Key: {apc.KeyAlgorithmECCNISTP256, apc.KeyAlgorithmECCNISTP384, apc.KeyAlgorithmECCNISTP521},
		apc.KeyAlgorithmAES128: {
			apc.KeyAlgorithmECCNISTP256,
			apc.KeyAlgorithmECCNISTP384,
			apc.KeyAlgorithmECCNISTP521,
		}, apc.KeyAlgorithmAES192: {apc.KeyAlgorithmECCNISTP384, apc.KeyAlgorithmECCNISTP521},
		apc.KeyAlgorithmAES256: {apc.KeyAlgorithmECCNISTP521},
	}
	for _, c := range curves {
		self := issue(t, ecKey(t, c.curve), "party U", nil, nil)
		ca, pair := trust(t, eng.Caller, self, c.a), agreeingPair(t, eng.Caller, c.a, new(apc.KeyUsageTR31K0KeyEncryptionKey))
		for a, arn := range keys {
			for _, derived := range []apc.KeyAlgorithm{apc.KeyAlgorithmAES256, apc.KeyAlgorithmAES128} {
				_, err := eng.ExportKey(
					ctx,
					&engine.ExportKeyInput{
						ExportKeyIdentifier: arn,
						KeyMaterial: engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ExportDiffieHellmanTr31KeyBlock{
							PrivateKeyIdentifier: pair.KeyArn, CertificateAuthorityPublicKeyIdentifier: ca.KeyArn, PublicKeyCertificate: self.text(),
							DeriveKeyAlgorithm:    derived,
							KeyDerivationFunction: apc.KeyDerivationFunctionANSIX963, KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA384,
							DerivationData: engine.DiffieHellmanDerivationData{SharedInformation: new("AB")}}},
					},
				)
				want := slices.Contains(curvesOf[a], c.a) &&
					(derived == apc.KeyAlgorithmAES256 || a != apc.KeyAlgorithmAES192 && a != apc.KeyAlgorithmAES256)
				if want != (err == nil) {
					t.Errorf("%s under %s agreed on %s: %v, want it taken: %t", a, derived, c.a, err, want)
				} else if err != nil {
					refused(t, fmt.Sprintf("%s under %s agreed on %s", a, derived, c.a), err, apc.ErrValidation, "wrapping-strength")
				}
			}
		}
	}
}
