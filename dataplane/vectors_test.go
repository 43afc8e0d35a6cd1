package dataplane_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/facts"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/dataclient"
)

// vector is a request of the data plane with its keys in the clear, and the right answer.
type vector struct {
	ID       string               `json:"id"`
	Op       string               `json:"op"`
	Keys     map[string]vectorKey `json:"keys"` // by the member of the request
	Inputs   json.RawMessage      `json:"inputs"`
	Expected map[string]any       `json:"expected"`
	Verified bool                 `json:"verified"` // else it rests on a guess
}

type vectorKey struct {
	Hex         string           `json:"hex,omitempty"`
	Scalar      string           `json:"private_scalar_hex,omitempty"`
	Certificate string           `json:"certificate_base64_of_pem,omitempty"`
	RSA         string           `json:"private_key_pem,omitempty"`
	Usage       apc.KeyUsage     `json:"key_usage"`
	Algorithm   apc.KeyAlgorithm `json:"key_algorithm"`
	Modes       []string         `json:"modes_of_use"`
}

var updateVectors = flag.Bool("update-vectors", false, "write the committed vectors anew from the independent implementation")

const vectorsFile = "testdata/operations.jsonl"

// committedVectors are 15 of each operation, which an independent implementation drew and computed.
func committedVectors(t testing.TB) []vector {
	t.Helper()
	if *updateVectors {
		all := testrig.RandomCases[vector](t, 1, 15*15)
		for i := range all {
			all[i].ID = fmt.Sprintf("%s-%02d", all[i].Op, i/15)
		}
		testrig.WriteLines(t, vectorsFile, all)
	}
	return testrig.ReadLines[vector](t, vectorsFile)
}

// publishedVectors are those of the folder of vectors, where it is there.
func publishedVectors(t testing.TB) (all []vector) {
	t.Helper()
	for _, v := range testrig.Vectors[struct{ Vectors []vector }](t, "data-plane.json").Vectors {
		if v.Op != "primitive" {
			all = append(all, v)
		}
	}
	return all
}

// door is a way to ask for an operation: it returns the answer as JSON, or the exception.
type door func(t testing.TB, op string, body map[string]any) (answer map[string]any, refusal *refusal)

// refusal is an exception.
type refusal struct{ code, failed, message, reason string }

func (r *refusal) String() string {
	if r == nil {
		return "success"
	}
	return fmt.Sprintf("%s %s %q [%s]", r.code, r.failed, r.message, r.reason)
}

// doorsOf are the three doors of a simulator, and a client with types through the last one.
func doorsOf(t testing.TB, eng *engine.Engine) map[string]door {
	server := httptest.NewServer(endpoint.Handler(eng, &endpoint.Options{Anonymous: true}))
	t.Cleanup(server.Close)
	return map[string]door{
		"typed":     typedDoor(eng.Caller),
		"no socket": httpDoor(endpoint.HTTPClient(eng, &endpoint.Options{Anonymous: true}), "http://apcsim.test"),
		"socket":    httpDoor(server.Client(), server.URL),
		"client":    clientDoor(&dataclient.Client{Endpoint: server.URL, HTTP: server.Client()}),
	}
}

// clientDoor is a client that was generated from the facts of the service. A request has no member
// that its types do not have, but for nulls.
func clientDoor(c *dataclient.Client) door {
	return func(t testing.TB, name string, body map[string]any) (map[string]any, *refusal) {
		t.Helper()
		op := dataclient.Operations[name]
		in := op.New()
		body = maps.Clone(body)
		fillPath(in, body)
		d := json.NewDecoder(bytes.NewReader(asJSON(t, body)))
		d.DisallowUnknownFields()
		if err := d.Decode(in); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out, err := op.Call(t.Context(), c, in)
		if err == nil {
			return withoutNulls(fromJSON(t, asJSON(t, out))), nil
		}
		e, ok := err.(*dataclient.Error)
		if !ok {
			t.Fatalf("%s: a %T: %v", name, err, err)
		}
		return nil, &refusal{code: e.Name, failed: e.Reason, message: e.Message}
	}
}

// fillPath moves the member that is in the path from the body to the request.
func fillPath(in any, body map[string]any) {
	v := reflect.ValueOf(in).Elem()
	for i := range v.NumField() {
		if name := v.Type().Field(i).Tag.Get("path"); name != "" {
			value, _ := body[name].(string)
			v.Field(i).Set(reflect.ValueOf(&value))
			delete(body, name)
		}
	}
}

func typedDoor(c *engine.Caller) door {
	return func(t testing.TB, name string, body map[string]any) (map[string]any, *refusal) {
		t.Helper()
		op, ok := engine.OperationNamed(name)
		if !ok {
			t.Fatalf("no operation %s", name)
		}
		out, err := op.Call(t.Context(), c, func(in any) error { return json.Unmarshal(asJSON(t, body), in) })
		if err != nil {
			e, ok := err.(*apc.Error)
			if !ok {
				t.Fatalf("%s: a %T: %v", name, err, err)
			}
			var reasons []string
			for _, r := range e.Reasons {
				reasons = append(reasons, r.String())
			}
			return nil, &refusal{string(e.Code), string(e.Failed), e.Message, strings.Join(reasons, " | ")}
		}
		return withoutNulls(fromJSON(t, asJSON(t, out))), nil
	}
}

