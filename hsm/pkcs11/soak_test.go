//go:build cgo

package pkcs11

import (
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

var soak = flag.Duration("soak", time.Second, "how long a crowd works on each token")

// TestSoak: 32 goroutines do everything for a while. Every answer is right, and
// neither sessions nor objects grow after the first third. The memory of a long run is logged,
// beside what the bare module loses with an object: SoftHSM keeps memory for every session
// object that was made.
func TestSoak(t *testing.T) {
	for _, kind := range []softtoken.Kind{softtoken.SoftHSM, softtoken.NSS} {
		t.Run(string(kind), func(t *testing.T) {
			between := putBetween(t.Cleanup)
			b := opened(t, optionsOf(sharedToken(t, kind)))
			s := sealKnown(t, b)
			began := time.Now()
			hammer(t, b, s, began.Add(*soak/3))
			early := look(between())
			done := hammer(t, b, s, began.Add(*soak))
			late := look(between())
			t.Logf("%d exercises in %v with %d objects; sessions %d and %d, objects %d and %d",
				done, *soak*2/3, late.made-early.made, early.sessions, late.sessions, early.objects, late.objects)
			if *soak >= 30*time.Second { // what a short run uses is chance
				t.Logf("resident memory %d and %d kB, Go's %d and %d kB; the bare module loses %d bytes an object",
					early.resident>>10, late.resident>>10, early.heap>>10, late.heap>>10, lossPerObject(t, b))
			}
			if late.objects != early.objects || late.sessions > 2*b.options.PoolSize+1 {
				t.Errorf("%d sessions and %d objects are left", late.sessions, late.objects)
			}
		})
	}
}

// hammer has a crowd work until then, and counts what it did.
func hammer(t *testing.T, b *Backend, s sealedKeys, until time.Time) int64 {
	var done atomic.Int64
	var wg sync.WaitGroup
	for g := range 32 {
		wg.Go(func() {
			for i := g; time.Now().Before(until); i++ {
				if err := exercises[i%len(exercises)].do(ctx, b, s); err != nil {
					t.Errorf("%s: %v", exercises[i%len(exercises)].name, err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	return done.Load()
}

// usage is what a process and a module hold.
type usage struct{ resident, heap, sessions, objects, made int }

func look(f *faulty) (u usage) {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u.resident, u.heap = resident(), int(m.HeapAlloc)
	u.sessions, u.objects = f.counts()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, call := range []string{"C_GenerateKey", "C_CreateObject", "C_UnwrapKey", "C_DeriveKey"} {
		u.made += f.calls[call]
	}
	u.made += 2 * f.calls["C_GenerateKeyPair"]
	return u
}

// lossPerObject is the memory that the module does not give back when an object
// is destroyed, in bytes.
func lossPerObject(t *testing.T, b *Backend) int {
	const objects = 20000
	raw := newBare(t, b)
	before := resident()
	for range objects {
		raw.must(raw.api.DestroyObject(raw.s, raw.create(p11.CKK_GENERIC_SECRET, carrying, knownKey)))
	}
	debug.FreeOSMemory()
	return max(0, resident()-before) / objects
}

// resident is the memory of the process in bytes, that of C included; 0 where
// the system does not report it.
func resident() int {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), "VmRSS:")
	n, _ := strconv.Atoi(strings.Fields(rest + " 0")[0])
	return n << 10
}
