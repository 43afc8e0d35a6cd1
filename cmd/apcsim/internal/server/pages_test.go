package server

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/console"
)

const controlSecret = "control-token-of-a-test-0123456789"

// page gets a page of the console as a browser does.
func (r *running) page(t *testing.T, path string, header ...string) (status int, body string, got http.Header) {
	t.Helper()
	return r.do(t, "GET", path, "", append([]string{"Accept", "text/html,*/*"}, header...)...)
}

// form sends a form of the console.
func (r *running) form(t *testing.T, path, values string, header ...string) (status int, body string, got http.Header) {
	t.Helper()
	if !slices.Contains(header, "Content-Type") {
		header = append(header, "Content-Type", "application/x-www-form-urlencoded")
	}
	res := r.send(t, "POST", "/_apcsim/"+path, values, header...)
	defer res.Body.Close()
	var b strings.Builder
	if err := res.Write(&b); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, b.String(), res.Header
}

func (r *running) origin() string { return "http://" + r.at }

func TestEveryPageIsWholeAndStrict(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true, Config: parsed(t, zoneKey)})
	const bad = `<script>alert(1)</script>"'&`
	key := r.create(t)
	r.call(t, "TagResource", `{"ResourceArn":"`+key+`","Tags":[{"Key":"note","Value":`+fmt.Sprintf("%q", bad)+`}]}`)
	r.call(t, "GetKey", `{"KeyIdentifier":`+fmt.Sprintf("%q", "alias/"+bad)+`}`)
	r.call(t, "ExportKey", `{"ExportKeyIdentifier":"`+key+`","KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"alias/zone-key"}}}`)
	r.call(t, "DeleteKey", `{"KeyIdentifier":"`+key+`","DeleteKeyInDays":3}`)
	if status, _, h := r.page(t, "/"); status != http.StatusSeeOther || h.Get("Location") != "/_apcsim/" {
		t.Errorf("/: got %d to %q", status, h.Get("Location"))
	}
	for path, want := range map[string]string{
		"": "ExportKey", "?refused=true": "alias/&lt;script", "?operation=CreateKey": "CreateKey", "console/calls/1": "client.create_key(",
		"console/keys":        "deleted in",
		"console/keys/" + key: "note = ", "console/keys/alias/zone-key": "alias/zone-key", "console/time": "the key is deleted",
		"console/graph": "ExportKey",
		"console/tools": "Inspect", "console/limits": "Aliases",
	} {
		status, body, h := r.page(t, "/_apcsim/"+path)
		if status != 200 || !strings.Contains(body, want) || !strings.HasSuffix(body, "</html>\n") {
			t.Errorf("%s: got %d without %q:\n%s", path, status, want, body)
		}
		if strings.Contains(body, "<script>") || strings.Contains(body, "style=") || strings.Contains(body, "onclick") {
			t.Errorf("%s has text of a client, a style or a script as markup:\n%s", path, body)
		}
		if h.Get("Content-Security-Policy") != console.Policy || h.Get("Cache-Control") != "no-store" ||
			h.Get("X-Content-Type-Options") != "nosniff" ||
			h.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s: headers %v", path, h)
		}
	}
	for path, want := range map[string]int{"console/nothing": 404, "console/calls/99": 404, "console/calls/x": 404,
		"console/keys/alias/none": 404, "console/keys?account=1": 400, "?refused=maybe": 400} {
		if status, body, _ := r.page(t, "/_apcsim/"+path); status != want || !strings.Contains(body, `role="alert"`) {
			t.Errorf("%s: got %d, want %d:\n%s", path, status, want, body)
		}
	}
	for _, file := range []string{"style.css", "script.js"} {
		if status, body, h := r.page(t, "/_apcsim/console/"+file); status != 200 || body == "" ||
			!strings.HasPrefix(h.Get("Content-Type"), "text/") {
			t.Errorf("%s: got %d, %s", file, status, h.Get("Content-Type"))
		}
	}
	if status, _, _ := r.page(t, "/_apcsim/console/page.html"); status != 404 {
		t.Errorf("the templates are served: %d", status)
	}
}

