package enginetest

import (
	"context"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// SetPatience changes how long a server waits for its connections at the end, until undo.
func SetPatience(d time.Duration) (undo func()) {
	before := patience
	patience = d
	return func() { patience = before }
}

// LeaveAKeyOpen opens a key of the device and does not close it.
func (s *Sim) LeaveAKeyOpen(ctx context.Context) error {
	a := hsm.Attributes{Usage: "K0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 128, KeyID: "left"}
	sealed, _, err := s.device.Generate(ctx, a)
	if err == nil {
		_, err = s.device.Open(ctx, sealed, a)
	}
	return err
}
