package engine

import (
	"cmp"
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

// Reason is what the service does not say: the rule, the member at fault, and
// what is wrong with it.
type Reason struct {
	Rule    string // "pattern", "key-state", "wrapping-strength", "mac"
	Field   string // "KeyAttributes.KeyUsage"; of a key block, "KeyMaterial.Tr31KeyBlock.WrappedKeyBlock"
	Problem string // what is wrong, as a clause: "the MAC does not verify under this key"
	Found   string // the value at fault, or empty; never key material
	Wanted  string // the value or values that would have passed, or empty
	Offset  int    // in a key block; -1 where there is none
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

// String is "field: problem: found ..., wanted ...", as far as each is known.
func (r Reason) String() string {
	out := wording.Text(cmp.Or(r.Problem, r.Rule), r.Found, r.Wanted)
	if r.Field != "" {
		out = r.Field + ": " + out
	}
	if r.Offset >= 0 {
		out += fmt.Sprintf(" (at character %d)", r.Offset)
	}
	return out
}

// because makes a reason without a place in a key block.
func because(rule, field, found, wanted string) Reason {
	return Reason{Rule: rule, Field: field, Found: found, Wanted: wanted, Offset: -1}
}

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
		Reasons: []Reason{because("not-simulated", field, "", "a request without it")},
	}
}

// storeError gives a store's failure its name in the service.
func storeError(err error) *Error {
	out := &Error{Err: err}
	switch {
	case errors.Is(err, keystore.ErrConflict), errors.Is(err, keystore.ErrNotFound), errors.Is(err, keystore.ErrExists):
		out.Code = ErrConflict
		out.Message = "The request conflicts with another one in progress."
		out.Reasons = []Reason{because("concurrent-change", "", "a record that kept changing", "a quiet moment: ask again")}
	case errors.Is(err, keystore.ErrInvalid):
		return internal(err)
	default:
		return unavailable("keystore", err)
	}
	return out
}

// hsmError gives a device's failure its name in the service.
func hsmError(err error) *Error {
	if errors.Is(err, hsm.ErrSealed) {
		e := internal(err)
		e.Reasons = []Reason{because("sealed-key", "", "a stored key that does not open", "the master key it was sealed under, and an unchanged record")}
		return e
	}
	if errors.Is(err, hsm.ErrAttributes) || errors.Is(err, hsm.ErrInput) {
		return internal(err)
	}
	return unavailable("hsm", err)
}

func unavailable(rule string, err error) *Error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		rule = "context"
	}
	return &Error{Code: ErrServiceUnavailable, Message: "The service is temporarily unavailable.", Err: err,
		Reasons: []Reason{because(rule, "", err.Error(), "")}}
}

func internal(err error) *Error {
	return &Error{Code: ErrInternalServer, Message: "Internal server error.", Err: err,
		Reasons: []Reason{because("internal", "", err.Error(), "")}}
}
