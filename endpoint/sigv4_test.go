package endpoint

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
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
			"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20260101%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Expires=60"+
				"&X-Amz-SignedHeaders=host&X-Amz-Signature=00",
		)
		f.Add("", "X-Amz-Credential="+url.QueryEscape(s))
	}
	f.Fuzz(func(t *testing.T, authorization, query string) {
		r := &http.Request{Method: "POST", URL: &url.URL{RawQuery: query}, Header: http.Header{"Authorization": {authorization}}}
		s, signed, err := signatureOf(r, false)
		if err != nil || !signed {
			return
		}
		if s.accessKey == "" {
			t.Errorf("%q, %q: read as %+v without an access key", authorization, query, s)
		}
		credential := s.accessKey + "/" + s.date + "/" + s.region + "/" + s.service + "/" + s.terminator
		q := url.Values{
			"X-Amz-Algorithm":     {signingAlgorithm},
			"X-Amz-Credential":    {credential},
			"X-Amz-SignedHeaders": {s.headers},
			"X-Amz-Signature":     {s.value},
		}
		there, _, err := signatureOf(&http.Request{URL: &url.URL{RawQuery: q.Encode()}, Header: http.Header{}}, false)
		if s.credential, s.at, s.expires, s.presigned = credential, "", "", true; err != nil || there != s {
			t.Errorf("as a query: got %+v, %v, want %+v", there, err, s)
		}
	})
}

// published are requests of the two test suites that AWS published for the signature, of 2011 and 2015.
var published = []struct {
	name, request, body, service, headers, signature string
}{
	{"get-vanilla", "GET / X-Amz-Date:20150830T123600Z", "", "service", "host;x-amz-date",
		"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-vanilla-query-order-key-case", "GET /?Param2=value2&Param1=value1 X-Amz-Date:20150830T123600Z", "", "service", "host;x-amz-date",
		"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
	{"post-vanilla", "POST / X-Amz-Date:20150830T123600Z", "", "service", "host;x-amz-date",
		"5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
	{"post-x-www-form-urlencoded", "POST / Content-Type:application/x-www-form-urlencoded X-Amz-Date:20150830T123600Z", "Param1=value1",
		"service", "content-type;host;x-amz-date", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
	{"get-vanilla of 2011", "GET / Date:Mon,_09_Sep_2011_23:36:00_GMT", "", "host", "date;host",
		"b27ccfbfa7df52a200ff74193ca6e32d4b48b8856fab7ebf1c595d0670a7e470"},
}

// example is a handler that verifies the published requests, and the request at an index.
func example(i int) (*handler, *http.Request, []byte) {
	c := published[i]
	words := strings.Split(c.request, " ")
	r := httptest.NewRequest(words[0], words[1], strings.NewReader(c.body))
	r.Host = "example.amazonaws.com"
	for _, h := range words[2:] {
		name, value, _ := strings.Cut(h, ":")
		r.Header.Set(name, strings.ReplaceAll(value, "_", " "))
	}
	now := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	if c.service == "host" {
		r.Host, now = "host.foo.com", time.Date(2011, 9, 9, 23, 36, 0, 0, time.UTC)
	}
	r.Header.Set("Authorization", signingAlgorithm+" Credential=AKIDEXAMPLE/"+now.Format(signingDay)+"/us-east-1/"+c.service+
		"/aws4_request, SignedHeaders="+c.headers+", Signature="+c.signature)
	return newHandler(nil, &Options{
		Verify: true,
		Now:    func() time.Time { return now },
		Callers: map[string]Credential{"AKIDEXAMPLE": {
			Identity: apc.Identity{Account: "111122223333"}, Secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		}},
	}), r, []byte(c.body)
}

func TestPublishedSignaturesVerify(t *testing.T) {
	for i, c := range published {
		h, r, body := example(i)
		if who, err := h.identify(r, body, c.service); err != nil || who.Account != "111122223333" || who.Region != "us-east-1" {
			t.Errorf("%s: got %+v, %v", c.name, who, err)
		}
		if _, err := h.identify(r, append(body, 'x'), c.service); err != errForged {
			t.Errorf("%s with another body: got %v, want %v", c.name, err, errForged)
		}
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), c.signature, strings.ToUpper(c.signature), 1))
		if _, err := h.identify(r, body, c.service); err != errForged {
			t.Errorf("%s in upper case: got %v, want %v", c.name, err, errForged)
		}
	}
}

