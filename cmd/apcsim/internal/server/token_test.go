package server

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
)

func TestTheTokenOpensTheOwnCallsOnAnyAddress(t *testing.T) {
	r := start(t, "0.0.0.0", Options{Control: true, ControlToken: hsm.NewSecret([]byte(controlSecret))})
	bearer := []string{"Authorization", "Bearer " + controlSecret}
	for _, c := range []struct {
		header []string
		want   int
	}{
		{nil, 401}, {bearer, 200}, {append([]string{"Host", "apcsim:8089"}, bearer...), 200},
		{append([]string{"Via", "1.1 proxy"}, bearer...), 200},
		{[]string{"Authorization", "Bearer " + controlSecret + "x"}, 401}, {[]string{"Authorization", controlSecret}, 401},
		{[]string{"Authorization", "Bearer "}, 401},
		{[]string{"Cookie", cookieName + "=" + controlSecret}, 401}, {append([]string{"Origin", "http://attacker.example"}, bearer...), 403},
	} {
		for _, path := range []string{"now", "journal", "keys", "due", "graph", ""} {
			if status, answer, _ := r.do(t, "GET", "/_apcsim/"+path, "", c.header...); status != c.want {
				t.Errorf("%s with %q: got %d, %s, want %d", path, c.header, status, answer, c.want)
			}
		}
	}
	if status, _, _ := r.do(t, "GET", "/_apcsim/now?token="+controlSecret, ""); status != 401 {
		t.Errorf("by URL: got %d", status)
	}
	if status, _, _ := r.do(t, "GET", "/_apcsim/health", ""); status != 200 {
		t.Errorf("health: got %d", status)
	}
	if got := r.log.String(); !strings.Contains(got, `call="GET now" status=401`) || strings.Contains(got, controlSecret) {
		t.Errorf("the log does not name the refused call, or has the token:\n%s", got)
	}
}

func TestTheConsoleAsksForTheTokenOnce(t *testing.T) {
	r := start(t, "0.0.0.0", Options{Control: true, ControlToken: hsm.NewSecret([]byte(controlSecret))})
	if status, body, _ := r.page(t, "/_apcsim/"); status != 401 || !strings.Contains(body, `type="password"`) ||
		strings.Contains(body, "Simulated time") {
		t.Errorf("without a cookie: got %d\n%s", status, body)
	}
	own := []string{"Origin", r.origin()}
	if status, _, h := r.form(t, "console/login", "token=wrong", own...); status != 401 || h.Get("Set-Cookie") != "" {
		t.Errorf("a wrong token: got %d, %v", status, h)
	}
	if status, _, h := r.form(t, "console/login", "token="+controlSecret); status != 403 || h.Get("Set-Cookie") != "" {
		t.Errorf("from elsewhere: got %d, %v", status, h)
	}
	status, body, h := r.form(t, "console/login", "token="+controlSecret, own...)
	set := h.Get("Set-Cookie")
	if status != 303 || !strings.Contains(set, "HttpOnly") || !strings.Contains(set, "SameSite=Strict") ||
		!strings.Contains(set, "Path=/_apcsim/") {
		t.Fatalf("got %d, %q", status, set)
	}
	cookie, _, _ := strings.Cut(set, ";")
	if status, body, _ := r.page(t, "/_apcsim/console/keys", "Cookie", cookie); status != 200 ||
		!strings.Contains(body, "There is no key here") {
		t.Errorf("with the cookie: got %d\n%s", status, body)
	}
	for _, c := range []struct {
		header []string
		want   int
	}{{[]string{"Cookie", cookie}, 403}, {[]string{"Cookie", cookie, "Origin", "http://attacker.example"}, 403},
		{[]string{"Cookie", cookie, "Origin", r.origin()}, 200}} {
		if status, answer, _ := r.do(t, "POST", "/_apcsim/advance", `{"duration":"1s"}`, c.header...); status != c.want {
			t.Errorf("%q: got %d, %s, want %d", c.header, status, answer, c.want)
		}
	}
	if strings.Contains(r.log.String()+body+set+fmt.Sprintf("%v %+v", r.options, r.token), controlSecret) {
		t.Error("the token is shown")
	}
}

func TestATokenFileIsHeldToTheRule(t *testing.T) {
	dir := t.TempDir()
	for i, c := range []struct {
		content string
		mode    os.FileMode
		ok      bool
	}{
		{controlSecret + "\n", 0o600, true}, {controlSecret, 0o644, false}, {"short", 0o600, false}, {"", 0o600, false},
		{controlSecret + " x", 0o600, false},
		{strings.Repeat("a", 513), 0o600, false},
	} {
		path := filepath.Join(dir, fmt.Sprint(i))
		os.WriteFile(path, []byte(c.content), c.mode)
		got, err := ReadControlToken(path)
		if (err == nil) != c.ok || err != nil && strings.Contains(err.Error(), controlSecret) || c.ok && got.Len() != len(controlSecret) {
			t.Errorf("%q, %o: got %v, %v", c.content, c.mode, got, err)
		}
	}
}
