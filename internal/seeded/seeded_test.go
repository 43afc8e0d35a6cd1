package seeded

import (
	"encoding/hex"
	"io"
	"strings"
	"testing"
)

func drawn(t *testing.T, s *Stream, n int) string {
	t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(s, b); err != nil {
		t.Fatal(err)
	}
	return strings.ToUpper(hex.EncodeToString(b))
}

// TestStreamsAreTheSameInEveryVersion: seeds that users have written down go on
// giving what they gave.
func TestStreamsAreTheSameInEveryVersion(t *testing.T) {
	for purpose, want := range map[string]string{
		"hsm keys":   "9E28BAC8D7D5477681F2CD66208EDF5F3F3A4671B2296465",
		"hsm random": "CBCFB0099F99EB43D2C7BDC24548D8AA96AE8B2BDE0E42E0",
		"engine ids": "D66EBB9C0694CD9B7275069B0BFCD6C860E3F45FD227201E",
	} {
		if got := drawn(t, New(42, purpose), 24); got != want {
			t.Errorf("seed 42, %s: got %s, want %s", purpose, got, want)
		}
	}
	if got := drawn(t, New(43, "hsm keys"), 24); got == drawn(t, New(42, "hsm keys"), 24) {
		t.Errorf("seeds 42 and 43 both give %s", got)
	}
}

func TestFreshStreamsDiffer(t *testing.T) {
	a, b := drawn(t, &Stream{}, 21), drawn(t, &Stream{}, 21)
	if a == b || strings.HasSuffix(a, "0000000000") { // the last 5 bytes of 21 are not a whole word
		t.Errorf("two fresh streams give %s and %s", a, b)
	}
}
