package main

import (
	"context"
	"log/slog"
	"strings"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/pkcs11"
)

// The flag --hsm, in the words of the help.
const (
	softwareDevice = "software"
	tokenURI       = "pkcs11:token=LABEL?module-path=FILE&pin-source=file:FILE"
)

// parseDevice reads --hsm: the options of a token, nil for the software HSM. An
// error repeats no value, since it may be a PIN.
func parseDevice(spec string) (*pkcs11.Options, error) {
	if spec == softwareDevice {
		return nil, nil
	}
	if !strings.HasPrefix(spec, "pkcs11:") {
		return nil, usageError(`--hsm: wanted "software" or the URI of a token, ` + tokenURI)
	}
	o, err := pkcs11.ParseURI(spec)
	if err != nil {
		return nil, usageError("--hsm: " + err.Error() + ", wanted " + tokenURI)
	}
	return o, nil
}

// openDevice logs in to a token and says which one it is.
func openDevice(ctx context.Context, o *pkcs11.Options, seeded bool, log *slog.Logger) (hsm.Backend, error) {
	o.Log = log
	token, err := pkcs11.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	log.Info("the HSM is a PKCS#11 token", "module", o.Module, "token", token.Token())
	if seeded {
		log.Warn("--seed sets ids and serial numbers only: the token makes the keys, and others in every run")
	}
	return token, nil
}
