package endpoint_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
)

const goodHeaders = "Content-Type: application/x-amz-json-1.0\nAuthorization: " + signedAs +
	"\nX-Amz-Target: PaymentCryptographyControlPlane."

// FuzzHandler: any method, any path, any headers and any body get an answer, and
// the same one from a simulator in the same state. The bits of options choose
// among those of the handler.
func FuzzHandler(f *testing.F) {
	for i, r := range goodRequests(f) {
		f.Add("POST", "/", goodHeaders+r.op+"\nX-Amz-Date: 20260101T000000Z", asJSON(r.body), byte(i%2)*2)
	}
	create := `{"Exportable":true,"KeyAttributes":{"KeyAlgorithm":"AES_128","KeyClass":"SYMMETRIC_KEY",` +
		`"KeyModesOfUse":{"DeriveKey":true},"KeyUsage":"TR31_B0_BASE_DERIVATION_KEY"}}`
	for _, headers := range []string{
		"", "X-Amz-Target: CreateKey", goodHeaders, goodHeaders + "createKey", goodHeaders + "CreateKey\nX-Amz-Target: GetKey",
		"X-Amz-Target: PaymentCryptographyControlPlane.CreateKey",
		"X-Amz-Target: PaymentCryptographyControlPlane.CreateKey\nAuthorization: Bearer of bad news",
		strings.Replace(goodHeaders, "us-east-1", "eu-west-1", 1) + "CreateKey", strings.Replace(goodHeaders, "AKID/", "AK/ID/", 1) + "CreateKey",
		strings.Replace(goodHeaders, "json-1.0", "json-1.1; charset=utf-8", 1) + "CreateKey",
		strings.Replace(goodHeaders, "Content-Type: application", "Content-Type: text", 1) + "CreateKey",
		goodHeaders + "CreateKey\nContent-Length: 5\nContent-Encoding: gzip\nTransfer-Encoding: chunked\nExpect: 100-continue",
		strings.Replace(goodHeaders, "host;x-amz-date", "content-length;host;x-amz-date;;\x00", 1) + "CreateKey\nX-Amz-Date: 20260101T000000Z",
	} {
		for options := range byte(8) {
			f.Add("POST", "/", headers, []byte(create), options)
		}
	}
	query := "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260101%2F" +
		"us-east-1%2Fpayment-cryptography%2Faws4_request&X-Amz-Date=20260101T000000Z&" +
		"X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00&X-Amz-Target=PaymentCryptographyControlPlane.ListKeys"
	const form = "Content-Type: application/x-www-form-urlencoded\nAuthorization: AWS4-HMAC-SHA256 " +
		"Credential=AKID/20260101/us-east-1/sts/aws4_request"
	for options := range byte(8) {
		f.Add("POST", "/?"+query, "", []byte("{}"), options)
		f.Add("POST", "/", goodHeaders+"ListKeys\nContent-Encoding: gzip", []byte(zipped("{}")), options)
		f.Add("POST", "/", form, []byte("Action=GetCallerIdentity&Version=2011-06-15"), options)
		f.Add("GET", "/?Action=GetCallerIdentity&"+strings.Replace(query, "payment-cryptography", "sts", 1), "", []byte(nil), options)
		f.Add("POST", "/keys/alias%2Fa/encrypt", "Origin: null\nContent-Type: application/json", []byte("{}"), options)
	}
	f.Add("GET", "/", goodHeaders+"ListKeys", []byte(nil), byte(0))
	f.Add("", "", goodHeaders+"ListKeys", []byte(nil), byte(2))
	f.Add("POST", "//\x00/../é", goodHeaders+"ListKeys", []byte("{}"), byte(0))
	f.Add("POST", "/", goodHeaders+"ListKeys", bytes.Repeat([]byte(" "), endpoint.MaxBody+1), byte(0))
	f.Fuzz(func(t *testing.T, method, path, headers string, body []byte, options byte) {
		o := &endpoint.Options{
			Anonymous: options&1 != 0, ExceptionStatus: options&2 != 0, Verify: options&4 != 0,
			Now: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 1, 0, time.UTC) },
			Callers: map[string]endpoint.Credential{
				"AKID": {Identity: apc.Identity{ARN: "arn:aws:iam::111122223333:user/fuzz"}, Secret: "secret"},
			},
		}
		got := askedTwice(t, o, func() *http.Request { return anyRequest(method, path, headers, body) })
		if got.status == http.StatusOK && o.Verify && !o.Anonymous {
			t.Errorf("%q: a signature that was not made with the secret is taken: %s", headers, got)
		}
	})
}

