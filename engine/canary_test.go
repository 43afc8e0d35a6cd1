package engine_test

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/tr34"
)

// spyStore sees every byte that is stored.
type spyStore struct {
	keystore.Store
	mu   sync.Mutex // guards seen
	seen bytes.Buffer
}

func (s *spyStore) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	s.mu.Lock()
	for _, c := range changes {
		if c.Put != nil {
			fmt.Fprintf(&s.seen, "%s %s ", c.Put.Record.ID, c.Put.Record.Index)
			s.seen.Write(c.Put.Record.Data)
		}
	}
	s.mu.Unlock()
	return s.Store.Commit(ctx, id, changes...)
}

// TestNoKeyByteIsOutsideTheHSM works with keys of known bytes, well and badly,
// and looks for them in everything that comes out.
func TestNoKeyByteIsOutsideTheHSM(t *testing.T) {
	canaries := []string{"C0FFEE11C0FFEE22C0FFEE33C0FFEE44", "DEADBEA7DEADBEA8DEADBEA9DEADBEAA"}
	var said strings.Builder
	logger := slog.New(slog.NewJSONHandler(&said, nil))
	say := func(v any) {
		fmt.Fprintf(&said, "%v %+v %#v %s %q %x\n", v, v, v, v, v, v)
		logger.Info("said", "value", v)
		if raw, err := json.Marshal(v); err == nil {
			said.Write(raw)
		}
	}
	spy := &spyStore{Store: simtest.Store(t)}
	eng := simtest.On(
		t,
		simtest.Backend(t, nil),
		spy,
		&engine.Options{Now: func() time.Time { return noon }, Observe: func(ev apc.Event) { say(ev) }},
	)

	raw := func(i int) []byte { b, _ := hex.DecodeString(canaries[i]); return b }
	in := &engine.LoadKeyInput{
		KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true),
		Components: []hsm.Secret{hsm.NewSecret(raw(0)), hsm.NewSecret(make([]byte, 16))},
	}
	say(in)
	say(*in)
	kek, err := eng.LoadKey(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	say(kek)
	bdk := load(t, eng.Caller, attributes(apc.KeyUsageTR31B0BaseDerivationKey, apc.KeyAlgorithmAES128, deriveModes), canaries[1])
	w, err := exportBlock(eng.Caller, kek.Key.KeyArn, bdk.KeyArn, nil)
	if err != nil {
		t.Fatal(err)
	}
	say(w)
	for i := range w.KeyMaterial { // every spoiled block and its refusal
		spoiled := w.KeyMaterial[:i] + "7" + w.KeyMaterial[i+1:]
		if k, err := importBlock(eng.Caller, kek.Key.KeyArn, spoiled); err != nil {
			say(err)
		} else {
			say(k)
		}
	}
	// The same bytes by cryptogram and key token, taken and refused.
	p := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA3072, false)
	say(p)
	for _, spec := range []apc.WrappingKeySpec{apc.WrappingKeySpecRSAOAEPSHA256, apc.WrappingKeySpecRSAOAEPSHA512} {
		k, err := importMaterial(
			eng.Caller,
			engine.ImportKeyMaterial{
				KeyCryptogram: &engine.ImportKeyCryptogram{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true),
					ImportToken: p.ImportToken, WrappingSpec: &spec, WrappedKeyCryptogram: cryptogram(t, p, crypto.SHA256, raw(1))},
			},
		)
		say(k)
		say(err)
	}
	h, tokens := newHost(t, eng.Caller), parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock,
		apc.KeyAlgorithmRSA2048, false)
	for _, header := range []string{headerOf[apc.KeyAlgorithmTDES2Key], headerOf[apc.KeyAlgorithmAES128], "D9999K0TB00E000?"} {
		k, err := importToken(
			eng.Caller,
			h.arm(&tokens.ImportToken, h.seal(t, tokens.WrappingKeyCertificate, func(s *tr34.Sealing) { s.Header = header }, raw(1))),
		)
		say(k)
		say(err)
	}
	in.Components = in.Components[:1]
	_, err = eng.LoadKey(ctx, in)
	say(err)
	in.Components = []hsm.Secret{hsm.NewSecret(raw(0)), hsm.NewSecret(raw(1)[:5])}
	_, err = eng.LoadKey(ctx, in)
	say(err)
	say(eng)

	everything := said.String() + spy.seen.String()
	if len(everything) < 10000 {
		t.Fatalf("only %d characters came out", len(everything))
	}
	for i, c := range canaries {
		key := raw(i)
		for form, text := range map[string]string{
			"bytes": string(key), "half of the bytes": string(key[:8]), "hex": c[:16], "lower-case hex": strings.ToLower(c[:16]),
			"base64": base64.StdEncoding.EncodeToString(key)[:10], "decimals": strings.Trim(fmt.Sprint(key[:8]), "[]"),
			"Go syntax": strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", key[:6]), "[]byte{"), "}"),
		} {
			if strings.Contains(everything, text) {
				t.Errorf("key %d is there as %s", i, form)
			}
		}
	}
}
