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

func TestOrderOfChecksWithKeyAgreement(t *testing.T) {
	w := newOrderWorld(t)
	alg := apc.KeyAlgorithmECCNISTP256
	pair := agreeingPair(t, w.Caller, alg, new(apc.KeyUsageTR31K1KeyBlockProtectionKey)).KeyArn
	stoppedPair := agreeingPair(t, w.Caller, alg, new(apc.KeyUsageTR31K1KeyBlockProtectionKey)).KeyArn
	w.stop(stoppedPair)
	silent := agreeingPair(t, w.Caller, alg, nil).KeyArn
	mine := ecKey(t, elliptic.P256())
	self := issue(t, mine, "party U", nil, nil)
	expired := issue(t, mine, "party U", nil, func(c *x509.Certificate) { c.NotAfter = noon.Add(-day) })
	ca := trust(t, w.Caller, self, alg).KeyArn
	key := create(t, w.Caller, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmAES128, cipherModes)).KeyArn
	with := func(c certified, derived apc.KeyAlgorithm) *engine.ExportDiffieHellmanTr31KeyBlock {
		return &engine.ExportDiffieHellmanTr31KeyBlock{
			PrivateKeyIdentifier:                    pair,
			CertificateAuthorityPublicKeyIdentifier: ca,
			PublicKeyCertificate:                    c.text(),
			DeriveKeyAlgorithm:                      derived,
			KeyDerivationFunction:                   apc.KeyDerivationFunctionNISTSP800,
			KeyDerivationHashAlgorithm:              apc.KeyDerivationHashAlgorithmSHA256,
			DerivationData:                          engine.DiffieHellmanDerivationData{SharedInformation: new("AB")},
		}
	}
	export := func(key string, derived apc.KeyAlgorithm) string {
		out, err := w.ExportKey(
			ctx,
			&exportIn{ExportKeyIdentifier: key, KeyMaterial: engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: with(self, derived)}},
		)
		if err != nil {
			t.Fatal(err)
		}
		return out.WrappedKey.KeyMaterial
	}
	good, strong := export(key, apc.KeyAlgorithmAES128), export(w.mac, apc.KeyAlgorithmAES256)
	arm := func(in *importIn) *engine.ImportDiffieHellmanTr31KeyBlock {
		return in.KeyMaterial.DiffieHellmanTr31KeyBlock
	}
	setBlock := func(text string) func(*importIn) { return func(in *importIn) { arm(in).WrappedKeyBlock = text } }
	w.checkImport(t, "an ECDH block", func() engine.ImportKeyMaterial {
		m := with(self, apc.KeyAlgorithmAES128)
		return engine.ImportKeyMaterial{
			DiffieHellmanTr31KeyBlock: &engine.ImportDiffieHellmanTr31KeyBlock{PrivateKeyIdentifier: m.PrivateKeyIdentifier,
				CertificateAuthorityPublicKeyIdentifier: ca, PublicKeyCertificate: m.PublicKeyCertificate, DeriveKeyAlgorithm: m.DeriveKeyAlgorithm,
				KeyDerivationFunction: m.KeyDerivationFunction, KeyDerivationHashAlgorithm: m.KeyDerivationHashAlgorithm,
				DerivationData: m.DerivationData, WrappedKeyBlock: good},
		}
	}, slices.Concat(
		keyFaults(w, "PrivateKeyIdentifier", func(in *importIn, arn string) { arm(in).PrivateKeyIdentifier = arn },
			stoppedPair, w.mac, apc.RuleKeyUsage),
		keyFaults(w, "CertificateAuthority",
			func(in *importIn, arn string) { arm(in).CertificateAuthorityPublicKeyIdentifier = arn }, w.stopped, w.mac,
			apc.RuleCertificateAuthority),
		[]fault[importIn]{
			otherCheckValue,
			invalid(rulesStep, "PrivateKeyIdentifier", "a key pair that derives no wrapping keys",
				apc.RuleDeriveKeyUsage, func(in *importIn) { arm(in).PrivateKeyIdentifier = silent }),
			invalid(rulesStep, "WrappedKeyBlock", "a usage that the service has not", apc.RuleKeyUsage, setBlock(good[:5]+"E3"+good[7:])),
			invalid(strengthStep, "WrappedKeyBlock", "a key stronger than the derived key", apc.RuleWrappingStrength, setBlock(strong)),
			invalid(certificateStep, "PublicKeyCertificate", "an expired certificate", apc.RuleExpired,
				func(in *importIn) { arm(in).PublicKeyCertificate = expired.text() }),
			invalid(materialStep, "WrappedKeyBlock", "a wrong MAC", apc.RuleMAC,
				setBlock(good[:len(good)-1]+flipped(good[len(good)-1:]))),
		},
	)...)

	out := func(in *exportIn) *engine.ExportDiffieHellmanTr31KeyBlock {
		return in.KeyMaterial.DiffieHellmanTr31KeyBlock
	}
	w.checkExport(t, "an ECDH block", key, func() engine.ExportKeyMaterial {
		return engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: with(self, apc.KeyAlgorithmAES128)}
	}, slices.Concat(
		keyFaults(w, "PrivateKeyIdentifier", func(in *exportIn, arn string) { out(in).PrivateKeyIdentifier = arn },
			stoppedPair, w.mac, apc.RuleKeyUsage),
		keyFaults(w, "CertificateAuthority",
			func(in *exportIn, arn string) { out(in).CertificateAuthorityPublicKeyIdentifier = arn }, w.stopped, w.mac,
			apc.RuleCertificateAuthority),
		[]fault[exportIn]{
			invalid(rulesStep, "PrivateKeyIdentifier", "a key pair that derives no wrapping keys",
				apc.RuleDeriveKeyUsage, func(in *exportIn) { out(in).PrivateKeyIdentifier = silent }),
			invalid(strengthStep, "ExportKeyIdentifier", "a key stronger than the derived key",
				apc.RuleWrappingStrength, func(in *exportIn) { in.ExportKeyIdentifier = w.mac }),
			invalid(certificateStep, "PublicKeyCertificate", "an expired certificate", apc.RuleExpired,
				func(in *exportIn) { out(in).PublicKeyCertificate = expired.text() }),
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
