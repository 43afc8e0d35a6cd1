package probe

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/seed748fb4d1/apcsim/internal/facts"
)

// Doer sends requests: an *http.Client, or a simulator's client without a socket.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// maxAnswer is how much of an answer is read.
const maxAnswer = 1 << 20

// spoilt makes a request that is not as it should be.
func spoilt(r *http.Request, how string) {
	switch how {
	case "unsigned":
		r.Header.Del("Authorization")
	case "unreadable":
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{")), 1
	}
}

// request makes the signed HTTP request of an operation. After a "!" the operation says how it is spoilt.
func (s *Service) request(ctx context.Context, operation string, input map[string]any) (*http.Request, error) {
	operation, how, _ := strings.Cut(operation, "!")
	at, path, target := s.control, "/", "PaymentCryptographyControlPlane."+operation
	kind := "application/x-amz-json-1.0"
	if op := facts.Data().Operation(operation); op != nil {
		at, path, target, kind = s.data, op.Path, "", "application/json"
		for _, m := range facts.Data().Shape(op.Input).Members {
			if m.InPath {
				path = strings.Replace(path, "{"+m.Name+"}", url.PathEscape(fmt.Sprint(input[m.Name])), 1)
				input = without(input, m.Name)
			}
		}
	}
	body, err := json.Marshal(input)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, at+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if how == "html" {
		kind = "text/html"
	}
	r.Header.Set("Content-Type", kind)
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	c, err := s.credentials(ctx)
	if err != nil {
		return nil, notSent{fmt.Errorf("credentials: %w", err)}
	}
	if how == "unreadable" {
		body = []byte("{")
	}
	sign(r, body, c, s.region, s.now().UTC())
	spoilt(r, how)
	return r, nil
}

func without(object map[string]any, name string) map[string]any {
	out := map[string]any{}
	for k, v := range object {
		if k != name {
			out[k] = v
		}
	}
	return out
}

// raw is an answer as it came.
type raw struct {
	status    int
	exception string
	message   string
	body      map[string]any
}

// send sends a request once.
func (s *Service) send(ctx context.Context, operation string, input map[string]any) (*raw, error) {
	r, err := s.request(ctx, operation, input)
	if err != nil {
		return nil, err
	}
	resp, err := s.do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	return readAnswer(resp, text)
}

// do sends a request. Without a connection over which it could be sent (no address, nothing that listens,
// TLS that fails) the error is [notSent].
func (s *Service) do(r *http.Request) (*http.Response, error) {
	if _, network := s.doer.(*http.Client); !network {
		return s.doer.Do(r)
	}
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	resp, err := s.doer.Do(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	if err != nil && !connected.Load() {
		err = notSent{err}
	}
	return resp, err
}

// readAnswer reads an answer of either plane.
func readAnswer(resp *http.Response, text []byte) (*raw, error) {
	out := &raw{status: resp.StatusCode, body: map[string]any{}}
	if len(bytes.TrimSpace(text)) > 0 {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&out.body); err != nil {
			return nil, fmt.Errorf("the answer, with status %d, is no JSON object", resp.StatusCode)
		}
	}
	if resp.StatusCode/100 == 2 {
		return out, nil
	}
	out.exception = exceptionOf(resp.Header.Get("X-Amzn-Errortype"), out.body)
	for _, name := range []string{"message", "Message"} {
		if m, ok := out.body[name].(string); ok {
			out.message = m
		}
		delete(out.body, name)
	}
	delete(out.body, "__type")
	return out, nil
}

// exceptionOf is the name of an exception without its namespace and what follows it.
func exceptionOf(header string, body map[string]any) string {
	name := header
	if name == "" {
		name, _ = body["__type"].(string)
	}
	name, _, _ = strings.Cut(name, ":")
	if _, after, ok := strings.Cut(name, "#"); ok {
		name = after
	}
	if name == "" {
		return "an exception without a name"
	}
	return name
}
