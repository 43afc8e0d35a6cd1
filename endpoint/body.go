package endpoint

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// MaxBody is the longest request that is taken, in bytes: as it is sent and, if it
// is compressed, without the compression.
const MaxBody = 1 << 20

// bodyOf reads the body to its end or to the limit.
func bodyOf(r *http.Request) ([]byte, error) {
	if n := r.ContentLength; n > 0 && n <= longBody { // nearly all
		body := make([]byte, n+1)
		if got, err := io.ReadFull(r.Body, body); err == io.ErrUnexpectedEOF && int64(got) == n {
			return body[:n], nil
		} else if err != nil {
			return nil, errShort
		}
		return nil, errLong
	}
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(r.Body, MaxBody+1))
	switch {
	case n > MaxBody:
		return nil, errTooLong
	case err != nil || r.ContentLength > n:
		return nil, errShort
	case r.ContentLength > 0 && r.ContentLength < n: // without a socket no other code checks it
		return nil, errLong
	}
	return b.Bytes(), nil
}

// plainBody is the body without its compression, of which gzip is taken (RFC 9110,
// section 8.4.1.3). Signatures are over the body as it is sent.
func plainBody(r *http.Request, sent []byte) ([]byte, error) {
	coding := r.Header["Content-Encoding"]
	if coding == nil { // nearly always
		return sent, nil
	}
	switch strings.ToLower(strings.Join(coding, ",")) {
	case "", "identity":
		return sent, nil
	case "gzip", "x-gzip":
	default:
		return nil, &protocolError{
			status:  http.StatusUnsupportedMediaType,
			code:    "UnsupportedMediaTypeException",
			message: "The content encoding is not gzip.",
		}
	}
	z, err := gzip.NewReader(bytes.NewReader(sent))
	if err != nil {
		return nil, errGzip
	}
	plain, err := io.ReadAll(io.LimitReader(z, MaxBody+1))
	switch {
	case len(plain) > MaxBody:
		return nil, errTooLong
	case err != nil:
		return nil, errGzip
	}
	return plain, nil
}

var (
	errShort   = unreadable("The body ends too soon.")
	errLong    = unreadable("The body is longer than Content-Length says.")
	errGzip    = unreadable("The body is not gzip, as its Content-Encoding says.")
	errTooLong = &protocolError{
		status:  http.StatusRequestEntityTooLarge,
		code:    "RequestEntityTooLargeException",
		message: fmt.Sprintf("The body is longer than %d bytes.", MaxBody),
	}
)
