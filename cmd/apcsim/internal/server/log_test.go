package server

import (
	"regexp"
	"strings"
	"testing"
)

func TestACallIsALineOfTheLog(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Anonymous: true})
	for _, c := range []struct{ op, body, want string }{
		{"CreateKey", createAES, `level=INFO msg=call operation=CreateKey account=111122223333 region=us-east-1 ` +
			`duration=\S+ request=[0-9a-f-]{36}\n`},
		{"GetKey", `{"KeyIdentifier":"alias/none"}`,
			`level=WARN msg=call operation=GetKey account=111122223333 region=us-east-1 duration=\S+ request=\S+ ` +
				`error=ResourceNotFoundException reasons="KeyIdentifier: there is no such alias in this account and Region"\n`},
		{"Fly", `{}`,
			`level=WARN msg=call operation="" account="" region="" duration=\S+ request=\S+ error=UnknownOperationException ` +
				`reasons="X-Amz-Target names no operation[^"]*"\n`},
	} {
		r.call(t, c.op, c.body)
		r.log.WaitFor(t, "msg=call operation="+regexp.MustCompile(`operation=(\S+)`).FindStringSubmatch(c.want)[1])
		if got := r.log.String(); !regexp.MustCompile(c.want).MatchString(got) {
			t.Errorf("%s: got\n%s\nwant %s", c.op, got, c.want)
		}
	}
}

func TestTheLogHoldsNoSecret(t *testing.T) {
	secret := "S3cret-of-the-caller"
	config := `{"callers":{"AKIDPARTNER":{"account":"444455556666","secret":"` + secret +
		`"}},"keys":[{"alias":"alias/zone-key","components":["` +
		canary + `","22222222222222222222222222222222"],` + aKey + `]}`
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true, Config: parsed(t, config)})
	bodies := []string{
		`{"KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"alias/zone-key","WrappedKeyBlock":"` + canary + `"}}}`,
		`{"KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"alias/zone-key","WrappedKeyBlock":"D0144P0AE00E0000` + strings.Repeat(
			canary,
			4,
		) + `"}}}`,
		`{"KeyMaterial":{"KeyCryptogram":{"WrappedKeyCryptogram":"` + canary + `"}}}`,
		`{"` + canary + `":"` + canary + `"}`, canary, `"` + canary,
	}
	for _, body := range bodies {
		r.call(t, "ImportKey", body)
		r.do(t, "POST", "/", body, target, operation("CreateKey"), "Authorization", signed+canary)
		r.do(t, "POST", "/", body, target, operation(canary), "Authorization", canary)
		r.do(t, "POST", "/_apcsim/keys", body)
		r.do(t, "POST", "/_apcsim/advance", body)
		r.do(t, "GET", "/_apcsim/keys/"+canary, "")
		r.do(t, canary, "/_apcsim/"+canary, "")
	}
	r.own(t, "POST", "reset", "", &struct{}{})
	r.own(t, "POST", "keys", `{"components":["`+canary+`","`+canary+`"],`+aKey, &struct{}{})
	r.end(t)
	if got := r.log.String(); strings.Contains(strings.ToUpper(got), canary) || strings.Contains(got, secret) ||
		strings.Count(got, "\n") < 7*len(bodies) {
		t.Errorf("the log:\n%s", got)
	}
}

func TestListeningBeyondThisMachineIsWarnedOf(t *testing.T) {
	const pages = "web pages of these origins can use every key"
	const loud, open, exact, ready = "LISTENING BEYOND THIS MACHINE", "NO AUTHENTICATION", "exact reasons are shown to other machines",
		"RSA KEY PAIRS ARE TEST KEYS"
	callers := `{"callers":{"A":{"account":"111122223333","secret":"s"}}}`
	for _, c := range []struct {
		host string
		o    Options
		want string
	}{
		{"127.0.0.1", Options{}, ""},
		{"127.0.0.1", Options{TestKeys: true}, ready},
		{"127.0.0.1", Options{AllowOrigins: []string{"https://app.example"}}, pages},
		{"127.0.0.1", Options{AllowOrigins: []string{"https://app.example"}, Verify: true, Config: parsed(t, callers)}, ""},
		{"0.0.0.0", Options{}, loud + open},
		{"0.0.0.0", Options{TestKeys: true, Explain: true}, ready + loud + open + exact},
		{"0.0.0.0", Options{Verify: true, Config: parsed(t, callers)}, loud},
		{"0.0.0.0", Options{Verify: true, Anonymous: true, Config: parsed(t, callers)}, loud + open},
	} {
		r, got := start(t, c.host, c.o), ""
		for _, text := range []string{ready, pages, loud, open, exact} {
			if strings.Contains(r.log.String(), text) {
				got += text
			}
		}
		if got != c.want {
			t.Errorf("%s, %+v: got %q, want %q", c.host, c.o, got, c.want)
		}
	}
}
