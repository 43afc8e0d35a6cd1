package enginetest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/enginetest"
)

func TestEveryKeyKindIsAKey(t *testing.T) {
	s := enginetest.New(t, nil)
	for _, k := range []enginetest.KeyKind{
		enginetest.B0TDES2, enginetest.B0AES128, enginetest.B0AES256, enginetest.C0TDES2, enginetest.D0AES128, enginetest.D0AES256,
		enginetest.E0TDES2, enginetest.K0TDES3, enginetest.K0AES256, enginetest.K1AES128, enginetest.K1AES256, enginetest.K1TDES3,
		enginetest.M3TDES2, enginetest.M6AES128, enginetest.M7SHA256, enginetest.P0TDES2, enginetest.P0AES128, enginetest.S0RSA,
		enginetest.V1TDES2, enginetest.V2TDES2, "E1 TDES_2KEY", "M1 TDES_3KEY", "D1 RSA_2048", "K2 RSA_3072",
	} {
		if got := s.Key(t, k); got.KeyAttributes != k.Attributes() {
			t.Errorf("%s: got %v", k, got.KeyAttributes)
		}
	}
	if got := recorded(nil, func(r *recorder, s *enginetest.Sim) { s.Key(r, "P0 ROT13") }); !strings.Contains(
		fmt.Sprint(got.errors),
		"P0 ROT13",
	) {
		t.Errorf("a kind that does not exist: %q", got.errors)
	}
}
