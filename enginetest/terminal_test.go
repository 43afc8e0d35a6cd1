package enginetest_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/pin"
)

const publishedKey = "0123456789ABCDEFFEDCBA9876543210" // of ANSI X9.24-1 and of most examples

// TestTerminalIsThatOfX924 compares with the examples of ANSI X9.24-1, annex A.4: KSN FFFF9876543210E00001,
// PIN 1234, account 4012345678909.
func TestTerminalIsThatOfX924(t *testing.T) {
	x := enginetest.New(t, nil).Partner(t, "Acquirer").Terminal(enginetest.B0TDES2, publishedKey)
	if got, want := x.KSN(), "FFFF9876543210E00001"; got != want {
		t.Errorf("KSN: got %s, want %s", got, want)
	}
	if got, want := x.PINBlock("4012345678909", "1234"), "1B9C1845EB993A7A"; got != want {
		t.Errorf("PIN block: got %s, want %s", got, want)
	}
	if got, want := x.MAC([]byte("4012345678909D987")), "9CCC78173FC4FB64"; got != want {
		t.Errorf("MAC: got %s, want %s", got, want)
	}
	x.Next()
	if got, want := x.PINBlock("4012345678909", "1234"), "10A01C8D02C69107"; got != want {
		t.Errorf("second PIN block: got %s, want %s", got, want)
	}
}

// TestTerminalIsThatOfX9243 compares with the published test vectors of ANSI X9.24-3: AES_128, counter 1.
func TestTerminalIsThatOfX9243(t *testing.T) {
	x := enginetest.New(t, nil).Partner(t, "Acquirer").Terminal(enginetest.B0AES128, "FEDCBA9876543210F1F1F1F1F1F1F1F1")
	key := testrig.Hex("AF8CB133A78F8DC2D1359F18527593FB") // for PIN encryption
	b := testrig.AES(key)
	block := testrig.Hex(x.PINBlock("4111111111111111", "1234"))
	p, err := pin.Decrypt(b, pin.ISO4, block, "4111111111111111")
	if err != nil || p.Digits() != "1234" {
		t.Errorf("under the published key the PIN block is %v, %v", p, err)
	}
	if got := x.MAC([]byte("message")); len(got) != 32 {
		t.Errorf("MAC: %s", got)
	}
	for range 100 {
		x.Next()
	}
	if got, want := x.KSN(), "123456789012345600000065"; got != want {
		t.Errorf("KSN after 100 transactions: got %s, want %s", got, want)
	}
}