// TestFormsChangeWhatTheySay, from the console's own pages alone, and by POST alone.
func TestFormsChangeWhatTheySay(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true, AllowOrigins: []string{"https://app.example"}})
	key := r.create(t)
	r.call(t, "DeleteKey", `{"KeyIdentifier":"`+key+`","DeleteKeyInDays":3}`)
	for _, header := range [][]string{
		nil, {"Origin", "null"}, {"Origin", "http://attacker.example"}, {"Origin", "https://app.example"}, {"Origin", "http://127.0.0.1:1"},
		{"Origin", r.origin(), "Content-Type", "text/plain"},
	} {
		for _, path := range []string{"console/time", "console/reset", "console/tools"} {
			if status, body, _ := r.form(t, path, "by=1h&sure=yes", header...); status != 403 && status != 415 {
				t.Errorf("%s with %q: got %d\n%s", path, header, status, body)
			}
		}
	}
	for _, path := range []string{"console/time?by=1h", "console/reset?sure=yes"} {
		r.page(t, "/_apcsim/"+path)
	}
	var at timeView
	if r.own(t, "GET", "now", "", &at); at.Offset != "0s" {
		t.Fatalf("the clock has moved: %+v", at)
	}
	own := []string{"Origin", r.origin()}
	if status, body, _ := r.form(t, "console/time", "by=1h", own...); status != http.StatusSeeOther {
		t.Errorf("+1 h: got %d\n%s", status, body)
	}
	if r.own(t, "GET", "now", "", &at); at.Offset != "1h0m0s" {
		t.Errorf("+1 h: got %+v", at)
	}
	r.form(t, "console/time", "by=next", own...)
	var got inspection
	if r.own(t, "GET", "keys/"+key, "", &got); got.Key.KeyState != "DELETE_COMPLETE" {
		t.Errorf("to the next due: got %+v", got.Key)
	}
	for _, values := range []string{"by=next", "by=-1h", "by=", "x"} {
		if status, body, _ := r.form(t, "console/time", values, own...); status != 409 && status != 400 {
			t.Errorf("%s: got %d\n%s", values, status, body)
		}
	}
	if status, _, _ := r.form(t, "console/reset", "", own...); status != 400 {
		t.Errorf("reset without a tick: got %d", status)
	}
	if status, _, _ := r.form(t, "console/reset", "sure=yes", own...); status != http.StatusSeeOther {
		t.Errorf("reset: got %d", status)
	}
	if r.own(t, "GET", "now", "", &at); at.Offset != "0s" {
		t.Errorf("after the reset: got %+v", at)
	}
}

func TestToolsExplain(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	key := r.create(t)
	for _, c := range []struct{ values, want string }{
		{"tool=inspect&text=D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D207E2E417C07156A27E8E31DA05F7425509593D03A457DC34",
			"PIN encryption"},
		{"tool=inspect&text=D0096P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D207E2E417C07156A27E8E31DA05F7425509593D03A457DC34",
			"wanted 0112"},
		{"tool=inspect&text=" + url.QueryEscape("<b>hello</b>"), "problem"},
		{"tool=inspect&text=3003020101", "problem"},
		{"tool=components&algorithm=TDES&component=0123456789ABCDEFFEDCBA9876543210&component=00000000000000000000000000000000&component=",
			"08D7B4"},
		{"tool=components&algorithm=AES&component=11", "wanted components"},
		{"tool=call&operation=GetKey&request=" + url.QueryEscape(`{"KeyIdentifier":"`+key+`"}`), "CREATE_COMPLETE"},
		{"tool=call&operation=GetKey&request=" + url.QueryEscape(`{"KeyIdentifier":"alias/none"}`), "no such alias"},
		{"tool=call&operation=GetKey&request=x", "is not JSON"},
		{"tool=call&operation=Fly&request={}", "no such operation"},
		{"tool=example&operation=CreateKey", "KeyModesOfUse"},
		{"tool=saw", "no such tool"},
	} {
		if _, body, _ := r.form(t, "console/tools", c.values, "Origin", r.origin()); !strings.Contains(body, c.want) ||
			strings.Contains(body, "<b>hello") {
			t.Errorf("%s: no %q in\n%s", c.values, c.want, body)
		}
	}
}

// TestToolsUseKeysOfTheSimulator: the example of a card's value works with a key of its alias.
func TestToolsUseKeysOfTheSimulator(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true, Config: parsed(t, `{"keys":[{"alias":"alias/card-verification-key",
		"components":["0123456789ABCDEFFEDCBA9876543210"],"KeyAttributes":{"KeyUsage":"TR31_C0_CARD_VERIFICATION_KEY","KeyClass":"SYMMETRIC_KEY",
		"KeyAlgorithm":"TDES_2KEY","KeyModesOfUse":{"Generate":true,"Verify":true}}}]}`)})
	own := []string{"Origin", r.origin()}
	request := console.Example("GenerateCardValidationData", nil)
	_, body, _ := r.form(t, "console/tools", "tool=call&operation=GenerateCardValidationData&request="+url.QueryEscape(request), own...)
	if !strings.Contains(body, `id="answer"`) || !strings.Contains(body, "ValidationData&#34;: &#34;") {
		t.Errorf("got\n%s", body)
	}
	_, journal, _ := r.do(t, "GET", "/_apcsim/journal?operation=GenerateCardValidationData", "")
	if !strings.Contains(journal, "411111******1111") || strings.Contains(journal, "4111111111111111") ||
		!strings.Contains(journal, "(masked)") {
		t.Errorf("the journal has %s", journal)
	}
	var got journalView
	r.own(t, "GET", "journal?operation=GenerateCardValidationData", "", &got)
	if len(got.Calls) != 1 || got.Calls[0].Names != "alias/card-verification-key" {
		t.Errorf("the call is %+v", got)
	}
	_, page, _ := r.page(t, fmt.Sprint("/_apcsim/console/calls/", got.Calls[0].Number))
	if !strings.Contains(page, "aws payment-cryptography-data generate-card-validation-data") {
		t.Errorf("the call's page is\n%s", page)
	}
}

// TestComponentsAreNowhereAfterwards: not in the page, the journal or the log.
func TestComponentsAreNowhereAfterwards(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true})
	const part = "00112233445566778899AABBCCDDEEFF"
	_, body, _ := r.form(t, "console/tools", "tool=components&algorithm=AES&component="+part, "Origin", r.origin())
	_, journal, _ := r.do(t, "GET", "/_apcsim/journal", "")
	if strings.Contains(body+journal+r.log.String(), part) {
		t.Error("the component is shown again")
	}
}
