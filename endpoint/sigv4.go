package endpoint

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/engine"
)

const (
	signingAlgorithm = "AWS4-HMAC-SHA256"
	signingService   = "payment-cryptography"
	signingTime      = "20060102T150405Z"

	// maxSkew is how far the time of a signature may be from ours.
	maxSkew = 5 * time.Minute
)

// What AWS answers to requests that are not signed as they should be (GUESS for
// the status: not documented for the service).
var (
	errNoToken = &protocolError{http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token"}
	errPartial = &protocolError{http.StatusForbidden, "IncompleteSignatureException", "The Authorization header is not that of an AWS Signature Version 4."}
	errUnknown = &protocolError{http.StatusForbidden, "UnrecognizedClientException", "The security token included in the request is invalid."}
	errForged  = &protocolError{http.StatusForbidden, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method."}
	errExpired = &protocolError{http.StatusForbidden, "InvalidSignatureException", "Signature expired or not yet current: the clocks differ by more than 5 minutes."}
)

// signature is an Authorization header of AWS Signature Version 4.
type signature struct {
	accessKey, date, region, service string
	headers                          []string
	value                            string
}

// identify tells who calls, by the signature.
func (h *handler) identify(r *http.Request, body []byte) (engine.Identity, error) {
	authorization := r.Header.Get("Authorization")
	if authorization == "" {
		if h.options.Anonymous {
			return h.options.Default, nil
		}
		return engine.Identity{}, errNoToken
	}
	s, ok := parseSignature(authorization)
	if !ok {
		return engine.Identity{}, errPartial
	}
	caller, known := h.options.Callers[s.accessKey]
	if h.options.Verify {
		if !known {
			return engine.Identity{}, errUnknown
		}
		if err := h.verify(r, body, s, caller.Secret); err != nil {
			return engine.Identity{}, err
		}
	}
	who := caller.Identity
	if !known {
		who = h.options.Default
	}
	who.Region = s.region
	return who, nil
}

// parseSignature reads the header: the algorithm, the credential with its scope,
// the signed headers, the signature.
func parseSignature(authorization string) (s signature, ok bool) {
	rest, ok := strings.CutPrefix(authorization, signingAlgorithm+" ")
	if !ok {
		return s, false
	}
	var credential, headers string
	for part := range strings.SplitSeq(rest, ",") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "Credential":
			credential = value
		case "SignedHeaders":
			headers = value
		case "Signature":
			s.value = value
		}
	}
	var terminator string
	for _, to := range []*string{&terminator, &s.service, &s.region, &s.date} { // from the end: an access key may hold a slash
		i := max(strings.LastIndexByte(credential, '/'), 0)
		credential, *to = credential[:i], strings.TrimPrefix(credential[i:], "/")
	}
	s.accessKey, s.headers = credential, strings.Split(headers, ";")
	ok = s.accessKey != "" && terminator == "aws4_request" && s.service == signingService && isRegion(s.region) && headers != "" && s.value != ""
	return s, ok
}

// isRegion bounds what may stand for a Region: the pattern of the service is the
// engine's to judge.
func isRegion(s string) bool {
	return len(s) >= 4 && len(s) <= 32 && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	})
}

// verify computes the signature anew (AWS General Reference, "Create a signed
// AWS API request") and compares.
func (h *handler) verify(r *http.Request, body []byte, s signature, secret string) error {
	at, err := time.Parse(signingTime, r.Header.Get("X-Amz-Date"))
	if err != nil || at.Format("20060102") != s.date || !slices.Contains(s.headers, "host") {
		return errPartial
	}
	if skew := h.options.Now().Sub(at); skew > maxSkew || skew < -maxSkew {
		return errExpired
	}
	scope := strings.Join([]string{s.date, s.region, s.service, "aws4_request"}, "/")
	request := sha256.Sum256([]byte(canonicalRequest(r, s.headers, body)))
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

func mac(key []byte, message string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(message))
	return h.Sum(nil)
}

// canonicalRequest is what is hashed: method, path, query, the signed headers
// and the hash of the body.
func canonicalRequest(r *http.Request, headers []string, body []byte) string {
	sum := sha256.Sum256(body)
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	var lines strings.Builder
	for _, name := range headers {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = r.Header.Get(name)
			if value == "" {
				value = lengthOf(r)
			}
		}
		lines.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	query := strings.ReplaceAll(url.Values(r.URL.Query()).Encode(), "+", "%20")
	return strings.Join([]string{r.Method, path, query, lines.String(), strings.Join(headers, ";"), hex.EncodeToString(sum[:])}, "\n")
}

// lengthOf is the header that net/http takes out of a request.
func lengthOf(r *http.Request) string { return strconv.FormatInt(r.ContentLength, 10) }
