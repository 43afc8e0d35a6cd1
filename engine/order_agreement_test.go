package engine_test

import (
	"crypto/elliptic"
	"crypto/x509"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// agreementWorld is an order world with what key agreement needs: key pairs, of which one is stopped
// and one derives no wrapping keys, the other party's certificates and their CA, and a key to export.
type agreementWorld struct {
	*orderWorld
	pair, stoppedPair, silent string
	self, expired             certified
	ca, key                   string
}

func newAgreementWorld(t *testing.T) *agreementWorld {
	t.Helper()
	w := &agreementWorld{orderWorld: newOrderWorld(t)}
	alg := apc.KeyAlgorithmECCNISTP256
	w.pair = agreeingPair(t, w.Caller, alg, new(apc.KeyUsageTR31K1KeyBlockProtectionKey)).KeyArn
	w.stoppedPair = agreeingPair(t, w.Caller, alg, new(apc.KeyUsageTR31K1KeyBlockProtectionKey)).KeyArn
	w.stop(w.stoppedPair)
	w.silent = agreeingPair(t, w.Caller, alg, nil).KeyArn
	mine := ecKey(t, elliptic.P256())
	w.self = issue(t, mine, "party U", nil, nil)
	w.expired = issue(t, mine, "party U", nil, func(c *x509.Certificate) { c.NotAfter = noon.Add(-day) })
	w.ca = trust(t, w.Caller, w.self, alg).KeyArn
	w.key = create(t, w.Caller, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmAES128, cipherModes)).KeyArn
	return w
}

// agreed is an export under a derived key.
func (w *agreementWorld) agreed(derived apc.KeyAlgorithm) *engine.ExportDiffieHellmanTr31KeyBlock {
	return &engine.ExportDiffieHellmanTr31KeyBlock{
		PrivateKeyIdentifier:                    w.pair,
		CertificateAuthorityPublicKeyIdentifier: w.ca,
		PublicKeyCertificate:                    w.self.text(),
		DeriveKeyAlgorithm:                      derived,
		KeyDerivationFunction:                   apc.KeyDerivationFunctionNISTSP800,
		KeyDerivationHashAlgorithm:              apc.KeyDerivationHashAlgorithmSHA256,
		DerivationData:                          engine.DiffieHellmanDerivationData{SharedInformation: new("AB")},
	}
}

// block is the key, exported under a derived key.
func (w *agreementWorld) block(t *testing.T, key string, derived apc.KeyAlgorithm) string {
	t.Helper()
	out, err := w.ExportKey(
		ctx,
		&exportIn{ExportKeyIdentifier: key, KeyMaterial: engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: w.agreed(derived)}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return out.WrappedKey.KeyMaterial
}

func TestOrderOfChecksWithImportsByKeyAgreement(t *testing.T) {
	w := newAgreementWorld(t)
	good, strong := w.block(t, w.key, apc.KeyAlgorithmAES128), w.block(t, w.mac, apc.KeyAlgorithmAES256)
	arm := func(in *importIn) *engine.ImportDiffieHellmanTr31KeyBlock {
		return in.KeyMaterial.DiffieHellmanTr31KeyBlock
	}
	setBlock := func(text string) func(*importIn) { return func(in *importIn) { arm(in).WrappedKeyBlock = text } }
	w.checkImport(t, "an ECDH block", func() engine.ImportKeyMaterial {
		m := w.agreed(apc.KeyAlgorithmAES128)
		return engine.ImportKeyMaterial{
			DiffieHellmanTr31KeyBlock: &engine.ImportDiffieHellmanTr31KeyBlock{PrivateKeyIdentifier: m.PrivateKeyIdentifier,
				CertificateAuthorityPublicKeyIdentifier: w.ca, PublicKeyCertificate: m.PublicKeyCertificate, DeriveKeyAlgorithm: m.DeriveKeyAlgorithm,
				KeyDerivationFunction: m.KeyDerivationFunction, KeyDerivationHashAlgorithm: m.KeyDerivationHashAlgorithm,
				DerivationData: m.DerivationData, WrappedKeyBlock: good},
		}
	}, slices.Concat(
		keyFaults(w.orderWorld, "PrivateKeyIdentifier", func(in *importIn, arn string) { arm(in).PrivateKeyIdentifier = arn },
			w.stoppedPair, w.mac, apc.RuleKeyUsage),
		keyFaults(w.orderWorld, "CertificateAuthority",
			func(in *importIn, arn string) { arm(in).CertificateAuthorityPublicKeyIdentifier = arn }, w.stopped, w.mac,
			apc.RuleCertificateAuthority),
		[]fault[importIn]{
			otherCheckValue,
			invalid(rulesStep, "PrivateKeyIdentifier", "a key pair that derives no wrapping keys",
				apc.RuleDeriveKeyUsage, func(in *importIn) { arm(in).PrivateKeyIdentifier = w.silent }),
			invalid(rulesStep, "WrappedKeyBlock", "a usage that the service has not", apc.RuleKeyUsage, setBlock(good[:5]+"E3"+good[7:])),
			invalid(strengthStep, "WrappedKeyBlock", "a key stronger than the derived key", apc.RuleWrappingStrength, setBlock(strong)),
			invalid(certificateStep, "PublicKeyCertificate", "an expired certificate", apc.RuleExpired,
				func(in *importIn) { arm(in).PublicKeyCertificate = w.expired.text() }),
			invalid(materialStep, "WrappedKeyBlock", "a wrong MAC", apc.RuleMAC,
				setBlock(good[:len(good)-1]+flipped(good[len(good)-1:]))),
		},
	)...)
}

func TestOrderOfChecksWithExportsByKeyAgreement(t *testing.T) {
	w := newAgreementWorld(t)
	out := func(in *exportIn) *engine.ExportDiffieHellmanTr31KeyBlock {
		return in.KeyMaterial.DiffieHellmanTr31KeyBlock
	}
	w.checkExport(t, "an ECDH block", w.key, func() engine.ExportKeyMaterial {
		return engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: w.agreed(apc.KeyAlgorithmAES128)}
	}, slices.Concat(
		keyFaults(w.orderWorld, "PrivateKeyIdentifier", func(in *exportIn, arn string) { out(in).PrivateKeyIdentifier = arn },
			w.stoppedPair, w.mac, apc.RuleKeyUsage),
		keyFaults(w.orderWorld, "CertificateAuthority",
			func(in *exportIn, arn string) { out(in).CertificateAuthorityPublicKeyIdentifier = arn }, w.stopped, w.mac,
			apc.RuleCertificateAuthority),
		[]fault[exportIn]{
			invalid(rulesStep, "PrivateKeyIdentifier", "a key pair that derives no wrapping keys",
				apc.RuleDeriveKeyUsage, func(in *exportIn) { out(in).PrivateKeyIdentifier = w.silent }),
			invalid(strengthStep, "ExportKeyIdentifier", "a key stronger than the derived key",
				apc.RuleWrappingStrength, func(in *exportIn) { in.ExportKeyIdentifier = w.mac }),
			invalid(certificateStep, "PublicKeyCertificate", "an expired certificate", apc.RuleExpired,
				func(in *exportIn) { out(in).PublicKeyCertificate = w.expired.text() }),
		},
	)...)
}

