package sdktest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/smithy-go"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// tampered changes a request after it was signed.
type tampered struct {
	pc.HTTPClient
	change func(*http.Request)
}

func (c tampered) Do(r *http.Request) (*http.Response, error) {
	c.change(r)
	return c.HTTPClient.Do(r)
}

// as is a client of another caller, new because the SDK's signer keeps what it
// derived by the access key alone.
func as(c *pc.Client, access, secret, session string) *pc.Client {
	o := c.Options()
	return client(func(to *pc.Options) {
		to.Credentials = credentials.NewStaticCredentialsProvider(access, secret, session)
		to.BaseEndpoint, to.HTTPClient = o.BaseEndpoint, o.HTTPClient
	})
}

var known = map[string]endpoint.Credential{accessKey: {Identity: apc.Identity{Account: "999988887777"}, Secret: secretKey}}

// TestSignaturesAreVerifiedWhenAsked holds the check to what the real SDK
// signs, over a socket too, where the host is another.
func TestSignaturesAreVerifiedWhenAsked(t *testing.T) {
	doors(t, func(t *testing.T, open func(*engine.Engine, *endpoint.Options) *pc.Client) {
		eng := simtest.New(t, nil)
		right := open(eng, &endpoint.Options{Verify: true, Callers: known})
		change := func(f func(*http.Request)) func(*pc.Options) {
			return func(o *pc.Options) { o.HTTPClient = tampered{o.HTTPClient, f} }
		}
		for name, c := range map[string]struct {
			client *pc.Client
			code   string
		}{
			"right":          {right, ""},
			"session token":  {as(right, accessKey, secretKey, "session"), ""},
			"another Region": {pc.New(right.Options(), func(o *pc.Options) { o.Region = "eu-central-1" }), ""},
			"wrong secret":   {as(right, accessKey, "another", ""), "InvalidSignatureException"},
			"unknown key":    {as(right, "AKIDOTHER", secretKey, ""), "UnrecognizedClientException"},
			"header changed": {pc.New(right.Options(), change(header("X-Amz-Target", target+"ListAliases"))), "InvalidSignatureException"},
			"query added":    {pc.New(right.Options(), change(func(r *http.Request) { r.URL.RawQuery = "a=1" })), "InvalidSignatureException"},
			"time of 2020":   {pc.New(right.Options(), change(header("X-Amz-Date", "20200101T000000Z"))), "InvalidSignatureException"},
			"no date":        {pc.New(right.Options(), change(without("X-Amz-Date"))), "IncompleteSignatureException"},
			"signature no hex": {pc.New(right.Options(), change(func(r *http.Request) {
				a := r.Header.Get("Authorization")
				r.Header.Set("Authorization", a[:len(a)-1]+"x")
			})), "InvalidSignatureException"},
			"host not signed": {pc.New(right.Options(), change(func(r *http.Request) {
				r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "host;", "", 1))
			})), "InvalidSignatureException"},
			"token added": {pc.New(right.Options(), change(header("X-Amz-Security-Token", "another"))), "InvalidSignatureException"},
		} {
			_, err := c.client.ListKeys(ctx, &pc.ListKeysInput{})
			switch api, _ := errors.AsType[smithy.APIError](err); {
			case c.code == "" && err != nil:
				t.Errorf("%s: %v", name, err)
			case c.code != "" && (api == nil || api.ErrorCode() != c.code):
				t.Errorf("%s: %v, wanted %s", name, err, c.code)
			}
		}
	})
}

