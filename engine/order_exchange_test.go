package engine_test

import (
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/tr34"
)

// The order of checks of each form of ImportKey and ExportKey.

type (
	importIn = engine.ImportKeyInput
	exportIn = engine.ExportKeyInput
)

// checkImport checks a form of ImportKey: its own faults and those of every form.
func (w *orderWorld) checkImport(t *testing.T, name string, material func() engine.ImportKeyMaterial, faults ...fault[importIn]) {
	faults = append(faults, newKeyFaults(w, func(in *importIn) *[]apc.Tag { return &in.Tags })...)
	order[importIn]{
		"ImportKey of " + name,
		func() *importIn { return &importIn{KeyMaterial: material()} },
		send((*engine.Caller).ImportKey, w.Caller),
		faults,
	}.check(
		t,
	)
}

func (w *orderWorld) checkExport(t *testing.T, name, key string, material func() engine.ExportKeyMaterial, faults ...fault[exportIn]) {
	set := func(in *exportIn, arn string) { in.ExportKeyIdentifier = arn }
	faults = append(faults, keyFaults(w, "ExportKeyIdentifier", set, w.stopped, w.kept, apc.RuleExportable)...)
	faults = append(
		faults,
		fault[exportIn]{
			step:   rulesStep,
			member: "ExportAttributes",
			what:   "a check value that the key has not",
			change: func(in *exportIn) {
				in.ExportAttributes = &engine.ExportAttributes{KeyCheckValueAlgorithm: new(apc.KeyCheckValueAlgorithmSHA1)}
			},
			code: apc.ErrValidation,
			rule: apc.RuleKeyCheckValueAlgorithm,
		},
	)
	order[exportIn]{"ExportKey as " + name, func() *exportIn { return &exportIn{ExportKeyIdentifier: key, KeyMaterial: material()} },
		send((*engine.Caller).ExportKey, w.Caller), faults}.check(t)
}

// invalid is a fault that is a ValidationException.
func invalid[In any](s step, member, what string, rule apc.Rule, change func(*In)) fault[In] {
	return fault[In]{step: s, member: member, what: what, change: change, code: apc.ErrValidation, rule: rule}
}

var otherCheckValue = invalid(rulesStep, "KeyCheckValueAlgorithm", "a check value that no such key has", apc.RuleKeyCheckValueAlgorithm,
	func(in *importIn) { in.KeyCheckValueAlgorithm = new(apc.KeyCheckValueAlgorithmSHA1) })

func TestOrderOfChecksWithTR31(t *testing.T) {
	w := newOrderWorld(t)
	kek := create(t, w.Caller, kekAttributes(apc.KeyAlgorithmAES128)).KeyArn
	key := create(t, w.Caller, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmAES128, cipherModes)).KeyArn
	block, err := exportBlock(w.Caller, kek, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	good := block.KeyMaterial
	strong, err := exportBlock(w.Caller, create(t, w.Caller, kekAttributes(apc.KeyAlgorithmAES256)).KeyArn, w.mac, nil)
	if err != nil {
		t.Fatal(err)
	}
	setBlock := func(text string) func(*importIn) {
		return func(in *importIn) { in.KeyMaterial.Tr31KeyBlock.WrappedKeyBlock = text }
	}
	w.checkImport(t, "TR-31", func() engine.ImportKeyMaterial {
		return engine.ImportKeyMaterial{Tr31KeyBlock: &engine.ImportTr31KeyBlock{WrappingKeyIdentifier: kek, WrappedKeyBlock: good}}
	}, slices.Concat(keyFaults(w, "WrappingKeyIdentifier",
		func(in *importIn, arn string) { in.KeyMaterial.Tr31KeyBlock.WrappingKeyIdentifier = arn }, w.stopped, w.mac, apc.RuleWrappingKeyUsage),
		[]fault[importIn]{
			otherCheckValue,
			invalid(rulesStep, "WrappedKeyBlock", "a usage that the service has not", apc.RuleKeyUsage, setBlock(good[:5]+"E3"+good[7:])),
			invalid(
				strengthStep,
				"WrappedKeyBlock",
				"a key stronger than the wrapping key",
				apc.RuleWrappingStrength,
				setBlock(strong.KeyMaterial),
			),
			invalid(
				materialStep,
				"WrappedKeyBlock",
				"a wrong MAC",
				apc.RuleMAC,
				setBlock(good[:len(good)-1]+flipped(good[len(good)-1:])),
			),
		})...)

	set := func(in *exportIn, arn string) { in.KeyMaterial.Tr31KeyBlock.WrappingKeyIdentifier = arn }
	large := create(t, w.Caller, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmAES256, cipherModes)).KeyArn
	w.checkExport(t, "TR-31", key, func() engine.ExportKeyMaterial {
		return engine.ExportKeyMaterial{Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: kek}}
	}, slices.Concat(keyFaults(w, "WrappingKeyIdentifier", set, w.stopped, w.mac, apc.RuleWrappingKeyUsage), []fault[exportIn]{
		invalid(rulesStep, "KeyBlockHeaders", "an optional block of the service", apc.RuleOptionalBlock, func(in *exportIn) {
			in.KeyMaterial.Tr31KeyBlock.KeyBlockHeaders = &engine.KeyBlockHeaders{OptionalBlocks: map[string]string{"HM": "21"}}
		}),
		invalid(
			strengthStep,
			"ExportKeyIdentifier",
			"a key stronger than the wrapping key",
			apc.RuleWrappingStrength,
			func(in *exportIn) { in.ExportKeyIdentifier = large },
		),
	})...)
}

