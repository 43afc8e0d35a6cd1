package core

import (
	"context"
	"errors"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// Because makes a reason without a place in a key block.
func Because(rule apc.Rule, field, problem, found, wanted string) apc.Reason {
	return apc.Reason{Rule: rule, Field: field, Problem: problem, Found: found, Wanted: wanted, Offset: -1}
}

// Invalid is a ValidationException. Of most of them no message is published (GUESS G-message-texts).
func Invalid(message string, reasons ...apc.Reason) *apc.Error {
	return &apc.Error{Code: apc.ErrValidation, Message: message, Reasons: reasons}
}

func notFound(resource string, r apc.Reason) *apc.Error {
	return &apc.Error{Code: apc.ErrResourceNotFound, Resource: resource, Reasons: []apc.Reason{r}}
}

// NotSimulated refuses a member whose work is not built, by name.
func NotSimulated(field string) *apc.Error {
	return &apc.Error{
		Code:    apc.ErrNotSimulated,
		Message: field + " is not simulated.",
		Reasons: []apc.Reason{Because(apc.RuleNotSimulated, field, problemNotSimulated, "", "a request without it")},
	}
}

// StoreError is the exception for a failure of the store.
func StoreError(err error) *apc.Error {
	out := &apc.Error{Err: err}
	switch {
	case errors.Is(err, keystore.ErrConflict), errors.Is(err, keystore.ErrNotFound), errors.Is(err, keystore.ErrExists):
		out.Code = apc.ErrConflict
		out.Message = "The request conflicts with another one in progress."
		out.Reasons = []apc.Reason{Because(apc.RuleConcurrentChange, "", problemContention, "", "the same request again")}
	case errors.Is(err, keystore.ErrInvalid):
		return Internal(err)
	default:
		return unavailable(apc.RuleKeystore, problemKeystore, err)
	}
	return out
}

// HSMError is the exception for a failure of the device.
func HSMError(err error) *apc.Error {
	if refusal, ok := err.(*apc.Error); ok { // of importPlan.admit, which the HSM asked
		return refusal
	}
	if lacking, ok := errors.AsType[*hsm.UnsupportedError](err); ok { // final: a request that is made again fails as well
		out := Invalid("The HSM does not support this operation.", Because(apc.RuleHSMMechanism, "", problemHSMLacks, "", lacking.Primitive))
		out.Err = err
		return out
	}
	if errors.Is(err, hsm.ErrSealed) {
		e := Internal(err)
		e.Reasons = []apc.Reason{Because(apc.RuleSealedKey, "", problemSealed, "", "")}
		return e
	}
	if errors.Is(err, hsm.ErrKept) {
		e := Internal(err)
		e.Reasons = []apc.Reason{Because(apc.RuleSealedKey, "", problemKept, "", "")}
		return e
	}
	if errors.Is(err, hsm.ErrAttributes) || errors.Is(err, hsm.ErrInput) {
		return Internal(err)
	}
	return unavailable(apc.RuleHSM, problemHSM, err)
}

func unavailable(rule apc.Rule, problem string, err error) *apc.Error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		rule, problem = apc.RuleContext, problemGaveUp
	}
	return &apc.Error{Code: apc.ErrServiceUnavailable, Message: "The service is temporarily unavailable.", Err: err,
		Reasons: []apc.Reason{Because(rule, "", problem, causeOf(err), "")}}
}

const internalMessage = "Internal server error."

// Internal is the InternalServerException for an error that no caller can cause.
func Internal(err error) *apc.Error {
	return &apc.Error{Code: apc.ErrInternalServer, Message: internalMessage, Err: err,
		Reasons: []apc.Reason{Because(apc.RuleInternal, "", problemInternal, causeOf(err), "")}}
}

// mostCause is how many bytes of a cause's text a reason repeats.
const mostCause = 300

func causeOf(err error) string { return wording.Cut(err.Error(), mostCause) }
