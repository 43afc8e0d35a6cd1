package enginetest_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

var partnerKey = bytes.Repeat([]byte{0x5D, 0x3B}, 8)

func importKey(s *enginetest.Sim, m engine.ImportKeyMaterial) (engine.Key, error) {
	out, err := s.ImportKey(ctx, &engine.ImportKeyInput{KeyMaterial: m})
	if err != nil {
		return engine.Key{}, err
	}
	return out.Key, nil
}

func importBlock(s *enginetest.Sim, kek, block string) (engine.Key, error) {
	return importKey(
		s,
		engine.ImportKeyMaterial{Tr31KeyBlock: &engine.ImportTr31KeyBlock{WrappingKeyIdentifier: kek, WrappedKeyBlock: block}},
	)
}

func exportKey(t *testing.T, s *enginetest.Sim, key string, m engine.ExportKeyMaterial) *engine.WrappedKey {
	t.Helper()
	out, err := s.ExportKey(ctx, &engine.ExportKeyInput{ExportKeyIdentifier: key, KeyMaterial: m})
	if err != nil {
		t.Fatal(err)
	}
	return out.WrappedKey
}

func importParameters(t *testing.T, s *enginetest.Sim, m apc.KeyMaterialType) *engine.GetParametersForImportOutput {
	t.Helper()
	out, err := s.GetParametersForImport(
		ctx,
		&engine.GetParametersForImportInput{KeyMaterialType: m, WrappingKeyAlgorithm: apc.KeyAlgorithmRSA2048},
	)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var keepAll = &enginetest.Options{Keep: enginetest.KeepAll}

func TestTwoPartnersAreStrangers(t *testing.T) {
	s := enginetest.New(t, keepAll)
	one, other := s.Partner(t, "One"), s.Partner(t, "Other")
	one.Root()
	to := importParameters(t, s, apc.KeyMaterialTypeTR34KeyBlock)
	in := other.SealTR34(to, "D9999K0TB00E0000", partnerKey, nil)
	in.CertificateAuthorityPublicKeyIdentifier = one.Root()
	if _, err := importKey(s, engine.ImportKeyMaterial{Tr34KeyBlock: in}); !errors.Is(err, apc.ErrValidation) {
		t.Errorf("a token of another authority's host: %v", err)
	}
	if _, err := importBlock(s, one.Share(enginetest.K1AES256),
		func() string { other.Share(enginetest.K1AES256); return other.Wrap("D0000P0AE00E0000", partnerKey) }()); !errors.Is(
		err,
		apc.ErrValidation,
	) {
		t.Errorf("a block under another's key: %v", err)
	}
}
