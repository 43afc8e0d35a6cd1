package engine_test

import (
	"crypto"
	"crypto/elliptic"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr34"
)

// TestAESKeysTakeTheCheckValueANSIX924: AWS's own programs ask for ANSI_X9_24 whatever the key
// algorithm and compare the answer with the CMAC. (A key of AS 2805 is a TDES key.)
func TestAESKeysTakeTheCheckValueANSIX924(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	ansi := new(apc.KeyCheckValueAlgorithmANSIX924)
	a, key := attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmAES128, cipherModes), testrig.Hex(aesKey)
	want, err := kcv.AES(key)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what, want string, got engine.Key, err error) {
		t.Helper()
		if err != nil || got.KeyCheckValueAlgorithm != apc.KeyCheckValueAlgorithmCMAC || want != "" && got.KeyCheckValue != want {
			t.Errorf("%s with ANSI_X9_24: check value %s by %s, %v; want %s by CMAC", what, got.KeyCheckValue,
				got.KeyCheckValueAlgorithm, err, want)
		}
	}

	for _, alg := range []apc.KeyAlgorithm{apc.KeyAlgorithmAES128, apc.KeyAlgorithmAES192, apc.KeyAlgorithmAES256} {
		out, err := eng.CreateKey(
			ctx,
			&engine.CreateKeyInput{KeyAttributes: kekAttributes(alg), Exportable: new(true), KeyCheckValueAlgorithm: ansi},
		)
		if err != nil {
			t.Fatalf("CreateKey of %s with ANSI_X9_24: %v", alg, err)
		}
		check("CreateKey of "+string(alg), "", out.Key, nil)
	}
	loaded, err := eng.LoadKey(ctx, &engine.LoadKeyInput{KeyAttributes: a, Exportable: new(true), KeyCheckValueAlgorithm: ansi,
		Components: []hsm.Secret{hsm.NewSecret(key), hsm.NewSecret(make([]byte, len(key)))}})
	if err != nil {
		t.Fatalf("LoadKey with ANSI_X9_24: %v", err)
	}
	check("LoadKey", want, loaded.Key, nil)

	for form, material := range aesMaterials(t, eng.Caller, loaded.Key, key) {
		out, err := eng.ImportKey(ctx, &engine.ImportKeyInput{KeyMaterial: material, KeyCheckValueAlgorithm: ansi})
		if err != nil {
			out = &engine.ImportKeyOutput{}
		}
		check("ImportKey of "+form, want, out.Key, err)
	}

	kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	out, err := eng.ExportKey(
		ctx,
		&engine.ExportKeyInput{
			ExportKeyIdentifier: loaded.Key.KeyArn,
			ExportAttributes:    &engine.ExportAttributes{KeyCheckValueAlgorithm: ansi},
			KeyMaterial:         engine.ExportKeyMaterial{Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: kek.KeyArn}},
		},
	)
	if err != nil {
		t.Fatalf("ExportKey with ANSI_X9_24: %v", err)
	}
	if w := out.WrappedKey; *w.KeyCheckValue != want || *w.KeyCheckValueAlgorithm != apc.KeyCheckValueAlgorithmCMAC {
		t.Errorf("ExportKey with ANSI_X9_24: check value %s by %s, want %s by CMAC", *w.KeyCheckValue, *w.KeyCheckValueAlgorithm, want)
	}
}

// aesMaterials is an AES_128 K0 key in every form that ImportKey takes AES keys in, by the form's name.
func aesMaterials(t *testing.T, c *engine.Caller, k engine.Key, key []byte) map[string]engine.ImportKeyMaterial {
	t.Helper()
	kek := create(t, c, kekAttributes(apc.KeyAlgorithmAES128))
	block, err := exportBlock(c, kek.KeyArn, k.KeyArn, nil)
	if err != nil {
		t.Fatal(err)
	}

	h := newHost(t, c)
	tr34Token := parametersForImport(t, c, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA3072, false)
	sealed := h.seal(
		t,
		tr34Token.WrappingKeyCertificate,
		func(s *tr34.Sealing) { s.Cipher, s.Header = tr34.AES128CBC, headerOf[apc.KeyAlgorithmAES128] },
		key,
	)

	token := parametersForImport(t, c, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA3072, false)

	pair := agreeingPair(t, c, apc.KeyAlgorithmECCNISTP256, new(apc.KeyUsageTR31K1KeyBlockProtectionKey))
	self := issue(t, ecKey(t, elliptic.P256()), "party U", nil, nil)
	ecdh := engine.ImportDiffieHellmanTr31KeyBlock{
		PrivateKeyIdentifier:                    pair.KeyArn,
		CertificateAuthorityPublicKeyIdentifier: trust(t, c, self, apc.KeyAlgorithmECCNISTP256).KeyArn,
		PublicKeyCertificate:                    self.text(),
		DeriveKeyAlgorithm:                      apc.KeyAlgorithmAES256,
		KeyDerivationFunction:                   apc.KeyDerivationFunctionNISTSP800,
		KeyDerivationHashAlgorithm:              apc.KeyDerivationHashAlgorithmSHA256,
		DerivationData:                          engine.DiffieHellmanDerivationData{SharedInformation: new("AB")},
	}
	agreed, err := c.ExportKey(
		ctx,
		&engine.ExportKeyInput{
			ExportKeyIdentifier: k.KeyArn,
			KeyMaterial: engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ExportDiffieHellmanTr31KeyBlock{
				PrivateKeyIdentifier: ecdh.PrivateKeyIdentifier, CertificateAuthorityPublicKeyIdentifier: ecdh.CertificateAuthorityPublicKeyIdentifier,
				PublicKeyCertificate: ecdh.PublicKeyCertificate, DeriveKeyAlgorithm: ecdh.DeriveKeyAlgorithm,
				KeyDerivationFunction:      ecdh.KeyDerivationFunction,
				KeyDerivationHashAlgorithm: ecdh.KeyDerivationHashAlgorithm, DerivationData: ecdh.DerivationData}},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	ecdh.WrappedKeyBlock = agreed.WrappedKey.KeyMaterial

	return map[string]engine.ImportKeyMaterial{
		"TR-31": {Tr31KeyBlock: &engine.ImportTr31KeyBlock{WrappingKeyIdentifier: kek.KeyArn, WrappedKeyBlock: block.KeyMaterial}},
		"TR-34": {Tr34KeyBlock: h.arm(&tr34Token.ImportToken, sealed)},
		"ECDH":  {DiffieHellmanTr31KeyBlock: &ecdh},
		"an RSA cryptogram": {KeyCryptogram: &engine.ImportKeyCryptogram{KeyAttributes: k.KeyAttributes, Exportable: new(true),
			ImportToken: token.ImportToken, WrappedKeyCryptogram: cryptogram(t, token, crypto.SHA256, key)}},
	}
}
