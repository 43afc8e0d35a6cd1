package storetest

import (
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig/promise"
	"github.com/seed748fb4d1/apcsim/keystore"
)

var raceBreaks = map[string]Wrongs{
	"CrowdsAppend": {
		"reads one after the other":    ReadsInParts,
		"lets the last writer win":     LastWriterWins,
		"looks at the counter before":  CountsBefore,
		"succeeds above the ceiling":   SucceedsAt(keystore.ErrCeiling),
		"succeeds on another revision": SucceedsAt(keystore.ErrConflict),
	},
	"FollowingIsOneSnapshot": {"follows in a second read": ReadsInParts},
	"ChangesComeInAnyOrder":  {"takes locks in their order": locksInOrder},
	"OneCommitIDForACrowd":   {"looks for the id before": looksForIDBefore},
	"PagesWhileOthersWrite":  {"replaces by removing": replacesByRemoving},
}

// brief is a call that takes time: by a clock of synctest no time passes while a goroutine
// calls again and again.
func brief(_ string, call func() error) error {
	time.Sleep(time.Microsecond)
	return call()
}

// TestEveryRaceCatchesItsBrokenStores, on one handle and on two.
func TestEveryRaceCatchesItsBrokenStores(t *testing.T) {
	for _, handles := range []int{1, 2} {
		open := func(put func(*Hooked)) (out []keystore.Store) {
			memory := keystore.NewMemory()
			for range handles {
				h := &Hooked{Store: memory}
				put(h)
				out = append(out, h)
			}
			return out
		}
		broken := promise.Broken[[]keystore.Store]{}
		for name, Wrongs := range raceBreaks {
			broken[name] = map[string]func(*testing.T) []keystore.Store{}
			for how, put := range Wrongs {
				broken[name][how] = func(*testing.T) []keystore.Store { return open(func(h *Hooked) { put(h); h.Around = brief }) }
			}
		}
		promise.CheckCases(t, races, broken)
		intact := func(testing.TB) []keystore.Store { return open(func(*Hooked) {}) }
		Races(t, intact)
	}
	promise.CheckQuotes(t, races, "../../../keystore/keystore.go")
}
