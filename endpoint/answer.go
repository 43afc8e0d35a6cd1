package endpoint

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
)

// answer is a response in memory, in one piece.
type answer struct {
	header http.Header
	status int
	body   []byte
	unread bytes.Reader
	whole  http.Response
}

// Read and Close are those of the body of the whole response.
func (a *answer) Read(b []byte) (int, error)         { return a.unread.Read(b) }
func (a *answer) WriteTo(w io.Writer) (int64, error) { return a.unread.WriteTo(w) }
func (a *answer) Close() error                       { return nil }

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, b...)
	return len(b), nil
}

func (a *answer) response(r *http.Request) *http.Response {
	a.WriteHeader(http.StatusOK)
	status := "200 OK"
	if a.status != http.StatusOK {
		status = strconv.Itoa(a.status) + " " + http.StatusText(a.status)
	}
	a.unread.Reset(a.body)
	a.whole = http.Response{
		Status: status, StatusCode: a.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: a, ContentLength: int64(len(a.body)), Request: r,
	}
	return &a.whole
}
