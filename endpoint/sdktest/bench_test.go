package sdktest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// canned answers everything with what it was made with.
type canned struct {
	header http.Header
	body   []byte
}

func (c *canned) Do(r *http.Request) (*http.Response, error) {
	return &http.Response{
		Status:        "200 OK",
		StatusCode:    http.StatusOK,
		Header:        c.header.Clone(),
		Body:          io.NopCloser(bytes.NewReader(c.body)),
		ContentLength: int64(len(c.body)),
		Request:       r,
	}, nil
}

// BenchmarkCreateKeySDK: through the SDK without a socket, against the SDK with
// an answer that is ready. The bar is 1.3.
func BenchmarkCreateKeySDK(b *testing.B) {
	eng := simtest.New(b, &engine.Options{Limits: apc.Limits{Keys: 1 << 40}})
	w := httptest.NewRecorder()
	endpoint.Handler(eng, nil).ServeHTTP(w, post("CreateKey", create))
	ready := &canned{w.Header(), w.Body.Bytes()}
	in := kek(types.KeyAlgorithmAes128)
	by := func(h pc.HTTPClient) func() {
		c := client(func(o *pc.Options) { o.HTTPClient = h })
		return func() {
			if _, err := c.CreateKey(ctx, in); err != nil {
				b.Fatal(err)
			}
		}
	}
	ratio.Beside(b, 16, by(ready), by(endpoint.HTTPClient(eng, nil)))
}
