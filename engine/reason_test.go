package engine_test

import (
	"crypto"
	"crypto/elliptic"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

func TestReasonReadsAsASentence(t *testing.T) {
	for _, c := range []struct {
		reason apc.Reason
		want   string
	}{
		{apc.Reason{Rule: apc.RuleLength, Field: "KeyMaterial.Tr31KeyBlock.WrappedKeyBlock",
			Problem: "the length field does not match the block", Found: "0080", Wanted: "0096", Offset: 1},
			"KeyMaterial.Tr31KeyBlock.WrappedKeyBlock: the length field does not match the block: found 0080, wanted 0096 (at character 1)"},
		{apc.Reason{Rule: apc.RuleMAC, Field: "F", Problem: "the MAC does not verify", Offset: -1}, "F: the MAC does not verify"},
		{apc.Reason{Rule: apc.RuleClock, Problem: "the clock is wrong", Wanted: "2026", Offset: -1}, "the clock is wrong: wanted 2026"},
	} {
		if got := c.reason.String(); got != c.want {
			t.Errorf("%+v reads\n got %s\nwant %s", c.reason, got, c.want)
		}
	}
}

// sentence is the first reason of a refusal.
func sentence(t *testing.T, err error) string {
	t.Helper()
	refusal, ok := err.(*apc.Error)
	if !ok || len(refusal.Reasons) == 0 {
		t.Fatalf("got %v, want a refusal with a reason", err)
	}
	return refusal.Reasons[0].String()
}

// What is wrong with an RSA cryptogram says how it should be made.
func TestRefusedCryptogramsSayHowToEncrypt(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	p := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA3072, false)
	key := testrig.Hex("0123456789ABCDEFFEDCBA9876543210")
	const field = "KeyMaterial.KeyCryptogram."
	for _, c := range []struct {
		hash crypto.Hash
		key  []byte
		a    apc.KeyAlgorithm
		want string
	}{
		{crypto.SHA1, key, apc.KeyAlgorithmTDES2Key, "WrappedKeyCryptogram: the cryptogram does not decrypt with the key of the import " +
			"token: wanted RSA-OAEP with SHA-256, MGF1 with SHA-256 and no label"},
		{crypto.SHA256, append(key, key...), apc.KeyAlgorithmTDES2Key,
			"WrappedKeyCryptogram: the length of the key inside does not fit the algorithm: found 256 bits, wanted 128 bits for TDES_2KEY"},
		{crypto.SHA256, append(key, key...), apc.KeyAlgorithmAES256,
			"ImportToken: an RSA key cannot wrap a key of this algorithm: found RSA_3072 around AES_256, wanted a TR-31 key block under a " +
				"key agreed by ECDH, or under another key"},
	} {
		_, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{KeyCryptogram: &engine.ImportKeyCryptogram{
			KeyAttributes: attributes(apc.KeyUsageTR31K0KeyEncryptionKey, c.a, cipherModes), Exportable: new(true),
			ImportToken: p.ImportToken, WrappedKeyCryptogram: cryptogram(t, p, c.hash, c.key)}})
		if got := sentence(t, err); got != field+c.want {
			t.Errorf("%s with %s:\n got %s\nwant %s", c.a, c.hash, got, field+c.want)
		}
	}
}

// A block under an agreed key that does not open says how the key was derived.
func TestRefusedAgreementsSayHowTheKeyWasDerived(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	pair := agreeingPair(t, eng.Caller, apc.KeyAlgorithmECCNISTP256, new(apc.KeyUsageTR31K1KeyBlockProtectionKey))
	root := issue(t, ecKey(t, elliptic.P384()), "root", nil, nil)
	ca := trust(t, eng.Caller, root, apc.KeyAlgorithmECCNISTP384)
	peer := issue(t, ecKey(t, elliptic.P256()), "peer", &root, nil)
	_, err := importMaterial(eng.Caller, engine.ImportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ImportDiffieHellmanTr31KeyBlock{
		CertificateAuthorityPublicKeyIdentifier: ca.KeyArn, PrivateKeyIdentifier: pair.KeyArn, PublicKeyCertificate: peer.text(),
		DeriveKeyAlgorithm: apc.KeyAlgorithmAES256, KeyDerivationFunction: apc.KeyDerivationFunctionNISTSP800,
		KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA512,
		DerivationData:             engine.DiffieHellmanDerivationData{SharedInformation: new("0011223344556677")},
		WrappedKeyBlock:            "D0112P0TB00E0000" + strings.Repeat("0", 96),
	}})
	want := "KeyMaterial.DiffieHellmanTr31KeyBlock.WrappedKeyBlock: the MAC does not verify under the key that was derived: " +
		"found AES_256 by NIST_SP800 with SHA_512 and 8 bytes of SharedInformation from ECDH on ECC_NIST_P256, wanted the derivation of " +
		"the sender"
	if got := sentence(t, err); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
