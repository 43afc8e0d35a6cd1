package endpoint

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/shape"
	"github.com/seed748fb4d1/apcsim/internal/webguard"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Options of a handler. The zero value is right; nil means the same.
type Options struct {
	// Callers are the callers by access key. Any other access key belongs to Default;
	// but where signatures are not verified, one of 12 digits belongs to the account
	// with that number.
	Callers map[string]Credential

	// Default is the caller with an access key that is not in Callers. Absent
	// members are the engine's defaults, but for the Region, which is that of
	// the signature.
	Default apc.Identity

	// Verify checks signatures (AWS Signature Version 4) with the secrets of Callers, and the time
	// of signing. Other access keys are refused, and so is one whose secret is "". A session token
	// must be signed, and may be any.
	Verify bool

	// Anonymous accepts requests without a signature; their caller is Default.
	Anonymous bool

	// ExceptionStatus answers each exception with the HTTP status that an older
	// description of the service names (403, 404, 409, 402, 429, 503); without
	// it client faults are 400 and server faults 500, as AWS JSON has it.
	ExceptionStatus bool

	// ReasonsInMessage appends what [ReasonHeader] says to the message of each
	// exception, for clients that show no headers.
	ReasonsInMessage bool

	// Public says that other machines reach the handler, under any name: then
	// [ReasonHeader] does not say what failed inside, and requests of web pages
	// are not refused. A request over a socket with an address beyond loopback is
	// treated so in any case.
	Public bool

	// AllowOrigins are the origins of web pages, "https://app.example:8443", that may call and read
	// the answer (CORS). Requests of others are refused on a loopback address where signatures are
	// not verified: any page in the user's browser could use every key. Text that is not an origin,
	// and "null", is ignored.
	AllowOrigins []string

	// AllowHosts are more names under which the handler is reached on a loopback
	// address, "apcsim.test". There a request is refused if its Host is neither
	// one of these nor localhost, a loopback address or a name of the service
	// itself: a web page may have sent it whose DNS name resolves to this machine
	// (DNS rebinding).
	AllowHosts []string

	// Now is the time that signatures are compared with; nil is time.Now. It is
	// not the simulator's clock, which a test may move.
	Now func() time.Time

	// Observe is called once for every request when it has been answered, by
	// the goroutine that answered it.
	Observe func(Call)
}

// Format prints the options without the secrets of the callers, whatever the verb.
func (o Options) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "Options(%d callers, default %+v, verify %t, anonymous %t, exception status %t, public %t, origins %q, hosts %q)",
		len(o.Callers), o.Default, o.Verify, o.Anonymous, o.ExceptionStatus, o.Public, o.AllowOrigins, o.AllowHosts)
}

// Call is a request as a log shows it: nothing of its body and no secret.
type Call struct {
	RequestID string
	Operation string        // "CreateKey"; "" where the request names none
	Caller    apc.Identity  // zero where the request was refused before it was known
	Code      string        // the exception; "" when accepted
	NoAnswer  bool          // the connection was closed without an answer ([apc.ErrNoAnswer])
	Reason    string        // as in [ReasonHeader] of a request from this machine
	Duration  time.Duration // from the end of the request's header to its answer
}

// Credential is the caller that an access key belongs to, and the secret for Verify. Printing it
// does not show the secret, and encoding/json leaves it out.
type Credential struct {
	apc.Identity
	Secret string `json:"-"`
}

// Format prints the caller without the secret, whatever the verb.
func (c Credential) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "Credential(account %q, ARN %q, secret given: %t)", c.Account, c.ARN, c.Secret != "")
}

// maxDrain is how much of a refused request is thrown away before its
// connection is given up.
const maxDrain = 64 << 20

const (
	contentType     = "application/x-amz-json-1.0"
	dataContentType = "application/json"
	targetPrefix    = "PaymentCryptographyControlPlane."
)

// Handler answers requests for the service's operations with a simulator. Any
// number of goroutines may use it. Where the answer of an operation is lost
// ([apc.ErrNoAnswer]) it panics with [http.ErrAbortHandler], which makes a
// server of net/http close the connection.
func Handler(eng *engine.Engine, o *Options) http.Handler {
	return newHandler(eng, o)
}

func newHandler(eng *engine.Engine, o *Options) *handler {
	h := &handler{engine: eng}
	if o != nil {
		h.options = *o
	}
	if h.options.Now == nil {
		h.options.Now = time.Now
	}
	callers := h.options.Callers
	h.options.Callers = nil
	h.credential = func(accessKey string) (Credential, bool) {
		c, known := callers[accessKey]
		return c, known
	}
	h.guard = webguard.New(h.options.AllowOrigins, h.options.AllowHosts)
	return h
}

type handler struct {
	engine  *engine.Engine
	options Options // without Callers
	guard   *webguard.Guard

	// credential finds a caller. A function and not a field: no fmt verb prints
	// the secrets behind it.
	credential func(accessKey string) (c Credential, known bool)

	last atomic.Pointer[lastCaller] // most requests have the caller of the one before
}

