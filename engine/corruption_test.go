package engine_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// TestMaterialCorruptedAtAnyByteIsRefused: by the engine's own error, with a
// reason, and nothing is stored.
func TestMaterialCorruptedAtAnyByteIsRefused(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	h := newHost(t, eng.Caller)
	tokens := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	keyToken := h.seal(t, tokens.WrappingKeyCertificate, nil, unhex(t, tdesKey))
	before := countKeys(t, eng.Caller)
	for what, c := range map[string]struct {
		digits string
		do     func(digits string) error
	}{
		"key token": {keyToken, func(s string) error { _, err := importToken(eng.Caller, h.arm(&tokens.ImportToken, s)); return err }},
		"signer's certificate": {hex.EncodeToString(h.kdh.certificate.Raw), func(s string) error {
			arm := h.arm(&tokens.ImportToken, keyToken)
			arm.SigningKeyCertificate = certificateText(unhex(t, s))
			_, err := importToken(eng.Caller, arm)
			return err
		}},
	} {
		for i := 0; i < len(c.digits); i += 2 {
			spoiled := unhex(t, c.digits)
			spoiled[i/2] ^= 0xA5 // not 2: version 3 of the SignedData is as good as 1, and not signed
			err := c.do(strings.ToUpper(hex.EncodeToString(spoiled)))
			refusal, ok := errors.AsType[*apc.Error](err)
			if !ok || refusal.Code != apc.ErrValidation || len(refusal.Reasons) == 0 || refusal.Reasons[0].Rule == "" {
				t.Errorf("%s, byte %d changed: %v", what, i/2, err)
			}
		}
	}
	if n := countKeys(t, eng.Caller); n != before {
		t.Errorf("%d keys were stored", n-before)
	}
}