// TestPayloadsAreSignedWhateverAHeaderSays: a body whose hash the signature does not have is refused, however it
// is sent; one without a length is read to its end.
func TestPayloadsAreSignedWhateverAHeaderSays(t *testing.T) {
	server := httptest.NewServer(endpoint.Handler(simtest.New(t, nil), &endpoint.Options{Verify: true, Callers: known}))
	defer server.Close()
	sum := sha256.Sum256([]byte("{}"))
	whole := hex.EncodeToString(sum[:])
	for _, c := range []struct {
		name, hash string
		chunked    bool
		status     int
	}{
		{"a hash", whole, false, 200},
		{"chunks with the hash of the whole", whole, true, 200},
		{"no hash", "UNSIGNED-PAYLOAD", false, 400},
		{"chunks without a hash", "UNSIGNED-PAYLOAD", true, 400},
		{"chunks signed one by one, as for Amazon S3", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", true, 400},
	} {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if c.chunked {
			r.ContentLength = -1
		}
		r.Header.Set("X-Amz-Target", target+"ListKeys")
		r.Header.Set("X-Amz-Content-Sha256", c.hash)
		creds := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}
		if err := v4.NewSigner().SignHTTP(ctx, creds, r, c.hash, "payment-cryptography", "us-east-1", time.Now()); err != nil {
			t.Fatal(err)
		}
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != c.status || c.status == 400 && answer.Header.Get("X-Amzn-Errortype") != "InvalidSignatureException" {
			t.Errorf("%s: got %s %s, want %d", c.name, answer.Status, body, c.status)
		}
	}
}

func TestTheBodyIsSigned(t *testing.T) {
	h := endpoint.Handler(simtest.New(t, nil), &endpoint.Options{Verify: true, Callers: known})
	var signed *http.Request
	c := client(func(o *pc.Options) {
		o.HTTPClient = doer(func(r *http.Request) (*http.Response, error) { signed = r.Clone(ctx); return nil, errors.New("kept") })
	})
	c.GetAlias(ctx, &pc.GetAliasInput{AliasName: aws.String("alias/a")})
	for body, want := range map[string]string{`{"AliasName":"alias/a"}`: "ResourceNotFoundException",
		`{"AliasName":"alias/b"}`: "InvalidSignatureException"} {
		r := httptest.NewRequest(http.MethodPost, signed.URL.String(), strings.NewReader(body))
		r.Header = signed.Header
		if answer, fields := ask(t, h, r); fields["__type"] != want {
			t.Errorf("%s: %d %v, wanted %s", body, answer.StatusCode, fields, want)
		}
	}
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

func TestClocksMayDifferByFiveMinutes(t *testing.T) {
	eng := simtest.New(t, nil)
	for skew, ok := range map[time.Duration]bool{0: true, 4 * time.Minute: true, -4 * time.Minute: true, 6 * time.Minute: false,
		-6 * time.Minute: false} {
		c := client(func(o *pc.Options) {
			o.HTTPClient = endpoint.HTTPClient(
				eng,
				&endpoint.Options{Verify: true, Callers: known, Now: func() time.Time { return time.Now().Add(skew) }},
			)
		})
		_, err := c.ListKeys(ctx, &pc.ListKeysInput{})
		if api, _ := errors.AsType[smithy.APIError](err); ok != (err == nil) || !ok && api.ErrorCode() != "InvalidSignatureException" {
			t.Errorf("%v apart: %v", skew, err)
		}
	}
}

// TestACallerWithoutASecretIsRefusedWhereSignaturesAreVerified: with the empty
// secret everybody can sign.
func TestACallerWithoutASecretIsRefusedWhereSignaturesAreVerified(t *testing.T) {
	callers := map[string]endpoint.Credential{accessKey: {Identity: apc.Identity{Account: "999988887777"}}}
	h := endpoint.Handler(simtest.New(t, nil), &endpoint.Options{Verify: true, Callers: callers})
	at := time.Now()
	r := post("ListKeys", "{}", header("X-Amz-Date", at.UTC().Format("20060102T150405Z")))
	r.Header.Del("Authorization")
	sum := sha256.Sum256([]byte("{}"))
	creds := aws.Credentials{AccessKeyID: accessKey} // and no secret
	if err := v4.NewSigner().SignHTTP(ctx, creds, r, hex.EncodeToString(sum[:]), "payment-cryptography", "us-east-1", at); err != nil {
		t.Fatal(err)
	}
	answer, body := ask(t, h, r)
	if body["__type"] != "UnrecognizedClientException" || !strings.Contains(answer.Header.Get(endpoint.ReasonHeader), "has a secret") {
		t.Errorf("signed with the empty secret: got %d %v, %v, want a refusal", answer.StatusCode, body, answer.Header)
	}
}

// presigned is a request that the SDK's signer presigned, with all that it asks for
// in the query.
func presigned(
	t *testing.T,
	secret string,
	at time.Time,
	expires, service string,
	method, uri, body string,
	change ...func(*http.Request),
) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, uri, strings.NewReader(body))
	for _, c := range change {
		c(r)
	}
	q := r.URL.Query()
	q.Set("X-Amz-Expires", expires)
	r.URL.RawQuery = q.Encode()
	sum := sha256.Sum256([]byte(body))
	creds := aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secret, SessionToken: "session"}
	signed, _, err := v4.NewSigner().PresignHTTP(ctx, creds, r, hex.EncodeToString(sum[:]), service, "eu-central-1", at)
	if err != nil {
		t.Fatal(err)
	}
	out := httptest.NewRequest(method, signed, strings.NewReader(body))
	out.Header.Set("Content-Type", "application/x-amz-json-1.0")
	return out
}

