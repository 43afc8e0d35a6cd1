package server

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// wait is a timeout that a test can wait for; endless is none.
const (
	wait    = 300 * time.Millisecond
	endless = time.Hour
)

func (r *running) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", r.at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

func send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

// closes waits for the server to end a connection, and is what it sent until then.
func closes(t *testing.T, c net.Conn) string {
	t.Helper()
	raw, err := io.ReadAll(c)
	if wait, ok := err.(net.Error); ok && wait.Timeout() {
		t.Errorf("the server holds the connection; it sent %q", raw)
	}
	return string(raw)
}

// beginning is a call of which half of the body is still to come.
var firstHalf, secondHalf = createAES[:50], createAES[50:]

func beginning(op string) string {
	return "POST / HTTP/1.1\r\nHost: localhost\r\n" + target + ": " + operation(
		op,
	) + "\r\nContent-Length: " + strconv.Itoa(len(createAES)) + "\r\n\r\n" + firstHalf
}

// begun sends a call without the second half of its body, and returns once it is being
// answered: the server asks for the body when the call reads it.
func (r *running) begun(t *testing.T, op string) net.Conn {
	t.Helper()
	c := r.dial(t)
	send(t, c, strings.Replace(beginning(op), "\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n", 1))
	const want = "HTTP/1.1 100 Continue\r\n\r\n"
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); string(got) != want {
		t.Fatalf("got %q, %v, want %q", got[:n], err, want)
	}
	return c
}

// TestSlowAndBrokenClientsCannotHoldTheServer: of its timeouts one alone ends each client, or
// none where the client ends its side.
func TestSlowAndBrokenClientsCannotHoldTheServer(t *testing.T) {
	header := Timeouts{Header: wait, Read: endless, Idle: endless}
	read := Timeouts{Header: endless, Read: wait, Idle: endless}
	idle := Timeouts{Header: endless, Read: endless, Idle: wait}
	none := Timeouts{Header: endless, Read: endless, Idle: endless}
	servers := map[Timeouts]*running{}
	for _, timeouts := range []Timeouts{header, read, idle, none} {
		servers[timeouts] = start(t, "127.0.0.1", Options{Anonymous: true, Timeouts: timeouts})
	}
	var clients sync.WaitGroup
	for name, c := range map[string]struct {
		timeouts Timeouts
		sent     string
		want     string
	}{
		"nothing at all": {header, "", ""},
		"half a line":    {header, "POST / HT", ""},
		"half a header":  {header, "POST / HTTP/1.1\r\nHost: localhost\r\nX-", ""},
		"a long header":  {header, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + strings.Repeat("x", maxHeader+4096-100), ""},
		"half a body":    {read, beginning("CreateKey"), "400 Bad Request"},
		"half a body, chunked": {read, "POST / HTTP/1.1\r\nHost: localhost\r\n" + target + ": " + operation("CreateKey") +
			"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"Key", "400 Bad Request"},
		"a call and no more":   {idle, beginning("CreateKey") + secondHalf, "200 OK"},
		"closed at once":       {none, "", ""},
		"closed in the header": {none, "POST / HTTP/1.1\r\nHost", ""},
		"closed in the body":   {none, beginning("CreateKey"), "400 Bad Request"},
		"closed after a call":  {none, beginning("ListKeys") + secondHalf, "200 OK"},
		"no HTTP":              {none, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400 Bad Request"},
		"a header too long":    {none, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + strings.Repeat("x", maxHeader+4096) + "\r\n\r\n", "431"},
	} {
		clients.Go(func() {
			conn := servers[c.timeouts].dial(t)
			send(t, conn, c.sent)
			if c.timeouts == none {
				conn.CloseWrite()
			}
			if got := closes(t, conn); !strings.Contains(got, c.want) {
				t.Errorf("%s: got %q, want %s", name, got, c.want)
			}
		})
	}
	clients.Wait()
	for _, r := range servers {
		r.create(t) // others are served
		r.end(t)
		if n := r.active.Load(); n != 0 { // each connection was seen to close: no handler may outlive its own
			t.Errorf("%d requests are still being answered", n)
		}
	}
}

func TestACallIsMadeForAClientThatHasDisconnected(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Anonymous: true})
	gone, leave := context.WithCancel(t.Context())
	leave()
	req := httptest.NewRequest("POST", "/", strings.NewReader(createAES)).WithContext(gone)
	req.Header.Set(target, operation("CreateKey"))
	w := httptest.NewRecorder()
	if r.ServeHTTP(w, req); w.Code != http.StatusOK {
		t.Errorf("got %d, %s", w.Code, w.Body)
	}
}

func TestAClientThatReadsNothingCannotHoldTheServer(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Timeouts: Timeouts{Write: wait}})
	c := r.dial(t)
	c.SetReadBuffer(4096)
	ask := strings.Repeat("GET /_apcsim/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 64)
	for {
		if _, err := io.WriteString(c, ask); err != nil {
			if wait, ok := err.(net.Error); ok && wait.Timeout() {
				t.Error("the server holds the connection")
			}
			return
		}
	}
}

func TestAStoppingServerFinishesCallsUnderWay(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Anonymous: true})
	idle := r.dial(t)
	send(t, idle, "GET /_apcsim/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
	c := r.begun(t, "CreateKey")
	r.stop()
	closes(t, idle) // once the server takes no new connections
	if late, err := net.Dial("tcp", r.at); err == nil {
		late.Close()
		t.Error("new connections are taken")
	}
	send(t, c, secondHalf)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("got %v, %v", res, err)
	}
	res.Body.Close()
	r.end(t)
	if strings.Contains(r.log.String(), "cut off") {
		t.Errorf("the log:\n%s", r.log)
	}
}

