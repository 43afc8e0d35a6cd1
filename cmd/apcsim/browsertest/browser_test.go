package browsertest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/server"
	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/servertest"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// patience is how long the browser may take for one step.
const patience = 60 * time.Second

// session is a browser at the console of a server.
type session struct {
	ctx context.Context
	url string

	mu       sync.Mutex // guards what follows
	requests []string   // URLs
	problems []string   // what the browser complained about: the policy, the script
}

// browser starts Chromium.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("there is no chromium: scripts/setup installs it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.WindowSize(1100, 720), chromedp.WSURLReadTimeout(patience))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stop := chromedp.NewContext(allocator)
	t.Cleanup(stop)
	t.Cleanup(func() { // ends the browser and waits for it; its processes write to their folder until the end
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("the browser's folder: %v", err)
		}
	})
	if err := chromedp.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// open starts a server and shows its console in a tab.
func open(t *testing.T, parent context.Context, o *server.Options) *session {
	t.Helper()
	s := servertest.Serve(t, o)
	tab, closeTab := chromedp.NewContext(parent)
	t.Cleanup(closeTab)
	v := &session{ctx: tab, url: s.URL()}
	chromedp.ListenTarget(tab, v.listen)
	if err := chromedp.Run(tab, network.Enable(), log.Enable(), runtime.Enable()); err != nil { // the tab lasts as long as this context
		t.Fatal(err)
	}
	return v
}

// listen collects what the browser asks for and complains about.
func (s *session) listen(event any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		s.requests = append(s.requests, e.Request.URL)
	case *log.EventEntryAdded:
		s.problems = append(s.problems, e.Entry.Text)
	case *runtime.EventExceptionThrown:
		s.problems = append(s.problems, e.ExceptionDetails.Error())
	}
}

// do does steps in the tab.
func (s *session) do(t *testing.T, what string, steps ...chromedp.Action) {
	t.Helper()
	ctx, stop := context.WithTimeout(s.ctx, patience)
	defer stop()
	if err := chromedp.Run(ctx, steps...); err != nil {
		var page string
		chromedp.Run(s.ctx, chromedp.Text("body", &page, chromedp.ByQuery, chromedp.AtLeast(0)))
		t.Fatalf("%s: %v; the page is\n%.2000s", what, err, page)
	}
}

// text returns the text of the first element of a selector.
func (s *session) text(t *testing.T, selector string) (text string) {
	t.Helper()
	s.do(t, "text of "+selector, chromedp.Text(selector, &text, chromedp.ByQuery))
	return text
}

// waitFor waits until an expression is true in the page, which another page may take the place of.
func (s *session) waitFor(t *testing.T, expression string) {
	t.Helper()
	var err error
	if !testrig.Until(patience, func() (ok bool) {
		err = chromedp.Run(s.ctx, chromedp.Evaluate(`document.readyState == "complete" && Boolean(`+expression+`)`, &ok))
		return err == nil && ok
	}) {
		t.Fatalf("%s does not come about: %v; the page is\n%.2000s", expression, err, s.text(t, "body"))
	}
}

// call makes a call of the service, and returns the answer's members.
func (s *session) call(t *testing.T, operation, body string) (answer map[string]any) {
	t.Helper()
	req, _ := http.NewRequestWithContext(t.Context(), "POST", s.url, strings.NewReader(body))
	req.Header.Set("X-Amz-Target", "PaymentCryptographyControlPlane."+operation)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	if err := json.Unmarshal(raw, &answer); err != nil {
		t.Fatalf("%s: %v: %s", operation, err, raw)
	}
	return answer
}

const createKey = `{"KeyAttributes":{"KeyUsage":"TR31_K0_KEY_ENCRYPTION_KEY","KeyClass":"SYMMETRIC_KEY","KeyAlgorithm":"AES_128",` +
	`"KeyModesOfUse":{"Encrypt":true,"Decrypt":true,"Wrap":true,"Unwrap":true}},"Exportable":true}`

// create makes a key with an alias, and returns its ARN.
func (s *session) create(t *testing.T, alias string) string {
	t.Helper()
	arn, _ := s.call(t, "CreateKey", createKey)["Key"].(map[string]any)["KeyArn"].(string)
	s.call(t, "CreateAlias", `{"AliasName":"`+alias+`","KeyArn":"`+arn+`"}`)
	return arn
}

