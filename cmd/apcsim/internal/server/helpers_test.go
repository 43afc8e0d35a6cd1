package server

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// patience is how long a test waits for what must happen; it fails after that.
const patience = 20 * time.Second

// running is a server that serves until the test ends.
type running struct {
	*Server
	log  *testrig.Text
	stop context.CancelFunc
	done chan error // what Serve returned
	at   string     // host and port, of loopback
}

// start runs a server on a free port of an address.
func start(t *testing.T, host string, o Options) *running {
	t.Helper()
	r := &running{log: &testrig.Text{}, done: make(chan error, 1)}
	o.Log = slog.New(slog.NewTextHandler(r.log, nil))
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	var err error
	if r.Server, err = Listen(ctx, net.JoinHostPort(host, "0"), &o); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(r.listener.Addr().String())
	r.at = net.JoinHostPort("127.0.0.1", port)
	go func() { r.done <- r.Serve(ctx) }()
	t.Cleanup(func() { r.end(t) })
	return r
}

// end stops the server, and is done when Serve has returned nil.
func (r *running) end(t *testing.T) {
	t.Helper()
	r.stop()
	select {
	case err := <-r.done:
		if err != nil {
			t.Errorf("Serve: %v", err)
		}
		r.done <- nil // for a second end
	case <-time.After(patience):
		t.Error("Serve does not return")
	}
}

// send sends a request on a connection of its own. A body to the simulator's own calls is JSON unless the header says otherwise.
func (r *running) send(t *testing.T, method, path, body string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.at+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	if body != "" && strings.HasPrefix(path, "/_apcsim/") && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return res
}

// do sends a request and reads the answer.
func (r *running) do(t *testing.T, method, path, body string, header ...string) (status int, answer string, got http.Header) {
	t.Helper()
	res := r.send(t, method, path, body, header...)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return res.StatusCode, string(raw), res.Header
}

// own makes one of the simulator's own calls, which succeeds.
func (r *running) own(t *testing.T, method, path, body string, out any) {
	t.Helper()
	status, answer, header := r.do(t, method, "/_apcsim/"+path, body)
	if status != http.StatusOK || header.Get("Content-Type") != "application/json" {
		t.Fatalf("%s %s: got %d, %s, %s", method, path, status, header.Get("Content-Type"), answer)
	}
	if err := json.Unmarshal([]byte(answer), out); err != nil {
		t.Fatalf("%s %s: %v: %s", method, path, err, answer)
	}
}

const target = "X-Amz-Target"

func operation(name string) string { return "PaymentCryptographyControlPlane." + name }

// call makes a call of the service without a signature.
func (r *running) call(t *testing.T, op, body string) (status int, answer string, header http.Header) {
	t.Helper()
	return r.do(t, "POST", "/", body, target, operation(op))
}

const createAES = `{"KeyAttributes":{"KeyUsage":"TR31_K0_KEY_ENCRYPTION_KEY","KeyClass":"SYMMETRIC_KEY","KeyAlgorithm":"AES_128",` +
	`"KeyModesOfUse":{"Encrypt":true,"Decrypt":true,"Wrap":true,"Unwrap":true}},"Exportable":true}`

// create makes a key, and is its ARN.
func (r *running) create(t *testing.T) string {
	t.Helper()
	status, answer, _ := r.call(t, "CreateKey", createAES)
	var out struct{ Key struct{ KeyArn string } }
	if err := json.Unmarshal([]byte(answer), &out); err != nil || status != http.StatusOK {
		t.Fatalf("CreateKey: %d, %s", status, answer)
	}
	return out.Key.KeyArn
}

// parsed is a configuration that must be right.
func parsed(t testing.TB, text string) *Config {
	t.Helper()
	c, err := ParseConfig([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// aKey is a key of a configuration, but for its beginning.
const aKey = `"KeyAttributes":{"KeyUsage":"TR31_K0_KEY_ENCRYPTION_KEY","KeyClass":"SYMMETRIC_KEY","KeyAlgorithm":"AES_128",` +
	`"KeyModesOfUse":{"Encrypt":true,"Decrypt":true,"Wrap":true,"Unwrap":true}}}`

// zoneKey is a configuration of one key with the check value 90618D.
const (
	components = `"components":["11111111111111111111111111111111","22222222222222222222222222222222"],`
	zoneKey    = `{"keys":[{"alias":"alias/zone-key",` + components + aKey + `]}`
	zoneKCV    = "90618D"
)

func TestMain(m *testing.M) {
	http.DefaultTransport.(*http.Transport).DisableKeepAlives = true
	m.Run()
}
