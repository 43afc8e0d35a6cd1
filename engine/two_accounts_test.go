package engine_test

import (
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// ecdhParty is one account of an exchange by ECDH: its key pair, the certificate that the
// service issued for it with its chain, and the other's chain as it was imported.
type ecdhParty struct {
	*engine.Caller
	pair               string
	certificate, chain string
	otherCA            string
}

func newECDHParty(t *testing.T, c *engine.Caller, a apc.KeyAlgorithm) *ecdhParty {
	t.Helper()
	pair := agreeingPair(t, c, a, new(apc.KeyUsageTR31K1KeyBlockProtectionKey)).KeyArn
	out, err := c.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: pair})
	if err != nil {
		t.Fatal(err)
	}
	return &ecdhParty{Caller: c, pair: pair, certificate: out.KeyCertificate, chain: out.KeyCertificateChain}
}

// trusts imports the chain of the other party.
func (p *ecdhParty) trusts(t *testing.T, other *ecdhParty) {
	t.Helper()
	k, err := importMaterial(p.Caller, engine.ImportKeyMaterial{RootCertificatePublicKey: &engine.RootCertificatePublicKey{
		KeyAttributes: publicAttributes(apc.KeyAlgorithmECCNISTP521), PublicKeyCertificate: other.chain}})
	if err != nil {
		t.Fatal(err)
	}
	p.otherCA = k.KeyArn
}

// strongest is the longest AES key that a curve may carry, and the derived key for it.
var strongest = map[apc.KeyAlgorithm]apc.KeyAlgorithm{
	apc.KeyAlgorithmECCNISTP256: apc.KeyAlgorithmAES128, apc.KeyAlgorithmECCNISTP384: apc.KeyAlgorithmAES192,
	apc.KeyAlgorithmECCNISTP521: apc.KeyAlgorithmAES256,
}

func (p *ecdhParty) export(t *testing.T, other *ecdhParty, key string, derived apc.KeyAlgorithm) string {
	t.Helper()
	out, err := p.ExportKey(
		ctx,
		&engine.ExportKeyInput{
			ExportKeyIdentifier: key,
			KeyMaterial: engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ExportDiffieHellmanTr31KeyBlock{
				PrivateKeyIdentifier: p.pair, CertificateAuthorityPublicKeyIdentifier: p.otherCA, PublicKeyCertificate: other.certificate,
				DeriveKeyAlgorithm:    derived,
				KeyDerivationFunction: apc.KeyDerivationFunctionNISTSP800, KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA512,
				DerivationData: engine.DiffieHellmanDerivationData{SharedInformation: new("0102")}}},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return out.WrappedKey.KeyMaterial
}

func (p *ecdhParty) imports(other *ecdhParty, block string, derived apc.KeyAlgorithm) (engine.Key, error) {
	return importMaterial(p.Caller, engine.ImportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ImportDiffieHellmanTr31KeyBlock{
		PrivateKeyIdentifier: p.pair, CertificateAuthorityPublicKeyIdentifier: p.otherCA, PublicKeyCertificate: other.certificate,
		DeriveKeyAlgorithm:    derived,
		KeyDerivationFunction: apc.KeyDerivationFunctionNISTSP800, KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA512,
		DerivationData: engine.DiffieHellmanDerivationData{SharedInformation: new("0102")}, WrappedKeyBlock: block}})
}

// TestTwoAccountsTradeByECDH with nothing but what the service gives them: each imports the
// chain of the other's certificate, and a key goes either way on each curve.
func TestTwoAccountsTradeByECDH(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	for curve, algorithm := range strongest {
		one := newECDHParty(t, eng.As(apc.Identity{Account: "111122223333"}), curve)
		two := newECDHParty(t, eng.As(apc.Identity{Account: "444455556666"}), curve)
		one.trusts(t, two)
		two.trusts(t, one)
		for _, way := range [][2]*ecdhParty{{one, two}, {two, one}} {
			from, to := way[0], way[1]
			key := create(t, from.Caller, kekAttributes(algorithm))
			block := from.export(t, to, key.KeyArn, algorithm)
			got, err := to.imports(from, block, algorithm)
			if err != nil || got.KeyCheckValue != key.KeyCheckValue || got.KeyAttributes.KeyAlgorithm != algorithm {
				t.Errorf("%s: %s from %s to %s: got %+v, %v; want check value %s", curve, algorithm, from.pair, to.pair,
					got, err, key.KeyCheckValue)
			}
			if _, err := from.imports(to, block, algorithm); err != nil { // the secret is the same on both sides
				t.Errorf("%s: the sender's own block: %v", curve, err)
			}
		}
		// A certificate of the other that is not under the chain named.
		third := newECDHParty(t, eng.As(apc.Identity{Account: "777788889999"}), curve)
		key := create(t, one.Caller, kekAttributes(algorithm)).KeyArn
		_, err := one.ExportKey(
			ctx,
			&engine.ExportKeyInput{
				ExportKeyIdentifier: key,
				KeyMaterial: engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: &engine.ExportDiffieHellmanTr31KeyBlock{
					PrivateKeyIdentifier: one.pair, CertificateAuthorityPublicKeyIdentifier: one.otherCA, PublicKeyCertificate: third.certificate,
					DeriveKeyAlgorithm:    algorithm,
					KeyDerivationFunction: apc.KeyDerivationFunctionNISTSP800, KeyDerivationHashAlgorithm: apc.KeyDerivationHashAlgorithmSHA512,
					DerivationData: engine.DiffieHellmanDerivationData{SharedInformation: new("0102")}}},
			},
		)
		if refusal, ok := errors.AsType[*apc.Error](err); !ok || refusal.Code != apc.ErrValidation ||
			refusal.Reasons[0].Rule != "issuer" {
			t.Errorf("%s: a certificate of a third party: %v", curve, err)
		}
	}
}
