package engine_test

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
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
	"github.com/seed748fb4d1/apcsim/internal/testrig"
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

// canaries are the keys whose bytes must not come out.
var canaries = []string{"C0FFEE11C0FFEE22C0FFEE33C0FFEE44", "DEADBEA7DEADBEA8DEADBEA9DEADBEAA"}

func canary(i int) []byte { b := testrig.Hex(canaries[i]); return b }

// canaryWorld is an engine of which everything that comes out is kept.
type canaryWorld struct {
	*engine.Engine
	store *spyStore
	said  strings.Builder
	log   *slog.Logger
}

func newCanaryWorld(t *testing.T) *canaryWorld {
	t.Helper()
	w := &canaryWorld{store: &spyStore{Store: simtest.Store(t)}}
	w.log = slog.New(slog.NewJSONHandler(&w.said, nil))
	w.Engine = simtest.On(t, simtest.Backend(t, nil), w.store,
		&engine.Options{Now: func() time.Time { return noon }, Observe: func(ev apc.Event) { w.say(ev) }})
	return w
}

// say writes a value in every way that a caller may.
func (w *canaryWorld) say(v any) {
	fmt.Fprintf(&w.said, "%v %+v %#v %s %q %x\n", v, v, v, v, v, v)
	w.log.Info("said", "value", v)
	if raw, err := json.Marshal(v); err == nil {
		w.said.Write(raw)
	}
}

// loadKey loads the first canary of two components, of one, and, which is refused, of two of different lengths.
func (w *canaryWorld) loadKey(t *testing.T) string {
	t.Helper()
	in := &engine.LoadKeyInput{
		KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true),
		Components: []hsm.Secret{hsm.NewSecret(canary(0)), hsm.NewSecret(make([]byte, 16))},
	}
	w.say(in)
	w.say(*in)
	kek, err := w.LoadKey(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	w.say(kek)
	in.Components = in.Components[:1]
	_, err = w.LoadKey(ctx, in)
	w.say(err)
	in.Components = []hsm.Secret{hsm.NewSecret(canary(0)), hsm.NewSecret(canary(1)[:5])}
	_, err = w.LoadKey(ctx, in)
	w.say(err)
	return kek.Key.KeyArn
}

// importBlocks exports the second canary, and imports the block with each character spoiled.
func (w *canaryWorld) importBlocks(t *testing.T, kek string) {
	t.Helper()
	bdk := load(t, w.Caller, attributes(apc.KeyUsageTR31B0BaseDerivationKey, apc.KeyAlgorithmAES128, deriveModes), canaries[1])
	out, err := exportBlock(w.Caller, kek, bdk.KeyArn, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.say(out)
	for i := range out.KeyMaterial { // every spoiled block and its refusal
		spoiled := out.KeyMaterial[:i] + "7" + out.KeyMaterial[i+1:]
		if k, err := importBlock(w.Caller, kek, spoiled); err != nil {
			w.say(err)
		} else {
			w.say(k)
		}
	}
}

// importCryptograms imports the second canary by one that is accepted and one that is refused.
func (w *canaryWorld) importCryptograms(t *testing.T) {
	t.Helper()
	p := parametersForImport(t, w.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA3072, false)
	w.say(p)
	for _, spec := range []apc.WrappingKeySpec{apc.WrappingKeySpecRSAOAEPSHA256, apc.WrappingKeySpecRSAOAEPSHA512} {
		k, err := importMaterial(
			w.Caller,
			engine.ImportKeyMaterial{
				KeyCryptogram: &engine.ImportKeyCryptogram{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true),
					ImportToken: p.ImportToken, WrappingSpec: &spec, WrappedKeyCryptogram: cryptogram(t, p, crypto.SHA256, canary(1))},
			},
		)
		w.say(k)
		w.say(err)
	}
}

// importTokens imports the second canary by key tokens that are accepted and refused.
func (w *canaryWorld) importTokens(t *testing.T) {
	t.Helper()
	h := newHost(t, w.Caller)
	tokens := parametersForImport(t, w.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	for _, header := range []string{headerOf[apc.KeyAlgorithmTDES2Key], headerOf[apc.KeyAlgorithmAES128], "D9999K0TB00E000?"} {
		k, err := importToken(
			w.Caller,
			h.arm(&tokens.ImportToken, h.seal(t, tokens.WrappingKeyCertificate, func(s *tr34.Sealing) { s.Header = header }, canary(1))),
		)
		w.say(k)
		w.say(err)
	}
}

// TestNoKeyByteIsOutsideTheHSM works with keys of known bytes, well and badly,
// and looks for them in everything that comes out.
func TestNoKeyByteIsOutsideTheHSM(t *testing.T) {
	w := newCanaryWorld(t)
	w.importBlocks(t, w.loadKey(t))
	w.importCryptograms(t)
	w.importTokens(t)
	w.say(w.Engine)

	everything := w.said.String() + w.store.seen.String()
	if len(everything) < 10000 {
		t.Fatalf("only %d characters came out", len(everything))
	}
	for i, c := range canaries {
		key := canary(i)
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
