package sdktest

import (
	"bytes"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

var flowCurves = []struct {
	a     types.KeyAlgorithm
	curve elliptic.Curve
}{{types.KeyAlgorithmEccNistP256, elliptic.P256()}, {types.KeyAlgorithmEccNistP384, elliptic.P384()},
	{types.KeyAlgorithmEccNistP521, elliptic.P521()}}

func derives(u types.DeriveKeyUsage) func(*pc.CreateKeyInput) {
	return func(in *pc.CreateKeyInput) { in.DeriveKeyUsage = u }
}

func sharing(info []byte) types.DiffieHellmanDerivationData {
	return &types.DiffieHellmanDerivationDataMemberSharedInformation{
		Value: hex.EncodeToString(info),
	} // lower case, as the scripts have it
}

// publicOf is the certificate of a pair of the service's, under its chain.
func (r *replay) publicOf(pair *types.Key) *string {
	r.Helper()
	out := must(r.GetPublicKeyCertificate(ctx, &pc.GetPublicKeyCertificateInput{KeyIdentifier: pair.KeyArn}))(r)
	r.chained(out.KeyCertificate, out.KeyCertificateChain)
	return out.KeyCertificate
}

// ecdhImport is what a script asks of ImportKey with a block under an agreed key.
func ecdhImport(
	pair, authority *types.Key,
	mine local,
	hash types.KeyDerivationHashAlgorithm,
	info []byte,
	block string,
) *pc.ImportKeyInput {
	return &pc.ImportKeyInput{
		KeyMaterial: &types.ImportKeyMaterialMemberDiffieHellmanTr31KeyBlock{Value: types.ImportDiffieHellmanTr31KeyBlock{
			PrivateKeyIdentifier: pair.KeyArn, CertificateAuthorityPublicKeyIdentifier: authority.KeyArn,
			PublicKeyCertificate: aws.String(mine.text()),
			DeriveKeyAlgorithm:   types.SymmetricKeyAlgorithmAes256, KeyDerivationFunction: types.KeyDerivationFunctionNistSp800,
			KeyDerivationHashAlgorithm: hash,
			DerivationData:             sharing(info), WrappedKeyBlock: &block}},
	}
}

func TestFlow7ImportUnderECDH(t *testing.T) {
	for strength, c := range flowCurves {
		t.Run(string(c.a), func(t *testing.T) {
			r := newReplay(t, nil)
			for range 2 { // the second run finds the aliases taken
				r.freeAlias("alias/import-ecdh-receiver")
				pair := r.create("K3", c.a, "X", derives(types.DeriveKeyUsageTr31K1KeyBlockProtectionKey))
				r.pointAlias("alias/import-ecdh-receiver", pair)
				key := localEC(t, c.curve)
				self := r.root(key)
				authority := r.trusted(self, c.a, nil)
				info := random(16)
				kbpk := r.agree(key, r.publicOf(pair), sha256.New, info, 32)
				sha1 := wrap(t, kbpk, "D0000M7HC00E0000", random(20), tr31.OptionalBlock{ID: "HM", Data: "10"}) // the script offers it
				if _, err := r.ImportKey(ctx, ecdhImport(pair, authority, self, types.KeyDerivationHashAlgorithmSha256, info,
					sha1)); !is[*types.ValidationException](err) {
					t.Errorf("an HMAC key for SHA-1: %v", err)
				}
				for _, k := range ecdhKeys(t) {
					block := wrap(t, kbpk, k.header, k.key, k.blocks...)
					in := ecdhImport(pair, authority, self, types.KeyDerivationHashAlgorithmSha256, info, block)
					in.KeyCheckValueAlgorithm = k.check
					if strength < k.weakest {
						if _, err := r.ImportKey(ctx, in); !is[*types.ValidationException](err) {
							t.Errorf("%s agreed on %s: %v", k.a, c.a, err)
						}
						continue
					}
					got := r.imported(in)
					r.matches(got, k.key)
					if got.KeyAttributes.KeyAlgorithm != k.a || got.KeyCheckValueAlgorithm != k.check ||
						got.KeyAttributes.KeyUsage != usageOf(k.header[5:7]) {
						t.Errorf("%s: imported as %+v", block, got)
					}
					r.freeAlias("alias/import-ecdh-result")
					must(
						r.UpdateAlias(ctx, &pc.UpdateAliasInput{AliasName: aws.String("alias/import-ecdh-result"), KeyArn: got.KeyArn}),
					)(t)
				}
			}
		})
	}
}

type ecdhKey struct {
	header  string
	key     []byte
	a       types.KeyAlgorithm
	check   types.KeyCheckValueAlgorithm
	blocks  []tr31.OptionalBlock
	weakest int // of the curves that may carry it
}

// ecdhKeys are what the script imports: the examples of its readme, the key of
// three components among them, and HMAC keys of every hash.
func ecdhKeys(t testing.TB) []ecdhKey {
	components := make([]byte, 24)
	for range 3 {
		for i, b := range random(24) {
			components[i] ^= b
		}
	}
	keys := []ecdhKey{
		{"D0000K0TB00E0000", testrig.Hex(demoKEK), types.KeyAlgorithmTdes2key, types.KeyCheckValueAlgorithmAnsiX924, nil, 0},
		{"D0000P0TB00E0000", components, types.KeyAlgorithmTdes3key, types.KeyCheckValueAlgorithmAnsiX924, nil, 0},
		{"D0000K1AB00E0000", testrig.Hex(demoKEK), types.KeyAlgorithmAes128, types.KeyCheckValueAlgorithmCmac, nil, 0},
		{"D0000D0AB00E0000", random(24), types.KeyAlgorithmAes192, types.KeyCheckValueAlgorithmCmac, nil, 1},
		{"D0000B0AX00E0000", random(32), types.KeyAlgorithmAes256, types.KeyCheckValueAlgorithmCmac, nil, 2},
	}
	for _, h := range []struct {
		code string
		size int
		mode string
		a    types.KeyAlgorithm
	}{{"20", 28, "C", types.KeyAlgorithmHmacSha224}, {"21", 16, "C", types.KeyAlgorithmHmacSha256},
		{"22", 48, "G", types.KeyAlgorithmHmacSha384}, {"23", 64, "V", types.KeyAlgorithmHmacSha512}} {
		keys = append(
			keys,
			ecdhKey{
				"D0000M7H" + h.mode + "00E0000",
				random(h.size),
				h.a,
				types.KeyCheckValueAlgorithmHmac,
				[]tr31.OptionalBlock{{ID: "HM", Data: h.code}},
				0,
			},
		)
	}
	return keys
}

// TestFlow8KeysUnderECDH is the Go program of the use cases: a local authority
// of its own, party U's certificate under it, SHA-512.
func TestFlow8KeysUnderECDH(t *testing.T) {
	for _, c := range flowCurves {
		r := newReplay(t, nil)
		pair := r.create("K3", c.a, "X", derives(types.DeriveKeyUsageTr31K1KeyBlockProtectionKey))
		public := r.publicOf(pair)
		ca := r.root(localEC(t, c.curve))
		authority := r.trusted(ca, c.a, nil)
		key, info, transport := localEC(t, c.curve), random(32), random(16)
		partyU := r.issue(ca, key, &leafProfile)
		kbpk := r.agree(key, public, sha512.New, info, 32)
		k := r.imported(
			ecdhImport(pair, authority, partyU, types.KeyDerivationHashAlgorithmSha512, info,
				wrap(t, kbpk, "D0000K0AB00E0000", transport)),
		)
		r.matches(k, transport)
		if k.KeyAttributes.KeyAlgorithm != types.KeyAlgorithmAes128 {
			t.Errorf("imported as %+v", k.KeyAttributes)
		}
		// For the PIN selection, the data plane's keys.
		r.create("K3", c.a, "X", derives(types.DeriveKeyUsageTr31P0PinEncryptionKey))
		r.create("P0", types.KeyAlgorithmTdes3key, "B", nil)
		r.create("V2", types.KeyAlgorithmTdes2key, "C", nil)
	}
}

// TestFlow9ECDHWithAnHSM sends a check value algorithm that does not fit the key,
// and takes a key back out.
func TestFlow9ECDHWithAnHSM(t *testing.T) {
	r := newReplay(t, nil)
	pair := r.create("K3", types.KeyAlgorithmEccNistP521, "X", derives(types.DeriveKeyUsageTr31K1KeyBlockProtectionKey))
	ca := r.root(localEC(t, elliptic.P521()))
	key, info := localEC(t, elliptic.P521()), random(16)
	hsm := r.issue(ca, key, &leafProfile)
	authority := r.trusted(ca, types.KeyAlgorithmEccNistP521, nil)
	kbpk := r.agree(key, r.publicOf(pair), sha512.New, info, 32)
	for _, k := range []ecdhKey{
		{header: "D0000P0TB00E0000", key: testrig.Hex(demoPEK), a: types.KeyAlgorithmTdes3key},
		{header: "D0000K0AB00E0000", key: random(16), a: types.KeyAlgorithmAes128},
		{header: "D0000K1AB00E0000", key: random(32), a: types.KeyAlgorithmAes256},
	} {
		in := ecdhImport(pair, authority, hsm, types.KeyDerivationHashAlgorithmSha512, info, wrap(t, kbpk, k.header, k.key))
		in.KeyCheckValueAlgorithm = types.KeyCheckValueAlgorithmCmac
		got := r.imported(in)
		method := kcv.AESCMAC
		if k.a == types.KeyAlgorithmTdes3key {
			method = kcv.TDESCMAC
		}
		if got.KeyCheckValueAlgorithm != types.KeyCheckValueAlgorithmCmac || got.KeyAttributes.KeyAlgorithm != k.a ||
			*got.KeyCheckValue != must(method.Compute(k.key))(t).Short(3) {
			t.Errorf("imported as %+v", got)
		}
		w := r.exported(got.KeyArn, &types.ExportKeyMaterialMemberDiffieHellmanTr31KeyBlock{Value: types.ExportDiffieHellmanTr31KeyBlock{
			PrivateKeyIdentifier: pair.KeyArn, CertificateAuthorityPublicKeyIdentifier: authority.KeyArn,
			PublicKeyCertificate: aws.String(hsm.text()),
			DeriveKeyAlgorithm:   types.SymmetricKeyAlgorithmAes256, KeyDerivationFunction: types.KeyDerivationFunctionNistSp800,
			KeyDerivationHashAlgorithm: types.KeyDerivationHashAlgorithmSha512, DerivationData: sharing(info)}},
			types.WrappedKeyMaterialFormatTr31KeyBlock)
		if _, clear := unwrap(t, kbpk, w.KeyMaterial); !bytes.Equal(clear, k.key) {
			t.Errorf("%s came back as another key", k.header)
		}
	}
}
