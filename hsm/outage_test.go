package hsm_test

import (
	"context"
	"errors"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

var errAway = errors.New("the device is away")

// mostCalls is how many calls to a device a command may make under eachCallFailing.
const mostCalls = 200

// eachCallFailing runs a command on every device, on the first round with its first call to
// the device failing, then with the second, and so on until no call fails. Each failing
// round must end with that failure and the zero result, the last one without an error.
// ready loads the command's keys while the device works.
func eachCallFailing[K, R any](t *testing.T, ready func(t *testing.T, b hsm.Backend) K, command func(h *hsm.HSM, keys K) (R, error)) {
	t.Helper()
	for _, name := range simtest.Backends() {
		t.Run(name, func(t *testing.T) {
			b := simtest.BackendNamed(t, name, nil)
			keys := ready(t, b)
			for nth := int64(1); nth <= mostCalls; nth++ {
				var calls atomic.Int64
				h := hsm.New(hsm.Wrap(b, func(context.Context, string) error {
					if calls.Add(1) == nth {
						return errAway
					}
					return nil
				}), nil)
				got, err := command(h, keys)
				h.Close()
				if calls.Load() < nth { // every call has failed once
					if err != nil {
						t.Errorf("without a failure: got %v", err)
					}
					if nth == 1 {
						t.Error("the command makes no call to the device: nothing was tested")
					}
					return
				}
				if !errors.Is(err, errAway) || !reflect.ValueOf(&got).Elem().IsZero() {
					t.Errorf("with call %d failing: got %v, %v, want %v", nth, got, err, errAway)
				}
			}
			t.Errorf("the command makes more than %d calls", mostCalls)
		})
	}
}
