package endpoint_test

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

const (
	identityForm = "Action=GetCallerIdentity&Version=2011-06-15"
	stsSigned    = "AWS4-HMAC-SHA256 Credential=" + accessKey + "/20260501/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=00"
)

// form is a request of the query protocol.
func form(body string, change ...func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.Header.Set("Authorization", stsSigned)
	for _, c := range change {
		c(r)
	}
	return r
}

// askSTS is an answer of the query protocol, read as any client does.
func askSTS(
	t *testing.T,
	h http.Handler,
	r *http.Request,
) (status int, got struct{ Arn, UserId, Account, Code, Message, Type, RequestID string }, why string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if kind := w.Header().Get("Content-Type"); kind != "text/xml" {
		t.Errorf("content type %q", kind)
	}
	for d := xml.NewDecoder(w.Body); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
		if start, ok := token.(xml.StartElement); ok {
			if start.Name.Space != "https://sts.amazonaws.com/doc/2011-06-15/" {
				t.Errorf("%s is in the namespace %q", start.Name.Local, start.Name.Space)
			}
			to := map[string]*string{"Arn": &got.Arn, "UserId": &got.UserId, "Account": &got.Account, "Code": &got.Code, "Message": &got.Message,
				"Type": &got.Type, "RequestId": &got.RequestID}[start.Name.Local]
			if to == nil {
				continue
			}
			if text, err := d.Token(); err == nil {
				*to = string(text.(xml.CharData))
			}
		}
	}
	if got.RequestID == "" || got.RequestID != w.Header().Get("X-Amzn-Requestid") {
		t.Errorf("request id %q, in the header %q", got.RequestID, w.Header().Get("X-Amzn-Requestid"))
	}
	return w.Code, got, w.Header().Get(endpoint.ReasonHeader)
}

func TestGetCallerIdentityNamesTheCaller(t *testing.T) {
	eng := simtest.New(t, nil)
	for arn, c := range map[string]struct{ account, userID string }{
		"":                                       {"999988887777", "^999988887777$"},
		"arn:aws:iam::999988887777:root":         {"999988887777", "^999988887777$"},
		"arn:aws:iam::999988887777:user/a/alice": {"999988887777", "^AIDA[A-Z2-7]{17}$"},
		"arn:aws:iam::999988887777:role/admin":   {"999988887777", "^AROA[A-Z2-7]{17}$"},
		"arn:aws:sts::999988887777:assumed-role/admin/alice": {"999988887777", "^AROA[A-Z2-7]{17}:alice$"},
		"arn:aws:sts::999988887777:federated-user/bob":       {"999988887777", "^999988887777:bob$"},
	} {
		var seen endpoint.Call
		h := endpoint.Handler(eng, &endpoint.Options{Observe: func(c endpoint.Call) { seen = c },
			Callers: map[string]endpoint.Credential{accessKey: {Identity: apc.Identity{Account: "999988887777", ARN: arn}}}})
		status, got, _ := askSTS(t, h, form(identityForm))
		want := arn
		if want == "" {
			want = "arn:aws:iam::999988887777:root"
		}
		if status != 200 || got.Arn != want || got.Account != c.account || !regexp.MustCompile(c.userID).MatchString(got.UserId) {
			t.Errorf("%q: got %d %+v, want the user id %s", arn, status, got, c.userID)
		}
		if seen.Operation != "GetCallerIdentity" || seen.Code != "" || seen.Caller.Account != "999988887777" {
			t.Errorf("%q: observed as %+v", arn, seen)
		}
	}
}

func TestTheBytesOfACallerIdentity(t *testing.T) {
	h := endpoint.Handler(simtest.New(t, nil), nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, form(identityForm))
	want := `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">` +
		`<GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:root</Arn>` +
		`<UserId>111122223333</UserId><Account>111122223333</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>` + w.Header().
		Get("X-Amzn-Requestid") +
		`</RequestId></ResponseMetadata></GetCallerIdentityResponse>`
	if got := w.Body.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWhatIsNoRequestOfSTSIsRefusedInXML(t *testing.T) {
	h := endpoint.Handler(simtest.New(t, nil), nil)
	for name, c := range map[string]struct {
		r      *http.Request
		status int
		code   string
	}{
		"another action":   {form("Action=AssumeRole&Version=2011-06-15"), 400, "NotSimulatedException"},
		"no action":        {form("Version=2011-06-15"), 400, "MissingAction"},
		"no form":          {form("Action=%zz"), 400, "MalformedInput"},
		"no signature":     {form(identityForm, without("Authorization")), 403, "MissingAuthenticationToken"},
		"another service":  {form(identityForm, header("Authorization", authorization)), 403, "SignatureDoesNotMatch"},
		"half a signature": {form(identityForm, header("Authorization", "AWS4-HMAC-SHA256 Credential=a")), 400, "IncompleteSignature"},
		"too long":         {form(strings.Repeat("a", endpoint.MaxBody+1)), 413, "RequestEntityTooLarge"},
		"a web page":       {form(identityForm, over("127.0.0.1"), host("attacker.example")), 403, "AccessDenied"},
	} {
		status, got, why := askSTS(t, h, c.r)
		if status != c.status || got.Code != c.code || got.Type != "Sender" || got.Message == "" || why == "" {
			t.Errorf("%s: got %d %+v, %q, want %d %s", name, status, got, why, c.status, c.code)
		}
	}
	verifying := endpoint.Handler(simtest.New(t, nil), &endpoint.Options{Verify: true, Callers: known})
	if status, got, _ := askSTS(t, verifying, form(identityForm,
		header("X-Amz-Date", time.Now().UTC().Format("20060102T150405Z")))); status == 200 {
		t.Errorf("a forged signature: got %d %+v", status, got)
	}
}
