package pkcs11

import (
	"errors"
	"fmt"
	"slices"
)

// Error is a failure that the module reported.
type Error struct {
	Function string // "C_SignInit"
	Code     uint   // the CK_RV
	Name     string // "CKR_USER_NOT_LOGGED_IN"; "" where it has none
}

func (e *Error) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("pkcs11: %s: CK_RV 0x%X", e.Function, e.Code)
	}
	return fmt.Sprintf("pkcs11: %s: %s (0x%X)", e.Function, e.Name, e.Code)
}

// ErrPIN: the token refused the PIN. It is not tried again, since tokens lock
// after a few.
var ErrPIN = errors.New("pkcs11: the token refused the PIN, which is not tried again")

// ErrMasterKeys: master keys on the token are missing, have changed, or may be taken
// out of it.
var ErrMasterKeys = errors.New("pkcs11: the token's master keys are not as they were made")

// Return codes that this package treats in a way of their own (PKCS #11 v2.40, section 5.1.6).
const (
	ckrSlotIDInvalid          = 0x03
	ckrGeneralError           = 0x05
	ckrArgumentsBad           = 0x07
	ckrAttributeReadOnly      = 0x10
	ckrAttributeTypeInvalid   = 0x12
	ckrAttributeValueInvalid  = 0x13
	ckrDeviceError            = 0x30
	ckrDeviceRemoved          = 0x32
	ckrEncryptedDataInvalid   = 0x40
	ckrEncryptedDataLenRange  = 0x41
	ckrFunctionNotSupported   = 0x54
	ckrKeyHandleInvalid       = 0x60
	ckrMechanismInvalid       = 0x70
	ckrMechanismParamInvalid  = 0x71
	ckrObjectHandleInvalid    = 0x82
	ckrSessionClosed          = 0xB0
	ckrSessionCount           = 0xB1
	ckrSessionHandleInvalid   = 0xB3
	ckrTemplateIncomplete     = 0xD0
	ckrTemplateInconsistent   = 0xD1
	ckrTokenNotPresent        = 0xE0
	ckrTokenNotRecognized     = 0xE1
	ckrUserAlreadyLoggedIn    = 0x100
	ckrUserNotLoggedIn        = 0x101
	ckrUserPINNotInitialized  = 0x102
	ckrWrappingKeyHandle      = 0x113
	ckrUnwrappingKeyHandle    = 0xF0
	ckrCryptokiNotInitialized = 0x190
	ckrAlreadyInitialized     = 0x191
)

// Codes after which the sessions of a login and every object in them count as lost:
// the module may have given their handles to others.
var sessionsLost = []uint{ckrSessionHandleInvalid, ckrSessionClosed, ckrUserNotLoggedIn, ckrObjectHandleInvalid, ckrKeyHandleInvalid,
	ckrWrappingKeyHandle, ckrUnwrappingKeyHandle}

// Codes after which only a module initialised anew may find the token again.
var deviceLost = []uint{
	ckrDeviceError,
	ckrDeviceRemoved,
	ckrTokenNotPresent,
	ckrTokenNotRecognized,
	ckrCryptokiNotInitialized,
	ckrSlotIDInvalid,
}

// Codes of a module that lacks what it was asked for.
var lacking = []uint{ckrMechanismInvalid, ckrMechanismParamInvalid, ckrFunctionNotSupported}

func failedWith(err error, codes ...uint) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && slices.Contains(codes, e.Code)
}

// lostForGood is lost without the codes that may come from a single key.
func lostForGood(err error) bool {
	return lost(err) && !failedWith(err, ckrKeyHandleInvalid, ckrObjectHandleInvalid, ckrWrappingKeyHandle, ckrUnwrappingKeyHandle)
}

// lost reports whether the connection to the token is lost.
func lost(err error) bool {
	return failedWith(err, sessionsLost...) || failedWith(err, deviceLost...)
}
