package engine_test

import (
	"crypto"
	"crypto/elliptic"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
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

// What is wrong with attributes says which would have been right.
func TestRefusedAttributesSayWhichFit(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	good := func() *engine.CreateKeyInput {
		return &engine.CreateKeyInput{
			KeyAttributes: attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES3Key, cipherModes),
			Exportable:    new(true),
		}
	}
	for _, c := range []struct {
		change func(*engine.CreateKeyInput)
		want   string
	}{
		{func(in *engine.CreateKeyInput) { in.Exportable = nil }, "Exportable: the member is missing"},
		{func(in *engine.CreateKeyInput) { in.KeyAttributes.KeyClass = "SYMMETRIC" },
			`KeyAttributes.KeyClass: the value is not one of those allowed: found "SYMMETRIC", wanted SYMMETRIC_KEY, ASYMMETRIC_KEY_PAIR, PRIVATE_KEY or PUBLIC_KEY`},
		{func(in *engine.CreateKeyInput) { in.KeyAttributes.KeyAlgorithm = apc.KeyAlgorithmRSA2048 },
			"KeyAttributes.KeyAlgorithm: the key usage does not allow this algorithm: found RSA_2048, wanted TDES_2KEY, TDES_3KEY, AES_128, " +
				"AES_192 or AES_256 for TR31_P0_PIN_ENCRYPTION_KEY"},
		{func(in *engine.CreateKeyInput) { in.KeyAttributes.KeyModesOfUse = macModes },
			"KeyAttributes.KeyModesOfUse: the key usage and the algorithm do not allow these modes of use: found {Generate, Verify}, wanted " +
				"{Encrypt, Decrypt, Wrap, Unwrap}, {Encrypt, Wrap}, {Decrypt, Unwrap} or {NoRestrictions} for TR31_P0_PIN_ENCRYPTION_KEY of TDES_3KEY"},
		{func(in *engine.CreateKeyInput) { in.KeyCheckValueAlgorithm = new(apc.KeyCheckValueAlgorithmHMAC) },
			"KeyCheckValueAlgorithm: keys of this algorithm have no check value of this kind: found HMAC, wanted ANSI_X9_24 or CMAC"},
		{func(in *engine.CreateKeyInput) { in.DeriveKeyUsage = new(apc.KeyUsageTR31K1KeyBlockProtectionKey) },
			"DeriveKeyUsage: only a key pair of usage TR31_K3_ASYMMETRIC_KEY_FOR_KEY_AGREEMENT has a DeriveKeyUsage: found " +
				"TR31_K1_KEY_BLOCK_PROTECTION_KEY, wanted none for TR31_P0_PIN_ENCRYPTION_KEY"},
		{func(in *engine.CreateKeyInput) { in.Tags = []apc.Tag{{Key: strings.Repeat("k", 129)}} },
			"Tags[0].Key: the value is too long: found 129 characters, wanted at most 128 characters"},
	} {
		in := good()
		c.change(in)
		_, err := eng.CreateKey(ctx, in)
		if got := sentence(t, err); got != c.want {
			t.Errorf("CreateKey:\n got %s\nwant %s", got, c.want)
		}
	}
}

// What is wrong with a key block says where, and what would have been right.
func TestRefusedKeyBlocksSayWhatToChange(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	kek := load(t, eng.Caller, kekAttributes(apc.KeyAlgorithmTDES2Key), "0123456789ABCDEFFEDCBA9876543210")
	key := load(
		t,
		eng.Caller,
		attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes),
		"89E88CF7931444F334BD7547FC3F380C",
	)
	wrapped, err := exportBlock(eng.Caller, kek.KeyArn, key.KeyArn, nil)
	if err != nil {
		t.Fatal(err)
	}
	block := wrapped.KeyMaterial // B0096P0TB00E0000...
	change := func(from, to string) string { return strings.Replace(block, from, to, 1) }
	const field = "KeyMaterial.Tr31KeyBlock.WrappedKeyBlock: "
	for _, c := range []struct{ block, want string }{
		{change("B0096", "B0080"), "the length field does not match the block: found 0080, wanted 0096 (at character 1)"},
		{"R" + block, `the letter before the block is the key scheme of a payShield host command and not part of a key block: found "R", wanted the block without it, from "B" on (at character 0)`},
		{block[:16] + " " + block[16:], "the value does not match the pattern of this member: found a space at character 16, wanted " +
			"[0-9a-zA-Z]+"},
		{block[:len(block)-1] + "g", `the key data or the MAC has a character that is not a hexadecimal digit: found "g" (at character 95)`},
		{flipped(block), "the MAC does not verify under this key"},
		{change("B0096", "E0096"), "the version of the key block does not fit the wrapping key: found E, wanted A, B or C under a TDES " +
			"key (at character 0)"},
		{change("P0TB", "P0TT"), "the service has no modes of use with this code: found T, wanted B, C, D, E, G, N, S, V or X (at character 8)"},
		{change("P0TB", "P0RB"), "the service has no algorithm with this code: found R, wanted T, A, or H with an HM block of 20, 21, 22 " +
			"or 23 (at character 7)"},
	} {
		_, err := importBlock(eng.Caller, kek.KeyArn, c.block)
		if err == nil {
			t.Errorf("%s is taken, want %s", c.block, c.want)
			continue
		}
		if got := sentence(t, err); got != field+c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.block, got, field+c.want)
		}
	}
	// Which of the TDES algorithms the key is of is not known yet: both are named.
	_, err = importBlock(eng.Caller, kek.KeyArn, change("P0TB", "P0TG"))
	if got, want := sentence(t, err), field[:len(field)-2]+".KeyModesOfUse: the key usage and the algorithm do not allow these modes "+
		"of use: found {Generate}, wanted {Encrypt, Decrypt, Wrap, Unwrap}, {Encrypt, Wrap}, {Decrypt, Unwrap} or {NoRestrictions} for "+
		"TR31_P0_PIN_ENCRYPTION_KEY of TDES_2KEY or TDES_3KEY"; got != want {
		t.Errorf("a mode of another usage:\n got %s\nwant %s", got, want)
	}
}

// What is wrong with an RSA cryptogram says how it should be made.
func TestRefusedCryptogramsSayHowToEncrypt(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	p := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA3072, false)
	key := unhex(t, "0123456789ABCDEFFEDCBA9876543210")
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
