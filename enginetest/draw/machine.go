package draw

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/enginetest/model"
)

// Machine is a state machine for rapid's t.Repeat: every operation that [Operations] lists, by
// callers of every place of the world, moves of the clock, settling, and a comparison of the whole
// state after each step. The simulator has the world's limits and a clock of its own, and its test
// does not check which keys are left:
//
//	w := draw.MachineWorld(draw.MachineLimits())
//	s := enginetest.New(t, &enginetest.Options{Engine: draw.MachineOptions(w), Keep: enginetest.KeepAll})
//	t.Repeat(draw.Machine(t, s, w))
func Machine(t enginetest.T, s *enginetest.Sim, w *model.World) map[string]func(*rapid.T) {
	m := &machine{sim: s, world: w, plain: map[string]string{},
		requests: &Requests{World: w, Partner: s.Partner(t, "Other party"), Now: s.Clock.Now}}
	steps := map[string]func(*rapid.T){
		"Wait":   func(t *rapid.T) { s.Clock.Advance(Wait(200).Draw(t, "wait")) },
		"Nearly": m.nearly, "Moment": m.moment, "Verify": m.verify, "Access": m.access, "Sent": m.sent, "Discover": m.discover,
		"Settle": func(*rapid.T) { s.Advance(0) },
	}
	for _, op := range Operations() {
		steps[op] = func(t *rapid.T) { m.step(t, op) }
	}
	names := append(slices.Sorted(maps.Keys(steps)), "Moment", "Verify", "Verify", "Discover", "Sent", "Sent", "Access", "Access", "Access")
	for _, name := range names[:len(names):len(names)] {
		if !slices.Contains(certified, name) {
			names = append(names, name)
		}
	}
	return map[string]func(*rapid.T){
		"": func(t *rapid.T) {
			if err := w.Compare(context.Background(), s.Clock.Now(), func(id apc.Identity) *engine.Caller { return s.InspectAs(id) }); err != nil {
				t.Fatal(err)
			}
		},
		"Step": func(t *rapid.T) { steps[even(names).Draw(t, "step")](t) },
	}
}

// certified are the operations that issue certificates, which takes longer than all others together: they are made half as
// often.
var certified = []string{"GetParametersForImport", "GetParametersForExport", "ImportKey by TR-34", "ImportKey by RSA", "ExportKey by TR-34",
	"GetPublicKeyCertificate"}

// MachineLimits are limits that a machine reaches within few steps. Creation and replication take no
// time.
func MachineLimits() apc.Limits {
	const day = 24 * time.Hour
	return apc.Limits{Keys: 12, Aliases: 4, Tags: 2, OpenTokens: 3, TokenLife: 10 * day, TokenReuse: 7 * day, ApprovalTime: 2 * day,
		CertificateLife: 90 * day, CertificateReuse: 30 * day, DefaultDeleteDays: 7}
}

// SlowLimits are MachineLimits, but creation takes a minute and replication an hour.
func SlowLimits() apc.Limits {
	l := MachineLimits()
	l.CreationTime, l.ReplicationTime = time.Minute, time.Hour
	return l
}

// MachineWorld is an empty world: an account in three Regions, and another account in two of them.
func MachineWorld(l apc.Limits) *model.World {
	const first, second = "111122223333", "444455556666"
	return model.New(l, model.Place{Account: first, Region: "us-east-1"}, model.Place{Account: first, Region: "eu-west-1"},
		model.Place{Account: first, Region: "us-west-2"}, model.Place{Account: second, Region: "us-east-1"},
		model.Place{Account: second, Region: "eu-west-1"}, model.Place{Account: second, Region: "us-west-2"})
}

// MachineOptions are those of an engine that a world describes.
func MachineOptions(w *model.World) engine.Options {
	return engine.Options{Limits: w.Limits(), ReplicationFails: w.ReplicationFails}
}

type machine struct {
	sim      *enginetest.Sim
	world    *model.World
	requests *Requests
	past     []past
	plain    map[string]string // what ciphertexts decrypt to, "" where it is not known
}

