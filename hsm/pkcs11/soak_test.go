//go:build cgo

package pkcs11

import (
	"flag"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/softtoken"
)

var soak = flag.Duration("soak", time.Second, "how long a crowd works on each token")

// TestSoak: 32 goroutines do everything for a while. Every answer is right, and
// memory, the module's too, does not grow after the first third.
func TestSoak(t *testing.T) {
	for _, kind := range []softtoken.Kind{softtoken.SoftHSM, softtoken.NSS} {
		t.Run(string(kind), func(t *testing.T) {
			between := putBetween(t.Cleanup)
			b := opened(t, optionsOf(sharedToken(t, kind)))
			s := sealKnown(t, b)
			var done atomic.Int64
			work := func(until time.Time) {
				var wg sync.WaitGroup
				for g := range 32 {
					wg.Go(func() {
						for i := g; time.Now().Before(until); i++ {
							if err := deeds[i%len(deeds)].do(ctx, b, s); err != nil {
								t.Errorf("%s: %v", deeds[i%len(deeds)].name, err)
								return
							}
							done.Add(1)
						}
					})
				}
				wg.Wait()
			}
			began := time.Now()
			work(began.Add(*soak / 3))
			sessions, objects := between().counts()
			early := resident(t)
			work(began.Add(*soak))
			late := resident(t)
			nowSessions, nowObjects := between().counts()
			t.Logf("%d deeds in %v; resident memory %d kB, at the end %d kB; sessions %d, %d; objects %d, %d",
				done.Load(), *soak, early, late, sessions, nowSessions, objects, nowObjects)
			if nowObjects != objects || nowSessions > 2*b.options.PoolSize+1 {
				t.Errorf("%d sessions and %d objects are left", nowSessions, nowObjects)
			}
			if *soak >= 30*time.Second && late > early+early/5+8<<10 {
				t.Errorf("resident memory grew from %d kB to %d kB", early, late)
			}
		})
	}
}

// resident is the memory of the process in kB, that of C included; 0 where the
// system does not tell.
func resident(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), "VmRSS:")
	n, err := strconv.Atoi(strings.Fields(rest + " 0")[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
