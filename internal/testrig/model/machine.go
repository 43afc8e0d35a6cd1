package model

import (
	"context"
	"crypto/rsa"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

var ctx = context.Background()

// Check runs every operation at random, in several accounts and Regions and with a
// moving clock, on an engine that open makes with the options, and compares it with
// the model after each. The RSA keys, of 2048 bits, are the other party's: the engine
// must not make the same.
func Check(t *testing.T, keys [3]*rsa.PrivateKey, open func(t *rapid.T, o *engine.Options) *engine.Engine) {
	other := newPartner(t, keys)
	rapid.Check(t, func(t *rapid.T) {
		clock := engine.NewClock(time.Time{})
		m := &machine{model: newModel(clock.Now), clock: clock, partner: other, seats: map[place]*seat{}}
		m.engine = open(t, &engine.Options{Now: clock.Now, Limits: m.limits})
		for p, w := range m.places {
			m.seats[p] = &seat{w, m.engine.As(apc.Identity{Account: p.account, Region: p.region})}
		}
		t.Repeat(map[string]func(*rapid.T){
			"CreateKey": m.createKey, "LoadKey": m.loadKey, "DeleteKey": m.deleteKey, "RestoreKey": m.restoreKey,
			"StartKeyUsage": m.startKeyUsage, "StopKeyUsage": m.stopKeyUsage, "GetKey": m.getKey,
			"CreateAlias": m.createAlias, "UpdateAlias": m.updateAlias, "DeleteAlias": m.deleteAlias, "GetAlias": m.getAlias,
			"TagResource": m.tagResource, "UntagResource": m.untagResource,
			"ImportRoot": m.importRoot, "CreateAgreeing": m.createAgreeing, "GetParameters": m.getParameters,
			"ImportKeyToken": m.importKeyToken, "ImportCryptogram": m.importCryptogram,
			"ExportWithCertificate": m.exportWithCertificate, "ExportAgreed": m.exportAgreed,
			"AS2805": m.exportAndImportAS2805, "PublicKeyCertificate": m.publicKeyCertificate,
			"ExportAndImport": m.exportAndImport, "AdvanceClock": m.advanceClock, "Settle": m.settle,
			"": m.agreesWithEngine,
		})
	})
}

// machine is the model and an engine beside it.
type machine struct {
	*model
	engine  *engine.Engine
	clock   *engine.Clock
	partner *partner
	seats   map[place]*seat
}

// seat is a world and its caller.
type seat struct {
	*world
	*engine.Caller
}

func (m *machine) world(t *rapid.T) *seat {
	return m.seats[rapid.SampledFrom(m.order).Draw(t, "place")]
}

func (m *machine) anyKey(t *rapid.T, w *seat) string {
	return rapid.SampledFrom(m.identifiers(w.world)).Draw(t, "key")
}

func same(t *rapid.T, what string, got, want error) {
	t.Helper()
	if want == nil && got != nil || want != nil && !errors.Is(got, want) {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func must(t *rapid.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (m *machine) advanceClock(t *rapid.T) {
	m.clock.Advance(time.Duration(rapid.Int64Range(0, int64(200*day)).Draw(t, "advance")))
	m.advanced()
}

func (m *machine) settle(t *rapid.T) {
	if err := m.engine.Settle(ctx); err != nil {
		t.Fatal(err)
	}
}
