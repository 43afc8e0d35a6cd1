package endpoint_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/internal/facts"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

var pathParameter = regexp.MustCompile(`\{\w+\}`)

// TestEveryPathOfTheDataPlaneReachesItsOperation, with an identifier in one segment however
// much of it is encoded; and no other path reaches one.
func TestEveryPathOfTheDataPlaneReachesItsOperation(t *testing.T) {
	var last endpoint.Call
	h := endpoint.Handler(simtest.New(t, nil), &endpoint.Options{Anonymous: true, Observe: func(c endpoint.Call) { last = c }})
	ask := func(method, path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	seen := 0
	for _, op := range facts.Data().Operations {
		for _, key := range []string{"alias%2Fa", "arn:aws:payment-cryptography:us-east-1:111122223333:key%2Fabcdefghijklmnop",
			url.PathEscape("arn:aws:payment-cryptography:us-east-1:111122223333:alias/a/b")} {
			path := pathParameter.ReplaceAllString(op.Path, key)
			w := ask(op.Method, path)
			var body map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			if last.Operation != op.Name || w.Code != 400 || body["__type"] != w.Header().Get("X-Amzn-Errortype") ||
				w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("%s %s: %s, %d %v", op.Method, path, last.Operation, w.Code, body)
			}
			seen++
		}
	}
	if seen != 45 {
		t.Errorf("%d requests, want three for each of 15 operations", seen)
	}
	for _, path := range []string{"/keys//encrypt", "/keys/a/b/encrypt", "/keys/alias/a/encrypt", "/keys/a", "/mac", "/mac/generate/",
		"/mac/forge", "/keys/a/encrypt/"} {
		if w := ask("POST", path); w.Code != 404 {
			t.Errorf("%s: got %d %s", path, w.Code, w.Body)
		}
	}
	if w := ask("GET", "/mac/generate"); w.Code != 404 {
		t.Errorf("GET: got %d", w.Code)
	}
}

// FuzzDataPath: any path gets an answer, and only a path of the data plane reaches one of its
// operations, with the identifier that it was made of.
func FuzzDataPath(f *testing.F) {
	for _, op := range facts.Data().Operations {
		f.Add(pathParameter.ReplaceAllString(op.Path, "alias%2Fa"))
		f.Add(pathParameter.ReplaceAllString(op.Path, ""))
	}
	for _, path := range []string{"/keys/%zz/encrypt", "/keys/%/encrypt", "/keys/a%2F..%2Fb/encrypt", "/keys/../encrypt",
		"/keys/%00/encrypt", "//mac/generate", "/mac/generate?x", "/keys/é/decrypt", "/keys/" + strings.Repeat("a", 400) + "/encrypt"} {
		f.Add(path)
	}
	var last endpoint.Call
	h := endpoint.HTTPClient(simtest.New(f, nil), &endpoint.Options{Anonymous: true, Observe: func(c endpoint.Call) { last = c }})
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.Parse("http://apcsim.test" + path)
		if err != nil {
			return
		}
		answer, err := h.Do(
			&http.Request{
				Method:        "POST",
				URL:           u,
				Host:          "localhost",
				Header:        http.Header{},
				Body:          io.NopCloser(strings.NewReader("{}")),
				ContentLength: 2,
			},
		)
		if err != nil {
			t.Fatal(err)
		}
		if last.Operation == "" {
			if answer.StatusCode < 400 || answer.StatusCode > 499 {
				t.Errorf("%q: status %d", path, answer.StatusCode)
			}
			return
		}
		op := facts.Data().Operation(last.Operation)
		segments, pattern := strings.Split(u.EscapedPath(), "/"), strings.Split(op.Path, "/")
		if len(segments) != len(pattern) {
			t.Fatalf("%q reaches %s, whose path is %s", path, op.Name, op.Path)
		}
		for i, s := range segments {
			if s != pattern[i] && (!pathParameter.MatchString(pattern[i]) || s == "") {
				t.Errorf("%q reaches %s, whose path is %s", path, op.Name, op.Path)
			}
		}
	})
}