// TestXAmzDateIsTheTimeWhereDateIsThereToo, which a proxy may add.
func TestXAmzDateIsTheTimeWhereDateIsThereToo(t *testing.T) {
	h, r, body := example(0)
	r.Header.Set("Date", "Mon, 09 Sep 2011 23:36:00 GMT")
	if _, err := h.identify(r, body, published[0].service); err != nil {
		t.Errorf("got %v, want the request taken", err)
	}
}

// TestRefusedSignaturesHaveTheTextsOfAWS changes a signed request in one place.
func TestRefusedSignaturesHaveTheTextsOfAWS(t *testing.T) {
	const noHeader = "Authorization header requires "
	authorize := func(old, new string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, new, 1))
		}
	}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	query := func(q string) func(*http.Request) {
		return func(r *http.Request) { r.URL.RawQuery = q; r.Header.Del("Authorization") }
	}
	for name, c := range map[string]struct {
		change     func(*http.Request)
		code, text string
	}{
		"no signature": {func(r *http.Request) { r.Header.Del("Authorization") }, "MissingAuthenticationToken",
			"Missing Authentication Token"},
		"a bearer": {set("Authorization", "Bearer abc"), "IncompleteSignature",
			"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): " +
				"'w1Xc6WwWEogNEZQP/dkBTThsJT4MNlKmzQanIm970rY='."},
		"the algorithm": {set("Authorization", signingAlgorithm), "IncompleteSignature",
			noHeader + "'Credential' parameter. " + noHeader + "'Signature' parameter. " + noHeader + "'SignedHeaders' parameter. (Hashed " +
				"with SHA-256 and encoded with Base64) Authorization=x"},
		"no time": {func(r *http.Request) { r.Header.Del("X-Amz-Date") }, "IncompleteSignature",
			noHeader + "existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed"},
		"no date": {set("X-Amz-Date", "2015-08-30"), "IncompleteSignature",
			"Date must be in ISO-8601 'basic format'. Got '2015-08-30'. See http://en.wikipedia.org/wiki/ISO_8601"},
		"a fraction": {set("X-Amz-Date", "20150830T123600.5Z"), "IncompleteSignature",
			"Date must be in ISO-8601 'basic format'. Got '20150830T123600.5Z'. See http://en.wikipedia.org/wiki/ISO_8601"},
		"too late": {set("X-Amz-Date", "20150830T123059Z"), "InvalidSignature",
			"Signature expired: 20150830T123059Z is now earlier than 20150830T123100Z (20150830T123600Z - 5 min.)"},
		"too early": {set("X-Amz-Date", "20150830T124101Z"), "InvalidSignature",
			"Signature not yet current: 20150830T124101Z is still later than 20150830T124100Z (20150830T123600Z + 5 min.)"},
		"no host": {authorize("host;", ""), "InvalidSignature", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
		"an header": {set("X-Amz-Security-Token", "x"), "InvalidSignature",
			"'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization."},
		"algorithm": {authorize("SHA256", "SHA512"), "IncompleteSignature", "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'."},
		"four parts": {authorize("AKIDEXAMPLE/", ""), "IncompleteSignature",
			"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got " +
				"'20150830/us-east-1/service/aws4_request'"},
		"scope": {authorize("20150830/us-east-1/service/aws4_request", "20150829/here/kms/aws5_request"), "InvalidSignature",
			"Credential should be scoped to a valid region. Credential should be scoped to correct service: 'service'. " +
				"Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. " +
				"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' != '20150830', " +
				"from '20150830T123600Z'."},
		"another key for another service": {authorize("AKIDEXAMPLE/20150830/us-east-1/service", "AKIDOTHER/20150830/us-east-1/kms"),
			"InvalidSignature", "Credential should be scoped to correct service: 'service'."},
		"another key": {authorize("AKIDEXAMPLE", "AKIDOTHER"), "UnrecognizedClient", "The security token included in the request is invalid."},
		"forged": {func(r *http.Request) { r.Method = "PUT" }, "InvalidSignature",
			"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and " +
				"signing method. Consult the service documentation for details."},
		"both": {func(r *http.Request) { r.URL.RawQuery = "X-Amz-Algorithm=" + signingAlgorithm }, "InvalidSignature",
			"Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."},
		"half a query": {query("X-Amz-Algorithm=" + signingAlgorithm + "&X-Amz-Date=20150830T123600Z"), "IncompleteSignature",
			"AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-Signature'. " +
				"AWS query-string parameters must include 'X-Amz-SignedHeaders'. Re-examine the query-string parameters."},
	} {
		h, r, body := example(0)
		c.change(r)
		_, err := h.identify(r, body, "service")
		e, ok := errors.AsType[*protocolError](err)
		if !ok || e.code != c.code+"Exception" || !strings.HasPrefix(e.message, strings.TrimSuffix(c.text, "x")) {
			t.Errorf("%s: got %v\nwant %sException: %s", name, err, c.code, c.text)
		}
	}
}

