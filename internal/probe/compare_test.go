package probe

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// changed is a simulator that behaves otherwise in one point.
type changed struct {
	statement string // what compare must name, and nothing else
	limits    apc.Limits
	operation string // whose answers are changed
	// answer changes an answer of the operation; it returns what is given where it has nothing to change.
	answer func(eng *engine.Engine, call apc.Call, out any, err error) (any, error)
}

// refuse is a refusal with another exception.
func refuse(code apc.Code, message string) error { return &apc.Error{Code: code, Message: message} }

// because reports whether a refusal has a problem as its reason.
func because(err error, problem string) bool {
	e, ok := errors.AsType[*apc.Error](err)
	return ok && len(e.Reasons) > 0 && strings.Contains(e.Reasons[0].Problem, problem)
}

// refusing changes an answer to a refusal.
func refusing(is func(any, error) bool, code apc.Code) func(*engine.Engine, apc.Call, any, error) (any, error) {
	return func(_ *engine.Engine, call apc.Call, out any, err error) (any, error) {
		if is(call.Input, err) {
			return nil, refuse(code, "otherwise")
		}
		return out, err
	}
}

// answering changes an answer that is no refusal.
func answering[In, Out any](change func(*In, *Out)) func(*engine.Engine, apc.Call, any, error) (any, error) {
	return func(_ *engine.Engine, call apc.Call, out any, err error) (any, error) {
		in, isInput := call.Input.(*In)
		answer, isOutput := out.(*Out)
		if isInput && isOutput && err == nil {
			change(in, answer)
		}
		return out, err
	}
}

func always(_ any, err error) bool { return err == nil }

// stops counts the calls that a change gives another time stamp.
var stops int

// changes are behaviours, each changed alone.
var changes = []changed{
	{statement: "G-alias-without-key", operation: "GetKey", answer: refusing(
		func(_ any, err error) bool { return because(err, "points to no key") }, apc.ErrValidation)},
	{statement: "G-alias-to-deleted", operation: "CreateAlias",
		answer: func(eng *engine.Engine, call apc.Call, out any, err error) (any, error) {
			in, ok := call.Input.(*engine.CreateAliasInput)
			if ok && err == nil && in.KeyArn != nil {
				k, _ := eng.GetKey(context.Background(), &engine.GetKeyInput{KeyIdentifier: *in.KeyArn})
				if k.Key.KeyState == apc.KeyStateDeletePending {
					eng.DeleteAlias(context.Background(), &engine.DeleteAliasInput{AliasName: in.AliasName})
					return nil, refuse(apc.ErrValidation, "the key waits for its deletion")
				}
			}
			return out, err
		}},
	{statement: "G-state-refusal", operation: "RestoreKey",
		answer: refusing(func(_ any, err error) bool { return err != nil }, apc.ErrConflict)},
	{statement: "G-start-again", operation: "StopKeyUsage",
		answer: answering(func(_ *engine.StopKeyUsageInput, out *engine.StopKeyUsageOutput) {
			stops++
			out.Key.UsageStopTimestamp = new(time.Now().Add(time.Duration(stops) * time.Second))
		})},
	{statement: "G-created-stopped", operation: "CreateKey", answer: answering(func(_ *engine.CreateKeyInput, out *engine.CreateKeyOutput) {
		out.Key.UsageStopTimestamp = nil
	})},
	{statement: "G-empty-tag-value", operation: "TagResource", answer: refusing(func(in any, err error) bool {
		tags := in.(*engine.TagResourceInput).Tags
		return err == nil && slices.ContainsFunc(tags, func(t apc.Tag) bool { return t.Value == "" })
	}, apc.ErrValidation)},
	{statement: "G-derive-usage", operation: "CreateKey", answer: func(eng *engine.Engine, call apc.Call, out any, err error) (any, error) {
		if in, ok := call.Input.(*engine.CreateKeyInput); ok && err != nil && in.DeriveKeyUsage != nil {
			taken := *in
			taken.DeriveKeyUsage = nil
			return eng.CreateKey(context.Background(), &taken)
		}
		return out, err
	}},
	{statement: "G-hidden-length", operation: "ExportKey", answer: answering(func(_ *engine.ExportKeyInput, out *engine.ExportKeyOutput) {
		if block := out.WrappedKey.KeyMaterial; strings.HasPrefix(block, "D0112P0T") {
			out.WrappedKey.KeyMaterial = "D0096" + block[5:96]
		}
	})},
	{statement: "G-policy-none-delete", operation: "DeleteResourcePolicy", answer: refusing(always, apc.ErrResourceNotFound)},
	{statement: "G-team-none", operation: "GetMpaTeamAssociation", answer: refusing(
		func(_ any, err error) bool { return err != nil }, apc.ErrValidation)},
	{statement: "G-mac-text", operation: "VerifyMac", answer: func(_ *engine.Engine, call apc.Call, out any, err error) (any, error) {
		if e, ok := errors.AsType[*apc.Error](err); ok && e.Code == "VerificationFailedException" {
			other := *e
			other.Message = "The MAC is wrong."
			return nil, &other
		}
		return out, err
	}},
	{statement: "G-dukpt-mac-length", operation: "GenerateMac",
		answer: answering(func(in *dataplane.GenerateMacInput, out *dataplane.GenerateMacOutput) {
			if in.GenerationAttributes.DukptIso9797Algorithm3 != nil && in.MacLength == nil {
				out.Mac += out.Mac
			}
		})},
	{statement: "G-public-key-check-value", operation: "EncryptData",
		answer: answering(func(_ *dataplane.EncryptDataInput, out *dataplane.EncryptDataOutput) {
			if out.KeyCheckValue == nil {
				out.KeyCheckValue = new("ABCDEF")
			}
		})},
	{statement: "G-answered-key", operation: "EncryptData",
		answer: answering(func(in *dataplane.EncryptDataInput, out *dataplane.EncryptDataOutput) {
			if in.WrappedKey != nil {
				out.KeyCheckValue = new("ABCDEF")
			}
		})},
	{statement: "G-card-value-length", operation: "GenerateCardValidationData", answer: answering(
		func(in *dataplane.GenerateCardValidationDataInput, out *dataplane.GenerateCardValidationDataOutput) {
			if in.GenerationAttributes.CardVerificationValue2 != nil {
				out.ValidationData += "0"
			}
		})},
	{statement: "G-pin-length-absent", operation: "GeneratePinData",
		answer: answering(func(in *dataplane.GeneratePinDataInput, out *dataplane.GeneratePinDataOutput) {
			if in.PinDataLength == nil && out.PinData.PinOffset != nil {
				out.PinData.PinOffset = new(*out.PinData.PinOffset + "00")
			}
		})},
	{statement: "L-delete-enabled", operation: "DeleteKey", answer: answering(func(_ *engine.DeleteKeyInput, out *engine.DeleteKeyOutput) {
		out.Key.Enabled = false
	})},
	{statement: "L-alias-unknown", operation: "GetAlias",
		answer: refusing(func(_ any, err error) bool { return err != nil }, apc.ErrValidation)},
	{statement: "G-cfb-feedback", operation: "EncryptData",
		answer: answering(func(in *dataplane.EncryptDataInput, out *dataplane.EncryptDataOutput) {
			if s := in.EncryptionAttributes.Symmetric; s != nil && s.Mode == dataplane.EncryptionModeCFB {
				out.CipherText = strings.Repeat("00", 16)
			}
		})},
	{statement: "G-tags-per-key", limits: apc.Limits{Tags: 50}},
	{statement: "D-certificate-life", limits: apc.Limits{CertificateLife: 60 * 24 * time.Hour}},
	{statement: "D-token-reuse", limits: apc.Limits{TokenReuse: 31 * 24 * time.Hour}},
}

