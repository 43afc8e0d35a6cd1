package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealthAsksWhetherAServerIsReady(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/_apcsim/ready" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.WriteHeader(status)
	}))
	for _, url := range []string{server.URL, server.URL + "/"} {
		if got := apcsim(t, "", "health", url); got.status != exitOK || got.out != "ready\n" {
			t.Errorf("ready: %+v", got)
		}
	}
	status = http.StatusServiceUnavailable
	if got := apcsim(t, "", "health", server.URL); got.status != exitRefused || !strings.Contains(got.err, "not ready: 503") {
		t.Errorf("not ready: %+v", got)
	}
	server.Close()
	if got := apcsim(t, "", "health", server.URL); got.status != exitRefused || !strings.Contains(got.err, "no answer") {
		t.Errorf("gone: %+v", got)
	}
	for _, args := range [][]string{{}, {"127.0.0.1:8089"}, {"http://a", "http://b"}} {
		if got := apcsim(t, "", append([]string{"health"}, args...)...); got.status != exitUsage {
			t.Errorf("%q: %+v", args, got)
		}
	}
}