func TestAStoppingServerDoesNotWaitForever(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Anonymous: true, Timeouts: Timeouts{Shutdown: 50 * time.Millisecond}})
	c := r.begun(t, "CreateKey")
	r.end(t)
	closes(t, c)
	if !strings.Contains(r.log.String(), "calls under way were cut off") {
		t.Errorf("the log:\n%s", r.log)
	}
}

func TestTheServiceIsBehindEveryOtherPath(t *testing.T) {
	r := start(t, "127.0.0.1", Options{})
	status, answer, header := r.do(t, "POST", "/", "{}", target, operation("ListKeys"))
	if status != 400 || header.Get("X-Amzn-Errortype") != "MissingAuthenticationTokenException" {
		t.Errorf("no signature: got %d, %s", status, answer)
	}
	if status, answer, header = r.do(t, "GET", "/elsewhere", ""); status != 404 ||
		header.Get("X-Amzn-Errortype") != "UnknownOperationException" {
		t.Errorf("another path: got %d, %s", status, answer)
	}
}

func TestControlOnAnAddressOfItsOwn(t *testing.T) {
	r := start(t, "0.0.0.0", Options{ControlListen: "127.0.0.1:0", Anonymous: true})
	if status, answer, _ := r.do(t, "GET", "/_apcsim/now", ""); status != 404 || !strings.Contains(answer, "another address") {
		t.Errorf("at the service: got %d, %s", status, answer)
	}
	if status, _, _ := r.page(t, "/_apcsim/"); status != 404 {
		t.Errorf("the console at the service: got %d", status)
	}
	service := r.at
	r.at = r.control.Addr().String()
	var at timeView
	r.own(t, "GET", "now", "", &at)
	if status, answer, _ := r.call(t, "ListKeys", "{}"); status != 404 {
		t.Errorf("an operation at the other address: got %d, %s", status, answer)
	}
	if status, _, _ := r.page(t, "/_apcsim/console/keys"); status != 200 {
		t.Errorf("the console: got %d", status)
	}
	r.at = service
	if status, answer, _ := r.call(t, "ListKeys", "{}"); status != 200 {
		t.Errorf("an operation: got %d, %s", status, answer)
	}
	if s, err := Listen(t.Context(), "127.0.0.1:0", &Options{ControlListen: "0.0.0.0:0"}); err == nil {
		s.Close()
		t.Error("an address of its own beyond this machine needs no token")
	}
}

func TestOptionsThatCannotBeMeantAreRefused(t *testing.T) {
	caller := `{"callers":{"A":{"account":"111122223333"}}}`
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Account: "12"}, "account: wanted 12 digits"},
		{Options{Region: "nowhere"}, `region: wanted a Region like "us-east-1"`},
		{Options{Verify: true}, "verify: there are no callers whose signatures could be checked"},
		{Options{Verify: true, Config: parsed(t, caller)}, "callers.A.secret: is needed to verify signatures"},
	} {
		if _, err := Listen(t.Context(), "127.0.0.1:0", &c.o); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
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

// dueStore is a store in which settling all partitions takes until its context ends.
type dueStore struct {
	lent
	asked chan struct{} // closed when that has begun
}

func (s dueStore) Due(ctx context.Context, p keystore.Partition, before time.Time, limit int) ([]keystore.Record, error) {
	if p != (keystore.Partition{}) {
		return s.lent.Due(ctx, p, before, limit)
	}
	close(s.asked)
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestSettlingDelaysNeitherRequestsNorTheStop: it begins once the server listens, and ends
// with it.
func TestSettlingDelaysNeitherRequestsNorTheStop(t *testing.T) {
	s := dueStore{newLent(t), make(chan struct{})}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	listening := make(chan error, 1)
	var srv *Server
	go func() {
		var err error
		srv, err = Listen(ctx, "127.0.0.1:0", &Options{Anonymous: true, Backend: hsm.NewSoftware(nil), Store: s})
		listening <- err
	}()
	select {
	case err := <-listening:
		if err != nil {
			t.Fatal(err)
		}
	case <-ctx.Done():
		t.Fatal("the server waits for settling before it listens")
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- srv.Serve(serving) }()
	<-s.asked
	(&running{Server: srv, at: srv.listener.Addr().String()}).create(t)
	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Serve: %v", err)
		}
	case <-ctx.Done():
		t.Error("the server waits for settling before it stops")
	}
}

// TestListenEndsWithItsContext: whatever it waits for in the store.
func TestListenEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := stuckStore{newLent(t), cancel}
	done := make(chan error, 1)
	go func() {
		_, err := Listen(ctx, "127.0.0.1:0", &Options{Backend: hsm.NewSoftware(nil), Store: s})
		done <- err
	}()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	case <-time.After(patience):
		t.Error("Listen goes on after its context has ended")
	}
}

// stuckStore is a store whose commits take until their context ends, which they ask for.
type stuckStore struct {
	lent
	stop context.CancelFunc
}

func (s stuckStore) Commit(ctx context.Context, _ keystore.CommitID, _ ...keystore.Change) error {
	s.stop()
	<-ctx.Done()
	return ctx.Err()
}
