//go:build cgo

package softtoken

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/miekg/pkcs11"
)

// Available reports whether this build can make tokens and open them.
const Available = true

// givePIN sets the user's PIN of a new token of NSS. It keeps the module as it
// was, not initialised.
func (t *Token) givePIN() error {
	ctx := pkcs11.New(t.Module)
	if ctx == nil {
		return fmt.Errorf("softtoken: %s cannot be loaded as a PKCS#11 module", t.Module)
	}
	defer ctx.Destroy()
	reserved := append([]byte(t.Reserved), 0)
	var pin runtime.Pinner
	pin.Pin(&reserved[0])
	defer pin.Unpin() // the module has read it by then
	if err := ctx.Initialize(pkcs11.InitializeWithReserved(unsafe.Pointer(&reserved[0]))); err != nil {
		return fmt.Errorf("softtoken: C_Initialize of %s, which the process may have open: %w", t.Module, err)
	}
	return errors.Join(t.initPIN(ctx), ctx.Finalize())
}

func (t *Token) initPIN(ctx *pkcs11.Ctx) error {
	slots, err := ctx.GetSlotList(true)
	if err != nil {
		return fmt.Errorf("softtoken: C_GetSlotList: %w", err)
	}
	for _, slot := range slots {
		if info, err := ctx.GetTokenInfo(slot); err != nil || info.Label != t.Label {
			continue
		}
		s, err := ctx.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
		if err != nil {
			return fmt.Errorf("softtoken: C_OpenSession: %w", err)
		}
		if err := ctx.Login(s, pkcs11.CKU_SO, ""); err != nil {
			return fmt.Errorf("softtoken: C_Login of the security officer: %w", err)
		}
		if err := ctx.InitPIN(s, userPIN); err != nil {
			return fmt.Errorf("softtoken: C_InitPIN: %w", err)
		}
		return ctx.CloseAllSessions(slot)
	}
	return fmt.Errorf("softtoken: none of %d tokens of NSS has the label %q", len(slots), t.Label)
}
