package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

func TestOnlyThisMachineMakesOwnCalls(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, AllowOrigins: []string{"https://app.example"}, AllowHosts: []string{"apcsim.test"}})
	for _, c := range []struct {
		header []string
		want   int
	}{
		{nil, 200},
		{[]string{"Host", "localhost"}, 200},
		{[]string{"Host", "LocalHost:80"}, 200},
		{[]string{"Host", "[::1]:8089"}, 200},
		{[]string{"Host", "127.0.0.1"}, 200},
		{[]string{"Host", "controlplane.payment-cryptography.us-east-1.amazonaws.com"}, 200},
		{[]string{"Host", "apcsim.test:8089"}, 200},
		{[]string{"Origin", "https://app.example"}, 200},
		{[]string{"Host", "localhost:8089", "Origin", "http://localhost:8089"}, 200},
		{[]string{"Sec-Fetch-Site", "none"}, 200},
		{[]string{"Sec-Fetch-Site", "same-origin"}, 200},
		{[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://app.example"}, 200},
		{[]string{"Sec-Fetch-Site", "cross-site"}, 403}, // an image of another page: it has no Origin
		{[]string{"Sec-Fetch-Site", "same-site"}, 403},
		{[]string{"Sec-Fetch-Site", "other"}, 403},
		{[]string{"Origin", "http://localhost:3000"}, 403},
		{[]string{"Origin", "https://[::1]"}, 403},
		{[]string{"X-Forwarded-Proto", "https"}, 403},
		{[]string{"X-Forwarded-Host", ""}, 403},
		{[]string{"X-Real-Ip", "192.0.2.1"}, 403},
		{[]string{"Host", "attacker.example"}, 403},
		{[]string{"X-Forwarded-For", "192.0.2.1"}, 403},
		{[]string{"Forwarded", "for=192.0.2.1"}, 403},
		{[]string{"Via", "1.1 proxy"}, 403},
		{[]string{"Host", "attacker.example:8089"}, 403},
		{[]string{"Host", "localhost.attacker.example"}, 403},
		{[]string{"Host", "127.0.0.1.attacker.example"}, 403},
		{[]string{"Host", "192.168.1.5"}, 403},
		{[]string{"Host", "0.0.0.0"}, 403},
		{[]string{"Origin", "http://attacker.example"}, 403},
		{[]string{"Origin", "http://localhost.attacker.example"}, 403},
		{[]string{"Origin", "http://localhost@attacker.example"}, 403},
		{[]string{"Origin", "null"}, 403},
		{[]string{"Origin", ""}, 403},
		{[]string{"Origin", "file://localhost"}, 403},
		{[]string{"Origin", "http://localhost", "Origin", "http://attacker.example"}, 403},
	} {
		for _, path := range []string{"/_apcsim/now", "/_apcsim/nothing"} {
			want := c.want
			if path != "/_apcsim/now" && want == 200 {
				want = 404
			}
			if status, answer, _ := r.do(t, "GET", path, "", c.header...); status != want {
				t.Errorf("%s with %q: got %d, %s, want %d", path, c.header, status, answer, want)
			}
		}
		if status, _, _ := r.do(t, "GET", "/_apcsim/health", "", c.header...); status != 200 {
			t.Errorf("health with %q: got %d", c.header, status)
		}
	}
}

// TestABodyOfAnOwnCallIsJSON, which a web page cannot send without asking first.
func TestABodyOfAnOwnCallIsJSON(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true})
	for _, c := range []struct {
		contentType, body string
		want              int
	}{
		{"application/json", `{"duration":"1s"}`, 200},
		{"application/json; charset=utf-8", `{"duration":"1s"}`, 200},
		{"text/plain", `{"duration":"1s"}`, 415},
		{"application/x-www-form-urlencoded", `{"duration":"1s"}`, 415},
		{"", `{"duration":"1s"}`, 415},
		{";", `{"duration":"1s"}`, 415},
		{"text/plain", "", 415},
		{"", "", 400}, // the duration is missing
	} {
		req := httptest.NewRequest("POST", "http://localhost/_apcsim/advance", strings.NewReader(c.body))
		req.Header.Set("Content-Type", c.contentType)
		if c.contentType == "" {
			req.Header.Del("Content-Type")
		}
		req.RemoteAddr = "127.0.0.1:5000"
		req = req.WithContext(context.WithValue(req.Context(), http.LocalAddrContextKey, r.listener.Addr()))
		w := httptest.NewRecorder()
		if r.ServeHTTP(w, req); w.Code != c.want {
			t.Errorf("%q, %q: got %d, %s, want %d", c.contentType, c.body, w.Code, w.Body, c.want)
		}
	}
}

