package webguard

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestPagesOfAllowedOriginsReadTheAnswer(t *testing.T) {
	g := New([]string{"https://app.example"}, nil)
	for _, origin := range []string{"https://app.example", "https://attacker.example", "null", "http://127.0.0.1:8089", ""} {
		preflight := asked("127.0.0.1:8089", origin)
		preflight.Method = http.MethodOptions
		preflight.Header.Set("Access-Control-Request-Method", "POST")
		preflight.Header.Set("Access-Control-Request-Headers", "authorization,x-amz-target")
		w := httptest.NewRecorder()
		allowed := origin == "https://app.example"
		if got := g.CORS(w, preflight, "POST", "X-A"); got != allowed {
			t.Errorf("%q: preflight answered %v", origin, got)
		}
		if got := w.Header().Get("Access-Control-Allow-Origin"); (got == origin && got != "") != allowed {
			t.Errorf("%q: Access-Control-Allow-Origin %q", origin, got)
		}
		if got := w.Header().Get("Access-Control-Allow-Headers"); (got == "authorization,x-amz-target") != allowed {
			t.Errorf("%q: Access-Control-Allow-Headers %q", origin, got)
		}
		w = httptest.NewRecorder()
		if g.CORS(w, asked("127.0.0.1:8089", origin), "POST", "X-A", "X-B") {
			t.Errorf("%q: a call is taken for a preflight", origin)
		}
		if got := w.Header().Get("Access-Control-Expose-Headers"); (got == "X-A, X-B") != allowed {
			t.Errorf("%q: Access-Control-Expose-Headers %q", origin, got)
		}
	}
	w := httptest.NewRecorder()
	if New(nil, nil).CORS(w, asked("127.0.0.1", "https://app.example"), "POST"); len(w.Header()) != 0 {
		t.Errorf("no origin is allowed: got %v", w.Header())
	}
}
