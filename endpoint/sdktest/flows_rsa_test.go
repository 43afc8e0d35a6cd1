package sdktest

import (
	"crypto/cipher"
	"crypto/des"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// oaepImport is what a script asks of ImportKey with a key under RSA.
func (r *replay) oaepImport(
	p *pc.GetParametersForImportOutput,
	attributes *types.KeyAttributes,
	exportable bool,
	key []byte,
) *pc.ImportKeyInput {
	r.Helper()
	return &pc.ImportKeyInput{KeyMaterial: &types.ImportKeyMaterialMemberKeyCryptogram{Value: types.ImportKeyCryptogram{
		KeyAttributes: attributes, Exportable: &exportable, ImportToken: p.ImportToken, WrappingSpec: types.WrappingKeySpecRsaOaepSha256,
		WrappedKeyCryptogram: r.encrypt(p.WrappingKeyCertificate, key)}}}
}

// oaepExport takes a key out under the key of a certificate.
func (r *replay) oaepExport(key *string, authority *types.Key, to local) []byte {
	r.Helper()
	w := r.exported(key, &types.ExportKeyMaterialMemberKeyCryptogram{Value: types.ExportKeyCryptogram{
		CertificateAuthorityPublicKeyIdentifier: authority.KeyArn, WrappingKeyCertificate: aws.String(to.text()),
		WrappingSpec: types.WrappingKeySpecRsaOaepSha256,
	}}, types.WrappedKeyMaterialFormatKeyCryptogram)
	return decrypt(r, to, w.KeyMaterial)
}

func TestFlow4ImportUnderRSA(t *testing.T) {
	r := newReplay(t, nil)
	for _, c := range []struct {
		usage, mode, key string
		a                types.KeyAlgorithm
		check            types.KeyCheckValueAlgorithm
	}{
		{"K0", "B", demoKEK, types.KeyAlgorithmAes128, types.KeyCheckValueAlgorithmCmac},
		{"P0", "B", demoPEK, types.KeyAlgorithmTdes3key, types.KeyCheckValueAlgorithmAnsiX924},
		{"B0", "X", demoBDK, types.KeyAlgorithmTdes2key, types.KeyCheckValueAlgorithmAnsiX924},
	} {
		p := r.forImport(types.KeyMaterialTypeKeyCryptogram, types.KeyAlgorithmRsa4096)
		in := r.oaepImport(p, attributesOf(c.usage, c.a, c.mode), true, testrig.Hex(c.key))
		untagged(c.check)(in)
		k := r.imported(in)
		r.matches(k, testrig.Hex(c.key))
		if k.KeyCheckValueAlgorithm != c.check || *k.KeyAttributes.KeyModesOfUse != *modesOf(c.mode) || !*k.Exportable {
			t.Errorf("imported as %+v", k)
		}
		r.deleteIn3Days(*k.KeyArn)
	}
	// The readme sends longer keys to ECDH.
	p := r.forImport(types.KeyMaterialTypeKeyCryptogram, types.KeyAlgorithmRsa4096)
	if _, err := r.ImportKey(ctx, r.oaepImport(p, attributesOf("K0", types.KeyAlgorithmAes256, "B"), true,
		random(32))); !is[*types.ValidationException](err) {
		t.Errorf("AES_256 under RSA_4096: %v", err)
	}
	r.wire.spellsModes = true
	r.trusted(r.root(simtest.PartyRSA(4096, 0)), types.KeyAlgorithmRsa4096, untagged(types.KeyCheckValueAlgorithmCmac))
}

func TestFlow5ExportUnderRSA(t *testing.T) {
	r := newReplay(t, nil)
	k := r.create("K0", types.KeyAlgorithmTdes3key, "B", func(in *pc.CreateKeyInput) { in.Enabled = aws.Bool(true) })
	given := must(r.GetKey(ctx, &pc.GetKeyInput{KeyIdentifier: k.KeyArn}))(t).Key
	ca := r.root(simtest.PartyRSA(4096, 0))
	leaf := r.issue(ca, simtest.PartyRSA(2048, 0), &leafProfile)
	root := r.trusted(ca, types.KeyAlgorithmRsa4096, untagged(types.KeyCheckValueAlgorithmAnsiX924))
	r.matches(given, r.oaepExport(given.KeyArn, root, leaf))
	r.deleteIn3Days(*given.KeyArn)
	r.deleteIn3Days(*root.KeyArn)
}

func TestFlow6ExportUnderRSAForAPartner(t *testing.T) {
	r := newReplay(t, nil)
	r.wire.spellsModes = true // as the function does in every request
	tags := tagged("Name", "Partner", "Description", "Keys of the partner")
	rootCA := r.root(simtest.PartyRSA(4096, 0))
	ica := r.issue(rootCA, simtest.PartyRSA(4096, 1), &authorityProfile)
	partner := r.issue(ica, simtest.PartyRSA(4096, 2), &leafProfile)
	root := r.trusted(rootCA, types.KeyAlgorithmRsa4096, func(in *pc.ImportKeyInput) {
		in.Tags, in.KeyCheckValueAlgorithm = tags, types.KeyCheckValueAlgorithmCmac
	})
	intermediate := r.imported(
		&pc.ImportKeyInput{
			Tags:                   tags,
			KeyCheckValueAlgorithm: types.KeyCheckValueAlgorithmCmac,
			KeyMaterial: &types.ImportKeyMaterialMemberTrustedCertificatePublicKey{Value: types.TrustedCertificatePublicKey{
				KeyAttributes: authorityOf(
					types.KeyAlgorithmRsa4096,
				), CertificateAuthorityPublicKeyIdentifier: root.KeyArn, PublicKeyCertificate: aws.String(ica.text())}},
		},
	)
	k := r.create("K0", types.KeyAlgorithmAes128, "B", func(in *pc.CreateKeyInput) {
		in.Tags, in.KeyCheckValueAlgorithm = tags, types.KeyCheckValueAlgorithmCmac
	})
	w := r.exported(
		k.KeyArn,
		&types.ExportKeyMaterialMemberKeyCryptogram{
			Value: types.ExportKeyCryptogram{CertificateAuthorityPublicKeyIdentifier: intermediate.KeyArn,
				WrappingKeyCertificate: aws.String(partner.text()), WrappingSpec: types.WrappingKeySpecRsaOaepSha256},
		},
		types.WrappedKeyMaterialFormatKeyCryptogram,
	)
	if len(*w.KeyMaterial) != 1024 { // hexadecimal, though the function reads base64 in one place
		t.Errorf("%s is not a cryptogram of 4096 bits in hexadecimal", *w.KeyMaterial)
	}
	r.matches(k, decrypt(t, partner, w.KeyMaterial))
	for _, key := range []*types.Key{root, intermediate, k} {
		if got := must(r.ListTagsForResource(ctx, &pc.ListTagsForResourceInput{ResourceArn: key.KeyArn}))(t); len(got.Tags) != 2 {
			t.Errorf("tags %+v", got.Tags)
		}
	}
}

// as2805 is a key under a variant of a KEK: TDES in CBC, the KEK masked.
func as2805(t testing.TB, kek []byte, mask [2]byte, direction func(cipher.Block, []byte) cipher.BlockMode, key []byte) []byte {
	t.Helper()
	masked := slices.Clone(kek)
	for i := range masked {
		masked[i] ^= mask[i%2]
	}
	out := slices.Clone(key)
	direction(must(des.NewTripleDESCipher(append(masked, masked[:8]...)))(t), make([]byte, 8)).CryptBlocks(out, out)
	return out
}

func TestFlow10NodeToNode(t *testing.T) {
	r := newReplay(t, nil)
	// A probe for permission, then this side's KEK, out to the other node.
	must(r.ListKeys(ctx, &pc.ListKeysInput{MaxResults: aws.Int32(1)}))(t)
	tags := tagged("Name", "KEK", "Purpose", "node to node")
	mine := r.create("K0", types.KeyAlgorithmTdes2key, "B", func(in *pc.CreateKeyInput) { in.Tags = tags })
	self := r.root(simtest.PartyRSA(2048, 0)) // root and leaf in one
	authority := r.trusted(self, types.KeyAlgorithmRsa2048, nil)
	kekOut := r.oaepExport(mine.KeyArn, authority, self)
	r.matches(mine, kekOut)
	// The other node's KEK comes in.
	kekIn := testrig.Hex(demoKEK)
	in := r.oaepImport(
		r.forImport(types.KeyMaterialTypeKeyCryptogram, types.KeyAlgorithmRsa2048),
		attributesOf("K0", types.KeyAlgorithmTdes2key, "B"),
		true,
		kekIn,
	)
	in.Tags = tags
	theirs := must(r.GetKey(ctx, &pc.GetKeyInput{KeyIdentifier: r.imported(in).KeyArn}))(t).Key
	r.matches(theirs, kekIn)
	if !*theirs.Enabled || *theirs.KeyAttributes.KeyModesOfUse != *modesOf("B") || theirs.KeyAttributes.KeyUsage != usageOf("K0") {
		t.Errorf("the other node's KEK: %+v", theirs)
	}
	for _, c := range []struct {
		usage, mode string
		variant     types.As2805KeyVariant
		mask        [2]byte
	}{
		{"P0", "B", types.As2805KeyVariantPinEncryptionKeyVariant28, [2]byte{0x28, 0xC0}},
		{"D0", "B", types.As2805KeyVariantDataEncryptionKeyVariant22, [2]byte{0x22, 0xC0}},
		{"M0", "C", types.As2805KeyVariantMessageAuthenticationKeyVariant24, [2]byte{0x24, 0xC0}},
	} {
		k := r.create(c.usage, types.KeyAlgorithmTdes2key, c.mode, func(in *pc.CreateKeyInput) { in.Tags = tags })
		w := r.exported(k.KeyArn, &types.ExportKeyMaterialMemberAs2805KeyCryptogram{Value: types.ExportAs2805KeyCryptogram{
			As2805KeyVariant: c.variant, WrappingKeyIdentifier: mine.KeyArn}}, types.WrappedKeyMaterialFormatKeyCryptogram)
		r.matches(k, as2805(t, kekOut, c.mask, cipher.NewCBCDecrypter, testrig.Hex(*w.KeyMaterial)))

		key := random(16)
		back := r.imported(
			&pc.ImportKeyInput{Enabled: aws.Bool(true), KeyCheckValueAlgorithm: types.KeyCheckValueAlgorithmAnsiX924, Tags: tags,
				KeyMaterial: &types.ImportKeyMaterialMemberAs2805KeyCryptogram{
					Value: types.ImportAs2805KeyCryptogram{As2805KeyVariant: c.variant, Exportable: aws.Bool(true),
						KeyAlgorithm: types.KeyAlgorithmTdes2key, KeyModesOfUse: modesOf(c.mode), WrappingKeyIdentifier: theirs.KeyArn,
						WrappedKeyCryptogram: aws.String(upperHex(as2805(t, kekIn, c.mask, cipher.NewCBCEncrypter, key)))},
				}},
		)
		r.matches(back, key)
		if back.KeyAttributes.KeyUsage != usageOf(c.usage) {
			t.Errorf("%s came in as %s", c.variant, back.KeyAttributes.KeyUsage)
		}
	}
}
