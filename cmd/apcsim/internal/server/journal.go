package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/console"
)

const (
	maxWatchers   = 32
	heartbeat     = 15 * time.Second
	eventPatience = 10 * time.Second // for a client to take what was written
)

// filter is what the query asks for.
func (q *request) filter() (callFilter, error) {
	v := q.URL.Query()
	f := callFilter{operation: v.Get("operation"), account: v.Get("account")}
	switch refused := v.Get("refused"); refused {
	case "", "false":
	case "true":
		f.refused = true
	default:
		return f, &inputError{"?refused", "wanted true or false"}
	}
	if f.account != "" && !accountPattern.MatchString(f.account) {
		return f, &inputError{"?account", "wanted 12 digits"}
	}
	return f, nil
}

// journal answers with the last calls, or goes on to answer with each call as it happens.
func (q *request) journal() (any, error) {
	f, err := q.filter()
	if err != nil {
		return nil, err
	}
	after, err := q.after()
	if err != nil {
		return nil, err
	}
	if strings.Contains(q.Header.Get("Accept"), "text/event-stream") {
		return q.watch(after, f)
	}
	limit, err := q.number("limit", maxCalls, maxCalls)
	if err != nil {
		return nil, err
	}
	view := struct {
		Calls []console.Call `json:"calls"` // oldest first
	}{q.named(q.world.calls.latest(after, f, limit))}
	if view.Calls == nil {
		view.Calls = []console.Call{}
	}
	return view, nil
}

// after is the number of the last call that the client has. A browser that connects again
// says it by a header.
func (q *request) after() (int64, error) {
	text := q.Header.Get("Last-Event-ID")
	if text == "" {
		text = q.URL.Query().Get("after")
	}
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, &inputError{"?after", "wanted the number of a call"}
	}
	return n, nil
}

// named gives the keys of calls their aliases.
func (q *request) named(list []console.Call) []console.Call {
	names := q.newNames()
	for i := range list {
		list[i].Name(names.of)
	}
	return list
}

// responder is an answer that is more than a JSON object.
type responder func(http.ResponseWriter)

// watch answers with server-sent events (WHATWG HTML, section 9.2): a "call" for each call, whose
// id is its number; "gap" where calls were dropped before they were sent. It ends when the client
// goes or the server stops.
func (q *request) watch(after int64, f callFilter) (any, error) {
	s := q.server
	if s.watchers.Add(1) > maxWatchers {
		s.watchers.Add(-1)
		return nil, &ownError{http.StatusServiceUnavailable, "no more programs can watch at the same time"}
	}
	q.leave() // a reset does not wait for the client
	return responder(func(w http.ResponseWriter) {
		defer s.watchers.Add(-1)
		stream := &eventStream{w: w, control: http.NewResponseController(w)}
		stream.control.SetReadDeadline(time.Time{}) // that of the request, which has been read
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		q.stream(stream, after, f)
	}), nil
}

// stream writes calls until it fails or something ends it.
func (q *request) stream(out *eventStream, after int64, f callFilter) {
	pulse := time.NewTicker(heartbeat)
	defer pulse.Stop()
	out.write(": calls follow\n\n")
	for out.err == nil {
		world := q.server.now()
		last, oldest := world.calls.lastNumber()
		if after > last || after < oldest-1 || world != q.world {
			q.world = world
			out.write("event: gap\ndata: {}\n\n")
			after = oldest - 1
		}
		list, changed := world.calls.next(after, 100)
		for _, c := range q.named(list) {
			if after = c.Number; f.takes(&c) {
				body, _ := json.Marshal(c) // it has no value that JSON does not have
				out.write(fmt.Sprintf("id: %d\nevent: call\ndata: %s\n\n", c.Number, body))
			}
		}
		if changed == nil {
			continue
		}
		select {
		case <-changed:
		case <-world.calls.done:
		case <-pulse.C:
			out.write(": still here\n\n")
		case <-q.client.Done():
			return
		case <-q.server.stopping:
			return
		}
	}
}

// eventStream keeps the first failure of a write.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	err     error
}

func (e *eventStream) write(text string) {
	if e.err != nil {
		return
	}
	e.control.SetWriteDeadline(time.Now().Add(eventPatience))
	if _, e.err = e.w.Write([]byte(text)); e.err == nil {
		e.err = e.control.Flush()
	}
}
