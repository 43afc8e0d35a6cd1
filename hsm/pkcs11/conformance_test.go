//go:build cgo

package pkcs11

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/hsmtest"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

var families atomic.Int64

// keepsThePromises runs the suite on the shared token of a kind.
func keepsThePromises(t *testing.T, kind softtoken.Kind) {
	open := func(t testing.TB) hsm.Backend { return opened(t, optionsOf(sharedToken(t, kind))) }
	hsmtest.Run(t, open, &hsmtest.Options{
		Again: func(t testing.TB, _ hsm.Backend) hsm.Backend { return open(t) },
		Faulty: func(t testing.TB) (hsm.Backend, func(int) bool) {
			between := putBetween(t.Cleanup)
			b := open(t)
			return b, armed(between())
		},
		Without: map[string]func(testing.TB) hsm.Backend{
			"CMAC":           without(kind, p11.CKM_AES_CMAC, p11.CKM_DES3_CMAC),
			"derivation":     without(kind, p11.CKM_AES_ECB_ENCRYPT_DATA, p11.CKM_DES3_ECB_ENCRYPT_DATA),
			"OAEP":           without(kind, p11.CKM_RSA_PKCS_OAEP),
			"RSA decryption": without(kind, p11.CKM_RSA_PKCS_OAEP, p11.CKM_RSA_X_509),
			"key generation": without(kind, p11.CKM_AES_KEY_GEN, p11.CKM_DES2_KEY_GEN, p11.CKM_DES3_KEY_GEN, p11.CKM_GENERIC_SECRET_KEY_GEN),
			"KWP":            without(kind, p11.CKM_AES_KEY_WRAP_PAD),
			"pairs":          without(kind, p11.CKM_RSA_PKCS, p11.CKM_ECDSA, p11.CKM_ECDH1_DERIVE),
			"ciphers":        without(kind, p11.CKM_DES3_CBC, p11.CKM_AES_CBC),
			"HMAC":           without(kind, p11.CKM_SHA512_HMAC, p11.CKM_SHA384_HMAC),
		},
		Blank: func(t testing.TB) hsm.Backend {
			o := optionsOf(sharedToken(t, kind))
			o.MasterLabel = fmt.Sprintf("blank %d", families.Add(1))
			b, err := Open(ctx, &o)
			if err != nil {
				t.Fatal(err)
			}
			return b
		},
	})
}

// without is a device that lacks mechanisms.
func without(kind softtoken.Kind, mechanisms ...uint) func(testing.TB) hsm.Backend {
	return func(t testing.TB) hsm.Backend {
		o := optionsOf(sharedToken(t, kind))
		o.Quirks.Without = mechanisms
		return opened(t, o)
	}
}

// armed makes the nth next call fail, by another code each time. Closing a
// session does not count: one that is said to be gone would stay.
func armed(f *faulty) func(nth int) bool {
	codes := slices.Concat(codes["lost"], codes["failed"])
	var mu sync.Mutex
	left, turn, fired := 0, 0, false
	return func(nth int) bool {
		mu.Lock()
		defer mu.Unlock()
		before := fired
		left, fired = nth, false
		turn++
		code := codes[turn%len(codes)]
		f.arm(func(function string) error {
			mu.Lock()
			defer mu.Unlock()
			if function == "C_CloseSession" || left == 0 {
				return nil
			}
			if left--; left > 0 {
				return nil
			}
			fired = true
			return p11.Error(code)
		}, nil)
		return before
	}
}

func TestDevicesKeepThePromises(t *testing.T) {
	for _, kind := range []softtoken.Kind{softtoken.SoftHSM, softtoken.NSS} {
		t.Run(string(kind), func(t *testing.T) { keepsThePromises(t, kind) })
	}
}
