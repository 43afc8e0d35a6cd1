package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/console"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// ownPath is where the simulator's own calls are.
const ownPath = "/_apcsim/"

// ownCall is one of them. A path that ends in "/{id}" takes whatever follows.
type ownCall struct {
	Method  string `json:"method"`
	Path    string `json:"path"` // below ownPath
	Summary string `json:"summary"`
	open    bool   // without Options.Control, from everywhere
	do      func(*request) (any, error)
}

// ownCalls is all of them. It is a function since the first one lists it.
func ownCalls() []ownCall {
	return []ownCall{
		{"GET", "", "list these calls", false, (*request).index},
		{"GET", "health", "whether the simulator answers, its version and its time", true, (*request).health},
		{"GET", "ready", "whether its store and its HSM answer too; status 503 where one does not", true, (*request).ready},
		{"GET", "now", "the simulator's time and how far it is ahead", false, (*request).now},
		{"POST", "advance", `move the clock forward: {"duration": "72h"}`, false, (*request).advance},
		{"POST", "reset-clock", "set the clock to the wall clock; what was due before is done first", false, (*request).resetClock},
		{"POST", "reset", "delete everything, reset the clock, load the keys of the configuration again", false, (*request).reset},
		{"POST", "keys", "load a key from components, written as in the configuration", false, (*request).loadKey},
		{"GET", "keys", "list keys with their aliases; ?account= ?region= ?limit=1..100 ?next=", false, (*request).listKeys},
		{
			"GET",
			"keys/{id}",
			"all about a key, by its id, ARN or alias, but its secret; ?account= ?region=",
			false,
			(*request).inspectKey,
		},
		{
			"GET",
			"journal",
			"the last calls, masked, and why they were refused; each one as it happens for Accept: text/event-stream; " +
				"?operation= ?account= ?refused=true ?after= ?limit=",
			false,
			(*request).journal,
		},
		{"GET", "due", "what is due by the clock, soonest first: keys, tokens and certificates; ?limit=", false, (*request).due},
		{
			"POST",
			"faults",
			`make calls go wrong: {"operation": "CreateKey", "nth": 2, "times": 1, "effect": "AnswerLost", "delay": "2s"}`,
			false,
			(*request).armFault,
		},
		{"GET", "faults", "list the faults that are armed", false, (*request).listFaults},
		{"DELETE", "faults/{id}", "disarm a fault", false, (*request).disarmFault},
		{
			"POST",
			"approvals",
			`decide for an approval team: {"session": "arn:aws:mpa:...", "decision": "APPROVE"}, or "DENY", or "CANCEL"`,
			false,
			(*request).decide,
		},
		{"GET", "graph", "which key wrapped which in calls since the start", false, (*request).graph},
	}
}

// request is one of the simulator's own calls under way.
type request struct {
	*http.Request
	server   *Server
	world    *world
	id       string // what follows the path
	body     []byte
	listener listener
	client   context.Context // ends when the client goes; that of the request does not
	leave    func()          // gives up the world before the answer is complete
}

// ownError is a refusal of one of the simulator's own calls.
type ownError struct {
	status  int
	message string
}

func (e *ownError) Error() string { return e.message }

// ownMethods is the methods of all own calls, for the pages that may make them.
var ownMethods = sync.OnceValue(func() string {
	var methods []string
	for _, c := range ownCalls() {
		if !slices.Contains(methods, c.Method) {
			methods = append(methods, c.Method)
		}
	}
	return strings.Join(methods, ", ")
})

// maxOwnBody is the longest body of one of the simulator's own calls, in bytes.
const maxOwnBody = 64 << 10

// serveOwn answers one of the simulator's own calls, in JSON.
func (s *Server) serveOwn(w http.ResponseWriter, q *request) {
	r := q.Request
	if s.options.Control && s.guard.CORS(w, r, ownMethods()) {
		return
	}
	if isConsole(r) {
		s.servePage(w, q)
		return
	}
	begun := time.Now()
	call, out, err := s.doOwn(w, q)
	status := http.StatusOK
	if err != nil {
		status, out = refusal(err)
	}
	switch out := out.(type) {
	case responder:
		out(w)
	case readyView:
		status = out.status()
		answerJSON(w, status, out)
	default:
		answerJSON(w, status, out)
	}
	level := slog.LevelInfo
	if call != nil && call.open {
		level = slog.LevelDebug // probes come every few seconds
	}
	s.logOwn(r, level, nameOf(call), status, begun)
}