// step makes one call.
func (m *machine) step(t *rapid.T, op string) {
	at := m.place(t)
	name, _, _ := strings.Cut(op, " ")
	who := m.requests.caller(t, at, name)
	if all := m.requests.drawForm(t, op); len(all) > 0 && rapid.IntRange(0, 7).Draw(t, "arranged") < 7 {
		m.arrange(t, at, all)
	}
	request := m.requests.Any(at, op).Draw(t, "request")
	in := request.Input
	out := m.call(t, request.Operation, who, in)
	m.followData(t, who, in, out)
	switch in := in.(type) {
	case *engine.LoadKeyInput:
		if o, ok := out.(*engine.LoadKeyOutput); ok && o.ComponentCheckValues[0] != o.Key.KeyCheckValue {
			t.Fatalf("a key and a zero component: check values %v and %s", o.ComponentCheckValues, o.Key.KeyCheckValue)
		}
	case *engine.ExportKeyInput:
		if o, ok := out.(*engine.ExportKeyOutput); ok {
			m.follow(t, who, in, o.WrappedKey)
		}
	}
}

// moment moves the clock to about when something changes by itself.
func (m *machine) moment(t *rapid.T) {
	now := m.sim.Clock.Now()
	all := m.world.Moments(now)
	if len(all) == 0 {
		t.Skip("nothing is due")
	}
	at := even(all).Draw(t, "moment")
	m.sim.Clock.Advance(max(0, at.Sub(now)+rapid.SampledFrom([]time.Duration{0, -time.Millisecond, time.Millisecond}).Draw(t, "off by")))
}

// nearly makes a call that must be refused by its rule.
func (m *machine) nearly(t *rapid.T) {
	at := m.place(t)
	d := m.requests.Nearly(at).Draw(t, "request")
	_, err := call(m.sim.As(apc.Identity{Account: at.Account, Region: at.Region}), d.Operation, d.Input)
	refusal, ok := errors.AsType[*apc.Error](err)
	if !ok || refusal.Code != d.Code || len(refusal.Reasons) == 0 || refusal.Reasons[0].Rule != d.Rule {
		t.Fatalf("%#v: got %v", d, err)
	}
}

// place draws where a call is made: often in the first place, so that something comes together there.
func (m *machine) place(t *rapid.T) model.Place {
	all := m.world.Places()
	return even(append([]model.Place{all[0], all[0], all[0], all[0]}, all...)).Draw(t, "place")
}

// arrange makes what a request needs as the root user, as far as the quotas go, and waits until new keys are there.
func (m *machine) arrange(t *rapid.T, at model.Place, all []need) {
	who := apc.Identity{Account: at.Account, Region: at.Region}
	for _, n := range all {
		if n.missing != nil && !n.missing(m.world, at) {
			continue
		}
		if in := n.make(m.requests, at); in != nil {
			m.followData(t, who, in, m.call(t, n.op, who, in))
			m.sim.Clock.Advance(m.world.Limits().CreationTime)
		}
	}
}

// call makes a call and records it in the world. The answer is nil where the call was refused.
func (m *machine) call(t *rapid.T, op string, who apc.Identity, in any) any {
	out, err := m.answer(op, who, in)
	if bad := m.world.Did(m.sim.Clock.Now(), who, in, out, err); bad != nil {
		t.Fatalf("%s %s by %s %v in %s: %v", op, enginetest.Text(in), who.ARN, who.Policies, who.Region, bad)
	}
	if err != nil {
		return nil
	}
	return out
}

// answer is that of an operation by its name, with its input.
func (m *machine) answer(op string, who apc.Identity, in any) (any, error) {
	ctx := context.Background()
	if in, ok := in.(*model.DecideApprovalInput); ok {
		return nil, m.sim.DecideApproval(ctx, in.Session, in.Decision)
	}
	return call(m.sim.As(who), op, in)
}

