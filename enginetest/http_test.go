package enginetest_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/enginetest"
)

func TestOpenConnectionIsFound(t *testing.T) {
	defer enginetest.SetPatience(10 * time.Millisecond)()
	failsWith(t, recorded(nil, func(_ *recorder, s *enginetest.Sim) {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		const half = "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9\r\n" +
			"X-Amz-Target: PaymentCryptographyControlPlane.ListKeys\r\n\r\n"
		if _, err := c.Write([]byte(half)); err != nil {
			t.Fatal(err)
		}
		// It says so when it begins to read the body, which does not come.
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
			t.Fatalf("got %q, %v", line, err)
		}
	}), "a connection is still open")
}

func tryPost(client interface {
	Do(*http.Request) (*http.Response, error)
}, url, op, body string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("X-Amz-Target", "PaymentCryptographyControlPlane."+op)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set(
		"Authorization",
		"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/payment-cryptography/aws4_request, SignedHeaders=host, Signature=00",
	)
	res, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

func TestLostAnswerBreaksTheConnection(t *testing.T) {
	for _, effect := range []enginetest.Effect{enginetest.AnswerLost, enginetest.RequestLost} {
		s := enginetest.New(t, &enginetest.Options{Keep: enginetest.KeepAll})
		for _, door := range []struct {
			url    string
			client interface {
				Do(*http.Request) (*http.Response, error)
			}
		}{{"http://anywhere/", s.HTTPClient()}, {s.URL(), &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}} {
			s.Arm(enginetest.Fault{Operation: "CreateAlias", Effect: effect})
			if status, body, err := tryPost(door.client, door.url, "CreateAlias", `{"AliasName":"alias/a"}`); err == nil {
				t.Errorf("%v at %s: %d %s", effect, door.url, status, body)
			}
			if got := len(s.State().Aliases); (got == 1) != (effect == enginetest.AnswerLost) {
				t.Errorf("%v at %s: %d aliases", effect, door.url, got)
			}
			if status, body := post(t, door.client, door.url, "DeleteAlias",
				`{"AliasName":"alias/a"}`); (status == http.StatusOK) != (effect == enginetest.AnswerLost) {
				t.Errorf("then DeleteAlias: %d %s", status, body)
			}
		}
	}
}

func post(t *testing.T, client interface {
	Do(*http.Request) (*http.Response, error)
}, url, op, body string) (int, string) {
	t.Helper()
	status, text, err := tryPost(client, url, op, body)
	if err != nil {
		t.Fatal(err)
	}
	return status, text
}
