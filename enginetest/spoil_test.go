package enginetest_test

import (
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

func TestSpoiledMaterialIsRefusedByItsRule(t *testing.T) {
	s := enginetest.New(t, keepAll)
	p := s.Partner(t, "Acquirer")
	kek := p.Share(enginetest.K1AES256)
	block := p.Wrap("D0000P0AE00E0000", partnerKey)
	token := p.SealTR34(importParameters(t, s, apc.KeyMaterialTypeTR34KeyBlock), "D9999K0TB00E0000", partnerKey, nil)
	for _, material := range []string{block, token.WrappedKeyBlock} {
		if len(enginetest.Defects(material)) < 3 {
			t.Fatalf("defects of %.10s...: %v", material, enginetest.Defects(material))
		}
		for _, d := range enginetest.Defects(material) {
			in := engine.ImportKeyMaterial{
				Tr31KeyBlock: &engine.ImportTr31KeyBlock{WrappingKeyIdentifier: kek, WrappedKeyBlock: enginetest.Spoil(block, d)},
			}
			if material != block {
				spoiled := *token
				spoiled.WrappedKeyBlock = enginetest.Spoil(material, d)
				in = engine.ImportKeyMaterial{Tr34KeyBlock: &spoiled}
			}
			_, err := importKey(s, in)
			refusal, _ := errors.AsType[*apc.Error](err)
			if refusal == nil || refusal.Code != apc.ErrValidation || refusal.Reasons[0].Rule != d.Rule(material) {
				t.Errorf("%v: got %v, want rule %s", d, err, d.Rule(material))
			}
		}
	}
	late := *token
	late.RandomNonce = new("FFFFFFFFFFFFFFFF")
	if _, err := importKey(s, engine.ImportKeyMaterial{Tr34KeyBlock: &late}); !errors.Is(err, apc.ErrValidation) {
		t.Errorf("another nonce: %v", err)
	}
	export := engine.ExportKeyMaterial{
		KeyCryptogram: &engine.ExportKeyCryptogram{
			CertificateAuthorityPublicKeyIdentifier: p.Root(),
			WrappingKeyCertificate:                  p.ExpiredCertificate(),
		},
	}
	if _, err := s.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: s.Key(t, enginetest.P0TDES2).KeyArn,
		KeyMaterial: export}); !errors.Is(err, apc.ErrValidation) {
		t.Errorf("an expired certificate: %v", err)
	}
}