func TestOrderOfChecksWithTR34(t *testing.T) {
	w := newOrderWorld(t)
	old, oldExport := parametersForImport(
		t,
		w.Caller,
		apc.KeyMaterialTypeTR34KeyBlock,
		apc.KeyAlgorithmRSA2048,
		false,
	), parametersForExport(
		t,
		w.Caller,
	)
	w.clock.Advance(31 * day)
	token, exportToken := parametersForImport(
		t,
		w.Caller,
		apc.KeyMaterialTypeTR34KeyBlock,
		apc.KeyAlgorithmRSA2048,
		false,
	), parametersForExport(
		t,
		w.Caller,
	)
	h := newHost(t, w.Caller)
	sealed := func(header string) string {
		return h.seal(t, token.WrappingKeyCertificate, func(s *tr34.Sealing) { s.Header = header }, unhex(t, tdesKey))
	}
	good := sealed(headerOf[apc.KeyAlgorithmTDES2Key])
	impostor := issue(t, rsaKey(t, 2048, 2), "KDH CA", nil, nil)
	setBlock := func(text string) func(*importIn) {
		return func(in *importIn) { in.KeyMaterial.Tr34KeyBlock.WrappedKeyBlock = text }
	}
	setToken := func(id string) func(*importIn) {
		return func(in *importIn) { in.KeyMaterial.Tr34KeyBlock.ImportToken = &id }
	}
	setCA := func(in *importIn, arn string) {
		in.KeyMaterial.Tr34KeyBlock.CertificateAuthorityPublicKeyIdentifier = arn
	}
	w.checkImport(t, "TR-34", func() engine.ImportKeyMaterial {
		return engine.ImportKeyMaterial{Tr34KeyBlock: h.arm(&token.ImportToken, good)}
	}, slices.Concat(keyFaults(w, "CertificateAuthority", setCA, w.stopped, w.mac, apc.RuleCertificateAuthority), []fault[importIn]{
		otherCheckValue,
		invalid(
			shapeStep,
			"ImportToken",
			"a token and a key",
			apc.RuleOneOf,
			func(in *importIn) { in.KeyMaterial.Tr34KeyBlock.WrappingKeyIdentifier = &w.mac },
		),
		{
			step:   resolveStep,
			member: "ImportToken",
			what:   "an unknown token",
			change: setToken("import-token-aaaaaaaaaaaaaaaa"),
			code:   apc.ErrResourceNotFound,
			rule:   apc.RuleToken,
		},
		invalid(rulesStep, "WrappedKeyBlock", "a usage that the service has not", apc.RuleKeyUsage, setBlock(sealed("D9999E3TX00E0000"))),
		invalid(
			strengthStep,
			"WrappedKeyBlock",
			"a key stronger than the wrapping key",
			apc.RuleWrappingStrength,
			setBlock(sealed(headerOf[apc.KeyAlgorithmAES128])),
		),
		invalid(certificateStep, "ImportToken", "an expired token", apc.RuleTokenExpired, setToken(old.ImportToken)),
		invalid(certificateStep, "SigningKeyCertificate", "a certificate of another authority", apc.RuleSignature,
			func(in *importIn) { in.KeyMaterial.Tr34KeyBlock.SigningKeyCertificate = impostor.text() }),
		invalid(
			materialStep,
			"WrappedKeyBlock",
			"a wrong signature",
			apc.RuleSignature,
			setBlock(good[:len(good)-2]+flipped(good[len(good)-2:])),
		),
	})...)

	root := issue(t, rsaKey(t, 2048, 0), "root", nil, nil)
	krd := issue(t, rsaKey(t, 2048, 1), "receiver", &root, nil)
	foreign := issue(t, rsaKey(t, 2048, 1), "receiver", &impostor, nil)
	ca := trust(t, w.Caller, root, apc.KeyAlgorithmRSA2048).KeyArn
	key := create(t, w.Caller, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES3Key, cipherModes)).KeyArn
	setExportCA := func(in *exportIn, arn string) {
		in.KeyMaterial.Tr34KeyBlock.CertificateAuthorityPublicKeyIdentifier = arn
	}
	setExportToken := func(id string) func(*exportIn) {
		return func(in *exportIn) { in.KeyMaterial.Tr34KeyBlock.ExportToken = &id }
	}
	w.checkExport(t, "TR-34", key, func() engine.ExportKeyMaterial {
		return engine.ExportKeyMaterial{
			Tr34KeyBlock: &engine.ExportTr34KeyBlock{CertificateAuthorityPublicKeyIdentifier: ca, WrappingKeyCertificate: krd.text(),
				ExportToken: &exportToken.ExportToken, KeyBlockFormat: apc.Tr34KeyBlockFormatX9TR342012},
		}
	}, slices.Concat(keyFaults(w, "CertificateAuthority", setExportCA, w.stopped, w.mac, apc.RuleCertificateAuthority), []fault[exportIn]{
		invalid(
			shapeStep,
			"ExportToken",
			"a token and a key",
			apc.RuleOneOf,
			func(in *exportIn) { in.KeyMaterial.Tr34KeyBlock.SigningKeyIdentifier = &w.mac },
		),
		{
			step:   resolveStep,
			member: "ExportToken",
			what:   "an unknown token",
			change: setExportToken("export-token-aaaaaaaaaaaaaaaa"),
			code:   apc.ErrResourceNotFound,
			rule:   apc.RuleToken,
		},
		invalid(
			strengthStep,
			"ExportKeyIdentifier",
			"a key that no RSA key wraps",
			apc.RuleWrappingStrength,
			func(in *exportIn) { in.ExportKeyIdentifier = w.mac },
		),
		invalid(certificateStep, "ExportToken", "an expired token", apc.RuleTokenExpired, setExportToken(oldExport.ExportToken)),
		invalid(certificateStep, "WrappingKeyCertificate", "a certificate of another authority", apc.RuleIssuer,
			func(in *exportIn) { in.KeyMaterial.Tr34KeyBlock.WrappingKeyCertificate = foreign.text() }),
	})...)
}

