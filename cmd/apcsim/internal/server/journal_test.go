package server

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/console"
)

// journalView is the answer of GET journal.
type journalView struct{ Calls []journalCall }

type journalCall struct {
	Number                                                          int64
	Operation, Account, Region, Caller, Took, Names, Error, Message string
	ReadOnly                                                        bool
	Keys, Why                                                       []string
	Request                                                         json.RawMessage
	Reasons                                                         []console.Reason
}

// watching is a stream of server-sent events.
type watching struct {
	body *bufio.Scanner
	res  *http.Response
}

func (r *running) watch(t *testing.T, query string, header ...string) *watching {
	t.Helper()
	res := r.send(t, "GET", "/_apcsim/journal"+query, "", append([]string{"Accept", "text/event-stream"}, header...)...)
	t.Cleanup(func() { res.Body.Close() })
	return &watching{bufio.NewScanner(res.Body), res}
}

// event returns the next event and its data, "" where the stream has ended.
func (w *watching) event(t *testing.T) (name string, call journalCall) {
	t.Helper()
	for w.body.Scan() {
		line := w.body.Text()
		if after, ok := strings.CutPrefix(line, "event: "); ok {
			name = after
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			if err := json.Unmarshal([]byte(data), &call); err != nil {
				t.Fatalf("%s: %v", data, err)
			}
			return name, call
		}
	}
	return "", call
}

func TestACallIsSentAsItHappens(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	key := r.create(t)
	w := r.watch(t, "")
	if kind := w.res.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("the type is %q", kind)
	}
	if name, c := w.event(t); name != "call" || c.Operation != "CreateKey" || c.Number != 1 || fmt.Sprint(c.Keys) != "["+key+"]" ||
		!strings.HasPrefix(string(c.Request), `{"KeyAttributes":{"KeyUsage"`) {
		t.Errorf("before it watched: got %s, %+v", name, c)
	}
	r.call(t, "GetKey", `{"KeyIdentifier":"alias/none"}`)
	if name, c := w.event(t); name != "call" || c.Operation != "GetKey" || c.Number != 2 || c.Names != "alias/none" || len(c.Why) != 1 ||
		!strings.Contains(c.Why[0], "no such alias") {
		t.Errorf("a refusal: got %s, %+v", name, c)
	}
	refused := r.watch(t, "?refused=true")
	if name, c := refused.event(t); name != "call" || c.Number != 2 {
		t.Errorf("refusals alone: got %s, %+v", name, c)
	}
	again := r.watch(t, "", "Last-Event-ID", "1")
	if name, c := again.event(t); name != "call" || c.Number != 2 {
		t.Errorf("after the first: got %s, %+v", name, c)
	}
	var at timeView
	r.own(t, "POST", "reset", "", &at)
	if name, _ := w.event(t); name != "gap" {
		t.Errorf("after a reset: got %q", name)
	}
	r.create(t)
	if name, c := w.event(t); name != "call" || c.Number != 3 {
		t.Errorf("after a reset: got %s, %+v", name, c)
	}
	r.end(t) // watchers do not hold it up
	if name, c := w.event(t); name != "" {
		t.Errorf("after the end: got %s, %+v", name, c)
	}
}

// TestWatchersAreBounded, and one that goes makes room.
func TestWatchersAreBounded(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true})
	first := r.dial(t)
	send(t, first, "GET /_apcsim/journal HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
	if _, err := first.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	for range maxWatchers - 1 {
		r.watch(t, "")
	}
	if w := r.watch(t, ""); w.res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one too many: got %d", w.res.StatusCode)
	}
	first.CloseWrite()
	closes(t, first) // once the server has noticed
	if w := r.watch(t, ""); w.res.StatusCode != http.StatusOK {
		t.Errorf("a watcher that has gone still counts: got %d", w.res.StatusCode)
	}
}

func TestTheJournalIsFiltered(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	r.create(t)
	r.call(t, "GetKey", `{"KeyIdentifier":"alias/none"}`)
	r.create(t)
	for query, want := range map[string]string{
		"": "[1 2 3]", "?operation=createkey": "[1 3]", "?refused=true": "[2]", "?refused=false&limit=1": "[3]", "?after=1": "[2 3]",
		"?account=111122223333": "[1 2 3]", "?account=444455556666": "[]",
	} {
		var got journalView
		r.own(t, "GET", "journal"+query, "", &got)
		numbers := []int64{}
		for _, c := range got.Calls {
			numbers = append(numbers, c.Number)
		}
		if fmt.Sprint(numbers) != want {
			t.Errorf("%s: got %v, want %s", query, numbers, want)
		}
	}
	for _, query := range []string{"?refused=yes", "?account=1", "?after=x", "?after=-1", "?limit=1001"} {
		if status, answer, _ := r.do(t, "GET", "/_apcsim/journal"+query, ""); status != 400 {
			t.Errorf("%s: got %d, %s", query, status, answer)
		}
	}
}

// TestAKeyInTheWrongPlaceIsNotInTheJournal, whatever member a client wrote it to.
func TestAKeyInTheWrongPlaceIsNotInTheJournal(t *testing.T) {
	const key = "00112233445566778899AABBCCDDEEFF"
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	for op, body := range map[string]string{
		"ImportKey":   `{"KeyMaterial":{"Tr31KeyBlock":{"WrappingKeyIdentifier":"` + key + `","WrappedKeyBlock":"` + key + `"}}}`,
		"GetKey":      `{"KeyIdentifier":"` + key + `"}`,
		"CreateAlias": `{"AliasName":"` + key + `"}`,
	} {
		if status, answer, _ := r.call(t, op, body); status != 400 {
			t.Errorf("%s: got %d, %s", op, status, answer)
		}
	}
	if _, answer, _ := r.do(t, "GET", "/_apcsim/journal", ""); strings.Contains(answer, key) || strings.Count(answer, `"number"`) != 3 {
		t.Errorf("got %s", answer)
	}
}
