package apc

import (
	"errors"
	"fmt"
	"strings"
)

// Code names an exception of the service and is itself an error, so that
// callers write errors.Is(err, apc.ErrResourceNotFound).
type Code string

// The exceptions of the service.
const (
	ErrAccessDenied         Code = "AccessDeniedException"
	ErrConflict             Code = "ConflictException"
	ErrInternalServer       Code = "InternalServerException"
	ErrPublicPolicy         Code = "PublicPolicyException"
	ErrResourceNotFound     Code = "ResourceNotFoundException"
	ErrServiceQuotaExceeded Code = "ServiceQuotaExceededException"
	ErrServiceUnavailable   Code = "ServiceUnavailableException"
	ErrThrottling           Code = "ThrottlingException"
	ErrValidation           Code = "ValidationException"
	ErrVerificationFailed   Code = "VerificationFailedException" // of the data plane
)

// VerificationFailedReason is what the service says of a value that does not verify.
type VerificationFailedReason string

// The reasons of a VerificationFailedException.
const (
	InvalidMAC                   VerificationFailedReason = "INVALID_MAC"
	InvalidPIN                   VerificationFailedReason = "INVALID_PIN"
	InvalidValidationData        VerificationFailedReason = "INVALID_VALIDATION_DATA"
	InvalidAuthRequestCryptogram VerificationFailedReason = "INVALID_AUTH_REQUEST_CRYPTOGRAM"
)

// ErrNotSimulated is the simulator's own: the operation or the member that was
// asked for exists in the service and is not simulated. The reason names it.
const ErrNotSimulated Code = "NotSimulatedException"

// ErrNoAnswer is the error that an interceptor returns so that the caller gets no answer. An HTTP
// server closes the connection without an answer, and the socket-free client fails with
// [io.ErrUnexpectedEOF]. The typed API returns a ServiceUnavailableException whose cause it is.
var ErrNoAnswer = errors.New("apc: no answer")

// InvalidField is a member of a request that breaks its limits, as the service names it.
type InvalidField struct{ Path, Message string }

// Error is the name of the exception.
func (c Code) Error() string { return string(c) }

// Error is a refused operation: the exception that the service would answer with,
// and the reasons, which the service does not give. errors.As finds it, errors.Is
// finds its Code and its cause.
type Error struct {
	Op       string // "CreateKey"
	Code     Code
	Resource string                   // ARN or alias, as the caller wrote it
	Message  string                   // what the service would say
	Failed   VerificationFailedReason // of a VerificationFailedException; else ""
	Fields   []InvalidField           // of a request that breaks the limits of its members
	Reasons  []Reason
	Err      error // cause, reached by Unwrap; never folded into Message
}

// Error is one line: the operation, the exception, the message and the reasons.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.Op, e.Code)
	if e.Resource != "" {
		fmt.Fprintf(&b, " (%s)", e.Resource)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	for i, r := range e.Reasons {
		b.WriteString([]string{" [", "; "}[min(i, 1)])
		b.WriteString(r.String())
	}
	if len(e.Reasons) > 0 {
		b.WriteByte(']')
	}
	return b.String()
}

// Is reports whether the target is the Code.
func (e *Error) Is(target error) bool { return target == e.Code }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
