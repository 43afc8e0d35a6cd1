package endpoint_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/awsjson"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

const (
	scope         = awsjson.Scope
	authorization = awsjson.Authorization
	target        = awsjson.Target
	create        = awsjson.CreateKey
)

var (
	post    = awsjson.Post
	header  = awsjson.Header
	without = awsjson.Without
	ask     = awsjson.Ask
)

func query(raw string) func(*http.Request) {
	return func(r *http.Request) { r.URL.RawQuery = raw }
}

// endless is a body that never says how long it is.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

// TestWhatIsNoRequestGetsTheAnswerOfAWS has one case for each way to get the
// protocol wrong.
func TestWhatIsNoRequestGetsTheAnswerOfAWS(t *testing.T) {
	h := endpoint.Handler(simtest.New(t, nil), nil)
	for name, c := range map[string]struct {
		r      *http.Request
		status int
		code   string
	}{
		"unknown operation":  {post("MakeKey", "{}"), 400, "UnknownOperationException"},
		"another service":    {post("", "{}", header("X-Amz-Target", "KMS.ListKeys")), 400, "UnknownOperationException"},
		"no target":          {post("", "{}", without("X-Amz-Target")), 400, "UnknownOperationException"},
		"case of the target": {post("listkeys", "{}"), 400, "UnknownOperationException"},
		"GET":                {httptest.NewRequest(http.MethodGet, "/", nil), 405, "UnknownOperationException"},
		"a path":             {post("ListKeys", "{}", func(r *http.Request) { r.URL.Path = "/keys" }), 404, "UnknownOperationException"},
		"a web form": {post("ListKeys", "{}", header("Content-Type", "application/x-www-form-urlencoded")), 415,
			"UnsupportedMediaTypeException"},
		"broken content type":  {post("ListKeys", "{}", header("Content-Type", ";;")), 415, "UnsupportedMediaTypeException"},
		"no JSON":              {post("ListKeys", "{"), 400, "SerializationException"},
		"two values":           {post("ListKeys", "{} {}"), 400, "SerializationException"},
		"bytes after it":       {post("ListKeys", "{}x"), 400, "SerializationException"},
		"a list":               {post("ListKeys", "[]"), 400, "SerializationException"},
		"a string":             {post("ListKeys", `"x"`), 400, "SerializationException"},
		"number for a string":  {post("GetKey", `{"KeyIdentifier":1}`), 400, "SerializationException"},
		"string for a number":  {post("ListKeys", `{"MaxResults":"1"}`), 400, "SerializationException"},
		"no number":            {post("ListKeys", `{"MaxResults":1x}`), 400, "SerializationException"},
		"a fraction":           {post("ListKeys", `{"MaxResults":1.5}`), 400, "SerializationException"},
		"too large a number":   {post("ListKeys", `{"MaxResults":1e300}`), 400, "SerializationException"},
		"string for a boolean": {post("CreateKey", `{"Exportable":"true"}`), 400, "SerializationException"},
		"object for a list":    {post("UntagResource", `{"TagKeys":{}}`), 400, "SerializationException"},
		"list for an object":   {post("CreateKey", `{"KeyAttributes":[]}`), 400, "SerializationException"},
		"string in a list":     {post("TagResource", `{"Tags":["a"]}`), 400, "SerializationException"},
		"deep nesting":         {post("ListKeys", strings.Repeat("[", 200_000)), 400, "SerializationException"},
		"too long":             {post("ListKeys", strings.Repeat(" ", endpoint.MaxBody+1)), 413, "RequestEntityTooLargeException"},
		"endless": {post("ListKeys", "", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(endless{}), -1 }), 413,
			"RequestEntityTooLargeException"},
		"no signature":        {post("ListKeys", "{}", without("Authorization")), 400, "MissingAuthenticationTokenException"},
		"basic authorization": {post("ListKeys", "{}", header("Authorization", "Basic YTpi")), 400, "IncompleteSignatureException"},
		"algorithm alone":     {post("ListKeys", "{}", header("Authorization", "AWS4-HMAC-SHA256")), 400, "IncompleteSignatureException"},
		"no scope": {post("ListKeys", "{}",
			header("Authorization", "AWS4-HMAC-SHA256 Credential=AKID, SignedHeaders=host, Signature=00")), 400, "IncompleteSignatureException"},
		"another scope": {post("ListKeys", "{}",
			header("Authorization", strings.Replace(authorization, "payment-cryptography", "kms", 1))), 400, "InvalidSignatureException"},
		"no Region": {post("ListKeys", "{}", header("Authorization", strings.Replace(authorization, "us-east-1", "", 1))), 400,
			"InvalidSignatureException"},
		"Region of nowhere": {post("ListKeys", "{}", header("Authorization", strings.Replace(authorization, "us-east-1", "----", 1))), 400,
			"InvalidSignatureException"},
		"Region of no ARN": {post("ListKeys", "{}",
			header("Authorization", strings.Replace(authorization, "us-east-1", "us-gov-west-1", 1))), 400, "InvalidSignatureException"},
		"cut off":             {post("ListKeys", "{}", func(r *http.Request) { r.ContentLength = 5 }), 400, "SerializationException"},
		"longer than it says": {post("ListKeys", "{}garbage", func(r *http.Request) { r.ContentLength = 2 }), 400, "SerializationException"},
		"no credential": {post("ListKeys", "{}", header("Authorization", "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00")), 400,
			"IncompleteSignatureException"},
		"no path of either": {post("", "{}", without("X-Amz-Target"), func(r *http.Request) { r.URL.Path = "/mac/forge" }), 404,
			"UnknownOperationException"},
		"no gzip":          {post("ListKeys", "{}", header("Content-Encoding", "gzip")), 400, "SerializationException"},
		"another encoding": {post("ListKeys", "{}", header("Content-Encoding", "br")), 415, "UnsupportedMediaTypeException"},
		"two encodings":    {post("ListKeys", "{}", header("Content-Encoding", "gzip, gzip")), 415, "UnsupportedMediaTypeException"},
		"a presigned nothing": {post("ListKeys", "{}", without("Authorization"), query("X-Amz-Credential=AKID")), 400,
			"IncompleteSignatureException"},
	} {
		t.Run(name, func(t *testing.T) {
			answer, body := ask(t, h, c.r)
			if answer.StatusCode != c.status || body["__type"] != c.code || answer.Header.Get("x-amzn-ErrorType") != c.code {
				t.Errorf("%d %v %v, wanted %d %s", answer.StatusCode, answer.Header, body, c.status, c.code)
			}
			text, _ := body["Message"].(string)
			if small, _ := body["message"].(string); small != "" { // of a refused signature
				text = small
			}
			if text == "" ||
				strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r > 0x7E }) {
				t.Errorf("message %q", text)
			}
			if why := answer.Header.Get(endpoint.ReasonHeader); why == "" {
				t.Error("no reason")
			}
			if allowed := answer.Header.Get("Allow"); (c.status == 405) != (allowed == "POST") {
				t.Errorf("Allow: %q", allowed)
			}
		})
	}
}

