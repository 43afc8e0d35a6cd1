package endpoint

import (
	"net/http"
	"net/url"
	"testing"
)

// FuzzSignatureOf: a header or a query is read as a signature, or it is none; what
// was read means the same when it is written anew in either place.
func FuzzSignatureOf(f *testing.F) {
	for _, s := range []string{
		"AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date, Signature=00",
		"AWS4-HMAC-SHA256 Credential=A/B/C/20260101/us-east-1/sts/aws4_request", "AWS4-HMAC-SHA256 ",
		"AWS4-HMAC-SHA256 Credential=////aws4_request", "Basic YTpi", "",
	} {
		f.Add(
			s,
			"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20260101%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00",
		)
		f.Add("", "X-Amz-Credential="+url.QueryEscape(s))
	}
	f.Fuzz(func(t *testing.T, authorization, query string) {
		r := &http.Request{Method: "POST", URL: &url.URL{RawQuery: query}, Header: http.Header{"Authorization": {authorization}}}
		s, signed, ok := signatureOf(r)
		if !ok {
			return
		}
		if !signed || s.accessKey == "" || s.service == "" || s.region == "" {
			t.Errorf("%q, %q: read as %+v, signed %v", authorization, query, s, signed)
		}
		credential := s.accessKey + "/" + s.date + "/" + s.region + "/" + s.service + "/aws4_request"
		anew := signature{}
		if !anew.scope(credential) || anew.accessKey != s.accessKey || anew.region != s.region || anew.service != s.service ||
			anew.date != s.date {
			t.Errorf("%q is read as %+v, want %+v", credential, anew, s)
		}
		q := url.Values{
			"X-Amz-Algorithm":     {signingAlgorithm},
			"X-Amz-Credential":    {credential},
			"X-Amz-SignedHeaders": {s.headers},
			"X-Amz-Signature":     {s.value},
		}
		there, _, ok := signatureOf(&http.Request{URL: &url.URL{RawQuery: q.Encode()}, Header: http.Header{}})
		if s.at, s.expires, s.presigned = "", "", true; !ok || there != s {
			t.Errorf("as a query: got %+v, want %+v", there, s)
		}
	})
}

// TestPathIsEncodedOnceMoreForASignature, segment by segment, as of every service but S3.
func TestPathIsEncodedOnceMoreForASignature(t *testing.T) {
	for sent, want := range map[string]string{
		"": "/", "/": "/", "/mac/generate": "/mac/generate", "/keys/alias%2Fa/encrypt": "/keys/alias%252Fa/encrypt",
		"/keys/arn:aws:x%2Fy/decrypt": "/keys/arn%3Aaws%3Ax%252Fy/decrypt", "/a b": "/a%20b",
	} {
		if got := canonicalPath(sent); got != want {
			t.Errorf("%q: got %q, want %q", sent, got, want)
		}
	}
}