func TestOrderOfChecksWithCryptograms(t *testing.T) {
	w := newOrderWorld(t)
	old := parametersForImport(t, w.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, false)
	w.clock.Advance(31 * day)
	token := parametersForImport(t, w.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, false)
	good := cryptogram(t, token, crypto.SHA256, unhex(t, tdesKey))
	setToken := func(id string) func(*importIn) {
		return func(in *importIn) { in.KeyMaterial.KeyCryptogram.ImportToken = id }
	}
	w.checkImport(
		t,
		"an RSA cryptogram",
		func() engine.ImportKeyMaterial {
			return engine.ImportKeyMaterial{
				KeyCryptogram: &engine.ImportKeyCryptogram{
					Exportable:           new(true),
					ImportToken:          token.ImportToken,
					WrappedKeyCryptogram: good,
					KeyAttributes:        attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES2Key, cipherModes),
				},
			}
		},
		otherCheckValue,
		invalid(shapeStep, "ImportToken", "no token", apc.RuleRequired, setToken("")),
		fault[importIn]{
			step:   resolveStep,
			member: "ImportToken",
			what:   "an unknown token",
			change: setToken("import-token-aaaaaaaaaaaaaaaa"),
			code:   apc.ErrResourceNotFound,
			rule:   apc.RuleToken,
		},
		invalid(
			rulesStep,
			"KeyAttributes",
			"modes of use that the usage has not",
			apc.RuleKeyModesOfUse,
			func(in *importIn) { in.KeyMaterial.KeyCryptogram.KeyAttributes.KeyModesOfUse = macModes },
		),
		invalid(
			strengthStep,
			"KeyAttributes",
			"a key that no RSA key wraps",
			apc.RuleWrappingStrength,
			func(in *importIn) { in.KeyMaterial.KeyCryptogram.KeyAttributes.KeyAlgorithm = apc.KeyAlgorithmAES256 },
		),
		invalid(certificateStep, "ImportToken", "an expired token", apc.RuleTokenExpired, setToken(old.ImportToken)),
		invalid(
			materialStep,
			"WrappedKeyCryptogram",
			"a short cryptogram",
			apc.RuleCryptogramLength,
			func(in *importIn) { in.KeyMaterial.KeyCryptogram.WrappedKeyCryptogram = good[2:] },
		),
	)

	root := issue(t, rsaKey(t, 2048, 0), "root", nil, nil)
	leaf := issue(t, rsaKey(t, 2048, 1), "receiver", &root, nil)
	expired := issue(t, rsaKey(t, 2048, 1), "receiver", &root, func(c *x509.Certificate) { c.NotAfter = noon })
	ca := trust(t, w.Caller, root, apc.KeyAlgorithmRSA2048).KeyArn
	key := create(t, w.Caller, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES3Key, cipherModes)).KeyArn
	setCA := func(in *exportIn, arn string) {
		in.KeyMaterial.KeyCryptogram.CertificateAuthorityPublicKeyIdentifier = arn
	}
	w.checkExport(t, "an RSA cryptogram", key, func() engine.ExportKeyMaterial {
		return engine.ExportKeyMaterial{
			KeyCryptogram: &engine.ExportKeyCryptogram{CertificateAuthorityPublicKeyIdentifier: ca, WrappingKeyCertificate: leaf.text()},
		}
	}, slices.Concat(keyFaults(w, "CertificateAuthority", setCA, w.stopped, w.mac, apc.RuleCertificateAuthority), []fault[exportIn]{
		invalid(
			strengthStep,
			"ExportKeyIdentifier",
			"a key that no RSA key wraps",
			apc.RuleWrappingStrength,
			func(in *exportIn) { in.ExportKeyIdentifier = w.mac },
		),
		invalid(
			certificateStep,
			"WrappingKeyCertificate",
			"an expired certificate",
			apc.RuleExpired,
			func(in *exportIn) { in.KeyMaterial.KeyCryptogram.WrappingKeyCertificate = expired.text() },
		),
	})...)
}

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
		keyFaults(
			w,
			"PrivateKeyIdentifier",
			func(in *importIn, arn string) { arm(in).PrivateKeyIdentifier = arn },
			stoppedPair,
			w.mac,
			apc.RuleKeyUsage,
		),
		keyFaults(
			w,
			"CertificateAuthority",
			func(in *importIn, arn string) { arm(in).CertificateAuthorityPublicKeyIdentifier = arn },
			w.stopped,
			w.mac,
			apc.RuleCertificateAuthority,
		),
		[]fault[importIn]{
			otherCheckValue,
			invalid(
				rulesStep,
				"PrivateKeyIdentifier",
				"a key pair that derives no wrapping keys",
				apc.RuleDeriveKeyUsage,
				func(in *importIn) { arm(in).PrivateKeyIdentifier = silent },
			),
			invalid(rulesStep, "WrappedKeyBlock", "a usage that the service has not", apc.RuleKeyUsage, setBlock(good[:5]+"E3"+good[7:])),
			invalid(strengthStep, "WrappedKeyBlock", "a key stronger than the derived key", apc.RuleWrappingStrength, setBlock(strong)),
			invalid(
				certificateStep,
				"PublicKeyCertificate",
				"an expired certificate",
				apc.RuleExpired,
				func(in *importIn) { arm(in).PublicKeyCertificate = expired.text() },
			),
			invalid(
				materialStep,
				"WrappedKeyBlock",
				"a wrong MAC",
				apc.RuleMAC,
				setBlock(good[:len(good)-1]+flipped(good[len(good)-1:])),
			),
		},
	)...)

	out := func(in *exportIn) *engine.ExportDiffieHellmanTr31KeyBlock {
		return in.KeyMaterial.DiffieHellmanTr31KeyBlock
	}
	w.checkExport(t, "an ECDH block", key, func() engine.ExportKeyMaterial {
		return engine.ExportKeyMaterial{DiffieHellmanTr31KeyBlock: with(self, apc.KeyAlgorithmAES128)}
	}, slices.Concat(
		keyFaults(
			w,
			"PrivateKeyIdentifier",
			func(in *exportIn, arn string) { out(in).PrivateKeyIdentifier = arn },
			stoppedPair,
			w.mac,
			apc.RuleKeyUsage,
		),
		keyFaults(
			w,
			"CertificateAuthority",
			func(in *exportIn, arn string) { out(in).CertificateAuthorityPublicKeyIdentifier = arn },
			w.stopped,
			w.mac,
			apc.RuleCertificateAuthority,
		),
		[]fault[exportIn]{
			invalid(
				rulesStep,
				"PrivateKeyIdentifier",
				"a key pair that derives no wrapping keys",
				apc.RuleDeriveKeyUsage,
				func(in *exportIn) { out(in).PrivateKeyIdentifier = silent },
			),
			invalid(
				strengthStep,
				"ExportKeyIdentifier",
				"a key stronger than the derived key",
				apc.RuleWrappingStrength,
				func(in *exportIn) { in.ExportKeyIdentifier = w.mac },
			),
			invalid(
				certificateStep,
				"PublicKeyCertificate",
				"an expired certificate",
				apc.RuleExpired,
				func(in *exportIn) { out(in).PublicKeyCertificate = expired.text() },
			),
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
			invalid(
				rulesStep,
				"KeyModesOfUse",
				"modes of use that the usage has not",
				apc.RuleKeyModesOfUse,
				func(in *importIn) { arm(in).KeyModesOfUse = macModes },
			),
			invalid(
				strengthStep,
				"KeyAlgorithm",
				"a key stronger than the wrapping key",
				apc.RuleWrappingStrength,
				func(in *importIn) { arm(in).KeyAlgorithm = apc.KeyAlgorithmTDES3Key },
			),
			invalid(
				materialStep,
				"WrappedKeyCryptogram",
				"a short cryptogram",
				apc.RuleCryptogramLength,
				func(in *importIn) { arm(in).WrappedKeyCryptogram = strings.Repeat("A1", 15) },
			),
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
		invalid(
			strengthStep,
			"ExportKeyIdentifier",
			"a key stronger than the wrapping key",
			apc.RuleWrappingStrength,
			func(in *exportIn) { in.ExportKeyIdentifier = large },
		),
	})...)
}

