package ratio

import "testing"

// steps does n steps that the compiler keeps.
func steps(n int) func() {
	return func() {
		sum := 0
		for i := range n {
			sum = sum*31 + i
		}
		kept = sum
	}
}

var kept int

func TestGrowthDistinguishesALineFromASquare(t *testing.T) {
	const n = 5_000
	if got := Growth(steps(n), steps(16*n)); got > 64 {
		t.Errorf("16 times the work: %.0f times as long", got)
	}
	if got := Growth(steps(n), steps(256*n)); got < 64 {
		t.Errorf("256 times the work: %.0f times as long", got)
	}
}
