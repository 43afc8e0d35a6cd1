package endpoint_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// over sends a request over a socket with an address.
func over(address string) func(*http.Request) {
	return func(r *http.Request) {
		at := &net.TCPAddr{IP: net.ParseIP(address), Port: 8089}
		*r = *r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(at)))
	}
}

func host(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }

func TestWebPagesAreKeptFromAHandlerOnLoopback(t *testing.T) {
	eng := simtest.New(t, nil)
	for name, c := range map[string]struct {
		o      endpoint.Options
		r      *http.Request
		status int
	}{
		"localhost": {endpoint.Options{}, post("ListKeys", "{}", over("127.0.0.1"), host("localhost:8089")), 200},
		"IPv6":      {endpoint.Options{}, post("ListKeys", "{}", over("::1"), host("[::1]:8089")), 200},
		"the service's own name": {endpoint.Options{},
			post("ListKeys", "{}", over("127.0.0.1"), host("dataplane.payment-cryptography.us-east-1.amazonaws.com")), 200},
		"a rebound name": {endpoint.Options{}, post("ListKeys", "{}", over("127.0.0.1"), host("attacker.example:8089")), 403},
		"a page": {endpoint.Options{},
			post("ListKeys", "{}", over("127.0.0.1"), host("localhost"), header("Origin", "https://attacker.example")), 403},
		"a page of no origin": {endpoint.Options{},
			post("ListKeys", "{}", over("127.0.0.1"), host("localhost"), header("Origin", "null")), 403},
		"a page that is allowed": {endpoint.Options{AllowOrigins: []string{"https://a.example"}},
			post("ListKeys", "{}", over("::1"), host("localhost"), header("Origin", "https://a.example")), 200},
		"a name that is allowed": {endpoint.Options{AllowHosts: []string{"a.example"}},
			post("ListKeys", "{}", over("127.0.0.1"), host("a.example:1")), 200},
		"null is allowed": {endpoint.Options{AllowOrigins: []string{"null"}},
			post("ListKeys", "{}", over("127.0.0.1"), host("localhost"), header("Origin", "null")), 403},
		"beyond loopback":      {endpoint.Options{}, post("ListKeys", "{}", over("192.0.2.1"), host("apcsim.example")), 200},
		"on a public listener": {endpoint.Options{Public: true}, post("ListKeys", "{}", over("127.0.0.1"), host("apcsim.example")), 200},
		"without a socket":     {endpoint.Options{}, post("ListKeys", "{}", host("apcsim.example"), header("Origin", "null")), 200},
		"verified, not signed": {endpoint.Options{Verify: true, Callers: known},
			post("ListKeys", "{}", over("127.0.0.1"), host("apcsim.example"), without("Authorization")), 400},
		"verified, anonymous also": {endpoint.Options{Verify: true, Callers: known, Anonymous: true},
			post("ListKeys", "{}", over("127.0.0.1"), host("apcsim.example"), without("Authorization")), 403},
	} {
		answer, body := ask(t, endpoint.Handler(eng, &c.o), c.r)
		if answer.StatusCode != c.status {
			t.Errorf("%s: got %d %v, want %d", name, answer.StatusCode, body, c.status)
		}
		if why := answer.Header.Get(endpoint.ReasonHeader); c.status == 403 &&
			(body["__type"] != "AccessDeniedException" || !strings.Contains(why, "--allow-host")) {
			t.Errorf("%s: got %v, %q", name, body, why)
		}
	}
}

// TestTheClientHasNoWebPages: its requests may have the context of another server.
func TestTheClientHasNoWebPages(t *testing.T) {
	r := post("ListKeys", "{}", over("127.0.0.1"), host("apcsim.example"))
	answer, err := endpoint.HTTPClient(simtest.New(t, nil), nil).Do(r)
	if err != nil || answer.StatusCode != 200 {
		t.Errorf("got %v, %v", answer, err)
	}
}

func TestBrowsersAskBeforehand(t *testing.T) {
	h := endpoint.Handler(simtest.New(t, nil), &endpoint.Options{AllowOrigins: []string{"https://a.example"}})
	ask := func(origin string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodOptions, "/", nil)
		over("127.0.0.1")(r)
		r.Host = "localhost:8089"
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		r.Header.Set("Access-Control-Request-Headers", "authorization,content-type,x-amz-target")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	w := ask("https://a.example")
	if got := w.Header(); w.Code != 204 || got.Get("Access-Control-Allow-Origin") != "https://a.example" ||
		got.Get("Access-Control-Allow-Methods") != "POST" ||
		got.Get("Access-Control-Allow-Headers") != "authorization,content-type,x-amz-target" {
		t.Errorf("an allowed origin: got %d, %v", w.Code, got)
	}
	if w := ask("https://b.example"); w.Code != 403 || w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin: got %d, %v", w.Code, w.Header())
	}
	r := post("GetAlias", `{"AliasName":"alias/a"}`, over("127.0.0.1"), host("localhost"), header("Origin", "https://a.example"))
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if got := w.Header(); got.Get("Access-Control-Allow-Origin") != "https://a.example" ||
		!strings.Contains(got.Get("Access-Control-Expose-Headers"), endpoint.ReasonHeader) {
		t.Errorf("a call: got %v", got)
	}
}
