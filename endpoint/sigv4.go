package endpoint

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
)

const (
	signingAlgorithm = "AWS4-HMAC-SHA256"
	signingService   = "payment-cryptography"
	signingTime      = "20060102T150405Z"

	// maxSkew is how far the time of a signature may be from ours.
	maxSkew = 5 * time.Minute
)

// What AWS answers to requests that are not signed as they should be (GUESS G-unsigned-status for
// the status, that of any client's fault: not documented for the service).
var (
	errNoToken = unsigned("MissingAuthenticationTokenException", "Missing Authentication Token")
	errPartial = unsigned("IncompleteSignatureException", "The request has no complete AWS Signature Version 4.")
	errRegion  = unsigned("InvalidSignatureException", "Credential should be scoped to a valid Region, such as 'us-east-1'.")
	errUnknown = &protocolError{
		http.StatusBadRequest,
		"UnrecognizedClientException",
		"The security token included in the request is invalid.",
		"no caller with this access key has a secret to verify the signature with",
	}
	errForged = unsigned(
		"InvalidSignatureException",
		"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
	)
	errExpired = unsigned("InvalidSignatureException", "Signature expired or not yet current: the clocks differ by more than 5 minutes.")
)

func wrongService(wanted string) *protocolError {
	return unsigned("InvalidSignatureException", "Credential should be scoped to correct service: '"+wanted+"'.")
}

func unsigned(code, message string) *protocolError {
	return &protocolError{status: http.StatusBadRequest, code: code, message: message}
}

// signature is one of AWS Signature Version 4, of an Authorization header or of a
// query (a presigned request).
type signature struct {
	accessKey, date, region, service string
	headers                          string
	value                            string
	at                               string // X-Amz-Date
	expires                          string // of a query: X-Amz-Expires, in seconds
	presigned                        bool
}

// identify returns the caller, by the signature for a service.
func (h *handler) identify(r *http.Request, body []byte, service string) (apc.Identity, error) {
	s, signed, ok := signatureOf(r)
	if !signed {
		if h.options.Anonymous {
			return h.options.Default, nil
		}
		return apc.Identity{}, errNoToken
	}
	switch {
	case !ok:
		return apc.Identity{}, errPartial
	case s.service != service:
		return apc.Identity{}, wrongService(service)
	case !isRegion(s.region) && service != stsService:
		return apc.Identity{}, errRegion
	}
	caller, known := h.credential(s.accessKey)
	if h.options.Verify {
		if caller.Secret == "" {
			return apc.Identity{}, errUnknown
		}
		if err := h.verify(r, body, s, caller.Secret); err != nil {
			return apc.Identity{}, err
		}
	}
	who := caller.Identity
	if !known {
		who = h.options.Default
		if isAccount(s.accessKey) {
			who = apc.Identity{Account: s.accessKey}
		}
	}
	who.Region = s.region
	return who, nil
}

// isAccount reports whether a text can be the number of an account.
func isAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

// signatureOf reads the signature of a request. Signed reports whether there is
// any, ok whether it has the access key and the scope: enough where it is not
// verified.
func signatureOf(r *http.Request) (s signature, signed, ok bool) {
	if authorization := r.Header.Get("Authorization"); authorization != "" {
		s, ok = parseSignature(authorization)
		s.at = r.Header.Get("X-Amz-Date")
		return s, true, ok
	}
	if !strings.Contains(r.URL.RawQuery, "X-Amz-") {
		return s, false, false
	}
	q := r.URL.Query()
	if !q.Has("X-Amz-Algorithm") && !q.Has("X-Amz-Credential") {
		return s, false, false
	}
	s = signature{
		headers:   q.Get("X-Amz-SignedHeaders"),
		value:     q.Get("X-Amz-Signature"),
		at:        q.Get("X-Amz-Date"),
		expires:   q.Get("X-Amz-Expires"),
		presigned: true,
	}
	ok = s.scope(q.Get("X-Amz-Credential")) && q.Get("X-Amz-Algorithm") == signingAlgorithm
	return s, true, ok
}

// parseSignature reads the header: the algorithm, the credential with its scope,
// the signed headers, the signature.
func parseSignature(authorization string) (s signature, ok bool) {
	rest, ok := strings.CutPrefix(authorization, signingAlgorithm+" ")
	if !ok {
		return s, false
	}
	var credential string
	for part := range strings.SplitSeq(rest, ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "Credential":
			credential = value
		case "SignedHeaders":
			s.headers = value
		case "Signature":
			s.value = value
		}
	}
	return s, s.scope(credential)
}

// scope reads a credential, ACCESSKEY/DATE/REGION/SERVICE/aws4_request, and
// reports whether it is one.
func (s *signature) scope(credential string) bool {
	var terminator string
	for _, to := range []*string{&terminator, &s.service, &s.region, &s.date} { // from the end: an access key may hold a slash
		i := max(strings.LastIndexByte(credential, '/'), 0)
		credential, *to = credential[:i], strings.TrimPrefix(credential[i:], "/")
	}
	s.accessKey = credential
	return s.accessKey != "" && terminator == "aws4_request" && s.service != "" && s.region != ""
}