// lastCaller is a caller and the identity it was made of.
type lastCaller struct {
	who    apc.Identity
	caller *engine.Caller
}

// callerOf returns the engine's caller for an identity: the last one again where the identity is the same and has neither
// policies nor tags, which the user may change.
func (h *handler) callerOf(who apc.Identity) *engine.Caller {
	if who.Policies != nil || who.Tags != nil {
		return h.engine.As(who)
	}
	if l := h.last.Load(); l != nil && l.who.Account == who.Account && l.who.Region == who.Region && l.who.ARN == who.ARN {
		return l.caller
	}
	who.Account, who.Region = strings.Clone(who.Account), strings.Clone(who.Region) // parts of a header, which is not kept with them
	l := &lastCaller{who, h.engine.As(who)}
	h.last.Store(l)
	return l.caller
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !h.serve(w, r, at) {
		panic(http.ErrAbortHandler) // net/http closes the connection and logs nothing
	}
}

// serve answers a request that came over a socket with this address, or nil. It reports whether
// there is an answer: with [apc.ErrNoAnswer] nothing has been written.
func (h *handler) serve(w http.ResponseWriter, r *http.Request, at *net.TCPAddr) bool {
	if h.guard.CORS(w, r, http.MethodPost, "X-Amzn-Requestid", "X-Amzn-Errortype", ReasonHeader) {
		return true
	}
	call := Call{RequestID: requestID()}
	var begun time.Time
	if h.options.Observe != nil {
		begun = time.Now()
	}
	w.Header()["X-Amzn-Requestid"] = []string{call.RequestID}
	err := h.admit(r, at)
	public := h.options.Public || at != nil && !at.IP.IsLoopback()
	if isQuery(r) {
		err = h.serveQuery(w, r, err, public, &call)
	} else if to, ok := dataRoute(r); ok {
		err = h.serveData(w, r, err, public, &call, to)
	} else {
		err = h.serveJSON(w, r, err, public, &call)
	}
	call.NoAnswer = errors.Is(err, apc.ErrNoAnswer)
	if err != nil && !call.NoAnswer { // a client that sends all before it reads gets to read
		io.CopyN(io.Discard, r.Body, maxDrain)
	}
	if h.options.Observe != nil {
		call.Reason, call.Duration = reasonValue(reasons(err, false)), time.Since(begun)
		h.options.Observe(call)
	}
	return !call.NoAnswer
}

// serveJSON answers a request of AWS JSON, or refuses it where err is not nil.
func (h *handler) serveJSON(w http.ResponseWriter, r *http.Request, err error, public bool, call *Call) error {
	var out any
	if err == nil {
		out, err = h.answer(r, call)
	}
	switch {
	case err == nil:
		respond(w, http.StatusOK, contentType, out)
	case !errors.Is(err, apc.ErrNoAnswer):
		call.Code = h.refuse(w, err, public)
	}
	return err
}

// serveData does the same for a request of REST-JSON, the protocol of the data plane.
func (h *handler) serveData(w http.ResponseWriter, r *http.Request, err error, public bool, call *Call, to route) error {
	var out any
	if err == nil {
		out, err = h.answerData(r, call, to)
	}
	switch {
	case err == nil:
		respond(w, http.StatusOK, dataContentType, out)
	case !errors.Is(err, apc.ErrNoAnswer):
		call.Code = h.refuseData(w, err, public)
	}
	return err
}

// serveQuery does the same for a request of the query protocol.
func (h *handler) serveQuery(w http.ResponseWriter, r *http.Request, err error, public bool, call *Call) error {
	var out *callerIdentity
	if err == nil {
		out, err = h.answerQuery(r, call)
	}
	if err != nil {
		call.Code = h.refuseQuery(w, err, public, call.RequestID)
	} else {
		respondXML(w, http.StatusOK, out)
	}
	return err
}

// admit refuses the requests of web pages that are not allowed.
func (h *handler) admit(r *http.Request, at *net.TCPAddr) error {
	signed := h.options.Verify && !h.options.Anonymous
	if h.options.Public || signed || at == nil || !at.IP.IsLoopback() {
		return nil
	}
	if err := h.guard.Check(r); err != nil {
		return &protocolError{
			status: http.StatusForbidden, code: string(apc.ErrAccessDenied), message: "Web pages and other names do not reach this address.",
			why: err.Error() + "; apcsim serve --allow-host and --allow-origin allow more, and so do the options of a handler",
		}
	}
	return nil
}

// respond writes an answer in one piece. A failure to write it is ignored: the client has
// closed the connection.
func respond(w http.ResponseWriter, status int, contentType string, v any) {
	b := encode(v)
	header := w.Header()
	values := [...]string{contentType, strconv.Itoa(len(b))} // of both, in one piece
	header["Content-Type"], header["Content-Length"] = values[:1:1], values[1:]
	w.WriteHeader(status)
	if a, ok := w.(*answer); ok { // it keeps them: no copy is needed
		a.body = b
		return
	}
	w.Write(b)
}