func TestPresignedRequestsAreVerified(t *testing.T) {
	h := endpoint.Handler(simtest.New(t, nil), &endpoint.Options{Verify: true, Callers: known})
	now := time.Now()
	listed := func(secret string, at time.Time, expires string) *http.Request {
		return presigned(t, secret, at, expires, "payment-cryptography", http.MethodPost, "http://localhost/", "{}",
			header("X-Amz-Target", target+"ListKeys"))
	}
	changed := func(old, with string) *http.Request {
		r := listed(secretKey, now, "60")
		if !strings.Contains(r.URL.RawQuery, old) {
			t.Fatalf("no %q in %s", old, r.URL.RawQuery)
		}
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, old, with, 1)
		return r
	}
	another := listed(secretKey, now, "60")
	another.Body = io.NopCloser(strings.NewReader(`{"MaxResults":1}`))
	another.ContentLength = -1
	for name, c := range map[string]struct {
		r    *http.Request
		code string
	}{
		"right":             {listed(secretKey, now, "60"), ""},
		"an hour old":       {listed(secretKey, now.Add(-time.Hour), "3700"), ""},
		"expired":           {listed(secretKey, now.Add(-time.Hour), "3500"), "InvalidSignatureException"},
		"of the future":     {listed(secretKey, now.Add(6*time.Minute), "60"), "InvalidSignatureException"},
		"for ever":          {listed(secretKey, now, "604801"), "IncompleteSignatureException"},
		"for no time":       {listed(secretKey, now, "0"), "IncompleteSignatureException"},
		"for a word":        {listed(secretKey, now, "day"), "IncompleteSignatureException"},
		"wrong secret":      {listed("another", now, "60"), "InvalidSignatureException"},
		"another operation": {changed("ListKeys", "ListAliases"), "InvalidSignatureException"},
		"a longer life":     {changed("X-Amz-Expires=60", "X-Amz-Expires=61"), "InvalidSignatureException"},
		"another host":      {changed("SignedHeaders=content-length%3B", "SignedHeaders="), "InvalidSignatureException"},
		"another key":       {changed(accessKey, "AKIDOTHER"), "UnrecognizedClientException"},
		"another body":      {another, "InvalidSignatureException"},
		"no signature":      {changed("X-Amz-Signature=", "X-Amz-None="), "IncompleteSignatureException"},
	} {
		answer, body := ask(t, h, c.r)
		if c.code == "" && answer.StatusCode != 200 || c.code != "" && body["__type"] != c.code {
			t.Errorf("%s: got %d %v, want %q; %s", name, answer.StatusCode, body, c.code, c.r.URL)
		}
	}
}

// TestAPresignedCallerIdentityIsVerified, which is how clusters prove who somebody
// is.
func TestAPresignedCallerIdentityIsVerified(t *testing.T) {
	h := endpoint.Handler(simtest.New(t, nil), &endpoint.Options{Verify: true, Callers: known})
	for secret, want := range map[string]int{secretKey: 200, "another": 403} {
		r := presigned(t, secret, time.Now(), "60", "sts", http.MethodGet,
			"https://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15", "")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want || want == 200 && !strings.Contains(w.Body.String(), "<Account>999988887777</Account>") {
			t.Errorf("signed with %q: got %d %s, want %d", secret, w.Code, w.Body, want)
		}
	}
}