// checkPage checks what holds for every page: nothing comes from outside, the browser has nothing
// to complain about, and everybody can use it.
func (s *session) checkPage(t *testing.T, name string) {
	t.Helper()
	for _, scheme := range []string{"dark", "light"} {
		var faults []string
		s.do(
			t,
			"accessibility of "+name,
			emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
			chromedp.Evaluate(accessibility, &faults),
		)
		for _, f := range faults {
			t.Errorf("%s, %s: %s", name, scheme, f)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, url := range s.requests {
		if !strings.HasPrefix(url, s.url+"/") && !strings.HasPrefix(url, "data:,") && url != "about:blank" {
			t.Errorf("%s: the browser asks for %s", name, url)
		}
	}
	for _, p := range s.problems {
		t.Errorf("%s: the browser says %s", name, p)
	}
	s.problems = nil
}

// TestTheConsoleInABrowser is one test, since a browser takes long to start.
func TestTheConsoleInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: no browser")
	}
	parent := browser(t)
	s := open(t, parent, &server.Options{Control: true, Anonymous: true})
	t.Run("a call appears as it happens", s.testCalls)
	t.Run("text of clients is never markup", s.testMarkup)
	t.Run("a key has a page", s.testKeys)
	t.Run("the clock moves and a key is deleted", s.testTime)
	t.Run("a key that wraps is drawn", s.testGraph)
	t.Run("a block is inspected", s.testTools)
	t.Run("a fault is armed and disarmed", s.testFaults)
	t.Run("an approval is given", s.testApprovals)
	t.Run("limits", s.testLimits)
	t.Run("by keyboard alone", s.testKeyboard)
	guarded := open(t, parent, &server.Options{Control: true, ControlToken: hsm.NewSecret([]byte(token))})
	t.Run("a token is asked for once", guarded.testToken)
}

func (s *session) testCalls(t *testing.T) {
	s.do(t, "the first page", chromedp.Navigate(s.url+"/"))
	s.waitFor(t, `document.getElementById("live").textContent == "live"`)
	s.create(t, "alias/zone-key")
	s.waitFor(t, `document.querySelectorAll("#calls tbody tr").length == 2`)
	if got := s.text(t, "#calls tbody tr"); !strings.Contains(got, "CreateAlias") || !strings.Contains(got, "alias/zone-key") ||
		!strings.HasSuffix(got, "ok") {
		t.Errorf("the row is %q", got)
	}
	s.call(t, "GetKey", `{"KeyIdentifier":"alias/none"}`)
	s.waitFor(t, `document.querySelectorAll("#calls tbody tr.refused").length == 1`)
	if got := s.text(t, "#calls tbody tr.refused"); !strings.Contains(got, "ResourceNotFoundException") ||
		!strings.Contains(got, "no such alias") {
		t.Errorf("the refusal is %q", got)
	}
	s.checkPage(t, "calls")
	s.picture(t, "calls")
	s.do(t, "filter", chromedp.Click(`input[name=refused]`, chromedp.ByQuery), chromedp.Submit(`form`, chromedp.ByQuery))
	s.waitFor(t, `location.search.includes("refused=true") && document.querySelectorAll("#calls tbody tr").length == 1`)
	s.do(t, "a call", chromedp.Click(`#calls tbody a`, chromedp.ByQuery))
	s.waitFor(t, `document.querySelector("h1").textContent.startsWith("Call 3")`)
	if got := s.text(t, "#cli"); !strings.Contains(got, "aws payment-cryptography get-key") || !strings.Contains(got, s.url) {
		t.Errorf("as AWS CLI: %s", got)
	}
	s.do(t, "copy", chromedp.Click(`[data-copy=cli]`, chromedp.ByQuery))
	s.waitFor(t, `document.getElementById("copied").textContent != ""`)
	s.checkPage(t, "call")
	s.picture(t, "call")
}

const markup = `<img src=x onerror=alert(1)>"'`

func (s *session) testMarkup(t *testing.T) {
	s.do(t, "the first page", chromedp.Navigate(s.url+"/"))
	s.waitFor(t, `document.getElementById("live").textContent == "live"`)
	quoted, _ := json.Marshal("alias/" + markup)
	s.call(t, "GetKey", `{"KeyIdentifier":`+string(quoted)+`}`)
	s.waitFor(t, `document.querySelector("#calls tbody td:nth-child(6)").textContent.includes("onerror=")`)
	var images int
	s.do(t, "images", chromedp.Evaluate(`document.querySelectorAll("img").length`, &images))
	if images != 0 {
		t.Errorf("there are %d images", images)
	}
	s.do(t, "again, from the server", chromedp.Reload())
	s.do(t, "images", chromedp.Evaluate(`document.querySelectorAll("img").length`, &images))
	if got := s.text(t, "#calls tbody tr"); images != 0 || !strings.Contains(got, markup) {
		t.Errorf("there are %d images; the row is %q", images, got)
	}
	s.checkPage(t, "calls")
}