// isRegion is what the service takes for a Region in an ARN:
// [a-z]{2}-[a-z]{1,16}-[0-9]+, here of at most 32 characters.
func isRegion(s string) bool {
	country, rest, _ := strings.Cut(s, "-")
	name, number, _ := strings.Cut(rest, "-")
	return len(s) <= 32 && len(country) == 2 && all(country, 'a', 'z') && len(name) >= 1 && len(name) <= 16 && all(name, 'a', 'z') &&
		number != "" && all(number, '0', '9')
}

func all(s string, low, high byte) bool {
	for i := range len(s) {
		if s[i] < low || s[i] > high {
			return false
		}
	}
	return true
}

// verify computes the signature anew (AWS General Reference, "Create a signed
// AWS API request") and compares.
func (h *handler) verify(r *http.Request, body []byte, s signature, secret string) error {
	at, err := time.Parse(signingTime, s.at)
	if err != nil || at.Format("20060102") != s.date || s.headers == "" || s.value == "" {
		return errPartial
	}
	life, err := s.life()
	if err != nil {
		return err
	}
	headers := strings.Split(s.headers, ";")
	if name := unsignedHeader(r, headers); name != "" {
		return unsigned("InvalidSignatureException", "'"+printableOnly(name)+"' must be a 'SignedHeader' in the AWS Authorization.")
	}
	if age := h.options.Now().Sub(at); age > life || age < -maxSkew {
		return errExpired
	}
	scope := strings.Join([]string{s.date, s.region, s.service, "aws4_request"}, "/")
	request := sha256.Sum256([]byte(canonicalRequest(r, headers, body, s.presigned)))
	toSign := strings.Join([]string{signingAlgorithm, at.Format(signingTime), scope, hex.EncodeToString(request[:])}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.date, s.region, s.service, "aws4_request"} {
		key = mac(key, part)
	}
	given, err := hex.DecodeString(s.value)
	if err != nil || !hmac.Equal(given, mac(key, toSign)) {
		return errForged
	}
	return nil
}

// maxLife is the longest that a presigned request may be used: 7 days.
const maxLife = 7 * 24 * time.Hour

// life is how long after its time a signature may be used.
func (s *signature) life() (time.Duration, error) {
	if !s.presigned {
		return maxSkew, nil
	}
	seconds, err := strconv.ParseUint(s.expires, 10, 32)
	if life := time.Duration(seconds) * time.Second; err == nil && life >= time.Second && life <= maxLife {
		return life, nil
	}
	return 0, unsigned("IncompleteSignatureException", "X-Amz-Expires is not a number of seconds from 1 to 604800.")
}

func mac(key []byte, message string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(message))
	return h.Sum(nil)
}

// unsignedHeader is a header that must be signed and is not: the host, and all
// of AWS that are there; the first of several.
func unsignedHeader(r *http.Request, signed []string) string {
	if !slices.Contains(signed, "host") {
		return "host"
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") && !slices.Contains(signed, name) {
			return name
		}
	}
	return ""
}

// canonicalRequest is what is hashed: method, path, query, the signed headers
// and the hash of the body.
func canonicalRequest(r *http.Request, headers []string, body []byte, presigned bool) string {
	sum := sha256.Sum256(body)
	var lines strings.Builder
	for _, name := range headers {
		lines.WriteString(name + ":" + canonicalHeader(r, name) + "\n")
	}
	return strings.Join(
		[]string{
			r.Method,
			canonicalPath(r.URL.EscapedPath()),
			canonicalQuery(r.URL.RawQuery, presigned),
			lines.String(),
			strings.Join(headers, ";"),
			hex.EncodeToString(sum[:]),
		},
		"\n",
	)
}

// canonicalPath is the path as it was sent, with every segment encoded once more.
func canonicalPath(sent string) string {
	if sent == "" {
		return "/"
	}
	segments := strings.Split(sent, "/")
	for i, s := range segments {
		segments[i] = percentEncoded(s)
	}
	return strings.Join(segments, "/")
}

// canonicalHeader is a header's values, trimmed, spaces in a row as one. Two
// headers net/http takes out of a request.
func canonicalHeader(r *http.Request, name string) string {
	values := slices.Clone(r.Header.Values(name))
	switch {
	case name == "host":
		values = []string{cmp.Or(r.Host, r.URL.Host)} // a request that has crossed no socket may have but the second
	case name == "content-length" && len(values) == 0:
		values = []string{strconv.FormatInt(r.ContentLength, 10)}
	}
	for i, v := range values {
		values[i] = strings.Join(strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == '\t' }), " ")
	}
	return strings.Join(values, ",")
}

// canonicalQuery is the query, encoded anew and in order, without the signature of
// a presigned request.
func canonicalQuery(raw string, presigned bool) string {
	if raw == "" {
		return ""
	}
	var parts []string
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		if presigned && name == "X-Amz-Signature" {
			continue
		}
		parts = append(parts, queryWord(name)+"="+queryWord(value))
	}
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

// queryWord is a word of a query, encoded anew.
func queryWord(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		s = plain
	}
	return percentEncoded(s)
}

// percentEncoded is a word with all but the unreserved characters escaped (RFC 3986).
func percentEncoded(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