// call is an operation of a caller by its name, with its input.
func call(c *engine.Caller, op string, in any) (any, error) {
	ctx := context.Background()
	if in, ok := in.(*engine.LoadKeyInput); ok {
		return c.LoadKey(ctx, in)
	}
	operation, _ := engine.OperationNamed(op)
	return operation.Call(ctx, c, func(to any) error {
		reflect.ValueOf(to).Elem().Set(reflect.ValueOf(in).Elem())
		return nil
	})
}

// follow imports what was exported again, or opens it as the partner.
func (m *machine) follow(t *rapid.T, who apc.Identity, in *engine.ExportKeyInput, w *engine.WrappedKey) {
	k := m.world.Named(m.sim.Clock.Now(), model.Place{Account: who.Account, Region: who.Region}, in.ExportKeyIdentifier)
	if again := back(in, w, k.Attributes.KeyAlgorithm); again != nil {
		m.call(t, "ImportKey", who, again)
		if d := in.KeyMaterial.DiffieHellmanTr31KeyBlock; d != nil {
			m.translate(t, who, d, w.KeyMaterial, k)
		}
		return
	}
	var got enginetest.Received
	if token := in.KeyMaterial.Tr34KeyBlock; token != nil {
		for _, k := range m.world.Tokens(true) {
			if k.ID == *token.ExportToken {
				got = m.requests.Partner.OpenTR34(w.KeyMaterial, k.Certificate)
			}
		}
	} else {
		got = m.requests.Partner.Decrypt(w.KeyMaterial, 'T')
	}
	if *w.KeyCheckValueAlgorithm != apc.KeyCheckValueAlgorithmANSIX924 { // the partner's
		return
	}
	if !strings.HasPrefix(*w.KeyCheckValue, got.CheckValue) || got.CheckValue == "" {
		t.Fatalf("the partner has %v, the service's check value is %s", got, *w.KeyCheckValue)
	}
}

// translate wraps a key that was exported under an agreed key under a stored one, and imports it.
func (m *machine) translate(t *rapid.T, who apc.Identity, d *engine.ExportDiffieHellmanTr31KeyBlock, block string, k *model.Key) {
	const op = "TranslateKeyMaterial"
	at := model.Place{Account: who.Account, Region: who.Region}
	kek := m.requests.worker(t, at, op, "", "WrappingKeyIdentifier")
	in := &dataplane.TranslateKeyMaterialInput{}
	in.IncomingKeyMaterial.DiffieHellmanTr31KeyBlock = &dataplane.IncomingDiffieHellmanTr31KeyBlock{
		PrivateKeyIdentifier:                    d.PrivateKeyIdentifier,
		CertificateAuthorityPublicKeyIdentifier: d.CertificateAuthorityPublicKeyIdentifier,
		PublicKeyCertificate:                    d.PublicKeyCertificate,
		DeriveKeyAlgorithm:                      d.DeriveKeyAlgorithm,
		KeyDerivationFunction:                   d.KeyDerivationFunction,
		KeyDerivationHashAlgorithm:              d.KeyDerivationHashAlgorithm,
		DerivationData:                          dataplane.DiffieHellmanDerivationData{SharedInformation: d.DerivationData.SharedInformation},
		WrappedKeyBlock:                         block,
	}
	in.OutgoingKeyMaterial.Tr31KeyBlock = &dataplane.OutgoingTr31KeyBlock{WrappingKeyIdentifier: kek}
	out, ok := m.call(t, op, who, in).(*dataplane.TranslateKeyMaterialOutput)
	if ok && k.Attributes.KeyAlgorithm == apc.KeyAlgorithmTDES2Key { // which every key may wrap
		m.call(t, "ImportKey", who, imports(engine.ImportKeyMaterial{Tr31KeyBlock: &engine.ImportTr31KeyBlock{
			WrappingKeyIdentifier: kek, WrappedKeyBlock: out.WrappedKey.WrappedKeyMaterial}}))
	}
}
