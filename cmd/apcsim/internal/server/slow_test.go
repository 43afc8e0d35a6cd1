package server

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// short are timeouts that a test can wait for.
var short = Timeouts{Header: wait, Read: 2 * wait, Idle: wait}

const wait = 300 * time.Millisecond

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
	) + "\r\nContent-Length: " + strconv.Itoa(
		len(createAES),
	) + "\r\n\r\n" + firstHalf
}

func TestSlowAndBrokenClientsCannotHoldTheServer(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Anonymous: true, Timeouts: short})
	var clients sync.WaitGroup
	for name, c := range map[string]struct {
		sent string
		half bool // the client ends its side
		want string
	}{
		"nothing at all": {"", false, ""},
		"half a line":    {"POST / HT", false, ""},
		"half a header":  {"POST / HTTP/1.1\r\nHost: localhost\r\nX-", false, ""},
		"half a body":    {beginning("CreateKey"), false, "400 Bad Request"},
		"half a body, chunked": {"POST / HTTP/1.1\r\nHost: localhost\r\n" + target + ": " + operation("CreateKey") +
			"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"Key", false, "400 Bad Request"},
		"a call and no more":   {beginning("CreateKey") + secondHalf, false, "200 OK"},
		"closed at once":       {"", true, ""},
		"closed in the header": {"POST / HTTP/1.1\r\nHost", true, ""},
		"closed in the body":   {beginning("CreateKey"), true, "400 Bad Request"},
		"closed after a call":  {beginning("ListKeys") + secondHalf, true, "200 OK"},
		"no HTTP":              {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", false, "400 Bad Request"},
		"a long header":        {"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + strings.Repeat("x", maxHeader+4096-100), false, ""},
		"a header too long":    {"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + strings.Repeat("x", maxHeader+4096) + "\r\n\r\n", true, "431"},
	} {
		clients.Go(func() {
			conn := r.dial(t)
			send(t, conn, c.sent)
			if c.half {
				conn.CloseWrite()
			}
			if got := closes(t, conn); !strings.Contains(got, c.want) {
				t.Errorf("%s: got %q, want %s", name, got, c.want)
			}
		})
	}
	clients.Wait()
	r.create(t) // others are served
	r.end(t)
	if n := r.active.Load(); n != 0 { // each connection was seen to close: no handler may outlive its own
		t.Errorf("%d requests are still being answered", n)
	}
}

// TestEachTimeoutAlone has all others at their defaults, which are longer than the
// test's patience or of no help.
func TestEachTimeoutAlone(t *testing.T) {
	for _, c := range []struct {
		name string
		t    Timeouts
		sent string
	}{
		{"header", Timeouts{Header: wait, Read: time.Hour}, "POST / HTTP/1.1\r\nHost: localhost\r\n"},
		{"read", Timeouts{Read: wait}, beginning("CreateKey")},
		{"idle", Timeouts{Idle: wait}, beginning("CreateKey") + secondHalf},
	} {
		r := start(t, "127.0.0.1", Options{Anonymous: true, Timeouts: c.t})
		conn := r.dial(t)
		conn.SetDeadline(time.Now().Add(4 * time.Second)) // before the default for headers
		send(t, conn, c.sent)
		if closes(t, conn); t.Failed() {
			t.Fatalf("%s does nothing", c.name)
		}
	}
}

func TestACallIsMadeForAClientThatIsGone(t *testing.T) {
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

func TestAStoppingServerFinishesCallsInFlight(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Anonymous: true})
	c := r.dial(t)
	send(t, c, beginning("CreateKey"))
	waitActive(t, r, 1)
	r.stop()
	r.log.WaitFor(t, "stopping")
	for until := time.Now().Add(patience); ; time.Sleep(time.Millisecond) { // the socket closes a moment after
		late, err := net.Dial("tcp", r.at)
		if err != nil {
			break
		}
		late.Close()
		if time.Now().After(until) {
			t.Fatal("new connections are taken")
		}
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

func TestAStoppingServerDoesNotWaitForEver(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Anonymous: true, Timeouts: Timeouts{Shutdown: 50 * time.Millisecond}})
	c := r.dial(t)
	send(t, c, beginning("CreateKey"))
	waitActive(t, r, 1)
	r.end(t)
	closes(t, c)
	if !strings.Contains(r.log.String(), "calls in flight were cut off") {
		t.Errorf("the log:\n%s", r.log)
	}
}

func TestACallInFlightFinishesInTheWorldBeforeTheReset(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	c := r.dial(t)
	send(t, c, beginning("CreateKey"))
	waitActive(t, r, 1)
	old := r.now()
	r.own(t, "POST", "reset", "", &struct{}{})
	send(t, c, secondHalf)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("got %v, %v", res, err)
	}
	res.Body.Close()
	var got pageView
	if r.own(t, "GET", "keys", "", &got); len(got.Keys) != 0 {
		t.Errorf("the key is in the new world: %+v", got)
	}
	r.closing.Wait()
	if _, err := old.store.Read(t.Context(), offsetRecord); err == nil {
		t.Error("the old world is not closed")
	}
}

// waitActive returns once a number of requests are being answered.
func waitActive(t *testing.T, r *running, n int64) {
	t.Helper()
	for until := time.Now().Add(patience); r.active.Load() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d requests are being answered, want %d", r.active.Load(), n)
		}
	}
}
