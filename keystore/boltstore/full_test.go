//go:build linux

package boltstore_test

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

func init() {
	cpuTime = func() time.Duration {
		var used syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
			panic(err)
		}
		return time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
}

// limited lets no file of this process grow, or be written, beyond a size: as
// on a full disk, the system itself refuses the write.
func limited(t *testing.T, size uint64) (lift func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	lifted := false
	lift = func() {
		if !lifted {
			lifted = true
			if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
				t.Fatal(err)
			}
			signal.Reset(syscall.SIGXFSZ)
		}
	}
	t.Cleanup(lift)
	return lift
}

// TestFullDisk has writes fail at several places: all pages, those beyond some
// page, the growing of the file. The error is the system's; once there is room
// the commits are asked again and made, each once.
//
// A process of its own is limited: this one has more to write than the store.
func TestFullDisk(t *testing.T) {
	const own = "BOLTSTORE_TEST_FULL"
	if os.Getenv(own) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$")
		cmd.Env = append(os.Environ(), own+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	for _, size := range []uint64{0, 4096, 8192, 40_000, 100_000, 1 << 20} {
		path := filepath.Join(t.TempDir(), "store")
		s := open(t, path)
		fill(t, s, 500, func(i int) string { return random().ID })
		before, _ := everything(s)
		lift := limited(t, size)
		ids, records, failed := []keystore.CommitID{}, []keystore.Record{}, 0
		for range 2000 {
			id, r := draw(), random()
			r.Data = make([]byte, 4000)
			err := s.Commit(ctx, id, keystore.Create(r), keystore.Count(shared, 1, 1<<20))
			ids, records = append(ids, id), append(records, r)
			if err == nil {
				continue
			}
			if storetest.Known(err) != nil || !errors.Is(err, syscall.EFBIG) && !strings.Contains(err.Error(), syscall.EFBIG.Error()) ||
				!strings.Contains(err.Error(), path) {
				t.Errorf("limit %d: %v", size, err)
			}
			if failed++; failed == 5 {
				break
			}
		}
		if failed != 5 {
			t.Fatalf("limit %d: %d commits failed of %d", size, failed, len(ids))
		}
		if got, err := everything(s); err != nil || len(got) < len(before) {
			t.Errorf("limit %d: while it is full %d records are read of %d, %v", size, len(got), len(before), err)
		}
		lift()
		for i, id := range ids {
			if err := s.Commit(ctx, id, keystore.Create(records[i]), keystore.Count(shared, 1, 1<<20)); err != nil {
				t.Errorf("limit %d: asked again: %v", size, err)
			}
		}
		for _, again := range []bool{false, true} {
			if again {
				s.Close()
				s = open(t, path)
			}
			if n := counted(t, s); n != int64(len(ids)) {
				t.Errorf("limit %d: the counter is at %d of %d", size, n, len(ids))
			}
			clean(t, s)
		}
	}
}
