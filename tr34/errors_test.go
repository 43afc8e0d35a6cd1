package tr34

import (
	"errors"
	"fmt"
	"testing"
)

func TestErrorsHaveClassProblemAndCause(t *testing.T) {
	cause := errors.New("the cause")
	err := fmt.Errorf(
		"outer: %w",
		&Error{Class: ErrNonce, Field: "random nonce", Problem: "the nonce is another", Found: "01", Wanted: "02", Err: cause},
	)
	if got, want := err.Error(), "outer: tr34: nonce: the nonce is another: found 01, wanted 02"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(err, ErrNonce) || errors.Is(err, ErrTime) || !errors.Is(err, cause) {
		t.Errorf("errors.Is does not find class and cause in %v", err)
	}
}
