package tr31

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/mac"
)

func TestDerivationGivesTheInputsOfTheStandard(t *testing.T) {
	for _, c := range []struct {
		version    Version
		bits       int
		kbek, kbak string
	}{
		{VersionB, 128, "0100000000000080 0200000000000080", "0100010000000080 0200010000000080"},
		{VersionB, 192, "01000000000100C0 02000000000100C0 03000000000100C0", "01000100000100C0 02000100000100C0 03000100000100C0"},
		{VersionD, 128, "0100000000020080", "0100010000020080"},
		{VersionD, 192, "01000000000300C0 02000000000300C0", "01000100000300C0 02000100000300C0"},
		{VersionD, 256, "0100000000040100 0200000000040100", "0100010000040100 0200010000040100"},
		{VersionE, 256, "0100020000040100 0200020000040100", "0100010000040100 0200010000040100"},
		{VersionA, 128, "", ""},
		{VersionC, 192, "", ""},
		{VersionB, 256, "", ""},
		{VersionD, 64, "", ""},
		{'F', 128, "", ""},
	} {
		kbek, kbak := Derivation(c.version, c.bits)
		if got := inHex(kbek); got != c.kbek {
			t.Errorf("%c %d bits, KBEK: got %s, want %s", c.version, c.bits, got, c.kbek)
		}
		if got := inHex(kbak); got != c.kbak {
			t.Errorf("%c %d bits, KBAK: got %s, want %s", c.version, c.bits, got, c.kbak)
		}
	}
}

func inHex(parts [][]byte) string {
	var out []string
	for _, p := range parts {
		out = append(out, upperHex(p))
	}
	return strings.Join(out, " ")
}

// TestKeysDerivedWithADeviceAreThoseOfTheBytes: for versions B, D and E; the others and lengths that do not fit are refused.
func TestKeysDerivedWithADeviceAreThoseOfTheBytes(t *testing.T) {
	key := []byte("0123456789abcdefFEDCBA9876543210")
	for _, v := range []Version{VersionA, VersionB, VersionC, VersionD, VersionE} {
		for _, n := range []int{0, 8, 16, 24, 32} {
			encryption, authentication, err := DeriveKeys(v, key[:n])
			fits := n == 16 || n == 24 || n == 32 && v >= VersionD
			if fits != (err == nil) || !fits && !errors.Is(err, ErrKBPK) {
				t.Errorf("%c, %d bytes: got %v, want a refusal: %t", v, n, err, !fits)
				continue
			}
			var device *mac.CMAC
			if fits {
				device = mac.NewCMAC(blockCipher(t, v, key[:n]))
			}
			e, a, err := DeriveKeysWith(v, 8*n, func(message []byte) ([]byte, error) { return device.Sum(nil, message), nil })
			if v == VersionA || v == VersionC || !fits {
				if !errors.Is(err, ErrKBPK) {
					t.Errorf("%c, %d bytes in a device: got %v, want class %s", v, n, err, ErrKBPK)
				}
				continue
			}
			if err != nil || !bytes.Equal(e, encryption) || !bytes.Equal(a, authentication) || len(e) != n {
				t.Errorf("%c, %d bytes in a device: got %X, %X, %v, want %X, %X", v, n, e, a, err, encryption, authentication)
			}
		}
	}
}

// TestDerivationFailsWithItsDevice: at the first MAC, at the first of the second key, and of a MAC of another length.
func TestDerivationFailsWithItsDevice(t *testing.T) {
	broken := errors.New("broken")
	for _, fails := range []int{1, 2, 3, 4} {
		for _, short := range []bool{false, true} {
			calls := 0
			e, a, err := DeriveKeysWith(VersionB, 128, func([]byte) ([]byte, error) {
				switch calls++; {
				case calls != fails:
					return make([]byte, 8), nil
				case short:
					return make([]byte, 7), nil
				}
				return nil, broken
			})
			if e != nil || a != nil || err == nil || short == errors.Is(err, broken) || calls != fails {
				t.Errorf("MAC %d fails (short: %t): got %X, %X, %v after %d calls", fails, short, e, a, err, calls)
			}
		}
	}
}