// TestWhatAWSTakesIsTaken are requests that look odd and are none the worse.
func TestWhatAWSTakesIsTaken(t *testing.T) {
	h := endpoint.Handler(simtest.New(t, nil), nil)
	for name, r := range map[string]*http.Request{
		"no body":            post("ListKeys", ""),
		"nulls":              post("ListKeys", `{"MaxResults":null,"KeyState":null}`),
		"unknown members":    post("ListKeys", `{"Nobody":{"knows":[1,2,{}]}}`),
		"a whole number":     post("ListKeys", `{"MaxResults":1e1}`),
		"spaces":             post("ListKeys", " \n{ }\t"),
		"JSON 1.1":           post("ListKeys", "{}", header("Content-Type", "application/x-amz-json-1.1; charset=utf-8")),
		"no content type":    post("ListKeys", "{}", without("Content-Type")),
		"no signed headers":  post("ListKeys", "{}", header("Authorization", "AWS4-HMAC-SHA256 "+scope+", Signature=00")),
		"no signature":       post("ListKeys", "{}", header("Authorization", "AWS4-HMAC-SHA256 "+scope+", SignedHeaders=host")),
		"a credential alone": post("ListKeys", "{}", header("Authorization", "AWS4-HMAC-SHA256 "+scope)),
		"a presigned request": post("ListKeys", "{}", without("Authorization"),
			query("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260501%2Fus-east-1%2Fpayment-cryptography%2Faws4_request")),
		"a hoisted target":    post("", "{}", without("X-Amz-Target"), query("X-Amz-Target="+target+"ListKeys")),
		"gzip":                post("ListKeys", zipped(`{"MaxResults":1}`), header("Content-Encoding", "gzip")),
		"identity":            post("ListKeys", "{}", header("Content-Encoding", "identity")),
		"tight authorization": post("ListKeys", "{}", header("Authorization", strings.ReplaceAll(authorization, ", ", ","))),
	} {
		if answer, body := ask(t, h, r); answer.StatusCode != 200 || body["Keys"] == nil {
			t.Errorf("%s: %d %v", name, answer.StatusCode, body)
		}
	}
}

