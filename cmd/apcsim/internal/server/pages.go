package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/console"
	"github.com/seed748fb4d1/apcsim/engine"
)

// consolePath is where the console's pages are, below ownPath, but for the first one.
const consolePath = "console/"

// consolePage is one of them. A path that ends in "/{id}" takes whatever follows.
type consolePage struct {
	method, path string
	do           func(*request) (*console.Page, error)
	then         string // the page to go to where do has none
}

var consolePages = []consolePage{
	{"GET", "", (*request).callsPage, ""},
	{"GET", "calls/{id}", (*request).callPage, ""},
	{"GET", "keys", (*request).keysPage, ""},
	{"GET", "keys/{id}", (*request).keyPage, ""},
	{"GET", "time", (*request).timePage, ""},
	{"POST", "time", (*request).moveTime, "time"},
	{"POST", "reset", (*request).resetAll, "time"},
	{"GET", "graph", (*request).graphPage, ""},
	{"GET", "tools", (*request).toolsPage, ""},
	{"POST", "tools", (*request).useTool, ""},
	{"GET", "faults", (*request).faultsPage, ""},
	{"POST", "faults", (*request).armByForm, "faults"},
	{"POST", "disarm", (*request).disarmByForm, "faults"},
	{"GET", "approvals", (*request).approvalsPage, ""},
	{"POST", "approvals", (*request).decideByForm, "approvals"},
	{"GET", "limits", (*request).limitsPage, ""},
}

