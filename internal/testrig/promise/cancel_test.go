package promise

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestCallsAreCancelledAtEachLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for length, want := range map[time.Duration][]string{
			0: {"cancelled at look 1: 0", "cancelled at look 2: 1", "cancelled at look 3: 2"},
			150 * time.Millisecond: {"cancelled at look 1: 0", "cancelled at look 2: 1", "cancelled at look 3: 2",
				"cancelled after 0/6 of its time: 1", "cancelled after 1/6 of its time: 1", "cancelled after 2/6 of its time: 1",
				"cancelled after 3/6 of its time: 1", "cancelled after 4/6 of its time: 2", "cancelled after 5/6 of its time: 2"},
		} {
			var got []string
			for when, c := range Cancelled(t.Context(), length) {
				got = append(got, fmt.Sprintf("%s: %d", when, work(c)))
			}
			if !slices.Equal(got, want) {
				t.Errorf("a call of %v: got %q, want %q", length, got, want)
			}
		}
	})
}

// work is done in two parts of 80 ms, of which it returns how many it has done. It looks at its
// context before each.
func work(c context.Context) (parts int) {
	for ; parts < 2 && c.Err() == nil; parts++ {
		time.Sleep(80 * time.Millisecond)
	}
	return parts
}
