package pin_test

import (
	"bytes"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/pin"
)

// FuzzDecode: a block is refused, or the PIN in it, encoded with the same fill, is the
// block again.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{"041261AAAAEDCBA9", "1C123456789012FF", "241234FFFFFFFFFF", "341261AAAAEDCBA9"} {
		f.Add(int(text[0]-'0'), testrig.Hex(text), "5555555551234567")
	}
	f.Fuzz(func(t *testing.T, format int, block []byte, pan string) {
		p, err := pin.Decode(pin.Format(format), block, pan)
		if err != nil {
			return
		}
		if p.Len() < pin.MinLength || p.Len() > pin.MaxLength {
			t.Fatalf("a PIN of %d digits", p.Len())
		}
		switch pin.Format(format) {
		case pin.ISO0, pin.ISO2, pin.AS28050:
			again, err := pin.Encode(pin.Format(format), p, pan, nil)
			if err != nil || !bytes.Equal(again, block) {
				t.Fatalf("encoding again gave %X, %v, want %X", again, err, block)
			}
		}
	})
}
