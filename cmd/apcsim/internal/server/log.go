package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// logMasterKey names the master key of a device that lasts longer than the server.
func (s *Server) logMasterKey(ctx context.Context) {
	if s.options.Backend == nil {
		return
	}
	of := "the device's"
	if _, ok := s.options.Backend.(*hsm.Software); ok {
		of = "the software HSM's"
	}
	id, err := s.options.Backend.MasterKeyID(ctx)
	if err != nil {
		s.log.Error("asking the device for its master key", "error", err)
		return
	}
	s.log.Info("keys are sealed under "+of+" master key", "id", id)
}

// warn logs what a user must know before relying on the server.
func (s *Server) warn() {
	o := &s.options
	if o.TestKeys {
		s.log.Warn("RSA KEY PAIRS ARE TEST KEYS: their private keys are published with the source code; protect nothing with them")
	}
	if o.Control && s.token.set() {
		s.log.Info("the simulator's own calls need the token of --control-token", "at", s.controlURL())
	} else if o.Control {
		s.log.Warn("the simulator's own calls are open to every program on this machine", "at", s.controlURL())
	}
	if len(o.AllowOrigins) > 0 && (!o.Verify || o.Anonymous) {
		s.log.Warn("web pages of these origins can use every key", "origins", o.AllowOrigins)
	}
	if s.loopback {
		return
	}
	keys := "are unprotected in"
	if _, software := o.Backend.(*hsm.Software); o.Backend != nil && !software {
		keys = "are for moments unprotected in"
	}
	s.log.Warn("LISTENING BEYOND THIS MACHINE: this is a simulator, not AWS Payment Cryptography and not an HSM; "+
		"keys "+keys+" the memory of this process and are sent without TLS; never give it a real key, PIN or card number",
		"address", s.listener.Addr().String())
	if !o.Verify || o.Anonymous {
		s.log.Warn("NO AUTHENTICATION: every client that reaches this address can use every key", "verify", o.Verify,
			"anonymous", o.Anonymous)
	}
	if o.Explain {
		s.log.Warn("exact reasons are shown to other machines: key blocks and tokens can be attacked with them")
	}
}

// logCall writes one line for a request of the service.
func (s *Server) logCall(c endpoint.Call) {
	level := slog.LevelInfo
	attributes := []slog.Attr{
		slog.String("operation", c.Operation), slog.String("account", c.Caller.Account), slog.String("region", c.Caller.Region),
		slog.Duration("duration", c.Duration.Round(time.Microsecond)), slog.String("request", c.RequestID),
	}
	if c.Code != "" {
		level = slog.LevelWarn
		attributes = append(attributes, slog.String("error", c.Code), slog.String("reasons", wording.WithoutKeys(c.Reason)))
	}
	if c.NoAnswer {
		level = slog.LevelWarn
		attributes = append(attributes, slog.String("error", "connection closed without an answer"))
	}
	s.log.LogAttrs(context.Background(), level, "call", attributes...)
}

// logOwn writes one line for one of the simulator's own calls.
func (s *Server) logOwn(r *http.Request, level slog.Level, name string, status int, begun time.Time) {
	s.log.LogAttrs(r.Context(), level, "own call", slog.String("call", name), slog.Int("status", status),
		slog.Duration("duration", time.Since(begun).Round(time.Microsecond)))
}
