package enginetest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

func TestOpenKeyOfTheDeviceIsFound(t *testing.T) {
	failsWith(t, recorded(nil, func(_ *recorder, s *enginetest.Sim) {
		if err := s.LeaveAKeyOpen(ctx); err != nil {
			t.Fatal(err)
		}
	}), "1 keys of the device are still open")
}

func TestDeviceAndStoreGoDownAndUp(t *testing.T) {
	s := enginetest.New(t, &enginetest.Options{Keep: enginetest.KeepAll})
	k := create(t, s, "alias/a")
	in := &engine.CreateKeyInput{KeyAttributes: enginetest.P0AES128.Attributes(), Exportable: new(true)}
	for _, x := range []struct {
		name string
		down func() func()
		rule apc.Rule
	}{{"device", s.DeviceDown, apc.RuleHSM}, {"store", s.StoreDown, apc.RuleKeystore}} {
		up := x.down()
		_, err := s.CreateKey(ctx, in)
		refusal, ok := errors.AsType[*apc.Error](err)
		if !ok || refusal.Code != apc.ErrServiceUnavailable || refusal.Reasons[0].Rule != x.rule {
			t.Errorf("%s down: %v", x.name, err)
		}
		up()
		if _, err := s.CreateKey(ctx, in); err != nil {
			t.Errorf("%s up again: %v", x.name, err)
		}
	}
	up := s.StoreDown()
	s.Advance(time.Hour)
	up()
	if _, err := s.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k.KeyArn}); err != nil {
		t.Error(err)
	}
}