func (s *session) testKeys(t *testing.T) {
	key := s.create(t, "alias/pin-key")
	quoted, _ := json.Marshal(markup)
	s.call(t, "TagResource", `{"ResourceArn":"`+key+`","Tags":[{"Key":"note","Value":`+string(quoted)+`}]}`)
	s.call(t, "ExportKey", `{"ExportKeyIdentifier":"`+key+`","KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"alias/zone-key"}}}`)
	s.do(t, "keys", chromedp.Navigate(s.url+"/_apcsim/console/keys"))
	if got := s.text(t, "#keys"); !strings.Contains(got, "alias/pin-key") || !strings.Contains(got, "key encryption key (K0)") {
		t.Errorf("the keys are %q", got)
	}
	s.checkPage(t, "keys")
	s.picture(t, "keys")
	s.do(t, "its page", chromedp.Click(`a[href$="`+key+`"]`, chromedp.ByQuery))
	s.waitFor(t, `document.querySelector("h1").textContent == "Key alias/pin-key"`)
	if got := s.text(t, "main"); !strings.Contains(got, "note = "+markup) || !strings.Contains(got, "ExportKey") ||
		!strings.Contains(got, "TagResource") {
		t.Errorf("its page is %q", got)
	}
	s.checkPage(t, "key")
	s.picture(t, "key")
}

func (s *session) testTime(t *testing.T) {
	s.call(t, "DeleteKey", `{"KeyIdentifier":"alias/pin-key","DeleteKeyInDays":7}`)
	s.do(t, "time", chromedp.Navigate(s.url+"/_apcsim/console/time"))
	if got := s.text(t, "main"); !strings.Contains(got, "the key is deleted") {
		t.Errorf("the page is %q", got)
	}
	s.checkPage(t, "time")
	s.picture(t, "time")
	s.do(t, "+1 d", chromedp.Click(`button[value="1d"]`, chromedp.ByQuery))
	s.waitFor(t, `document.querySelector(".clock").textContent.includes("24h0m0s ahead")`)
	s.do(t, "to the next due", chromedp.Click(`button[value="next"]`, chromedp.ByQuery))
	s.waitFor(t, `document.querySelector("main").textContent.includes("Nothing is due")`)
	s.do(t, "reset the clock", chromedp.Click(`button[value="reset"]`, chromedp.ByQuery))
	s.waitFor(t, `!document.querySelector(".clock").textContent.includes("ahead")`)
	s.do(t, "keys", chromedp.Navigate(s.url+"/_apcsim/console/keys"))
	if got := s.text(t, "#keys"); !strings.Contains(got, "delete complete") {
		t.Errorf("the keys are %q", got)
	}
}

func (s *session) testGraph(t *testing.T) {
	big := s.call(t, "CreateKey", strings.ReplaceAll(createKey, "AES_128", "AES_256"))["Key"].(map[string]any)["KeyArn"].(string)
	small := s.create(t, "alias/small")
	s.call(t, "ExportKey", `{"ExportKeyIdentifier":"`+small+`","KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"`+big+`"}}}`)
	s.call(t, "StopKeyUsage", `{"KeyIdentifier":"`+big+`"}`)
	s.do(t, "graph", chromedp.Navigate(s.url+"/_apcsim/console/graph"), chromedp.WaitVisible(`line.flaw`, chromedp.ByQuery))
	if got := s.text(t, "table .refused"); !strings.Contains(got, "the wrapping key is stopped") ||
		!strings.Contains(got, "alias/small") {
		t.Errorf("the row is %q", got)
	}
	s.checkPage(t, "graph")
	s.picture(t, "graph")
}

