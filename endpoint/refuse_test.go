package endpoint

import (
	"net/http"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
)

// TestEveryExceptionHasItsStatus, those too that no operation answers with yet.
func TestEveryExceptionHasItsStatus(t *testing.T) {
	want := map[apc.Code][2]int{
		apc.ErrAccessDenied: {
			400,
			403,
		}, apc.ErrConflict: {400, 409}, apc.ErrInternalServer: {500, 500}, apc.ErrResourceNotFound: {400, 404},
		apc.ErrServiceQuotaExceeded: {
			400,
			402,
		}, apc.ErrServiceUnavailable: {500, 503}, apc.ErrThrottling: {400, 429}, apc.ErrValidation: {400, 400},
	}
	for code, status := range want {
		for i, own := range []bool{false, true} {
			w := &answer{header: http.Header{}}
			(&handler{options: Options{ExceptionStatus: own}}).refuse(
				w,
				&apc.Error{Code: code, Message: "because", Resource: "alias/a"},
				false,
			)
			if w.status != status[i] {
				t.Errorf("%s, own status %t: got %d, want %d", code, own, w.status, status[i])
			}
		}
	}
	// And NotSimulatedException, one of the data plane, and PublicPolicyException, which CreateAlias does not declare.
	if got, want := len(exceptions), len(want)+3; got != want {
		t.Errorf("%d exceptions have a status, wanted %d", got, want)
	}
}
