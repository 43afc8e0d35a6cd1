package boltstore_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
	bolt "go.etcd.io/bbolt"
)

var kills = flag.Int("kills", 30, "how often TestNothingIsLostToAKill kills")

// writers of the child, each with records of its own; one counter is shared.
const writers = 4

const childStore = "BOLTSTORE_TEST_CHILD" // the file the child writes

// told is a line from the child: before a commit, with its changes; and after
// it was acknowledged, without.
type told struct {
	Writer  int
	ID      keystore.CommitID
	Changes []keystore.Change `json:",omitempty"`
}

func TestMain(m *testing.M) {
	if path := os.Getenv(childStore); path != "" {
		flag.Parse()
		child(path)
		return
	}
	os.Exit(m.Run())
}

// child writes until it is killed.
func child(path string) {
	s, err := boltstore.Open(ctx, path, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var mu sync.Mutex
	tell := func(line told) {
		mu.Lock()
		defer mu.Unlock()
		if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
			os.Exit(1)
		}
	}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() { write(s, w, tell) })
	}
	wg.Wait()
}

func write(s *boltstore.Store, w int, tell func(told)) {
	for {
		id := draw()
		changes := churn(s, w)
		tell(told{w, id, changes})
		if err := s.Commit(ctx, id, changes...); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		tell(told{Writer: w, ID: id})
	}
}

// churn creates, changes and removes some records of a writer, and counts.
func churn(s *boltstore.Store, w int) []keystore.Change {
	out := []keystore.Change{keystore.Count(shared, 1, 1<<60)}
	used := map[int]bool{}
	for range 1 + rand.IntN(4) {
		n := rand.IntN(60)
		if used[n] {
			continue
		}
		used[n] = true
		ref := keystore.Ref{Partition: place, Kind: "thing", ID: fmt.Sprintf("%d-%02d", w, n)}
		found, err := s.Read(ctx, ref)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		r := found[0].Record
		if r.Exists() && rand.IntN(3) == 0 {
			out = append(out, keystore.Erase(r))
			continue
		}
		r.Partition, r.Kind, r.ID = ref.Partition, ref.Kind, ref.ID
		r.Index, r.Data, r.Due = fmt.Sprint(rand.IntN(3)), make([]byte, rand.IntN(3000)), time.Time{}
		if rand.IntN(2) == 0 {
			r.Due = time.UnixMilli(rand.Int64N(100)).UTC()
		}
		out = append(out, keystore.Replace(r))
	}
	return out
}

// promised is what was acknowledged, and what was begun and may be there.
type promised struct {
	records map[string]keystore.Record
	count   int64
	begun   [writers]*told
}

func (p *promised) hear(line told) {
	if line.Changes != nil {
		p.begun[line.Writer] = &line
		return
	}
	p.apply(p.begun[line.Writer])
	p.begun[line.Writer] = nil
}

func (p *promised) apply(line *told) {
	for _, c := range line.Changes {
		switch {
		case c.Put != nil:
			r := c.Put.Record
			r.Rev = line.ID
			p.records[r.ID] = r
		case c.Remove != nil:
			delete(p.records, c.Remove.Ref.ID)
		case c.Add != nil:
			p.count += c.Add.Delta
		}
	}
}

// TestNothingIsLostToAKill kills a writing process at random moments. What it
// was told is done is there, what it had begun is there whole or not at all,
// and asking for that again makes it so once.
func TestNothingIsLostToAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	p := &promised{records: map[string]keystore.Record{}}
	whole, half := 0, 0
	for n := range *kills {
		run(t, path, p)
		s, err := boltstore.Open(ctx, path, nil)
		if err != nil {
			t.Fatalf("after kill %d: %v", n, err)
		}
		clean(t, s)
		done, undone := resolve(t, s, p)
		whole, half = whole+done, half+undone
		compare(t, s, p)
		clean(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		bboltClean(t, path)
		if t.Failed() {
			t.Fatalf("after kill %d", n)
		}
	}
	t.Logf("%d kills, %d commits; of those under way %d had taken effect and %d had not", *kills, p.count, whole, half)
}

// run has a child write for a while, kills it and hears all it had to tell.
func run(t *testing.T, path string, p *promised) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childStore+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	heard, last := 0, rand.IntN(200)
	for lines.Scan() {
		var line told
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			break // the last line, cut off
		}
		p.hear(line)
		if heard++; heard == last+1 {
			time.AfterFunc(time.Duration(rand.IntN(2000))*time.Microsecond, func() { cmd.Process.Kill() })
		}
	}
	if err := cmd.Wait(); err == nil || heard <= last {
		t.Fatalf("the child ended by itself after %d lines: %v", heard, err)
	}
}

// resolve asks for what was begun once more. Before that it must be there
// whole or not at all.
func resolve(t *testing.T, s *boltstore.Store, p *promised) (done, undone int) {
	before := counted(t, s)
	for w, line := range p.begun {
		if line == nil {
			continue
		}
		there := effects(t, s, line)
		if there != 0 && there != len(line.Changes)-1 {
			t.Errorf("of the %d changes of %x %d are there", len(line.Changes)-1, line.ID, there)
		}
		if err := s.Commit(ctx, line.ID, line.Changes...); err != nil {
			t.Errorf("asked again for %x: %v", line.ID, err)
		}
		if there > 0 {
			done++
		} else {
			undone++
		}
		p.apply(line)
		p.begun[w] = nil
	}
	// How many of them had been counted before: those that were there. A
	// commit of nothing but removals and counting leaves no other trace.
	if now := counted(t, s); now != p.count || now-before > int64(done+undone) {
		t.Errorf("the counter went from %d to %d, want %d", before, now, p.count)
	}
	return done, undone
}

// effects is how many changes of a commit, without its counting, are there.
func effects(t *testing.T, s *boltstore.Store, line *told) (n int) {
	for _, c := range line.Changes {
		switch {
		case c.Put != nil && get(t, s, c.Put.Record.Ref()).Rev == line.ID:
			n++
		case c.Remove != nil && !get(t, s, c.Remove.Ref).Exists():
			n++
		}
	}
	return n
}

func compare(t *testing.T, s *boltstore.Store, p *promised) {
	page, err := s.Page(ctx, place, "thing", keystore.Filter{}, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]keystore.Record{}
	for _, r := range page {
		got[r.ID] = r
	}
	if diff := cmp.Diff(p.records, got, cmp.Comparer(func(a, b []byte) bool { return string(a) == string(b) })); diff != "" {
		t.Errorf("the store is not as was acknowledged (-want +got): %s", diff)
	}
}

// bboltClean has bbolt's own check look at a closed file.
func bboltClean(t testing.TB, path string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{FreelistType: bolt.FreelistMapType})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(func(tx *bolt.Tx) (first error) {
		for err := range tx.Check() {
			if first == nil {
				first = err
			}
		}
		return first
	})
	if err != nil {
		t.Errorf("bbolt's own check: %v", err)
	}
}