// TestWhatIsChangedIsNamed changes a second simulator in one point at a time: compare must name that, and nothing else.
// Asked are the probes that call the operation whose answer is changed: to any other probe both simulators are one.
func TestWhatIsChangedIsNamed(t *testing.T) {
	if len(changes) < 20 {
		t.Fatalf("%d changes, want 20 at least", len(changes))
	}
	same, callers := recordCallers(t)
	var now *changed
	var eng *engine.Engine
	intercept := func(ctx context.Context, call apc.Call, next func(context.Context) (any, error)) (any, error) {
		out, err := next(ctx)
		if call.Operation != now.operation {
			return out, err
		}
		return now.answer(eng, call, out, err)
	}
	eng = simtest.New(t, &engine.Options{Intercept: intercept, Limits: apc.Limits{Keys: 1 << 20}})
	side := Sim(eng, nil)
	for i := range changes {
		now = &changes[i]
		other, probes := Side(side), callers[now.operation]
		if now.operation == "" {
			other, probes = Sim(simtest.New(t, &engine.Options{Limits: now.limits}), nil), All()
		}
		results, err := (&Comparison{A: same, B: other}).Run(t.Context(), probes)
		if err != nil {
			t.Fatal(err)
		}
		if got := refuted(t, results); !slices.Equal(got, []string{now.statement}) {
			t.Errorf("changed %s: compare names %v", now.statement, got)
		}
	}
}

// recordCallers is a simulator's answers to all probes and, by operation, the probes that call it.
func recordCallers(t *testing.T) (*Recording, map[string][]Probe) {
	t.Helper()
	var asked *Probe
	callers := map[string][]Probe{}
	note := func(ctx context.Context, call apc.Call, next func(context.Context) (any, error)) (any, error) {
		before := callers[call.Operation]
		if len(before) == 0 || before[len(before)-1].Name != asked.Name {
			callers[call.Operation] = append(before, *asked)
		}
		return next(ctx)
	}
	c := recorder(Sim(simtest.New(t, &engine.Options{Intercept: note}), nil))
	c.Progress = func(_, _ int, p *Probe) { asked = p }
	if _, err := c.Run(t.Context(), All()); err != nil {
		t.Fatal(err)
	}
	return c.Record, callers
}

// record is a side's answers to all probes.
func record(t *testing.T, s Side) *Recording {
	t.Helper()
	c := recorder(s)
	if _, err := c.Run(t.Context(), All()); err != nil {
		t.Fatal(err)
	}
	return c.Record
}

// recorder is a comparison that keeps the answers of a side.
func recorder(s Side) *Comparison {
	r := &Recording{Format: recordingFormat, Side: s.Name(), Probes: map[string]*Recorded{}}
	return &Comparison{A: r, B: s, Record: r}
}

// refuted are the statements of all differences.
func refuted(t *testing.T, results []Result) (out []string) {
	t.Helper()
	for _, r := range results {
		if r.NotRun != "" {
			t.Errorf("%s: not run: %s", r.Probe, r.NotRun)
		}
		for _, d := range r.Differences {
			if !slices.Contains(out, d.Statement) {
				out = append(out, d.Statement)
			}
		}
	}
	return out
}
