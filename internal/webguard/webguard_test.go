package webguard

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func asked(host string, origins ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://x/", nil)
	r.Host = host
	for _, o := range origins {
		r.Header.Add("Origin", o)
	}
	return r
}

func TestHostsThatOnlyThisMachineOrTheServiceHas(t *testing.T) {
	g := New(nil, []string{"Apcsim.Test:8089", "host.docker.internal"})
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost:80": true, "localhost.": true, "127.0.0.1": true, "127.8.9.1:1": true, "[::1]:8089": true, "::1": true,
		"[::ffff:127.0.0.1]:1": true,
		"apcsim.test":          true, "APCSIM.test:99": true, "host.docker.internal:8089": true,
		"controlplane.payment-cryptography.us-east-1.amazonaws.com": true, "controlplane.payment-cryptography.eu-central-1.api.aws:443": true,
		"dataplane.payment-cryptography-fips.us-east-1.amazonaws.com": true, "dataplane.payment-cryptography.ap-northeast-1.amazonaws.com": true,
		"sts.amazonaws.com": true, "sts.us-gov-west-1.amazonaws.com": true,

		"": false, "attacker.example": false, "localhost.attacker.example": false, "127.0.0.1.attacker.example": false,
		"attacker.example:8089": false,
		"192.168.1.5":           false, "0.0.0.0": false, "[::]": false, "x.apcsim.test": false, "apcsim.test.attacker.example": false,
		"localhost@attacker.example": false,
		"controlplane.payment-cryptography.us-east-1.amazonaws.com.attacker.example": false,
		"controlplane.payment-cryptography.attacker.amazonaws.com":                   false,
		"controlplane.payment-cryptography.us-east-1.s3.amazonaws.com":               false,
		"attacker.controlplane.payment-cryptography.us-east-1.amazonaws.com":         false,
		"attacker.s3.amazonaws.com":                                                  false,
		"kms.us-east-1.amazonaws.com":                                                false,
	} {
		if err := g.Check(asked(host)); (err == nil) != want {
			t.Errorf("%q: got %v, want it taken %v", host, err, want)
		}
	}
}

func TestOriginsThatAreAllowed(t *testing.T) {
	g := New([]string{"https://App.example", "http://localhost:3000/", "chrome-extension://abcdefgh", "http://a.example:80"}, nil)
	for origin, want := range map[string]bool{
		"https://app.example": true, "https://app.example:443": true, "http://localhost:3000": true, "chrome-extension://abcdefgh": true,
		"http://a.example":      true,
		"http://127.0.0.1:8089": true, // the server's own pages

		"null": false, "": false, "*": false, "http://app.example": false, "https://app.example:8443": false, "http://localhost": false,
		"http://localhost:3001": false,
		"http://127.0.0.1:8090": false, "https://127.0.0.1:8089": false, "https://app.example.attacker.example": false,
		"https://app.example@attacker.example": false,
		"file://":                              false, "file:///": false, "https://": false,
	} {
		if err := g.Check(asked("127.0.0.1:8089", origin)); (err == nil) != want {
			t.Errorf("%q: got %v, want it allowed %v", origin, err, want)
		}
	}
	if err := g.Check(asked("127.0.0.1:8089", "https://app.example", "http://attacker.example")); err == nil {
		t.Error("one of two origins is not allowed, and the request is taken")
	}
	if err := New(nil, nil).Check(asked("attacker.example:8089", "http://attacker.example:8089")); err == nil {
		t.Error("a rebound page is taken for the server's own")
	}
}

func TestOptionsThatAreNoOriginOrHost(t *testing.T) {
	for _, text := range []string{"", "null", "*", "app.example", "https://*.example", "https://app.example/path",
		"https://user@app.example", "https://app.example?q", "//app.example"} {
		if got, err := Origin(text); err == nil {
			t.Errorf("the origin %q is read as %q", text, got)
		}
	}
	for _, text := range []string{"", "*", "*.example", "a b", "http://a.example", "a/b", ".", "-a"} {
		if got, err := Host(text); err == nil {
			t.Errorf("the host %q is read as %q", text, got)
		}
	}
}

// FuzzGuard: a request that is taken names, as a URL is read too, this machine, the
// service or what is allowed, and comes from no origin or one that is.
func FuzzGuard(f *testing.F) {
	for _, host := range []string{"localhost:80", "[::1]:8089", "127.1", "::ffff:127.0.0.1", "a.example.", "localhost@b",
		"sts.us-east-1.amazonaws.com", "127.0.0.1%00", "[fe80::1%25lo]:1"} {
		for _, origin := range []string{"", "null", "https://a.example", "http://localhost:80", "https://a.example:443/", "http://[::1]:8089"} {
			f.Add(host, origin)
		}
	}
	g := New([]string{"https://a.example"}, []string{"a.example"})
	f.Fuzz(func(t *testing.T, host, origin string) {
		r := asked(host)
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		if g.Check(r) != nil {
			return
		}
		name := strings.TrimSuffix(strings.ToLower(host), ".")
		if u, err := url.Parse("http://" + host + "/"); err == nil {
			name = strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
		} else if h, _, err := net.SplitHostPort(host); err == nil { // a port that is none
			name = strings.TrimSuffix(strings.ToLower(h), ".")
		}
		at, err := netip.ParseAddr(name)
		here := name == "localhost" || name == "a.example" || err == nil && at.Unmap().IsLoopback()
		if !here &&
			!regexp.MustCompile(`^((control|data)plane\.payment-cryptography|sts)[a-z0-9.-]*\.`+
				`(amazonaws\.com|api\.aws|amazonaws\.com\.cn|amazonaws\.eu|api\.amazonwebservices\.(eu|com\.cn))$`).
				MatchString(name) &&
			name != "sts.amazonaws.com" {
			t.Errorf("the Host %q is taken, which is %q", host, name)
		}
		if origin == "" {
			return
		}
		if u, err := url.Parse(strings.ToLower(origin)); err != nil ||
			u.Hostname() != "a.example" && strings.TrimSuffix(u.Hostname(), ".") != name {
			t.Errorf("the Origin %q is taken at %q", origin, host)
		}
	})
}