func withoutNulls(m map[string]any) map[string]any {
	for k, v := range m {
		if v == nil {
			delete(m, k)
		}
		if inner, ok := v.(map[string]any); ok {
			withoutNulls(inner)
		}
	}
	return m
}

// httpDoor posts REST-JSON.
func httpDoor(client interface {
	Do(*http.Request) (*http.Response, error)
}, base string) door {
	return func(t testing.TB, name string, body map[string]any) (map[string]any, *refusal) {
		t.Helper()
		path, body := wirePath(name, body)
		r, err := http.NewRequestWithContext(t.Context(), "POST", base+path, bytes.NewReader(asJSON(t, body)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		out := fromJSON(t, text)
		if answer.StatusCode == http.StatusOK {
			return out, nil
		}
		failed, _ := out["Reason"].(string)
		message, _ := out["Message"].(string)
		if small, ok := out["message"].(string); ok {
			message = small
		}
		return nil, &refusal{answer.Header.Get("X-Amzn-Errortype"), failed, message, answer.Header.Get(endpoint.ReasonHeader)}
	}
}

// wirePath is the path of an operation, and the body without what is in the path.
func wirePath(name string, body map[string]any) (string, map[string]any) {
	op := facts.Data().Operation(name)
	path, rest := op.Path, map[string]any{}
	for k, v := range body {
		if in := "{" + k + "}"; strings.Contains(path, in) {
			path = strings.Replace(path, in, url.PathEscape(fmt.Sprint(v)), 1)
		} else {
			rest[k] = v
		}
	}
	return path, rest
}

func asJSON(t testing.TB, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func fromJSON(t testing.TB, text []byte) (out map[string]any) {
	t.Helper()
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

// request is the body with the identifiers of the keys.
func (v *vector) request(t testing.TB, w *world) map[string]any {
	t.Helper()
	body := fromJSON(t, v.Inputs)
	for member, key := range v.Keys {
		into, path := body, strings.Split(member, ".")
		for _, name := range path[:len(path)-1] {
			if into[name] == nil {
				into[name] = map[string]any{}
			}
			into = into[name].(map[string]any)
		}
		into[path[len(path)-1]] = w.key(t, &key)
	}
	return body
}

// check compares an answer with what is expected. What is random in it is compared by its
// properties elsewhere.
func (v *vector) check(t testing.TB, answer map[string]any, refused *refusal) {
	t.Helper()
	if code, ok := v.Expected["error"].(string); ok {
		failed, _ := v.Expected["Reason"].(string)
		text, _ := v.Expected["message_contains"].(string)
		if refused == nil || refused.code != code || refused.failed != failed || !strings.Contains(refused.message, text) {
			t.Errorf("%s: got %v, want %s %s %q", v.ID, refused, code, failed, text)
		}
		return
	}
	if refused != nil {
		t.Errorf("%s: got %v, want %v\n%s", v.ID, refused, v.Expected, v.Inputs)
		return
	}
	for name, want := range v.Expected {
		if strings.ToUpper(name[:1]) != name[:1] { // decoded, intermediate, relation
			continue
		}
		if got := answer[name]; !contains(got, want) {
			t.Errorf("%s: %s is %v, want %v\n%s", v.ID, name, got, want, v.Inputs)
		}
	}
}

// contains reports whether a value is another, or an object that has all its members.
func contains(got, want any) bool {
	if members, ok := want.(map[string]any); ok {
		object, _ := got.(map[string]any)
		for name, value := range members {
			if !contains(object[name], value) {
				return false
			}
		}
		return true
	}
	if text, ok := want.(string); ok {
		other, _ := got.(string)
		return strings.EqualFold(text, other)
	}
	return reflect.DeepEqual(got, want)
}

// TestVectorsThroughEveryDoor: each vector through the typed API, the client without a socket and
// HTTP.
func TestVectorsThroughEveryDoor(t *testing.T) {
	all := append(committedVectors(t), publishedVectors(t)...)
	w := newWorld(t, nil)
	doors := doorsOf(t, w.Engine)
	seen := map[string]int{}
	for i := range all {
		v := &all[i]
		body := v.request(t, w)
		for name, ask := range doors {
			ok := t.Run(v.ID+"/"+name, func(t *testing.T) {
				answer, refused := ask(t, v.Op, body)
				if v.Verified {
					v.check(t, answer, refused)
				}
			})
			if ok {
				seen[v.Op]++
			}
		}
	}
	for _, op := range facts.Data().Operations {
		if seen[op.Name] == 0 {
			t.Errorf("no vector of %s", op.Name)
		}
	}
}