// nameOf never has what the client wrote: "GET keys/{id}".
func nameOf(c *ownCall) string {
	if c == nil {
		return "unknown"
	}
	return c.Method + " " + c.Path
}

func answerJSON(w http.ResponseWriter, status int, out any) {
	body, err := json.Marshal(out)
	if err != nil { // a mistake of ours, found by the tests
		status, body = http.StatusInternalServerError, []byte(`{"error":"the answer has no JSON"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(append(body, '\n'))
}

// doOwn finds the call, checks that this client may make it, and makes it.
func (s *Server) doOwn(w http.ResponseWriter, q *request) (*ownCall, any, error) {
	r := q.Request
	there := ownCallsAt(r.URL.Path)
	if len(there) == 0 || !there[0].open {
		if err := s.admit(q); err != nil {
			return withMethod(there, r.Method), nil, err // the log says which call was refused
		}
	}
	if len(there) == 0 {
		return nil, nil, &ownError{http.StatusNotFound, "there is no such call; GET " + ownPath + " lists them"}
	}
	call := withMethod(there, r.Method)
	if call == nil {
		for _, c := range there {
			w.Header().Add("Allow", c.Method)
		}
		return nil, nil, &ownError{http.StatusMethodNotAllowed, "the call has another method"}
	}
	q.id = call.id(r.URL.Path)
	if r.Method == http.MethodPost {
		var err error
		if q.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxOwnBody)); err != nil {
			return call, nil, bodyError(err)
		}
		defer clear(q.body)
		if err := isJSON(r.Header.Get("Content-Type"), len(q.body)); err != nil {
			return call, nil, err
		}
	}
	out, err := call.do(q)
	return call, out, err
}

func bodyError(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &ownError{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", maxOwnBody)}
	}
	return &ownError{http.StatusBadRequest, "the body ends too soon"}
}

// ownCallsAt are the calls of a path, one for each method.
func ownCallsAt(path string) (there []ownCall) {
	path = strings.TrimPrefix(path, ownPath)
	for _, c := range ownCalls() {
		if c.Path == path || c.stem() != "" && strings.HasPrefix(path, c.stem()) && path != c.stem() {
			there = append(there, c)
		}
	}
	return there
}

// withMethod is the call of a method, if any; HEAD is as good as GET.
func withMethod(there []ownCall, method string) *ownCall {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for _, c := range there {
		if c.Method == method {
			return &c
		}
	}
	return nil
}

// stem is what is before an id; "" where the path has none.
func (c *ownCall) stem() string {
	if stem, ok := strings.CutSuffix(c.Path, "{id}"); ok {
		return stem
	}
	return ""
}

// id is what a path has in the place of {id}.
func (c *ownCall) id(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, ownPath), cmp.Or(c.stem(), c.Path))
}

// refusalView is the body of a refusal.
type refusalView struct {
	Error     string           `json:"error"`
	Exception string           `json:"exception,omitempty"` // the engine's
	Reasons   []console.Reason `json:"reasons,omitempty"`
}

// refusal is the status and the body of an error. That of a key that cannot be
// loaded holds nothing that could be one.
func refusal(err error) (int, refusalView) {
	if e, ok := errors.AsType[*ownError](err); ok {
		return e.status, refusalView{Error: e.message}
	}
	view := refusalView{Error: err.Error()}
	if e, ok := errors.AsType[*apc.Error](err); ok {
		view.Exception, view.Reasons = string(e.Code), console.Reasons(e.Reasons)
		_, loading := errors.AsType[*loadError](err)
		for i := range view.Reasons {
			if r := &view.Reasons[i]; loading {
				r.Found = wording.WithoutKeys(r.Found)
			}
		}
		return statusOf(e.Code), view
	}
	if _, ok := errors.AsType[*inputError](err); ok || errors.Is(err, errTooFar) {
		return http.StatusBadRequest, view
	}
	return http.StatusInternalServerError, view
}

func statusOf(c apc.Code) int {
	switch c {
	case apc.ErrResourceNotFound:
		return http.StatusNotFound
	case apc.ErrConflict:
		return http.StatusConflict
	case apc.ErrInternalServer, apc.ErrServiceUnavailable:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}