func (s *session) testTools(t *testing.T) {
	wrapped := s.call(t, "ExportKey",
		`{"ExportKeyIdentifier":"alias/small","KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"alias/zone-key"}}}`)["WrappedKey"]
	block := wrapped.(map[string]any)["KeyMaterial"].(string)
	inspect := func(text string) string {
		s.do(t, "inspect", chromedp.Navigate(s.url+"/_apcsim/console/tools"), chromedp.SetValue(`#text`, text, chromedp.ByQuery),
			chromedp.Click(`button[value=inspect]`, chromedp.ByQuery), chromedp.WaitVisible(`section`, chromedp.ByQuery))
		return s.text(t, "section")
	}
	if got := inspect(block); !strings.Contains(got, "key encryption or wrapping") || strings.Contains(got, "problem") {
		t.Errorf("the block is %q", got)
	}
	s.checkPage(t, "tools")
	s.picture(t, "tools")
	if got := inspect(block[:1] + "0096" + block[5:]); !strings.Contains(got, "problem") || !strings.Contains(got, "0096") {
		t.Errorf("the spoilt block is %q", got)
	}
	inspect(markup)
	s.do(
		t,
		"components",
		chromedp.SendKeys(`input[name=component]`, "0123456789ABCDEFFEDCBA9876543210", chromedp.ByQuery),
		chromedp.Click(`button[value=components]`, chromedp.ByQuery),
	)
	s.waitFor(t, `document.querySelector("section")?.textContent.includes("08D7B4")`)
	s.checkPage(t, "tools")
}

func (s *session) testFaults(t *testing.T) {
	s.do(t, "faults", chromedp.Navigate(s.url+"/_apcsim/console/faults"),
		chromedp.SetValue(`select[name=operation]`, "GetKey", chromedp.ByQuery),
		chromedp.Click(`form.row button`, chromedp.ByQuery))
	s.waitFor(t, `document.querySelector("tbody").textContent.includes("Throttling")`)
	s.checkPage(t, "faults")
	s.picture(t, "faults")
	if got := s.call(t, "GetKey", `{"KeyIdentifier":"alias/small"}`)["__type"]; got != "ThrottlingException" {
		t.Errorf("GetKey: got %v", got)
	}
	s.do(t, "disarm", chromedp.Click(`tbody button`, chromedp.ByQuery))
	s.waitFor(t, `document.querySelector("tbody").textContent.includes("None")`)
}

func (s *session) testApprovals(t *testing.T) {
	const team = "arn:aws:mpa:us-east-1:111122223333:approval-team/"
	for _, name := range []string{"first", "second"} {
		s.call(t, "AssociateMpaTeam", `{"Action":"IMPORT_ROOT_PUBLIC_KEY_CERTIFICATE","MpaTeamArn":"`+team+name+`"}`)
	}
	s.do(
		t,
		"approvals",
		chromedp.Navigate(s.url+"/_apcsim/console/approvals"),
		chromedp.WaitVisible(`button[value=APPROVE]`, chromedp.ByQuery),
	)
	s.checkPage(t, "approvals")
	s.picture(t, "approvals")
	s.do(t, "approve", chromedp.Click(`button[value=APPROVE]`, chromedp.ByQuery))
	s.waitFor(
		t,
		`!document.querySelector("button[value=APPROVE]") && document.querySelector("main").textContent.includes("approval-team/second")`,
	)
}

func (s *session) testLimits(t *testing.T) {
	s.do(t, "limits", chromedp.Navigate(s.url+"/_apcsim/console/limits"))
	if got := s.text(t, "table"); !strings.Contains(got, "Aliases") || !strings.Contains(got, "2000") {
		t.Errorf("the limits are %q", got)
	}
	s.checkPage(t, "limits")
	s.picture(t, "limits")
}

// testKeyboard goes by Tab to the second view and opens it.
func (s *session) testKeyboard(t *testing.T) {
	s.do(t, "the first page", chromedp.Navigate(s.url+"/_apcsim/"))
	for range 20 {
		var at string
		s.do(t, "Tab", chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(`document.activeElement.textContent`, &at))
		if at == "Keys" {
			s.do(t, "Enter", chromedp.KeyEvent(kb.Enter))
			s.waitFor(t, `location.pathname == "/_apcsim/console/keys"`)
			return
		}
	}
	t.Error("Tab does not come to the views")
}

const token = "control-token-of-a-test-0123456789"

func (s *session) testToken(t *testing.T) {
	s.do(t, "the first page", chromedp.Navigate(s.url+"/"), chromedp.WaitVisible(`input[type=password]`, chromedp.ByQuery))
	s.picture(t, "token")
	s.problems = nil // the browser complains about status 401
	s.checkPage(t, "token")
	s.do(t, "the token", chromedp.SendKeys(`input[type=password]`, token+kb.Enter, chromedp.ByQuery))
	s.waitFor(t, `document.querySelector("h1").textContent == "Calls" && document.getElementById("live").textContent == "live"`)
	var cookies string
	s.do(t, "cookies", chromedp.Evaluate(`document.cookie`, &cookies))
	if cookies != "" {
		t.Errorf("the script sees the cookie %q", cookies)
	}
	for _, url := range s.requests {
		if strings.Contains(url, token) {
			t.Errorf("the token is in %s", url)
		}
	}
}
