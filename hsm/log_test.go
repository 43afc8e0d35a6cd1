package hsm_test

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
)

// none is a source of ready key pairs that has none left.
type none struct{}

func (none) Next(int) (hsm.Secret, hsm.Public, bool) { return hsm.Secret{}, nil, false }

// withoutTimes drops what differs from run to run.
func withoutTimes(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey || a.Key == "took" {
		return slog.Attr{}
	}
	return a
}

func TestTheLogHasBeginAndEndOfEachGeneration(t *testing.T) {
	var log bytes.Buffer // the generation is waited for: one goroutine writes at a time
	device := newSlow(t)
	handler := slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: withoutTimes})
	h := hsm.New(device, &hsm.Options{Ready: none{}, Log: slog.New(handler)})
	defer h.Close()
	const (
		usedUp  = `level=INFO msg="the ready RSA key pairs of this size are used up: new ones are generated" bits=2048` + "\n"
		begins  = `level=INFO msg="generating an RSA key pair, which may take seconds" bits=2048` + "\n"
		ends    = `level=INFO msg="generated an RSA key pair" bits=2048` + "\n"
		no      = `level=WARN msg="no RSA key pair was generated" bits=2048` + "\n"
		failure = "the device is gone"
	)
	made := make(chan error)
	generate := func() { _, err := h.GenerateKey(t.Context(), pairAttributes, kcv.SHA1); made <- err }
	go generate()
	<-device.begun
	if diff := cmp.Diff(usedUp+begins, log.String()); diff != "" {
		t.Errorf("while it is generated (-want +got):\n%s", diff)
	}
	close(device.release)
	if err := <-made; err != nil {
		t.Fatal(err)
	}
	device.fail = func() error { return errors.New(failure) }
	go generate()
	if err := <-made; err == nil || err.Error() != failure {
		t.Errorf("got %v, want %s", err, failure)
	}
	if diff := cmp.Diff(usedUp+begins+ends+begins+no, log.String()); diff != "" {
		t.Errorf("at the end (-want +got):\n%s", diff)
	}
}
