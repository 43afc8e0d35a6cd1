package dataplane_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/facts"
)

// step is a step of the order of checks, which is one for every operation of both planes.
type step string

// steps in their order. The last has what the service can check once the keys are right: strength,
// certificates, the data and the cryptography.
var steps = []step{"shape", "resolve", "permission", "state", "rules", "data"}

// fault is a member of a request with a wrong value.
type fault struct {
	step   step
	path   string
	value  string
	reason apc.Reason // of the request with this fault alone
}

func (f *fault) String() string { return fmt.Sprintf("%s (%s) %.60q", f.path, f.step, f.value) }

// orderWorld has the keys of faults.
type orderWorld struct {
	*world
	absent, foreign, stopped, pending, hmac, kek string
}

func newOrderWorld(t *testing.T) *orderWorld {
	const absent = "arn:aws:payment-cryptography:us-east-1:111122223333:key/aaaaaaaaaaaaaaaa"
	w := &orderWorld{world: newWorld(t, nil), absent: absent, foreign: strings.Replace(absent, "111122223333", "444455556666", 1)}
	made := func(u apc.KeyUsage, a apc.KeyAlgorithm) string {
		key := vectorKey{Usage: u, Algorithm: a}
		out, err := w.CreateKey(t.Context(),
			&engine.CreateKeyInput{Exportable: new(true), KeyAttributes: key.attributes(apc.KeyClassSymmetricKey)})
		if err != nil {
			t.Fatal(err)
		}
		return out.Key.KeyArn
	}
	w.hmac = made(apc.KeyUsageTR31M7HMACKey, apc.KeyAlgorithmHMACSHA256)
	w.kek = made(apc.KeyUsageTR31K1KeyBlockProtectionKey, apc.KeyAlgorithmAES128)
	w.stopped = made(apc.KeyUsageTR31M7HMACKey, apc.KeyAlgorithmHMACSHA256)
	w.pending = made(apc.KeyUsageTR31M7HMACKey, apc.KeyAlgorithmHMACSHA256)
	if _, err := w.StopKeyUsage(t.Context(), &engine.StopKeyUsageInput{KeyIdentifier: w.stopped}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.DeleteKey(t.Context(), &engine.DeleteKeyInput{KeyIdentifier: w.pending}); err != nil {
		t.Fatal(err)
	}
	return w
}

// keyFaults are the faults of a member that names a key.
func (w *orderWorld) keyFaults(member string, key vectorKey) []fault {
	other := w.hmac
	if key.Usage == apc.KeyUsageTR31M7HMACKey {
		other = w.kek
	}
	out := []fault{
		{step: "shape", value: strings.Replace(w.absent, ":key/", ":lock/", 1)},
		{step: "resolve", value: w.absent}, {step: "permission", value: w.foreign},
		{step: "state", value: w.stopped}, {step: "state", value: w.pending}, {step: "rules", value: other},
	}
	for i := range out {
		out[i].path = member
	}
	return out
}

// send sends the request of a vector with faults, and returns the refusal, or nil.
func (w *orderWorld) send(t *testing.T, op string, body map[string]any, faults ...*fault) *apc.Error {
	t.Helper()
	text := asJSON(t, body)
	if len(faults) > 0 {
		changed := fromJSON(t, text)
		for _, f := range faults {
			setLeaf(changed, strings.Split(f.path, "."), f.value)
		}
		text = asJSON(t, changed)
	}
	o, _ := engine.OperationNamed(op)
	_, err := o.Call(t.Context(), w.Caller, func(in any) error { return json.Unmarshal(text, in) })
	refusal, ok := errors.AsType[*apc.Error](err)
	if err != nil && (!ok || len(refusal.Reasons) == 0) {
		t.Fatalf("%s: %v, want a refusal with a reason", op, err)
	}
	return refusal
}

func setLeaf(in map[string]any, path []string, value string) {
	for ; len(path) > 1; path = path[1:] {
		in = in[path[0]].(map[string]any)
	}
	in[path[0]] = value
}

// leaves are the texts of a request by their paths.
func leaves(in map[string]any, within string, out map[string]string) map[string]string {
	for name, v := range in {
		switch v := v.(type) {
		case string:
			out[within+name] = v
		case map[string]any:
			leaves(v, within+name+".", out)
		}
	}
	return out
}

// dataFaults are the faults that come of changing the last characters of a text or of leaving them out: of the
// shape where the refusal lists fields, else of the data. There are at most four of each.
func (w *orderWorld) dataFaults(t *testing.T, v *vector, body map[string]any) (out []fault) {
	texts := leaves(body, "", map[string]string{})
	count := map[step]int{}
	for _, path := range slices.Sorted(maps.Keys(texts)) {
		text := texts[path]
		if _, isKey := v.Keys[path]; isKey || len(text) < 2 {
			continue
		}
		flipped := "0"
		if text[len(text)-1] == '0' {
			flipped = "1"
		}
		for _, value := range []string{text[:len(text)-2] + flipped + flipped, text[:len(text)-2], text + "#"} {
			f := fault{path: path, value: value}
			refusal := w.send(t, v.Op, body, &f)
			if refusal == nil {
				continue
			}
			f.step, f.reason = "data", refusal.Reasons[0]
			if len(refusal.Fields) > 0 {
				f.step = "shape"
			}
			if count[f.step]++; count[f.step] <= 4 {
				out = append(out, f)
			}
		}
	}
	return out
}

// sameFault compares reasons but for the values: one fault may change what another one finds.
func sameFault(a, b apc.Reason) bool {
	return a.Rule == b.Rule && a.Field == b.Field && a.Problem == b.Problem
}

// TestOrderOfChecksOfEachOperation takes requests that succeed, of each operation in several forms, and puts two
// faults at once into two members: the reason must be that of the fault of the earlier step.
func TestOrderOfChecksOfEachOperation(t *testing.T) {
	w := newOrderWorld(t)
	seen := map[string]map[step]int{}
	for i, v := range committedVectors(t) { // 15 operations in turn
		body := v.request(t, w.world)
		if i/15%3 != 0 || w.send(t, v.Op, body) != nil { // a vector of a refusal
			continue
		}
		faults := w.dataFaults(t, &v, body)
		for _, member := range slices.Sorted(maps.Keys(v.Keys)) {
			for _, f := range w.keyFaults(member, v.Keys[member]) {
				refusal := w.send(t, v.Op, body, &f)
				if refusal == nil {
					t.Fatalf("%s with %s: success", v.ID, &f)
				}
				f.reason = refusal.Reasons[0]
				faults = append(faults, f)
			}
		}
		if seen[v.Op] == nil {
			seen[v.Op] = map[step]int{}
		}
		w.checkOrder(t, &v, body, faults, seen[v.Op])
	}
	for _, op := range facts.Data().Operations {
		for _, s := range steps {
			if seen[op.Name][s] == 0 && (op.Name != "GenerateAs2805KekValidation" || s != "data") { // whose request has no more
				t.Errorf("%s: no two faults of which one is of the step %q", op.Name, s)
			}
		}
	}
}

// checkOrder sends each two faults of different steps and members. It counts those of each step.
func (w *orderWorld) checkOrder(t *testing.T, v *vector, body map[string]any, faults []fault, seen map[step]int) {
	for i := range faults {
		for j := range faults {
			first, second := &faults[i], &faults[j]
			if slices.Index(steps, first.step) >= slices.Index(steps, second.step) || first.path == second.path {
				continue
			}
			seen[first.step]++
			seen[second.step]++
			refusal := w.send(t, v.Op, body, second, first)
			if refusal == nil || !sameFault(refusal.Reasons[0], first.reason) || sameFault(first.reason, second.reason) {
				t.Errorf("%s with %s and %s:\ngot  %v\nwant %v", v.ID, first, second, refusal, first.reason)
			}
		}
	}
}
