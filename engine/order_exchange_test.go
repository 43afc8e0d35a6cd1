package engine_test

import (
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"slices"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
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
	}.check(t)
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
			invalid(strengthStep, "WrappedKeyBlock", "a key stronger than the wrapping key", apc.RuleWrappingStrength,
				setBlock(strong.KeyMaterial)),
			invalid(materialStep, "WrappedKeyBlock", "a wrong MAC", apc.RuleMAC,
				setBlock(good[:len(good)-1]+flipped(good[len(good)-1:]))),
		})...)

	set := func(in *exportIn, arn string) { in.KeyMaterial.Tr31KeyBlock.WrappingKeyIdentifier = arn }
	large := create(t, w.Caller, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmAES256, cipherModes)).KeyArn
	w.checkExport(t, "TR-31", key, func() engine.ExportKeyMaterial {
		return engine.ExportKeyMaterial{Tr31KeyBlock: &engine.ExportTr31KeyBlock{WrappingKeyIdentifier: kek}}
	}, slices.Concat(keyFaults(w, "WrappingKeyIdentifier", set, w.stopped, w.mac, apc.RuleWrappingKeyUsage), []fault[exportIn]{
		invalid(rulesStep, "KeyBlockHeaders", "an optional block of the service", apc.RuleOptionalBlock, func(in *exportIn) {
			in.KeyMaterial.Tr31KeyBlock.KeyBlockHeaders = &engine.KeyBlockHeaders{OptionalBlocks: map[string]string{"HM": "21"}}
		}),
		invalid(strengthStep, "ExportKeyIdentifier", "a key stronger than the wrapping key", apc.RuleWrappingStrength,
			func(in *exportIn) { in.ExportKeyIdentifier = large }),
	})...)
}

func TestOrderOfChecksWithImportsOfTR34(t *testing.T) {
	w := newOrderWorld(t)
	old := parametersForImport(t, w.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	w.clock.Advance(31 * day)
	token := parametersForImport(t, w.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	h := newHost(t, w.Caller)
	sealed := func(header string) string {
		return h.seal(t, token.WrappingKeyCertificate, func(s *tr34.Sealing) { s.Header = header }, testrig.Hex(tdesKey))
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
		invalid(shapeStep, "ImportToken", "a token and a key", apc.RuleOneOf,
			func(in *importIn) { in.KeyMaterial.Tr34KeyBlock.WrappingKeyIdentifier = &w.mac }),
		{
			step:   resolveStep,
			member: "ImportToken",
			what:   "an unknown token",
			change: setToken("import-token-aaaaaaaaaaaaaaaa"),
			code:   apc.ErrResourceNotFound,
			rule:   apc.RuleToken,
		},
		invalid(rulesStep, "WrappedKeyBlock", "a usage that the service has not", apc.RuleKeyUsage, setBlock(sealed("D9999E3TX00E0000"))),
		invalid(strengthStep, "WrappedKeyBlock", "a key stronger than the wrapping key", apc.RuleWrappingStrength,
			setBlock(sealed(headerOf[apc.KeyAlgorithmAES128]))),
		invalid(certificateStep, "ImportToken", "an expired token", apc.RuleTokenExpired, setToken(old.ImportToken)),
		invalid(certificateStep, "SigningKeyCertificate", "a certificate of another authority", apc.RuleSignature,
			func(in *importIn) { in.KeyMaterial.Tr34KeyBlock.SigningKeyCertificate = impostor.text() }),
		invalid(materialStep, "WrappedKeyBlock", "a wrong signature", apc.RuleSignature,
			setBlock(good[:len(good)-2]+flipped(good[len(good)-2:]))),
	})...)
}