// TestACallerWithoutASecretIsUnknown where signatures are verified: anybody can sign with an empty secret.
func TestACallerWithoutASecretIsUnknown(t *testing.T) {
	verifies, r, body := example(0)
	o := verifies.options
	o.Callers = map[string]Credential{"AKIDEXAMPLE": {Identity: apc.Identity{Account: "111122223333"}}}
	h := newHandler(nil, &o)
	if who, err := h.identify(r, body, published[0].service); err != errUnknown {
		t.Errorf("got %+v, %v, want %v", who, err, errUnknown)
	}
}

// TestACredentialIsForARegionOfAnARN, which for STS may be any.
func TestACredentialIsForARegionOfAnARN(t *testing.T) {
	for region, want := range map[string]bool{
		"us-east-1": true, "ap-southeast-12": true, "eu-sixteenletterssx-1": true, "eu-sixteenletters-" + strings.Repeat("1", 14): true,
		"eu-seventeenletterss-1": false, "eu-sixteenletters-" + strings.Repeat("1", 15): false, "us-gov-west-1": false, "aws-global": false,
		"eu--1": false, "eu-west-": false, "eu-west": false, "eur-west-1": false, "EU-west-1": false, "eu-west1-1": false, "eu-west-x": false,
	} {
		s := &signature{region: region, service: "service", terminator: signingEnd}
		if err := s.checkScope("service", time.Time{}); (err == nil) != want {
			t.Errorf("%s: got %v, want it taken: %t", region, err, want)
		}
		s.service = stsService
		if err := s.checkScope(stsService, time.Time{}); err != nil {
			t.Errorf("%s for STS: got %v, want it taken", region, err)
		}
	}
}

// TestRefusedSignaturesAnswerByTheirProtocol: the control plane with 400, the data plane with 403, both with a small
// message.
func TestRefusedSignaturesAnswerByTheirProtocol(t *testing.T) {
	h := Handler(nil, &Options{Verify: true, ReasonsInMessage: true})
	for path, want := range map[string]int{"/": 400, "/mac/generate": 403} {
		r := httptest.NewRequest("POST", path, strings.NewReader("{}"))
		r.Header.Set("X-Amz-Target", targetPrefix+"ListKeys")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		const body = `{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}`
		if w.Code != want || w.Body.String() != body || w.Header().Get("X-Amzn-Errortype") != "MissingAuthenticationTokenException" {
			t.Errorf("%s: got %d %s, want %d %s", path, w.Code, w.Body, want, body)
		}
	}
}

// TestASecretInPlaceOfACredentialIsNotLogged: the client alone gets its text back.
func TestASecretInPlaceOfACredentialIsNotLogged(t *testing.T) {
	const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	var seen Call
	h := Handler(nil, &Options{Observe: func(c Call) { seen = c }})
	r := httptest.NewRequest("POST", "/", strings.NewReader("{}"))
	r.Header.Set("X-Amz-Target", targetPrefix+"ListKeys")
	r.Header.Set("Authorization", signingAlgorithm+" Credential="+secret+", SignedHeaders=host, Signature=00")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if want := "the Credential has fewer than 5 parts"; seen.Reason != want || !strings.Contains(w.Body.String(), "got '"+secret+"'") {
		t.Errorf("got the reason %q, want %q; the client got %s", seen.Reason, want, w.Body)
	}
}