// FuzzOperations: any body for any operation. The answer must be as described, and
// a body that is taken must fit the description.
func FuzzOperations(f *testing.F) {
	index := map[string]uint8{}
	operations := slices.DeleteFunc(slices.Collect(engine.Operations()), func(op engine.Operation) bool { return op.DataPlane })
	for i, op := range operations {
		index[op.Name] = uint8(i)
		for _, body := range []string{"", "{}", "null", "[]", `{"KeyIdentifier":"alias/pin"}`,
			`{"ResourceArn":null,"Tags":[{"Key":"a"}],"TagKeys":[null]}`, `{"MaxResults":1e1,"NextToken":"a"}`} {
			f.Add(uint8(i), []byte(body))
		}
	}
	for _, r := range goodRequests(f) {
		f.Add(index[r.op], asJSON(r.body))
	}
	f.Fuzz(func(t *testing.T, i uint8, body []byte) {
		op := operations[int(i)%len(operations)].Name
		got := askedTwice(t, nil, func() *http.Request { return posted(op, body) })
		d := described()
		var value any
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.UseNumber()
		dec.Decode(&value) // what is no JSON is refused, which is checked
		if value == nil {
			value = object{}
		}
		in, _ := value.(object)
		for _, wrong := range d.checkAnswer(op, got, got.code() == "NotSimulatedException" && unbuiltMember(op, in)) {
			t.Errorf("%s %q: %s: %s", op, body, got, wrong)
		}
		if got.status != http.StatusOK {
			return
		}
		for _, wrong := range d.checkValue(d.Operations[op].Input.Shape, value) {
			if !strings.HasSuffix(wrong, ": no Value") { // of a tag, which the engine takes for the empty one
				t.Errorf("%s %q is taken: %s", op, body, wrong)
			}
		}
	})
}

// anyRequest is one that no client would send.
func anyRequest(method, path, headers string, body []byte) *http.Request {
	path, query, _ := strings.Cut(path, "?")
	r := &http.Request{Method: method, URL: &url.URL{Path: path, RawQuery: query}, Host: "apcsim.test", Header: http.Header{},
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body))}
	for line := range strings.SplitSeq(headers, "\n") {
		name, value, _ := strings.Cut(line, ":")
		r.Header.Add(name, strings.TrimSpace(value))
	}
	if n, err := strconv.ParseInt(r.Header.Get("Content-Length"), 10, 64); err == nil {
		r.ContentLength = n
	}
	return r
}

// askedTwice sends a request to two worlds in the same state, through the handler
// and through the client, holds the answers to the protocol and to each other,
// and sees that nothing is left running.
func askedTwice(t *testing.T, o *endpoint.Options, build func() *http.Request) *reply {
	t.Helper()
	if _, err := settled(); err != nil { // made once, and not in a bubble
		t.Fatal(err)
	}
	var got, again *reply
	synctest.Test(t, func(t *testing.T) { // which fails where a goroutine is left
		w := newWorld(t, o)
		got = w.ask(build())
		w.close()
		w = newWorld(t, o)
		again = w.call(t, build())
		w.close()
	})
	checkWire(t, got)
	first, second := sameEachTime(t, got), sameEachTime(t, again)
	if !reflect.DeepEqual(first, second) {
		t.Errorf("two answers to one request:\n%v\n%v", first, second)
	}
	return got
}

// checkWire holds an answer to what all answers have.
func checkWire(t *testing.T, got *reply) {
	t.Helper()
	if got.header.Get("Content-Type") == "text/xml" {
		if err := xml.Unmarshal(got.body, new(struct{})); err != nil ||
			got.status != http.StatusOK && (got.status < 400 || got.status > 499 || got.reason() == "") {
			t.Errorf("%s: %v", got, err)
		}
		return
	}
	var f findings
	new(service).checkHeaders(&f, got)
	value, err := oneJSON(got.body)
	body, ok := value.(object)
	switch {
	case err != nil || !ok:
		f.add("body", "no JSON object, %v", err)
	case got.status == http.StatusOK:
	case got.status < 400 || got.status > 499:
		f.add("status", "%d", got.status)
	case body["__type"] != got.code() || got.code() == "":
		f.add("body", "__type %v, X-Amzn-Errortype %q", body["__type"], got.code())
	}
	for _, wrong := range f {
		t.Errorf("%s: %s", got, wrong)
	}
}

// drawn are members whose values no seed makes the same: keys wrapped with
// randomness, and certificates signed with it.
var drawn = map[string]bool{
	"KeyMaterial": true, "KeyCertificate": true, "KeyCertificateChain": true, "CertificateSigningRequest": true,
	"WrappingKeyCertificate": true, "WrappingKeyCertificateChain": true, "SigningKeyCertificate": true, "SigningKeyCertificateChain": true,
}

// sameEachTime is an answer without what is drawn anew each time.
func sameEachTime(t *testing.T, got *reply) []any {
	if got.header.Get("Content-Type") == "text/xml" {
		id := got.header.Get("X-Amzn-Requestid")
		header := maps.Clone(got.header)
		header.Del("X-Amzn-Requestid")
		return []any{got.status, header, strings.ReplaceAll(string(got.body), id, "")}
	}
	value, err := oneJSON(got.body)
	if err != nil {
		t.Fatalf("%s: %v", got, err)
	}
	if n := got.header.Get("Content-Length"); n != strconv.Itoa(len(got.body)) {
		t.Errorf("Content-Length %s of %d bytes", n, len(got.body))
	}
	header := maps.Clone(got.header)
	header.Del("X-Amzn-Requestid")
	header.Del("Content-Length") // what is drawn differs in length
	hideDrawn(value)
	return []any{got.status, header, value}
}

func hideDrawn(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			hideDrawn(item)
		}
	case object:
		for k, item := range v {
			if _, isText := item.(string); isText && (drawn[k] || k == "KeyCheckValue" && v["KeyCheckValueAlgorithm"] == "SHA_1") {
				v[k] = "drawn"
			}
			hideDrawn(item)
		}
	}
}