func TestOrderOfChecksWithAS2805(t *testing.T) {
	w := newOrderWorld(t)
	kek := create(t, w.Caller, attributes(apc.KeyUsageTR31K0KeyEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes)).KeyArn
	key := create(t, w.Caller, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes)).KeyArn
	large := create(t, w.Caller, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES3Key, cipherModes)).KeyArn
	arm := func(in *importIn) *engine.ImportAs2805KeyCryptogram { return in.KeyMaterial.As2805KeyCryptogram }
	w.checkImport(t, "AS 2805", func() engine.ImportKeyMaterial {
		return engine.ImportKeyMaterial{
			As2805KeyCryptogram: &engine.ImportAs2805KeyCryptogram{
				As2805KeyVariant:      apc.As2805KeyVariantPINEncryptionKeyVariant28,
				KeyModesOfUse:         cipherModes,
				KeyAlgorithm:          apc.KeyAlgorithmTDES2Key,
				Exportable:            new(true),
				WrappingKeyIdentifier: kek,
				WrappedKeyCryptogram:  strings.Repeat("A1", 16),
			},
		}
	}, slices.Concat(keyFaults(w, "WrappingKeyIdentifier", func(in *importIn, arn string) { arm(in).WrappingKeyIdentifier = arn },
		w.stopped, w.mac, apc.RuleWrappingKeyUsage),
		[]fault[importIn]{
			otherCheckValue,
			invalid(rulesStep, "KeyModesOfUse", "modes of use that the usage has not", apc.RuleKeyModesOfUse,
				func(in *importIn) { arm(in).KeyModesOfUse = macModes }),
			invalid(strengthStep, "KeyAlgorithm", "a key stronger than the wrapping key", apc.RuleWrappingStrength,
				func(in *importIn) { arm(in).KeyAlgorithm = apc.KeyAlgorithmTDES3Key }),
			invalid(materialStep, "WrappedKeyCryptogram", "a short cryptogram", apc.RuleCryptogramLength,
				func(in *importIn) { arm(in).WrappedKeyCryptogram = strings.Repeat("A1", 15) }),
		})...)

	set := func(in *exportIn, arn string) { in.KeyMaterial.As2805KeyCryptogram.WrappingKeyIdentifier = arn }
	w.checkExport(t, "AS 2805", key, func() engine.ExportKeyMaterial {
		return engine.ExportKeyMaterial{
			As2805KeyCryptogram: &engine.ExportAs2805KeyCryptogram{
				WrappingKeyIdentifier: kek,
				As2805KeyVariant:      apc.As2805KeyVariantPINEncryptionKeyVariant28,
			},
		}
	}, slices.Concat(keyFaults(w, "WrappingKeyIdentifier", set, w.stopped, w.mac, apc.RuleWrappingKeyUsage), []fault[exportIn]{
		invalid(rulesStep, "As2805KeyVariant", "a variant for other keys", apc.RuleAS2805Variant, func(in *exportIn) {
			in.KeyMaterial.As2805KeyCryptogram.As2805KeyVariant = apc.As2805KeyVariantDataEncryptionKeyVariant22
		}),
		invalid(strengthStep, "ExportKeyIdentifier", "a key stronger than the wrapping key", apc.RuleWrappingStrength,
			func(in *exportIn) { in.ExportKeyIdentifier = large }),
	})...)
}