// TestHeadersAreSignedAsTheyWereSent has headers that net/http takes out of a request, which curl signs.
func TestHeadersAreSignedAsTheyWereSent(t *testing.T) {
	for sent, want := range map[string][2]string{
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n":  {"transfer-encoding", "chunked"},
		"Content-Length: 2\r\n\r\n{}":                  {"content-length", "2"},
		"X-Amz-Meta:  a   b \r\nX-Amz-Meta: c\r\n\r\n": {"x-amz-meta", "a b,c"},
		"\r\n": {"host", "h.example:8089"},
	} {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("POST / HTTP/1.1\r\nHost: h.example:8089\r\n" + sent)))
		if err != nil {
			t.Fatal(err)
		}
		if got := canonicalHeader(r, want[0]); got != want[1] {
			t.Errorf("%q: got %s: %q, want %q", sent, want[0], got, want[1])
		}
	}
}

// TestSignedHeadersAreNamedOnce has signatures that are right for the list as it was sent.
func TestSignedHeadersAreNamedOnce(t *testing.T) {
	for headers, want := range map[string]error{
		"a;host;x-amz-date": nil, "a;a;host;x-amz-date": errForged, "A;a;host;x-amz-date": errForged, "a;host;host;x-amz-date": errForged,
	} {
		h, r, body := example(0)
		r.Header.Set("A", "b")
		r.Header.Set("Authorization", signingAlgorithm+" Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders="+
			headers+", Signature="+signatureFor(r, headers, body, "service", false))
		if _, err := h.identify(r, body, "service"); err != want {
			t.Errorf("%s: got %v, want %v", headers, err, want)
		}
	}
}

// signatureFor signs a request as the published ones are, at 12:36 of 30 August 2015.
func signatureFor(r *http.Request, headers string, body []byte, service string, presigned bool) string {
	request := sha256.Sum256([]byte(canonicalRequest(r, strings.Split(headers, ";"), body, presigned)))
	key := []byte("AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
	for _, part := range []string{"20150830", "us-east-1", service, signingEnd} {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, strings.Join([]string{signingAlgorithm, "20150830T123600Z",
		"20150830/us-east-1/" + service + "/aws4_request", hex.EncodeToString(request[:])}, "\n")))
}

// TestPresignedRequestsAreValidAsLongAsTheyState, but those for STS, which takes every request for 15 minutes.
func TestPresignedRequestsAreValidAsLongAsTheyState(t *testing.T) {
	const noNumber = "X-Amz-Expires is not a number of seconds from 1 to 604800."
	for _, c := range []struct {
		service, expires string
		age              time.Duration
		want             string // "" where it is taken
	}{
		{"service", "60", 0, ""}, {"service", "60", 60*time.Second + 900*time.Millisecond, ""}, {"service", "1", time.Second, ""},
		{"service", "60", 61 * time.Second,
			"Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T123701Z - 1 min.)"},
		{"service", "61", 62 * time.Second,
			"Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T123702Z - 61 sec.)"},
		{"service", "604800", 7 * 24 * time.Hour, ""}, {"service", "604801", 0, noNumber}, {"service", "0", 0, noNumber},
		{"service", "0x3C", 0, noNumber}, {"service", "-60", 0, noNumber}, {"service", "18446744074", 0, noNumber}, {"service", "", 0, noNumber},
		{"service", "604800", -5 * time.Minute, ""}, {"service", "604800", -5*time.Minute - time.Second,
			"Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)"},
		{"sts", "60", 15 * time.Minute, ""}, {"sts", "", 15 * time.Minute, ""}, {"sts", "604801", 0, ""},
		{"sts", "604800", 15*time.Minute + time.Second,
			"Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)"},
		{"sts", "60", -15 * time.Minute, ""}, {"sts", "60", -15*time.Minute - time.Second,
			"Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T122059Z + 15 min.)"},
	} {
		h, r, body := example(0)
		now := h.options.Now().Add(c.age)
		h.options.Now = func() time.Time { return now }
		r.Header = http.Header{}
		q := url.Values{
			"X-Amz-Algorithm": {signingAlgorithm}, "X-Amz-Credential": {"AKIDEXAMPLE/20150830/us-east-1/" + c.service + "/aws4_request"},
			"X-Amz-Date": {"20150830T123600Z"}, "X-Amz-Expires": {c.expires}, "X-Amz-SignedHeaders": {"host"},
		}
		r.URL.RawQuery = q.Encode()
		r.URL.RawQuery += "&X-Amz-Signature=" + signatureFor(r, "host", body, c.service, true)
		_, err := h.identify(r, body, c.service)
		if e, ok := errors.AsType[*protocolError](err); c.want == "" && err != nil || c.want != "" && (!ok || e.message != c.want) {
			t.Errorf("%s, valid for %q, %v after it was signed: got %v, want %q", c.service, c.expires, c.age, err, c.want)
		}
	}
}

