package main

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestAuthorizationPrintsItsSteps(t *testing.T) { printsItsSteps(t, false) }

func TestAuthorizationPrintsItsStepsOnAToken(t *testing.T) { printsItsSteps(t, true) }

func printsItsSteps(t *testing.T, onToken bool) {
	var out strings.Builder
	err := run(context.Background(), &out, onToken)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("%v\nafter:\n%s", err, &out)
	}
	for _, want := range []string{
		"BDK          TR31_B0_BASE_DERIVATION_KEY AES_128, check value ", "PVV ", "all three are right; ARPC ", "encrypted PIN ",
		"INVALID_PIN: Pin block verification failed.", "INVALID_AUTH_REQUEST_CRYPTOGRAM: ", "INVALID_VALIDATION_DATA: ",
		"why: AuthRequestCryptogram: the cryptogram is not that of the data under this key",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "7391") || strings.Contains(out.String(), "5413339000001513") {
		t.Errorf("the PIN or the account number is printed:\n%s", &out)
	}
}
