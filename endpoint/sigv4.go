package endpoint

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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
	signingEnd       = "aws4_request"
	signingTime      = "20060102T150405Z"
	signingDay       = "20060102"

	// How far the time of a signature may be from ours. STS answers with "15 min." and does not look at X-Amz-Expires.
	maxSkew = 5 * time.Minute
	stsSkew = 15 * time.Minute
)

// signature is one of AWS Signature Version 4, of an Authorization header or of a
// query (a presigned request).
type signature struct {
	algorithm                                    string
	credential                                   string // as it was sent
	accessKey, date, region, service, terminator string // its parts; see split
	headers                                      string
	value                                        string
	at                                           string // X-Amz-Date or, in a header, Date
	expires                                      string // of a query: X-Amz-Expires, in seconds
	presigned                                    bool
}

// identify returns the caller, by the signature for a service. The order of the checks is that of other
// AWS services (GUESS G-signature-order).
func (h *handler) identify(r *http.Request, body []byte, service string) (apc.Identity, error) {
	s, signed, err := signatureOf(r, h.options.Verify)
	switch {
	case err != nil:
		return apc.Identity{}, err
	case !signed && h.options.Anonymous:
		return h.options.Default, nil
	case !signed:
		return apc.Identity{}, errNoToken
	}
	var at time.Time
	if h.options.Verify {
		if at, err = h.signedAt(&s, service); err != nil {
			return apc.Identity{}, err
		}
		if err := checkSigned(r, strings.Split(s.headers, ";")); err != nil {
			return apc.Identity{}, err
		}
	}
	if err := s.checkScope(service, at); err != nil {
		return apc.Identity{}, err
	}
	caller, known := h.credential(s.accessKey)
	if h.options.Verify {
		if caller.Secret == "" {
			return apc.Identity{}, errUnknown
		}
		if !s.verifies(r, body, at, caller.Secret) {
			return apc.Identity{}, errForged
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

// signatureOf reads the signature of a request. Signed reports whether there is any. One without
// its credential is refused and, if it is to be verified, one that is not whole.
func signatureOf(r *http.Request, verify bool) (s signature, signed bool, err error) {
	authorization := headerOf(r, "Authorization")
	var q url.Values
	if strings.Contains(r.URL.RawQuery, "X-Amz-") {
		q = r.URL.Query()
	}
	switch presigned := q.Has("X-Amz-Algorithm") || q.Has("X-Amz-Credential"); {
	case authorization != "" && q.Has("X-Amz-Algorithm"):
		return s, true, errTwice
	case authorization != "":
		return s, true, s.readHeader(r, authorization, verify)
	case presigned:
		return s, true, s.readQuery(q, verify)
	}
	return s, false, nil
}

// readHeader reads an Authorization header: the algorithm, the credential with its scope, the signed
// headers, the signature.
func (s *signature) readHeader(r *http.Request, authorization string, verify bool) error {
	for part, rest := nextPart(authorization); part != ""; part, rest = nextPart(rest) {
		if s.algorithm == "" {
			s.algorithm = part
			continue
		}
		switch name, value, whole := strings.Cut(part, "="); {
		case !whole:
			return incomplete("Invalid key=value pair (missing equal-sign) in Authorization header " +
				"(hashed with SHA-256 and encoded with Base64): '" + hashed(authorization) + "'.")
		case name == "Credential":
			s.credential = value
		case name == "SignedHeaders":
			s.headers = value
		case name == "Signature":
			s.value = value
		}
	}
	s.at = cmp.Or(headerOf(r, "X-Amz-Date"), headerOf(r, "Date"))
	var missing []string
	for _, p := range []struct{ name, value string }{{"Credential", s.credential}, {"Signature", s.value}, {"SignedHeaders", s.headers}} {
		if p.value == "" {
			missing = append(missing, "Authorization header requires '"+p.name+"' parameter.")
		}
	}
	if s.at == "" {
		missing = append(missing, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	if s.credential == "" || verify && missing != nil {
		return incomplete(strings.Join(missing, " ") + " (Hashed with SHA-256 and encoded with Base64) Authorization=" + hashed(authorization))
	}
	return s.split()
}

// nextPart cuts the next part off an Authorization header: parts have spaces and commas between them.
func nextPart(header string) (part, rest string) {
	for header != "" && between(header[0]) {
		header = header[1:]
	}
	end := 0
	for end < len(header) && !between(header[end]) {
		end++
	}
	return header[:end], header[end:]
}

func between(c byte) bool { return c == ' ' || c == ',' }

// readQuery reads the parameters of a presigned request.
func (s *signature) readQuery(q url.Values, verify bool) error {
	s.presigned, s.expires = true, q.Get("X-Amz-Expires")
	var missing []string
	for _, p := range []struct {
		name string
		to   *string
	}{
		{"X-Amz-Algorithm", &s.algorithm}, {"X-Amz-Credential", &s.credential}, {"X-Amz-Signature", &s.value},
		{"X-Amz-SignedHeaders", &s.headers}, {"X-Amz-Date", &s.at},
	} {
		if *p.to = q.Get(p.name); *p.to == "" {
			missing = append(missing, "AWS query-string parameters must include '"+p.name+"'.")
		}
	}
	if s.credential == "" || verify && missing != nil {
		return incomplete(strings.Join(missing, " ") + " Re-examine the query-string parameters.")
	}
	return s.split()
}

// split reads the credential, ACCESSKEY/DATE/REGION/SERVICE/aws4_request, of an algorithm that is known.
func (s *signature) split() error {
	if s.algorithm != signingAlgorithm {
		return incomplete("Unsupported AWS 'algorithm': '" + echoed(s.algorithm) + "'.")
	}
	rest := s.credential
	for _, to := range []*string{&s.terminator, &s.service, &s.region, &s.date} { // from the end: an access key may hold a slash
		i := max(strings.LastIndexByte(rest, '/'), 0)
		rest, *to = rest[:i], strings.TrimPrefix(rest[i:], "/")
	}
	if s.accessKey = rest; rest == "" {
		short := incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '" +
			echoed(s.credential) + "'")
		short.why = "the Credential has fewer than 5 parts" // it may be a secret access key, which a log must not have
		return short
	}
	return nil
}

// checkScope refuses a credential for another purpose than a request to the service at a time; the zero time
// is any.
func (s *signature) checkScope(service string, at time.Time) error {
	var wrong []string
	if s.region == "" || !isRegion(s.region) && service != stsService {
		wrong = append(wrong, "Credential should be scoped to a valid region.")
	}
	if s.service != service {
		wrong = append(wrong, "Credential should be scoped to correct service: '"+service+"'.")
	}
	if s.terminator != signingEnd {
		wrong = append(wrong, "Credential should be scoped with a valid terminator: '"+signingEnd+"', not '"+echoed(s.terminator)+"'.")
	}
	if !at.IsZero() {
		if day := at.Format(signingDay); s.date != day {
			wrong = append(wrong, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '"+
				echoed(s.date)+"' != '"+day+"', from '"+at.Format(signingTime)+"'.")
		}
	}
	if wrong != nil {
		return invalid(strings.Join(wrong, " "))
	}
	return nil
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

// signedAt is the time of the signature for a service, which must be near ours. The header Date has a form of its own.
func (h *handler) signedAt(s *signature, service string) (time.Time, error) {
	at, err := time.Parse(signingTime, s.at)
	if err != nil || shown(at) != s.at { // Parse takes fractions of a second, which are not in what is signed
		at, err = http.ParseTime(s.at)
	}
	if err != nil {
		return at, incomplete("Date must be in ISO-8601 'basic format'. Got '" + echoed(s.at) + "'. See http://en.wikipedia.org/wiki/ISO_8601")
	}
	at = at.UTC()
	skew := maxSkew
	if service == stsService {
		skew = stsSkew
	}
	life := skew
	if s.presigned && service != stsService {
		if life, err = s.life(); err != nil {
			return at, err
		}
	}
	now := h.options.Now().UTC()
	switch earliest, latest := now.Add(-life), now.Add(skew); {
	case at.Before(earliest.Truncate(time.Second)):
		return at, invalid(fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %s)",
			shown(at), shown(earliest), shown(now), inMinutes(life)))
	case at.After(latest):
		return at, invalid(fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %s)",
			shown(at), shown(latest), shown(now), inMinutes(skew)))
	}
	return at, nil
}

// inMinutes is a time in a refusal: "5 min.".
func inMinutes(d time.Duration) string {
	if d%time.Minute != 0 {
		return fmt.Sprintf("%d sec.", d/time.Second)
	}
	return fmt.Sprintf("%d min.", d/time.Minute)
}

// verifies computes the signature anew (AWS General Reference, "Create a signed
// AWS API request") and compares.
func (s *signature) verifies(r *http.Request, body []byte, at time.Time, secret string) bool {
	headers := strings.Split(s.headers, ";")
	if namesTwice(headers) {
		return false
	}
	parts := []string{s.date, s.region, s.service, signingEnd}
	request := sha256.Sum256([]byte(canonicalRequest(r, headers, body, s.presigned)))
	toSign := strings.Join([]string{signingAlgorithm, at.Format(signingTime), strings.Join(parts, "/"), hex.EncodeToString(request[:])}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range parts {
		key = mac(key, part)
	}
	return hmac.Equal([]byte(s.value), []byte(hex.EncodeToString(mac(key, toSign)))) // upper-case digits do not verify
}

// namesTwice reports whether a list has a header twice, in any case of letters. The canonical request has each
// once; a long header that is named thousands of times would be copied as often.
func namesTwice(headers []string) bool {
	seen := make(map[string]bool, len(headers))
	for _, name := range headers {
		seen[http.CanonicalHeaderKey(name)] = true
	}
	return len(seen) < len(headers)
}

// maxLife is the longest that a presigned request may be used: 7 days.
const maxLife = 7 * 24 * time.Hour

// life is how long after its time a presigned request may be used (GUESS G-presigned-life).
func (s *signature) life() (time.Duration, error) {
	seconds, err := strconv.ParseUint(s.expires, 10, 32)
	if life := time.Duration(seconds) * time.Second; err == nil && life >= time.Second && life <= maxLife {
		return life, nil
	}
	return 0, incomplete("X-Amz-Expires is not a number of seconds from 1 to 604800.")
}

func mac(key []byte, message string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(message))
	return h.Sum(nil)
}

// checkSigned refuses a request that leaves a header unsigned which must be signed: the host, and all of AWS
// that are there; the first of several.
func checkSigned(r *http.Request, headers []string) error {
	signed := make(map[string]bool, len(headers)) // both lists may be long
	for _, name := range headers {
		signed[name] = true
	}
	if !signed["host"] {
		return invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") && !signed[name] {
			return invalid("'" + echoed(name) + "' must be a 'SignedHeader' in the AWS Authorization.")
		}
	}
	return nil
}