func TestOrderOfChecksWithExportsOfTR34(t *testing.T) {
	w := newOrderWorld(t)
	old := parametersForExport(t, w.Caller)
	w.clock.Advance(31 * day)
	token := parametersForExport(t, w.Caller)
	impostor := issue(t, rsaKey(t, 2048, 2), "KDH CA", nil, nil)
	root := issue(t, rsaKey(t, 2048, 0), "root", nil, nil)
	krd := issue(t, rsaKey(t, 2048, 1), "receiver", &root, nil)
	foreign := issue(t, rsaKey(t, 2048, 1), "receiver", &impostor, nil)
	ca := trust(t, w.Caller, root, apc.KeyAlgorithmRSA2048).KeyArn
	key := create(t, w.Caller, attributes(apc.KeyUsageTR31P0PINEncryptionKey, apc.KeyAlgorithmTDES3Key, cipherModes)).KeyArn
	setCA := func(in *exportIn, arn string) {
		in.KeyMaterial.Tr34KeyBlock.CertificateAuthorityPublicKeyIdentifier = arn
	}
	setToken := func(id string) func(*exportIn) {
		return func(in *exportIn) { in.KeyMaterial.Tr34KeyBlock.ExportToken = &id }
	}
	w.checkExport(t, "TR-34", key, func() engine.ExportKeyMaterial {
		return engine.ExportKeyMaterial{
			Tr34KeyBlock: &engine.ExportTr34KeyBlock{CertificateAuthorityPublicKeyIdentifier: ca, WrappingKeyCertificate: krd.text(),
				ExportToken: &token.ExportToken, KeyBlockFormat: apc.Tr34KeyBlockFormatX9TR342012},
		}
	}, slices.Concat(keyFaults(w, "CertificateAuthority", setCA, w.stopped, w.mac, apc.RuleCertificateAuthority), []fault[exportIn]{
		invalid(shapeStep, "ExportToken", "a token and a key", apc.RuleOneOf,
			func(in *exportIn) { in.KeyMaterial.Tr34KeyBlock.SigningKeyIdentifier = &w.mac }),
		{
			step:   resolveStep,
			member: "ExportToken",
			what:   "an unknown token",
			change: setToken("export-token-aaaaaaaaaaaaaaaa"),
			code:   apc.ErrResourceNotFound,
			rule:   apc.RuleToken,
		},
		invalid(strengthStep, "ExportKeyIdentifier", "a key that no RSA key wraps", apc.RuleWrappingStrength,
			func(in *exportIn) { in.ExportKeyIdentifier = w.mac }),
		invalid(certificateStep, "ExportToken", "an expired token", apc.RuleTokenExpired, setToken(old.ExportToken)),
		invalid(certificateStep, "WrappingKeyCertificate", "a certificate of another authority", apc.RuleIssuer,
			func(in *exportIn) { in.KeyMaterial.Tr34KeyBlock.WrappingKeyCertificate = foreign.text() }),
	})...)
}

func TestOrderOfChecksWithImportsOfCryptograms(t *testing.T) {
	w := newOrderWorld(t)
	old := parametersForImport(t, w.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, false)
	w.clock.Advance(31 * day)
	token := parametersForImport(t, w.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, false)
	good := cryptogram(t, token, crypto.SHA256, testrig.Hex(tdesKey))
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
		invalid(rulesStep, "KeyAttributes", "modes of use that the usage has not", apc.RuleKeyModesOfUse,
			func(in *importIn) { in.KeyMaterial.KeyCryptogram.KeyAttributes.KeyModesOfUse = macModes }),
		invalid(strengthStep, "KeyAttributes", "a key that no RSA key wraps", apc.RuleWrappingStrength,
			func(in *importIn) { in.KeyMaterial.KeyCryptogram.KeyAttributes.KeyAlgorithm = apc.KeyAlgorithmAES256 }),
		invalid(certificateStep, "ImportToken", "an expired token", apc.RuleTokenExpired, setToken(old.ImportToken)),
		invalid(materialStep, "WrappedKeyCryptogram", "a short cryptogram", apc.RuleCryptogramLength,
			func(in *importIn) { in.KeyMaterial.KeyCryptogram.WrappedKeyCryptogram = good[2:] }),
	)
}

func TestOrderOfChecksWithExportsOfCryptograms(t *testing.T) {
	w := newOrderWorld(t)
	w.clock.Advance(31 * day)
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
		invalid(strengthStep, "ExportKeyIdentifier", "a key that no RSA key wraps", apc.RuleWrappingStrength,
			func(in *exportIn) { in.ExportKeyIdentifier = w.mac }),
		invalid(certificateStep, "WrappingKeyCertificate", "an expired certificate", apc.RuleExpired,
			func(in *exportIn) { in.KeyMaterial.KeyCryptogram.WrappingKeyCertificate = expired.text() }),
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
		invalid(certificateStep, "PublicKeyCertificate", "an expired certificate", apc.RuleExpired,
			func(in *importIn) { in.KeyMaterial.RootCertificatePublicKey.PublicKeyCertificate = expired.text() }),
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
			invalid(rulesStep, "KeyAttributes", "a usage that no public key has", apc.RuleKeyUsage,
				func(in *importIn) { arm(in).KeyAttributes.KeyUsage = apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement }),
			invalid(certificateStep, "PublicKeyCertificate", "an expired certificate", apc.RuleExpired,
				func(in *importIn) { arm(in).PublicKeyCertificate = late.text() }),
		})...)
}
