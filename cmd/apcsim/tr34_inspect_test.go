package main

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
)

func TestTokensAreExplainedWithoutAnyKey(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range tokenVectors(t) {
		if v.Expect != "accept" {
			continue
		}
		var out, errs strings.Builder
		if status := run(context.Background(), []string{"tr34", "inspect", v.path(v.File)}, strings.NewReader(""), &out,
			&errs); status != exitOK {
			t.Fatalf("%s: %s", v.ID, &errs)
		}
		for _, want := range []string{"message         key token", v.Header, v.Nonce} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", v.ID, want, &out)
			}
		}
		if strings.Contains(out.String(), v.Key) {
			t.Errorf("%s: the key is shown", v.ID)
		}
		for layout := range layoutWords {
			seen[layout] = seen[layout] || strings.Contains(out.String(), layoutWords[layout])
		}
	}
	for _, layout := range []string{"standard", "rfc", "x9-tr34-2012"} {
		if !seen[layout] {
			t.Errorf("no token of layout %s", layout)
		}
	}
}

func TestOtherMessagesAreNamed(t *testing.T) {
	dir := "../../tr34/testdata/gen/tokens/"
	for name, want := range map[string]string{"kdh-unbind.der": "KDH unbind", "ca-unbind.der": "CA unbind", "kdh-rebind.der": "KDH rebind",
		"ca-rebind.der": "CA rebind",
		"kdh-cred.der":  "credential", "random.der": "random number"} {
		var out strings.Builder
		status := run(context.Background(), []string{"tr34", "inspect", "--json", dir + name}, strings.NewReader(""), &out, &out)
		if status != exitOK || !strings.Contains(out.String(), `"message":"`+want+`"`) {
			t.Errorf("%s: status %d, %s; want %s", name, status, &out, want)
		}
	}
}

// TestExplanationsFitATerminal: a hundred columns.
func TestExplanationsFitATerminal(t *testing.T) {
	for _, v := range tokenVectors(t) {
		got := apcsim(t, "", "tr34", "inspect", v.path(v.File))
		for line := range strings.Lines(got.out) {
			if len(line) > 101 {
				t.Errorf("%s: %d columns: %s", v.ID, len(line)-1, line)
			}
		}
	}
}

// TestTheServicesNameFitsATerminal: the service's distinguished name alone is 91 characters long.
func TestTheServicesNameFitsATerminal(t *testing.T) {
	const name = "L=Arlington,CN=111122223333,ST=Virginia,OU=AWS Payment Cryptography,O=AWS Cryptography,C=US"
	var out strings.Builder
	token := inspectedToken{Message: "key token", Signer: name + ", serial 5DA67DED54D27BACFFAEC6E3C1831424"}
	certificate := explainedCertificate{Subject: name, Issuer: name, Key: "RSA of 3072 bits", KCV: "9748FFAC"}
	if err := errors.Join(token.print(&out), certificate.print(&out)); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if len(line) > 101 {
			t.Errorf("%d columns: %s", len(line)-1, line)
		}
	}
	whole := strings.Join(strings.Fields(out.String()), "")
	if got, want := strings.Count(whole, strings.ReplaceAll(name, " ", "")), 3; got != want {
		t.Errorf("the name is there %d times, want %d:\n%s", got, want, out.String())
	}
}

func TestWhatIsNoTokenIsNamed(t *testing.T) {
	all := files(t)
	delete(all, "an encrypted private key, 2") // which has no DER that says so
	forms := map[string]func(string) string{
		"PEM": func(s string) string { return s }, "base64 of PEM": func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"DER": func(s string) string { block, _ := pem.Decode([]byte(s)); return string(block.Bytes) },
	}
	for name, text := range all {
		for form, write := range forms {
			want := strings.TrimSuffix(plain(name), " of another algorithm")
			got := apcsim(t, write(text), "tr34", "inspect", "-")
			if got.status != exitRefused ||
				!strings.Contains(got.err, "the input is not a token: found "+want+", wanted a TR-34 message") {
				t.Errorf("%s in %s: %+v", name, form, got)
			}
			v := tokenVectors(t)[0]
			if again := apcsim(t, write(text), v.args("-")...); again.status != exitRefused ||
				!strings.Contains(again.err, "found "+want) {
				t.Errorf("unwrap: %s in %s: %+v", name, form, again)
			}
		}
	}
	block := wrapTest(t)
	if got := apcsim(t, "", "tr34", "inspect", block); got.status != exitRefused ||
		!strings.Contains(got.err, "found a TR-31 key block") {
		t.Errorf("a key block: %+v", got)
	}
}