// canonicalRequest is what is hashed: method, path, query, the signed headers
// and the hash of the body, whatever X-Amz-Content-Sha256 says (GUESS G-unsigned-payload).
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

// canonicalHeader is a header's values, trimmed, spaces in a row as one. Three
// headers net/http takes out of a request; a fourth, Trailer, is lost: it does not verify.
func canonicalHeader(r *http.Request, name string) string {
	values := slices.Clone(r.Header.Values(name))
	switch {
	case name == "host":
		values = []string{cmp.Or(r.Host, r.URL.Host)} // a request that has crossed no socket may have but the second
	case name == "content-length" && len(values) == 0:
		values = []string{strconv.FormatInt(r.ContentLength, 10)}
	case name == "transfer-encoding" && len(values) == 0:
		values = slices.Clone(r.TransferEncoding)
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
	var words [][2]string // names and values
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		if presigned && name == "X-Amz-Signature" {
			continue
		}
		words = append(words, [2]string{queryWord(name), queryWord(value)})
	}
	slices.SortFunc(words, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	parts := make([]string, len(words))
	for i, w := range words {
		parts[i] = w[0] + "=" + w[1]
	}
	return strings.Join(parts, "&")
}

// queryWord is a word of a query, encoded anew; a + is itself and not a space (GUESS G-signature-plus).
func queryWord(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		s = plain
	}
	return percentEncoded(s)
}

// percentEncoded is a word with all but the unreserved characters escaped (RFC 3986).
func percentEncoded(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
