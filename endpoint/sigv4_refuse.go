package endpoint

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// What AWS answers to requests that are not signed as they should be. Code, text and order are those seen
// in other AWS services (GUESS G-signature-order), the texts about the scope and the time also those of the
// IAM User Guide, "Troubleshoot signed requests".
var (
	errNoToken = unsigned("MissingAuthenticationTokenException", "Missing Authentication Token")
	errTwice   = invalid("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
	errForged  = invalid("The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	errUnknown = &protocolError{
		status:  http.StatusBadRequest,
		code:    "UnrecognizedClientException",
		message: "The security token included in the request is invalid.",
		why:     "no caller with this access key has a secret to verify the signature with",
		signing: true,
	}
)

// incomplete refuses a signature that lacks a part, or has one that cannot be read.
func incomplete(message string) *protocolError {
	return unsigned("IncompleteSignatureException", message)
}

// invalid refuses a signature for another request, time or service.
func invalid(message string) *protocolError { return unsigned("InvalidSignatureException", message) }

// unsigned has the status of the control plane; the data plane's is in refuseData (GUESS G-unsigned-status).
func unsigned(code, message string) *protocolError {
	return &protocolError{status: http.StatusBadRequest, code: code, message: message, signing: true}
}

// hashed is how AWS repeats an Authorization header, which may be a password.
func hashed(authorization string) string {
	sum := sha256.Sum256([]byte(authorization))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// echoed is a text of the request in a message.
func echoed(s string) string { return wording.Cut(printableOnly(s), 100) }

// shown is a time in a message.
func shown(t time.Time) string { return t.UTC().Format(signingTime) }
