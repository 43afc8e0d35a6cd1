//go:build cgo

package pkcs11

import (
	"strings"
	"testing"

	p11 "github.com/miekg/pkcs11"
)

// TestAModuleThatNeedsItsConfigurationIsReported: NSS answers CKR_ARGUMENTS_BAD without one.
func TestAModuleThatNeedsItsConfigurationIsReported(t *testing.T) {
	for reserved, hint := range map[string]bool{"": true, "configdir='sql:/none'": false} {
		api := &faulty{calls: map[string]int{}}
		api.arm(func(string) error { return p11.Error(ckrArgumentsBad) }, nil)
		err := (&module{api: api, reserved: reserved}).initialize()
		if !failedWith(err, ckrArgumentsBad) || strings.Contains(err.Error(), "x-reserved") != hint {
			t.Errorf("reserved %q: got %v", reserved, err)
		}
	}
}
