package endpoint_test

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// zipped is a body with the content encoding gzip.
func zipped(body string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(body))
	z.Close()
	return b.String()
}

// TestACompressedBodyIsBoundedByWhatComesOut: a megabyte of zeros is a thousand
// bytes.
func TestACompressedBodyIsBoundedByWhatComesOut(t *testing.T) {
	h := endpoint.Handler(simtest.New(t, nil), nil)
	for length, want := range map[int]int{endpoint.MaxBody - 2: 200, endpoint.MaxBody - 1: 413, 4 * endpoint.MaxBody: 413} {
		answer, body := ask(t, h, post("ListKeys", zipped("{}"+strings.Repeat(" ", length)), header("Content-Encoding", "gzip")))
		if answer.StatusCode != want {
			t.Errorf("%d bytes: got %d %v, want %d", length+2, answer.StatusCode, body["__type"], want)
		}
	}
	if answer, body := ask(t, h, post("ListKeys", zipped("{}")[:12], header("Content-Encoding", "gzip"))); answer.StatusCode != 400 {
		t.Errorf("cut: got %d %v", answer.StatusCode, body)
	}
}