// TestAWebPageDoesNotUseTheService on loopback, unless signatures are verified.
// Beyond loopback the server has no one name.
func TestAWebPageDoesNotUseTheService(t *testing.T) {
	own := "controlplane.payment-cryptography.eu-central-1.amazonaws.com"
	for _, c := range []struct {
		host   string
		o      Options
		header []string
		want   int
	}{
		{"127.0.0.1", Options{}, nil, 200},
		{"127.0.0.1", Options{}, []string{"Host", "localhost:1"}, 200},
		{"127.0.0.1", Options{}, []string{"Host", own}, 200},
		{"127.0.0.1", Options{}, []string{"Host", "attacker.example"}, 403},
		{"127.0.0.1", Options{}, []string{"Host", "attacker.example", "Origin", "http://attacker.example"}, 403},
		{"127.0.0.1", Options{}, []string{"Origin", "https://attacker.example"}, 403},
		{"127.0.0.1", Options{}, []string{"Origin", "null"}, 403},
		{"127.0.0.1", Options{AllowOrigins: []string{"null"}}, nil, 0}, // is no option
		{"127.0.0.1", Options{AllowHosts: []string{"*"}}, nil, 0},
		{"127.0.0.1", Options{AllowHosts: []string{"attacker.example"}}, []string{"Host", "attacker.example:80"}, 200},
		{"127.0.0.1", Options{AllowOrigins: []string{"https://app.example"}}, []string{"Origin", "https://app.example"}, 200},
		{"127.0.0.1", Options{AllowOrigins: []string{"https://app.example"}}, []string{"Origin", "https://attacker.example"}, 403},
		{"127.0.0.1", Options{Verify: true}, []string{"Host", "attacker.example"}, 403}, // since Anonymous lets it in
		{"0.0.0.0", Options{}, []string{"Host", "attacker.example", "Origin", "https://attacker.example"}, 200},
	} {
		c.o.Anonymous = true
		if c.o.Verify {
			c.o.Config = parsed(t, `{"callers":{"A":{"account":"111122223333","secret":"s"}}}`)
		}
		if c.want == 0 {
			_, err := Listen(t.Context(), "127.0.0.1:0", &c.o)
			if wrong, ok := errors.AsType[*OptionError](err); !ok || !strings.HasPrefix(wrong.Option, "allow-") {
				t.Errorf("%+v: got %v, want it refused", c.o, err)
			}
			continue
		}
		r := start(t, c.host, c.o)
		status, answer, header := r.do(t, "POST", "/", "{}", append([]string{target, operation("ListKeys")}, c.header...)...)
		if status != c.want {
			t.Errorf("%s, %+v with %q: got %d, %s, want %d", c.host, c.o, c.header, status, answer, c.want)
		}
		if c.want == 403 && !strings.Contains(header.Get("X-Apcsim-Reason"), "--allow-") {
			t.Errorf("%q: the reason is %q", c.header, header.Get("X-Apcsim-Reason"))
		}
	}
}

func TestTheNameThatAServerListensAtIsItsOwn(t *testing.T) {
	s := &Server{options: Options{}}
	if err := s.newGuard("Apcsim.Test:8089"); err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest("GET", "http://apcsim.test:8089/", nil)
	if err := s.guard.Check(req); err != nil {
		t.Error(err)
	}
}