// TestCheckingSignedHeadersGrowsWithTheirNumber, not with its square.
func TestCheckingSignedHeadersGrowsWithTheirNumber(t *testing.T) {
	check := func(n int) func() {
		r := &http.Request{Header: http.Header{}}
		names := []string{"host"}
		for i := range n {
			name := fmt.Sprintf("x-amz-%06d", i)
			r.Header[http.CanonicalHeaderKey(name)] = nil
			names = append(names, name)
		}
		return func() {
			if err := checkSigned(r, names); err != nil || namesTwice(names) {
				t.Fatalf("got %v, twice %t", err, namesTwice(names))
			}
		}
	}
	if got := ratio.Growth(check(1_000), check(16_000)); got > 64 {
		t.Errorf("16 times as many headers: it took %.0f times as long", got)
	}
}

// TestReadingAnAuthorizationHeaderGrowsWithItsLength, not with its square.
func TestReadingAnAuthorizationHeaderGrowsWithItsLength(t *testing.T) {
	for _, part := range []string{"=,", "= ", ",", " ", "="} {
		read := func(n int) func() {
			header := signingAlgorithm + " " + strings.Repeat(part, n)
			return func() {
				if err := new(signature).readHeader(&http.Request{}, header, false); err == nil {
					t.Fatalf("%d times %q was accepted", n, part)
				}
			}
		}
		if got := ratio.Growth(read(10_000), read(160_000)); got > 64 {
			t.Errorf("16 times as many of %q: it took %.0f times as long", part, got)
		}
	}
}

// TestQueryIsSortedByNamesThenValues, not by the text of both.
func TestQueryIsSortedByNamesThenValues(t *testing.T) {
	for _, c := range []struct {
		sent      string
		presigned bool
		want      string
	}{
		{"a-b=3&a=2&a=1&X-Amz-Signature=00&b", true, "a=1&a=2&a-b=3&b="},
		{"b&X-Amz-Signature=00", false, "X-Amz-Signature=00&b="},
		{"a=b+c%20d&a=%2b%2F~", true, "a=%2B%2F~&a=b%2Bc%20d"},
	} {
		if got := canonicalQuery(c.sent, c.presigned); got != c.want {
			t.Errorf("%q, presigned %t: got %q, want %q", c.sent, c.presigned, got, c.want)
		}
	}
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

// TestAnAuthorizationHeaderIsTakenApart at spaces and commas, whatever else it holds.
func TestAnAuthorizationHeaderIsTakenApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		header := rapid.StringOf(rapid.RuneFrom([]rune(" ,,  aé=\t"))).Draw(t, "header") +
			rapid.SampledFrom([]string{"", "\xff", " \xff,"}).Draw(t, "end")
		var got []string
		for part, rest := nextPart(header); part != ""; part, rest = nextPart(rest) {
			got = append(got, part)
		}
		want := strings.FieldsFunc(header, func(r rune) bool { return r == ' ' || r == ',' })
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	})
}
