package endpoint_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/testkeys"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// object is a JSON object.
type object = map[string]any

// world is a simulator with a handful of keys, aliases, tokens and certificates
// in it, and the way to talk to it.
type world struct {
	http.Handler
	client endpoint.Client // the other door
	close  func()
	engine *engine.Engine
}

// goodRequest is one that a world has answered well.
type goodRequest struct {
	op   string
	body object
}

// settled is how every world begins: what was asked to make it, and the commits
// that this came to. A new world repeats the commits alone, which takes no time.
var settled = sync.OnceValues(func() (*settling, error) {
	commits := &recorder{Store: keystore.NewMemory()}
	w, err := open(commits, 1, nil)
	if err != nil {
		return nil, err
	}
	defer w.close()
	s := &settling{world: w}
	s.settle()
	s.commits = commits.made
	return s, s.err
})

// fataler is a test, of rapid or not.
type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// newWorld is a world of its own, the same for everybody who asks.
func newWorld(t fataler, o *endpoint.Options) *world {
	t.Helper()
	s, err := settled()
	if err != nil {
		t.Fatalf("settling a world: %v", err)
	}
	store := keystore.NewMemory()
	for _, c := range s.commits {
		if err := store.Commit(context.Background(), c.id, c.changes...); err != nil {
			t.Fatalf("repeating a commit: %v", err)
		}
	}
	w, err := open(store, 2, o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// goodRequests are those that a new world answers with success, at least the
// first time it is asked.
func goodRequests(t fataler) []goodRequest {
	t.Helper()
	s, err := settled()
	if err != nil {
		t.Fatalf("settling a world: %v", err)
	}
	return s.asked
}

var worldTime = time.Date(2026, 5, 1, 12, 0, 0, 123e6, time.UTC)

func open(store keystore.Store, seed uint64, o *endpoint.Options) (*world, error) {
	device := hsm.NewSoftware(&hsm.SoftwareOptions{MasterKey: new([32]byte), Seed: seed})
	clock := engine.NewClock(worldTime)
	eng, err := engine.Open(ctx, device, store, &engine.Options{
		Now: clock.Now, Seed: seed, HSM: hsm.Options{Ready: &endlessPairs{ready: testkeys.Ready()}},
	})
	if err != nil {
		return nil, err
	}
	return &world{endpoint.Handler(eng, o), endpoint.HTTPClient(eng, o), func() { eng.Close(); device.Close(); store.Close() }, eng}, nil
}

// endlessPairs begins again when the ready pairs are used up, so that no test
// waits for primes.
type endlessPairs struct {
	mu    sync.Mutex // guards ready
	ready hsm.Ready
}

func (e *endlessPairs) Next(bits int) (hsm.Secret, hsm.Public, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	private, public, ok := e.ready.Next(bits)
	if !ok {
		e.ready = testkeys.Ready()
		private, public, ok = e.ready.Next(bits)
	}
	return private, public, ok
}

// recorder is a store that keeps what was committed.
type recorder struct {
	keystore.Store
	made []commit
}

type commit struct {
	id      keystore.CommitID
	changes []keystore.Change
}

func (r *recorder) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	kept := make([]keystore.Change, len(changes))
	for i, c := range changes {
		kept[i] = keystore.Change{Put: copyOf(c.Put), Remove: copyOf(c.Remove), Require: copyOf(c.Require), Add: copyOf(c.Add)}
	}
	err := r.Store.Commit(ctx, id, changes...)
	if err == nil {
		r.made = append(r.made, commit{id, kept})
	}
	return err
}

func copyOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}

// signedAs is of the form that the SDKs write.
const signedAs = "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/payment-cryptography/aws4_request, " +
	"SignedHeaders=host;x-amz-date, Signature=" +
	"0000000000000000000000000000000000000000000000000000000000000000"

func posted(op string, body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "PaymentCryptographyControlPlane."+op)
	r.Header.Set("Authorization", signedAs)
	return r
}

// ask sends a request and takes the answer.
func (w *world) ask(r *http.Request) *reply {
	got := httptest.NewRecorder()
	w.ServeHTTP(got, r)
	return &reply{got.Code, got.Result().Header, got.Body.Bytes()}
}

// call sends a request through the other door.
func (w *world) call(t fataler, r *http.Request) *reply {
	t.Helper()
	got, err := w.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil || got.ContentLength != int64(len(body)) {
		t.Fatalf("%d bytes of %d, %v", len(body), got.ContentLength, err)
	}
	return &reply{got.StatusCode, got.Header, body}
}

// settling makes a world out of requests. The first that fails ends it.
type settling struct {
	*world
	asked   []goodRequest
	commits []commit
	err     error
}

// do asks for an operation that is expected to succeed and can be asked for
// again in a new world.
func (s *settling) do(op string, body object) object {
	if s.err == nil {
		s.asked = append(s.asked, goodRequest{op, body})
	}
	return s.once(op, body)
}

// once is do for a step that new worlds have behind them.
func (s *settling) once(op string, body object) object {
	if s.err != nil {
		return object{}
	}
	r := s.ask(posted(op, asJSON(body)))
	value, err := oneJSON(r.body)
	if err != nil || r.status != http.StatusOK {
		s.err = fmt.Errorf("%s %s: %s", op, asJSON(body), r)
		return object{}
	}
	return value.(object)
}

// text finds a string in an answer.
func text(in object, path ...string) string {
	for _, name := range path[:len(path)-1] {
		in, _ = in[name].(object)
	}
	out, _ := in[path[len(path)-1]].(string)
	return out
}

func attributes(usage, class, algorithm string, modes ...string) object {
	all := object{}
	for _, m := range []string{"Encrypt", "Decrypt", "Wrap", "Unwrap", "Generate", "Sign", "Verify", "DeriveKey", "NoRestrictions"} {
		if slices.Contains(modes, m) {
			all[m] = true
		}
	}
	return object{"KeyUsage": usage, "KeyClass": class, "KeyAlgorithm": algorithm, "KeyModesOfUse": all}
}

var cipherModes = []string{"Encrypt", "Decrypt", "Wrap", "Unwrap"}

// key creates one and returns its ARN.
func (s *settling) key(a object, more object) string {
	body := object{"KeyAttributes": a, "Exportable": true}
	for k, v := range more {
		body[k] = v
	}
	return text(s.do("CreateKey", body), "Key", "KeyArn")
}