func TestWhereAClientComesFrom(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true})
	here, lan := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8089}, &net.TCPAddr{IP: net.IPv4(192, 168, 1, 2), Port: 8089}
	for _, c := range []struct {
		remote string
		local  net.Addr
		want   int
	}{
		{"127.0.0.1:5000", here, 200},
		{"[::1]:5000", here, 200},
		{"[::ffff:127.0.0.1]:5000", here, 200},
		{"192.168.1.5:5000", here, 403},
		{"[::ffff:192.168.1.5]:5000", here, 403},
		{"127.0.0.1:5000", lan, 403},
		{"127.0.0.1:5000", nil, 403},
		{"@", here, 403},
		{"", here, 403},
	} {
		req := httptest.NewRequest("GET", "http://localhost/_apcsim/now", nil)
		req.RemoteAddr = c.remote
		if c.local != nil {
			req = req.WithContext(context.WithValue(req.Context(), http.LocalAddrContextKey, c.local))
		}
		w := httptest.NewRecorder()
		if r.ServeHTTP(w, req); w.Code != c.want {
			t.Errorf("from %q at %v: got %d, %s, want %d", c.remote, c.local, w.Code, w.Body, c.want)
		}
	}
}

func TestReasonsAreFoldedForStrangers(t *testing.T) {
	block := "D0144P0AE00E0000" + strings.Repeat("A7", 64)
	body := `{"KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"alias/zone-key","WrappedKeyBlock":"` + block + `"}}}`
	reasons := func(host string, explain bool) string {
		r := start(t, host, Options{Anonymous: true, Explain: explain, Config: parsed(t, zoneKey)})
		status, answer, header := r.call(t, "ImportKey", body)
		if status != 400 {
			t.Errorf("%s: got %d, %s", host, status, answer)
		}
		return header.Get("X-Apcsim-Reason")
	}
	here, there, asked := reasons("127.0.0.1", false), reasons("0.0.0.0", false), reasons("0.0.0.0", true)
	if here == there || here != asked || here == "" {
		t.Errorf("here %q, there %q, there with Explain %q", here, there, asked)
	}
}

// failing is a store that fails in every read, once it is set to.
type failing struct {
	keystore.Store
	on atomic.Bool
}

const inside = "dial tcp db.internal:5432: role \"apcsim_rw\" of /var/lib/apcsim"

func (f *failing) Read(ctx context.Context, refs ...keystore.Ref) ([]keystore.Found, error) {
	if f.on.Load() {
		return nil, errors.New(inside)
	}
	return f.Store.Read(ctx, refs...)
}

// TestWhatFailedInsideIsNotShownToOtherMachines: they get the rule; the log has the text.
func TestWhatFailedInsideIsNotShownToOtherMachines(t *testing.T) {
	for _, c := range []struct {
		host    string
		explain bool
		want    string
	}{
		{"127.0.0.1", false, "db.internal"},
		{"0.0.0.0", false, "keystore"},
		{"0.0.0.0", true, "keystore"}, // what a caller did wrong is explained, not what this machine is made of
	} {
		store := &failing{Store: newLent(t)}
		r := start(t, c.host, Options{Anonymous: true, Explain: c.explain, Store: store, Backend: hsm.NewSoftware(nil)})
		store.on.Store(true)
		status, answer, header := r.call(t, "GetKey", `{"KeyIdentifier":"alias/a"}`)
		why := header.Get("X-Apcsim-Reason")
		if status != 500 || strings.Contains(answer, "db.internal") {
			t.Errorf("%s: got %d, %s", c.host, status, answer)
		}
		if ok := why == c.want || c.want == "db.internal" && strings.Contains(why, c.want); !ok {
			t.Errorf("%s, explain %v: the reason is %q, want %q", c.host, c.explain, why, c.want)
		}
		r.log.WaitFor(t, "db.internal:5432")
	}
}
