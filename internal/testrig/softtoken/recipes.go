//go:build cgo && unix

package softtoken

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/miekg/pkcs11"
)

// softHSMConf has the folder of the tokens and the mechanisms to fill in. The
// file store is the only one that Debian builds.
const softHSMConf = `directories.tokendir = %s
objectstore.backend = file
log.level = ERROR
slots.removable = false
slots.mechanisms = %s
library.reset_on_fork = false
`

const softHSMLabel = "apcsim soft token"

// makeSoftHSM writes the configuration and initialises the tokens through the
// module itself: softhsm2-util is not needed.
func makeSoftHSM(t *Token, o Options) error {
	labels := o.Labels
	if len(labels) == 0 {
		labels = []string{softHSMLabel}
	}
	t.Label = labels[0]
	folder := filepath.Join(t.Dir, "tokens")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(t.conf(), fmt.Appendf(nil, softHSMConf, folder, cmp.Or(o.Mechanisms, "ALL")), 0o600); err != nil {
		return err
	}
	t.restore = setenv("SOFTHSM2_CONF", t.conf())
	return t.within(func(ctx *pkcs11.Ctx) error {
		for _, label := range labels {
			if err := initialise(ctx, label); err != nil {
				return err
			}
		}
		return nil
	})
}

// conf is SoftHSM's configuration file.
func (t *Token) conf() string { return filepath.Join(t.Dir, "softhsm2.conf") }

// initialise makes a token in SoftHSM's free slot, which is the last one.
func initialise(ctx *pkcs11.Ctx, label string) error {
	slots, err := ctx.GetSlotList(true)
	if err != nil || len(slots) == 0 {
		return fmt.Errorf("softtoken: C_GetSlotList: %d slots, %w", len(slots), err)
	}
	free := slots[len(slots)-1]
	if err := ctx.InitToken(free, officerPIN, label); err != nil {
		return fmt.Errorf("softtoken: C_InitToken: %w", err)
	}
	return givePIN(ctx, free, officerPIN)
}

// nssReserved configures NSS softoken, which hears no environment variable; the
// label of its token is always the same.
const (
	nssReserved = "configdir='sql:%s' certPrefix='' keyPrefix='' secmod='secmod.db' flags="
	nssLabel    = "NSS Certificate DB"
)

// makeNSS has the module make its database, whose officer has no PIN yet.
func makeNSS(t *Token, o Options) error {
	if o.Labels != nil || o.Mechanisms != "" {
		return errors.New("softtoken: NSS softoken has one label and all of its mechanisms")
	}
	t.Label = nssLabel
	t.Reserved = fmt.Sprintf(nssReserved, t.Dir)
	// Each attribute of a private object is under a key made from the PIN by as
	// many rounds of PBKDF2, and is opened again whenever the object is used: with
	// the usual 10,000 a test takes up to twenty times as long.
	t.restore = setenv("NSS_MAX_MP_PBE_ITERATION_COUNT", "1")
	return t.within(func(ctx *pkcs11.Ctx) error {
		slot, err := slotOf(ctx, nssLabel)
		if err != nil {
			return err
		}
		return givePIN(ctx, slot, "")
	})
}

// slotOf finds the first token with the label.
func slotOf(ctx *pkcs11.Ctx, label string) (uint, error) {
	slots, err := ctx.GetSlotList(true)
	if err != nil {
		return 0, fmt.Errorf("softtoken: C_GetSlotList: %w", err)
	}
	for _, slot := range slots {
		if info, err := ctx.GetTokenInfo(slot); err == nil && info.Label == label {
			return slot, nil
		}
	}
	return 0, fmt.Errorf("softtoken: none of %d tokens has the label %q", len(slots), label)
}
