package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// Code names an exception of the service and is itself an error, so that
// callers write errors.Is(err, engine.ErrResourceNotFound).
type Code string

// The exceptions of the service.
const (
	ErrAccessDenied         Code = "AccessDeniedException"
	ErrConflict             Code = "ConflictException"
	ErrInternalServer       Code = "InternalServerException"
	ErrResourceNotFound     Code = "ResourceNotFoundException"
	ErrServiceQuotaExceeded Code = "ServiceQuotaExceededException"
	ErrServiceUnavailable   Code = "ServiceUnavailableException"
	ErrThrottling           Code = "ThrottlingException"
	ErrValidation           Code = "ValidationException"
)

// ErrNotSimulated is the simulator's own: what was asked for exists in the
// service and not here. The reason names the member.
const ErrNotSimulated Code = "NotSimulatedException"

func (c Code) Error() string { return string(c) }

// Error is a refused operation, told the way the service tells it, with the
// reasons that the service keeps to itself. errors.As finds it, errors.Is
// finds its Code and its cause.
type Error struct {
	Op       string // "CreateKey"
	Code     Code
	Resource string // ARN or alias, as the caller wrote it
	Message  string // what the service would say
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

// Is finds the Code.
func (e *Error) Is(target error) bool { return target == e.Code }

// Unwrap finds the cause.
func (e *Error) Unwrap() error { return e.Err }

func invalid(message string, reasons ...Reason) *Error {
	return &Error{Code: ErrValidation, Message: message, Reasons: reasons}
}

func notFound(resource string, r Reason) *Error {
	return &Error{Code: ErrResourceNotFound, Resource: resource, Reasons: []Reason{r}}
}

// notSimulated refuses a member whose work is not built, by name.
func notSimulated(field string) *Error {
	return &Error{
		Code:    ErrNotSimulated,
		Message: field + " is not simulated.",
		Reasons: []Reason{because(RuleNotSimulated, field, problemNotSimulated, "", "a request without it")},
	}
}

// storeError gives a store's failure its name in the service.
func storeError(err error) *Error {
	out := &Error{Err: err}
	switch {
	case errors.Is(err, keystore.ErrConflict), errors.Is(err, keystore.ErrNotFound), errors.Is(err, keystore.ErrExists):
		out.Code = ErrConflict
		out.Message = "The request conflicts with another one in progress."
		out.Reasons = []Reason{because(RuleConcurrentChange, "", problemContention, "", "the same request again")}
	case errors.Is(err, keystore.ErrInvalid):
		return internal(err)
	default:
		return unavailable(RuleKeystore, problemKeystore, err)
	}
	return out
}

// hsmError gives a device's failure its name in the service.
func hsmError(err error) *Error {
	if refusal, ok := err.(*Error); ok { // of importPlan.admit, which the HSM asked
		return refusal
	}
	if errors.Is(err, hsm.ErrSealed) {
		e := internal(err)
		e.Reasons = []Reason{because(RuleSealedKey, "", problemSealed, "", "")}
		return e
	}
	if errors.Is(err, hsm.ErrKept) {
		e := internal(err)
		e.Reasons = []Reason{because(RuleSealedKey, "", problemKept, "", "")}
		return e
	}
	if errors.Is(err, hsm.ErrAttributes) || errors.Is(err, hsm.ErrInput) {
		return internal(err)
	}
	return unavailable(RuleHSM, problemHSM, err)
}

func unavailable(rule Rule, problem string, err error) *Error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		rule, problem = RuleContext, problemGaveUp
	}
	return &Error{Code: ErrServiceUnavailable, Message: "The service is temporarily unavailable.", Err: err,
		Reasons: []Reason{because(rule, "", problem, causeOf(err), "")}}
}

func internal(err error) *Error {
	return &Error{Code: ErrInternalServer, Message: "Internal server error.", Err: err,
		Reasons: []Reason{because(RuleInternal, "", problemInternal, causeOf(err), "")}}
}

// mostCause is how many bytes of a cause's text a reason repeats.
const mostCause = 300

func causeOf(err error) string { return wording.Cut(err.Error(), mostCause) }