// answer is the output of the operation that is asked for. It notes in call what
// it finds out.
func (h *handler) answer(r *http.Request, call *Call) (any, error) {
	op, err := target(r)
	if err != nil {
		return nil, err
	}
	call.Operation = op.Name
	caller, body, err := h.read(r, call)
	if err != nil {
		return nil, err
	}
	ctx, sent := shape.WithSent(withSource(r))
	return op.Call(ctx, caller, func(in any) error { return decode(body, in, sent) })
}

// answerData is answer for a request of the data plane.
func (h *handler) answerData(r *http.Request, call *Call, to route) (any, error) {
	call.Operation = to.operation
	caller, body, err := h.read(r, call)
	if err != nil {
		return nil, err
	}
	op, _ := engine.OperationNamed(to.operation)
	ctx, sent := shape.WithSent(withSource(r))
	return op.Call(ctx, caller, func(in any) error { return to.fill(body, in, sent) })
}

// read is the caller of a request, which it notes in call, and the body.
func (h *handler) read(r *http.Request, call *Call) (*engine.Caller, []byte, error) {
	sent, err := bodyOf(r)
	if err != nil {
		return nil, nil, err
	}
	who, err := h.identify(r, sent, signingService)
	if err != nil {
		return nil, nil, err
	}
	body, err := plainBody(r, sent)
	if err != nil {
		return nil, nil, err
	}
	caller := h.callerOf(who)
	call.Caller = caller.Identity()
	return caller, body, nil
}

// target is the operation that the request names.
func target(r *http.Request) (op engine.Operation, err error) {
	switch {
	case r.URL.Path != "/" && r.URL.Path != "":
		return op, &protocolError{
			status:  http.StatusNotFound,
			code:    "UnknownOperationException",
			message: "There is nothing at " + wording.Foreign(r.URL.Path) + "; requests are posted to /.",
		}
	case r.Method != http.MethodPost:
		return op, &protocolError{
			status:  http.StatusMethodNotAllowed,
			code:    "UnknownOperationException",
			message: "Requests are posted to /.",
		}
	}
	if given := headerOf(r, "Content-Type"); given != "" && given != contentType {
		if kind, _, err := mime.ParseMediaType(given); err != nil || !strings.HasPrefix(kind, "application/x-amz-json-1.") {
			return op, &protocolError{
				status:  http.StatusUnsupportedMediaType,
				code:    "UnsupportedMediaTypeException",
				message: "The content type is not " + contentType + ".",
			} // GUESS G-content-type
		}
	}
	given := headerOf(r, "X-Amz-Target")
	if given == "" && r.URL.RawQuery != "" { // presigning moves it there
		given = r.URL.Query().Get("X-Amz-Target")
	}
	name, ok := strings.CutPrefix(given, targetPrefix)
	if op, known := engine.OperationNamed(name); ok && known && !op.DataPlane {
		return op, nil
	}
	return op, &protocolError{ // GUESS G-unknown-operation
		status:  http.StatusBadRequest,
		code:    "UnknownOperationException",
		message: "X-Amz-Target names no operation of " + strings.TrimSuffix(targetPrefix, ".") + ".",
	}
}

// headerOf is the first value of a header. The name must be canonical, as that of net/http is.
func headerOf(r *http.Request, name string) string {
	if values := r.Header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// requestID is a random UUID (RFC 9562, version 4), as the service's are. It
// names a request and is no secret.
func requestID() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], rand.Uint64())
	binary.BigEndian.PutUint64(b[8:], rand.Uint64())
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	id := make([]byte, 0, 37)
	for _, part := range [...][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		id = hex.AppendEncode(append(id, '-'), part)
	}
	return string(id[1:])
}

// client is a transport that ends in a handler.
type client struct{ handler *handler }

// Client is what [HTTPClient] returns: an HTTP client of an AWS SDK for Go, and a
// transport of net/http.
type Client interface {
	Do(*http.Request) (*http.Response, error)
	http.RoundTripper
}

// HTTPClient is a client whose requests go to the simulator without a socket:
// the host and the scheme of a request are not looked at. Any number of
// goroutines may share one.
func HTTPClient(eng *engine.Engine, o *Options) Client { return &client{newHandler(eng, o)} }

// RoundTrip answers a request in the goroutine of the caller.
func (c *client) RoundTrip(r *http.Request) (*http.Response, error) { return c.Do(r) }

// Do answers a request in the goroutine of the caller. It fails with the
// context's error if that is cancelled before it begins or ends, and with
// [io.ErrUnexpectedEOF] where the answer was lost ([apc.ErrNoAnswer]), as if the
// connection had been closed.
func (c *client) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if r.URL == nil {
		return nil, errors.New("endpoint: a request without a URL")
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r // the handler changes nothing of it
	if r.Body == nil {
		in = r.WithContext(r.Context())
		in.Body = http.NoBody
	}
	w := &answer{header: make(http.Header, 4)}
	answered := c.handler.serve(w, in, nil)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if !answered {
		return nil, io.ErrUnexpectedEOF
	}
	return w.response(r), nil
}
