package webguard

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// headerNames is a list of names of headers.
var headerNames = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~, -]+$")

// CORS lets the page of an origin that was allowed read the answer, with these of
// its headers (WHATWG Fetch, section 3.3). Other origins get nothing. It reports
// whether the request was the question that a browser asks beforehand, which it
// has then answered.
func (g *Guard) CORS(w http.ResponseWriter, r *http.Request, methods string, exposed ...string) (answered bool) {
	if len(g.origins) == 0 {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	origins := r.Header.Values("Origin")
	if len(origins) != 1 {
		return false
	}
	if origin, err := Origin(origins[0]); err != nil || !slices.Contains(g.origins, origin) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origins[0])
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		h.Set("Access-Control-Expose-Headers", strings.Join(exposed, ", "))
		return false
	}
	h.Set("Access-Control-Allow-Methods", methods)
	if names := r.Header.Get("Access-Control-Request-Headers"); headerNames.MatchString(names) {
		h.Set("Access-Control-Allow-Headers", names)
	}
	if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
		h.Set("Access-Control-Allow-Private-Network", "true")
	}
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}