func TestOrderOfChecksWithCertificates(t *testing.T) {
	w := newOrderWorld(t)
	root := issue(t, ecKey(t, elliptic.P256()), "root", nil, nil)
	expired := issue(t, ecKey(t, elliptic.P256()), "root", nil, func(c *x509.Certificate) { c.NotAfter = noon.Add(-day) })
	a := publicAttributes(apc.KeyAlgorithmECCNISTP256)
	w.checkImport(
		t,
		"a root",
		func() engine.ImportKeyMaterial {
			return engine.ImportKeyMaterial{
				RootCertificatePublicKey: &engine.RootCertificatePublicKey{KeyAttributes: a, PublicKeyCertificate: root.text()},
			}
		},
		invalid(rulesStep, "KeyAttributes", "a usage that no public key has", apc.RuleKeyUsage, func(in *importIn) {
			in.KeyMaterial.RootCertificatePublicKey.KeyAttributes.KeyUsage = apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement
		}),
		invalid(
			certificateStep,
			"PublicKeyCertificate",
			"an expired certificate",
			apc.RuleExpired,
			func(in *importIn) { in.KeyMaterial.RootCertificatePublicKey.PublicKeyCertificate = expired.text() },
		),
	)

	ca := trust(t, w.Caller, root, apc.KeyAlgorithmECCNISTP256).KeyArn
	leaf := issue(t, ecKey(t, elliptic.P256()), "leaf", &root, asCA)
	late := issue(t, ecKey(t, elliptic.P256()), "leaf", &root, func(c *x509.Certificate) { asCA(c); c.NotAfter = noon.Add(-day) })
	arm := func(in *importIn) *engine.TrustedCertificatePublicKey {
		return in.KeyMaterial.TrustedCertificatePublicKey
	}
	w.checkImport(t, "a trusted certificate", func() engine.ImportKeyMaterial {
		return engine.ImportKeyMaterial{
			TrustedCertificatePublicKey: &engine.TrustedCertificatePublicKey{
				KeyAttributes:                           a,
				PublicKeyCertificate:                    leaf.text(),
				CertificateAuthorityPublicKeyIdentifier: ca,
			},
		}
	}, slices.Concat(keyFaults(w, "CertificateAuthority",
		func(in *importIn, arn string) { arm(in).CertificateAuthorityPublicKeyIdentifier = arn }, w.stopped, w.mac, apc.RuleCertificateAuthority),
		[]fault[importIn]{
			invalid(
				rulesStep,
				"KeyAttributes",
				"a usage that no public key has",
				apc.RuleKeyUsage,
				func(in *importIn) { arm(in).KeyAttributes.KeyUsage = apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement },
			),
			invalid(
				certificateStep,
				"PublicKeyCertificate",
				"an expired certificate",
				apc.RuleExpired,
				func(in *importIn) { arm(in).PublicKeyCertificate = late.text() },
			),
		})...)
}
