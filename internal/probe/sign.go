package probe

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Credentials are what requests are signed with. Printing them shows the access key alone.
type Credentials struct {
	AccessKey string
	Secret    string `json:"-"`
	Session   string `json:"-"` // of temporary credentials
}

// Format prints the access key, whatever the verb.
func (c Credentials) Format(w fmt.State, _ rune) { fmt.Fprint(w, c.AccessKey) }

// CredentialsFunc gives the credentials for the next request.
type CredentialsFunc func(context.Context) (Credentials, error)

// anyCredentials are for simulators that do not verify signatures.
func anyCredentials(context.Context) (Credentials, error) {
	return Credentials{AccessKey: "AKIDEXAMPLE", Secret: "any"}, nil
}

const signingService = "payment-cryptography"

// sign signs a request by AWS Signature Version 4, with its header.
func sign(r *http.Request, body []byte, c Credentials, region string, now time.Time) {
	stamp, day := now.Format("20060102T150405Z"), now.Format("20060102")
	r.Header.Set("X-Amz-Date", stamp)
	if c.Session != "" {
		r.Header.Set("X-Amz-Security-Token", c.Session)
	}
	headers, names := "", []string{"host"}
	for name := range r.Header {
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	for _, name := range names {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.URL.Host
		}
		headers += name + ":" + strings.Join(strings.Fields(value), " ") + "\n"
	}
	signed := strings.Join(names, ";")
	// A service other than S3 encodes the path once more.
	path := strings.ReplaceAll(r.URL.EscapedPath(), "%", "%25")
	path = strings.ReplaceAll(path, ":", "%3A")
	canonical := strings.Join([]string{r.Method, path, "", headers, signed, digest(body)}, "\n")
	scope := strings.Join([]string{day, region, signingService, "aws4_request"}, "/")
	text := strings.Join([]string{"AWS4-HMAC-SHA256", stamp, scope, digest([]byte(canonical))}, "\n")
	key := []byte("AWS4" + c.Secret)
	for _, part := range []string{day, region, signingService, "aws4_request"} {
		key = mac(key, part)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+c.AccessKey+"/"+scope+
		", SignedHeaders="+signed+", Signature="+hex.EncodeToString(mac(key, text)))
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