// wantsHTML reports whether a browser asks for something to show.
func wantsHTML(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// isConsole reports whether a request is for a page of the console, or for a part of one.
func isConsole(r *http.Request) bool {
	path := strings.TrimPrefix(r.URL.Path, ownPath)
	return path == "" && wantsHTML(r) || strings.HasPrefix(path, consolePath)
}

// servePage answers a request for the console.
func (s *Server) servePage(w http.ResponseWriter, q *request) {
	begun := time.Now()
	name := strings.TrimPrefix(strings.TrimPrefix(q.URL.Path, ownPath), consolePath)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", console.Policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	status, called := http.StatusOK, "console"
	if err := s.admitPage(q); err != nil {
		status = s.failPage(w, q, err)
	} else if content, kind, ok := console.File(name); ok && q.Method == http.MethodGet {
		h.Set("Content-Type", kind)
		w.Write(content)
	} else if name == "login" && q.Method == http.MethodPost {
		status = s.login(w, q)
	} else {
		called, status = s.answerPage(w, q, name)
	}
	s.logOwn(q.Request, slog.LevelDebug, called, status, begun)
}

// answerPage finds the page, checks that this client may see it, and sends it.
func (s *Server) answerPage(w http.ResponseWriter, q *request, name string) (called string, status int) {
	if err := s.admit(q); err == errNoToken {
		s.sendPage(w, q, http.StatusUnauthorized, &console.Page{View: "login", Title: "Token"})
		return "console", http.StatusUnauthorized
	} else if err != nil {
		return "console", s.failPage(w, q, err)
	}
	p, id, err := findPage(q.Method, name)
	if err != nil {
		return "console", s.failPage(w, q, err)
	}
	called, q.id = p.method+" "+consolePath+p.path, id
	if p.method == http.MethodPost {
		if err := q.readForm(w); err != nil {
			return called, s.failPage(w, q, err)
		}
	}
	page, err := p.do(q)
	switch {
	case err != nil:
		return called, s.failPage(w, q, err)
	case page == nil:
		http.Redirect(w, q.Request, ownPath+consolePath+p.then, http.StatusSeeOther)
		return called, http.StatusSeeOther
	}
	s.sendPage(w, q, http.StatusOK, page)
	return called, http.StatusOK
}

func findPage(method, name string) (p consolePage, id string, err error) {
	err = &ownError{http.StatusNotFound, "there is no such page"}
	for _, p := range consolePages {
		stem, takesID := strings.CutSuffix(p.path, "{id}")
		id, begins := strings.CutPrefix(name, stem)
		if name != p.path && !(takesID && begins && id != "") {
			continue
		}
		if p.method == method || method == http.MethodHead && p.method == http.MethodGet {
			return p, id, nil
		}
		err = &ownError{http.StatusMethodNotAllowed, "the page has another method"}
	}
	return p, "", err
}

// readForm reads a form, which only a page of this server sends.
func (q *request) readForm(w http.ResponseWriter) error {
	if !fromItself(q.Request) {
		return &ownError{http.StatusForbidden, "forms are for the console's own pages"}
	}
	if kind, _, err := mime.ParseMediaType(q.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return &ownError{http.StatusUnsupportedMediaType, "wanted a form"}
	}
	q.Body = http.MaxBytesReader(w, q.Body, maxOwnBody)
	if err := q.ParseForm(); err != nil {
		return bodyError(err)
	}
	return nil
}

// login takes the token and sets the cookie. The token goes no further.
func (s *Server) login(w http.ResponseWriter, q *request) int {
	if err := q.readForm(w); err != nil {
		return s.failPage(w, q, err)
	}
	if !s.token.set() || !s.token.is(strings.TrimSpace(q.PostForm.Get("token"))) {
		s.sendPage(w, q, http.StatusUnauthorized, &console.Page{View: "login", Title: "Token", Data: "This is not the token."})
		return http.StatusUnauthorized
	}
	s.token.grant(w)
	http.Redirect(w, q.Request, ownPath, http.StatusSeeOther)
	return http.StatusSeeOther
}

// failPage says why there is no page.
func (s *Server) failPage(w http.ResponseWriter, q *request, err error) int {
	status, view := refusal(err)
	text := view.Error
	for _, r := range view.Reasons {
		text += "\n" + apc.Reason(r).String()
	}
	s.sendPage(w, q, status, &console.Page{View: "error", Title: http.StatusText(status), Data: text})
	return status
}

func (s *Server) sendPage(w http.ResponseWriter, q *request, status int, p *console.Page) {
	p.Now, p.Offset = q.world.clock.now(), q.world.clock.ahead().Round(time.Second).String()
	if !s.options.Control || status == http.StatusForbidden { // a caller that is refused is not shown the time
		p.Now, p.Offset = time.Time{}, "0s"
	}
	body, err := console.Render(p)
	if err != nil { // a mistake of ours, found by the tests
		s.log.Error("a page cannot be made", "view", p.View, "error", err)
		status, body = http.StatusInternalServerError, []byte("the page cannot be made")
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(body)
}

// callsShown is how many calls a page has.
const callsShown = 100

func (q *request) callsPage() (*console.Page, error) {
	f, err := q.filter()
	if err != nil {
		return nil, err
	}
	last, _ := q.world.calls.lastNumber()
	list := q.named(q.world.calls.latest(0, f, callsShown))
	slices.Reverse(list)
	var operations []string
	for op := range engine.Operations() {
		operations = append(operations, op.Name)
	}
	return &console.Page{View: "calls", Title: "Calls", Data: &console.CallsPage{
		Calls: list, Last: last, Operations: operations, Operation: f.operation, Account: f.account, Refused: f.refused}}, nil
}

func (q *request) callPage() (*console.Page, error) {
	n, err := strconv.ParseInt(q.id, 10, 64)
	if err != nil {
		return nil, &ownError{http.StatusNotFound, "there is no such call"}
	}
	call, ok := q.world.calls.number(n)
	if !ok {
		return nil, &ownError{http.StatusNotFound, "there is no such call, or it is no longer kept"}
	}
	call = q.named([]console.Call{call})[0]
	return &console.Page{View: "call", Title: fmt.Sprintf("Call %d: %s", n, call.Operation), Data: &console.CallPage{
		Call: call, Code: call.Code(q.server.serviceURL(q.Request)), Input: console.Indented(call.Request)}}, nil
}

// serviceURL is where the client of a request reaches the service: under the name by which it
// reaches the console.
func (s *Server) serviceURL(r *http.Request) string {
	if s.control != nil {
		return s.URL()
	}
	return (&url.URL{Scheme: "http", Host: r.Host}).String()
}

func (q *request) timePage() (*console.Page, error) {
	items, err := q.dueItems(maxDue)
	return &console.Page{
		View:  "time",
		Title: "Time",
		Data:  console.TimePage{Now: q.world.clock.now(), Due: items, Kept: q.server.options.Store != nil},
	}, err
}

// moveTime moves the clock as a button says.
func (q *request) moveTime() (*console.Page, error) {
	by := q.PostForm.Get("by")
	if by == "reset" {
		return nil, q.world.clock.reset(q.Context())
	}
	d, err := ParseDuration(by)
	if err != nil {
		err = &inputError{"by", err.Error()}
	}
	if by == "next" {
		var items []console.DueItem
		if items, err = q.dueItems(1); err == nil && len(items) == 0 {
			err = &ownError{http.StatusConflict, "nothing is due"}
		}
		if err == nil {
			d = max(0, items[0].At.Sub(q.world.clock.now())) + time.Millisecond
		}
	}
	if err != nil {
		return nil, err
	}
	return nil, q.world.clock.advance(q.Context(), d)
}

func (q *request) resetAll() (*console.Page, error) {
	if q.PostForm.Get("sure") != "yes" {
		return nil, &ownError{http.StatusBadRequest, "the box is not ticked"}
	}
	_, err := q.reset()
	return nil, err
}

func (q *request) graphPage() (*console.Page, error) {
	return &console.Page{View: "graph", Title: "Which key wraps which", Data: q.makeGraph()}, nil
}

func (q *request) toolsPage() (*console.Page, error) {
	p := &console.ToolsPage{}
	for op := range engine.Operations() {
		if op.Simulated {
			p.Operations = append(p.Operations, op.Name)
		}
	}
	return &console.Page{View: "tools", Title: "Tools", Data: p}, nil
}

// useTool answers a tool's form with the tools and the result.
func (q *request) useTool() (*console.Page, error) {
	page, err := q.toolsPage()
	if err != nil {
		return nil, err
	}
	p, form := page.Data.(*console.ToolsPage), q.PostForm
	switch form.Get("tool") {
	case "inspect":
		p.Text = form.Get("text")
		p.Result = console.Inspect(p.Text)
	case "components":
		given := slices.DeleteFunc(form["component"], func(s string) bool { return strings.TrimSpace(s) == "" })
		p.Result, err = console.CheckValues(form.Get("algorithm"), given)
	case "example", "call":
		p.Operation, p.Request = form.Get("operation"), form.Get("request")
		err = q.callOperation(p, form.Get("tool") == "example")
	default:
		return nil, &ownError{http.StatusBadRequest, "there is no such tool"}
	}
	if err != nil {
		_, view := refusal(err)
		p.Failure = view.Error
		for _, r := range view.Reasons {
			p.Failure += "; " + apc.Reason(r).String()
		}
	}
	return page, nil
}

var errExample = errors.New("only the members are wanted")

// callOperation calls an operation as the console's user, or writes the members of its request.
func (q *request) callOperation(p *console.ToolsPage, membersOnly bool) error {
	op, _ := engine.OperationNamed(p.Operation)
	if !op.Simulated {
		return &ownError{http.StatusBadRequest, "there is no such operation"}
	}
	who := q.server.home
	who.ARN = "arn:aws:iam::" + who.Account + ":user/apcsim-console" // its calls are in the journal
	caller := q.world.engine.As(who)
	out, err := op.Call(q.Context(), caller, func(in any) error {
		if membersOnly {
			p.Request = console.Example(p.Operation, in)
			return errExample
		}
		d := json.NewDecoder(bytes.NewReader([]byte(p.Request)))
		d.DisallowUnknownFields()
		if d.Decode(in) != nil {
			return &ownError{http.StatusBadRequest, "the request is not JSON with members of " + p.Operation}
		}
		return nil
	})
	if err == errExample {
		return nil
	}
	if err == nil {
		p.Answer = console.Indented(out)
	}
	return err
}