// TestTheBytesOfAnAnswer holds one answer to the byte: order of the members,
// times as numbers with milliseconds, all nine modes of use, nothing that is
// absent.
func TestTheBytesOfAnAnswer(t *testing.T) {
	clock := engine.NewClock(noon.Add(65_000_000))
	h := endpoint.Handler(simtest.New(t, &engine.Options{Now: clock.Now, Seed: 7}), nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post("CreateKey", create))
	varying := regexp.MustCompile(`key/[a-z0-9]{16}|"KeyCheckValue":"[0-9A-F]{6}"`)
	const want = `{"Key":{"KeyArn":"arn:aws:payment-cryptography:us-east-1:111122223333:*",` +
		`"KeyAttributes":{"KeyUsage":"TR31_K0_KEY_ENCRYPTION_KEY",` +
		`"KeyClass":"SYMMETRIC_KEY","KeyAlgorithm":"AES_128","KeyModesOfUse":{"Encrypt":true,"Decrypt":true,"Wrap":true,"Unwrap":true,` +
		`"Generate":false,"Sign":false,"Verify":false,"DeriveKey":false,"NoRestrictions":false}},*,` +
		`"KeyCheckValueAlgorithm":"CMAC","Enabled":true,` +
		`"Exportable":true,"KeyState":"CREATE_COMPLETE","KeyOrigin":"AWS_PAYMENT_CRYPTOGRAPHY",` +
		`"CreateTimestamp":1777636800.065,"UsageStartTimestamp":1777636800.065}}`
	if got := varying.ReplaceAllString(w.Body.String(), "*"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	w = httptest.NewRecorder()
	h.ServeHTTP(w, post("GetAlias", `{"AliasName":"alias/nobody"}`))
	if got, want := w.Body.String(), `{"__type":"ResourceNotFoundException","ResourceId":"alias/nobody"}`; got != want || w.Code != 400 {
		t.Errorf("got %d %s, wanted 400 %s", w.Code, got, want)
	}
}

// TestAHundredThousandMistakesGetAShortAnswer: a request may be a megabyte of
// them.
func TestAHundredThousandMistakesGetAShortAnswer(t *testing.T) {
	h := endpoint.Handler(simtest.New(t, nil), nil)
	many := strings.Replace(create, "{", `{"ReplicationRegions":[""`+strings.Repeat(`,""`, 100_000)+`],`, 1)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post("CreateKey", many))
	if w.Code != 400 || w.Body.Len() > 32<<10 || !strings.Contains(w.Body.String(), "100001 validation errors detected") ||
		!strings.Contains(w.Body.String(), "and 99901 more") {
		t.Errorf("%d, %d bytes: %.300s", w.Code, w.Body.Len(), w.Body)
	}
}

// TestAClientThatSendsAllBeforeItReadsGetsItsAnswer, however wrong and long its
// request is.
func TestAClientThatSendsAllBeforeItReadsGetsItsAnswer(t *testing.T) {
	server := httptest.NewServer(endpoint.Handler(simtest.New(t, nil), nil))
	defer server.Close()
	for op, want := range map[string]string{"ListKeys": "413 ", "Nothing": "400 "} {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		const length = 20 << 20
		fmt.Fprintf(c,
			"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: %s%s\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n",
			target, op, authorization, length)
		if _, err := io.CopyN(c, endless{}, length); err != nil {
			t.Fatalf("%s: %v", op, err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || !strings.HasPrefix(answer.Status, want) {
			t.Errorf("%s: %v, %v, wanted %s", op, answer, err, want)
		}
	}
}

// TestReasonsFitInAHeader has a request that is wrong in many places, in
// letters that a header does not carry.
func TestReasonsFitInAHeader(t *testing.T) {
	h := endpoint.Handler(simtest.New(t, nil), nil)
	tags := strings.TrimSuffix(strings.Repeat(`{"Key":"","Value":"ü\r\nX-Forged: 1"},`, 100), ",")
	answer, _ := ask(t, h, post("CreateKey", `{"KeyCheckValueAlgorithm":"ü\r\nX-Forged: 1","Tags":[`+tags+`]}`))
	why := answer.Header.Get(endpoint.ReasonHeader)
	if len(why) < 500 || len(why) > 1024 || !strings.Contains(why, " | ") ||
		strings.ContainsFunc(why, func(r rune) bool { return r < 0x20 || r > 0x7E }) {
		t.Errorf("%d bytes: %q", len(why), why)
	}
	if answer.Header.Get("X-Forged") != "" {
		t.Error("the request wrote a header of the answer")
	}
	answer, _ = ask(
		t,
		h,
		post(
			"CreateKey",
			strings.NewReplacer("AES_128", "a??X: y; b | c 100%", "K0_KEY", "K9_KEY", "SYMMETRIC_KEY", "SYMMETRIC").Replace(create),
		),
	)
	parts := strings.Split(answer.Header.Get(endpoint.ReasonHeader), " | ")
	if len(parts) != 3 || !strings.HasPrefix(parts[0], "KeyAttributes.KeyUsage: the value is not one of those allowed") ||
		!strings.HasPrefix(
			parts[2],
			"KeyAttributes.KeyAlgorithm: the value is not one of those allowed: found \"a??X: y; b %7C c 100%25\"",
		) {
		t.Errorf("%d reasons, wanted three, one for each member: %q", len(parts), parts)
	}
}
