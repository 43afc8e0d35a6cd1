package dataplane

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/cvv"
	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/pin"
	"github.com/seed748fb4d1/apcsim/tr31"
)

const invalidMessage = "The request is not valid."

// commandError is the refusal for a command of the HSM that failed: by a member of the
// request if an argument was refused, else as a failure of the device.
func commandError(c *core.Call, field string, err error) error {
	if _, ok := errors.AsType[*tr31.Error](err); ok {
		return core.BlockError(c, field, err)
	}
	if e, ok := errors.AsType[*mac.Error](err); ok {
		return core.Invalid(invalidMessage, core.Because(apc.RuleLength, field, e.Problem, e.Found, e.Wanted))
	}
	if e, ok := errors.AsType[*cvv.Error](err); ok {
		return core.Invalid(invalidMessage, core.Because(apc.RuleLength, field, e.Problem, e.Found, e.Wanted))
	}
	if e, ok := errors.AsType[*emv.Error](err); ok {
		return core.Invalid(invalidMessage, core.Because(apc.RuleLength, field, e.Problem, e.Found, e.Wanted))
	}
	if e, ok := errors.AsType[*dukpt.Error](err); ok {
		return core.Invalid(invalidMessage, core.Because(apc.RuleKeySerialNumber, field, e.Problem, e.Found, e.Wanted))
	}
	if e, ok := errors.AsType[*pin.Error](err); ok {
		return core.Invalid(invalidMessage, core.Because(apc.RulePIN, field, e.Problem, e.Found, e.Wanted))
	}
	if errors.Is(err, hsm.ErrInput) { // a point that is not on its curve
		return core.Invalid(invalidMessage, core.Because(apc.RuleKeyPoint, field, core.ProblemPoint, "", ""))
	}
	return core.HSMError(err)
}

// notVerified is the refusal of a value that was computed and differs. The service's text and its
// reason are the same with and without Options.HideReasons.
func notVerified(failed apc.VerificationFailedReason, message, field, problem string) error {
	return &apc.Error{Code: apc.ErrVerificationFailed, Message: message, Failed: failed,
		Reasons: []apc.Reason{core.Because(apc.RuleVerification, field, problem, "", "")}}
}

// missing refuses a request without a member that the other members make
// necessary.
func missing(field string) error {
	return core.Invalid("A parameter is missing.", core.Because(apc.RuleRequired, field, core.ProblemMissing, "", ""))
}

// excluded refuses a member that does not go with the other members of the
// request.
func excluded(field, problem, wanted string) error {
	return core.Invalid("The parameters exclude each other.", core.Because(apc.RuleOneOf, field, problem, "", wanted))
}

// bytesOf are hexadecimal digits whose number the shape has checked to be even.
func bytesOf(digits string) []byte {
	out, _ := hex.DecodeString(digits)
	return out
}

// evenBytes are hexadecimal digits whose number may be odd.
func evenBytes(digits, field string) ([]byte, error) {
	if len(digits)%2 != 0 {
		return nil, core.Invalid(
			invalidMessage,
			core.Because(apc.RuleHex, field, core.ProblemOddDigits, wording.Count(len(digits), "digit"), "an even number"),
		)
	}
	return bytesOf(digits), nil
}

// hexOf are bytes as the service writes them: in upper case.
func hexOf(b []byte) string {
	const digits = "0123456789ABCDEF"
	var out strings.Builder
	out.Grow(2 * len(b))
	var room [128]byte // so that nothing but the answer is allocated
	for part := range slices.Chunk(b, len(room)/2) {
		for i, v := range part {
			room[2*i], room[2*i+1] = digits[v>>4], digits[v&15]
		}
		out.Write(room[:2*len(part)])
	}
	return out.String()
}
