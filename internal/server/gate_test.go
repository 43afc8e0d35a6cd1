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
	r := start(t, "127.0.0.1", Options{Control: true})
	for _, c := range []struct {
		header []string
		want   int
	}{
		{nil, 200},
		{[]string{"Host", "localhost"}, 200},
		{[]string{"Host", "LocalHost:80"}, 200},
		{[]string{"Host", "[::1]:8089"}, 200},
		{[]string{"Host", "127.0.0.1"}, 200},
		{[]string{"Origin", "http://localhost:3000"}, 200},
		{[]string{"Origin", "https://[::1]"}, 200},
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

func TestOwnCallsAreRefusedBeyondThisMachine(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0"} {
		s, err := Listen(t.Context(), address, &Options{Control: true})
		if wrong, ok := errors.AsType[*OptionError](err); !ok || wrong.Option != "control" {
			t.Errorf("%s: got %v, want a refusal", address, err)
			s.Close()
		}
	}
	s, err := Listen(t.Context(), "localhost:0", &Options{Control: true})
	if err != nil {
		t.Fatalf("localhost: %v", err)
	}
	s.Close()
}

func TestListeningBeyondThisMachineIsSaidLoudly(t *testing.T) {
	const loud, open, exact, ready = "LISTENING BEYOND THIS MACHINE", "NO AUTHENTICATION", "exact reasons are told to strangers", "RSA PAIRS ARE TEST KEYS"
	callers := `{"callers":{"A":{"account":"111122223333","secret":"s"}}}`
	for _, c := range []struct {
		host string
		o    Options
		want string
	}{
		{"127.0.0.1", Options{}, ""},
		{"127.0.0.1", Options{TestKeys: true}, ready},
		{"0.0.0.0", Options{}, loud + open},
		{"0.0.0.0", Options{TestKeys: true, Explain: true}, ready + loud + open + exact},
		{"0.0.0.0", Options{Verify: true, Config: parsed(t, callers)}, loud},
		{"0.0.0.0", Options{Verify: true, Anonymous: true, Config: parsed(t, callers)}, loud + open},
	} {
		r, got := start(t, c.host, c.o), ""
		for _, text := range []string{ready, loud, open, exact} {
			if strings.Contains(r.log.String(), text) {
				got += text
			}
		}
		if got != c.want {
			t.Errorf("%s, %+v: got %q, want %q", c.host, c.o, got, c.want)
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

// failing is a store that fails in every read, once it is told to.
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

// TestWhatFailedInsideIsNotToldToStrangers: they get the rule; the log has the text.
func TestWhatFailedInsideIsNotToldToStrangers(t *testing.T) {
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
		r.log.waitFor(t, "db.internal:5432")
	}
}
