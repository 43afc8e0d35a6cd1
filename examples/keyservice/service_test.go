package keyservice

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"
	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/enginetest/awstest"
	"github.com/seed748fb4d1/apcsim/enginetest/draw"
)

func service(s *enginetest.Sim) *Service {
	return &Service{PC: awstest.Client(s), Now: s.Clock.Now, Who: "alice", Grace: 7, Bugs: planted()}
}

func specOf(a apc.KeyAttributes, exportable bool) Spec {
	return Spec{types.KeyUsage(a.KeyUsage), types.KeyAlgorithm(a.KeyAlgorithm), *awstest.Modes(a.KeyModesOfUse), exportable}
}

// machine is the service and, next to it, what must be true.
type machine struct {
	*Service
	sim     *enginetest.Sim
	keys    []*key
	aliases map[string]*key
}

type key struct {
	Record
	gone time.Time // zero: no deletion is scheduled
}

func (m *machine) status(k *key) Status {
	switch {
	case k == nil:
		return ""
	case k.gone.IsZero():
		return Active
	case m.Now().Before(k.gone):
		return Pending
	}
	return Gone
}

func took(t *rapid.T, step string, should bool, err error) bool {
	if should != (err == nil) {
		t.Fatalf("%s: %v; should it have been done: %t", step, err, should)
	}
	return should
}

func (m *machine) add(alias string, r Record) {
	k := &key{Record: r}
	m.keys, m.aliases[alias] = append(m.keys, k), k
}

func (m *machine) check(t *rapid.T) {
	for _, k := range m.keys {
		if r, err := m.Get(t.Context(), k.Arn); err != nil || r.Status != m.status(k) || r.KCV != k.KCV {
			t.Fatalf("key %s: %v %v, wanted %s", k.Arn, r.Status, err, m.status(k))
		}
	}
	state := m.sim.State()
	for alias, k := range m.aliases {
		if now, _ := state.Named(alias); now.ARN != k.Arn && m.status(k) != Gone {
			t.Fatalf("%s leads to %s, wanted %s", alias, now.ARN, k.Arn)
		}
	}
}

func TestService(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sim := enginetest.New(t, &enginetest.Options{Keep: func(k enginetest.Key) bool { return k.State != apc.KeyStateCreateComplete }})
		partner := sim.Partner(t, "Acquirer")
		m, kek := &machine{Service: service(sim), sim: sim, aliases: map[string]*key{}}, partner.Share(enginetest.K1AES256)
		alias := func(t *rapid.T) (string, *key) {
			name := rapid.SampledFrom([]string{"alias/a", "alias/b", "alias/c"}).Draw(t, "alias")
			return name, m.aliases[name]
		}
		t.Repeat(map[string]func(*rapid.T){"": m.check,
			"Create": func(t *rapid.T) {
				alias, k := alias(t)
				r, err := m.Create(t.Context(), alias, specOf(draw.Symmetric().Draw(t, "attributes"), rapid.Bool().Draw(t, "exportable")))
				if took(t, "Create", k == nil, err) {
					m.add(alias, r)
				}
			},
			"Import": func(t *rapid.T) {
				alias, k := alias(t)
				material := draw.Key(apc.KeyAlgorithmAES128).Draw(t, "key")
				block, kcv := partner.Wrap("D0000P0AB00E0000", material), enginetest.CheckValue('A', material)
				r, err := m.Import(t.Context(), alias, kek, block, kcv)
				if took(t, "Import", k == nil, err) {
					m.add(alias, r)
				}
			},
			"Rotate": func(t *rapid.T) {
				alias, k := alias(t)
				if _, next, err := m.Rotate(t.Context(), alias); took(t, "Rotate", m.status(k) == Active, err) {
					k.gone = m.Now().AddDate(0, 0, 7)
					m.add(alias, next)
				}
			},
			"Delete": func(t *rapid.T) {
				alias, k := alias(t)
				if _, err := m.Delete(t.Context(), alias, 3); took(t, "Delete", m.status(k) == Active, err) {
					k.gone = m.Now().AddDate(0, 0, 3)
				}
			},
			"Restore": func(t *rapid.T) {
				alias, k := alias(t)
				if _, err := m.Restore(t.Context(), alias); took(t, "Restore", m.status(k) == Pending, err) {
					k.gone = time.Time{}
				}
			},
			"Rewrap": func(t *rapid.T) {
				alias, k := alias(t)
				e := rapid.SampledFrom([]types.KeyExportability{"EXPORTABLE", "NON_EXPORTABLE"}).Draw(t, "exportability")
				block, err := m.Rewrap(t.Context(), alias, kek, "LABEL", e)
				if took(t, "Rewrap", m.status(k) == Active && k.Exportable, err) {
					if got := partner.Open(block); !got.Has("LB", "LABEL") || got.Exportability != e[0] {
						t.Fatalf("Rewrap %s: the partner has %v, wanted %s", alias, got, e)
					}
				}
			},
			"Wait": func(t *rapid.T) { sim.Advance(draw.Wait(10).Draw(t, "wait")) }})
	})
}

// TestOneFault: whatever goes wrong once, trying again leaves one key alive, the one with the alias.
func TestOneFault(t *testing.T) {
	skipUnlessAsked(t)
	enginetest.Sweep(t, nil, func(t *testing.T, sim *enginetest.Sim) {
		s, spec := service(sim), specOf(enginetest.P0AES128.Attributes(), true)
		if _, err := s.Create(t.Context(), "alias/a", spec); err != nil {
			s.Create(t.Context(), "alias/a", spec)
		}
		if _, _, err := s.Rotate(t.Context(), "alias/a"); err != nil {
			s.Rotate(t.Context(), "alias/a")
		}
		if _, ok := sim.State().Named("alias/a"); !ok || len(sim.State().Alive()) != 1 {
			t.Errorf("the state is\n%v", sim.State())
		}
	})
}
