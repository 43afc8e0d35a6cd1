package boltstore_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
	bolt "go.etcd.io/bbolt"
)

var kills = flag.Int("kills", 30, "how often TestNothingIsLostToAKill kills")

// writers of the child, each with records of its own; they share a counter.
const writers = 4

const childStore = "BOLTSTORE_TEST_CHILD" // the file the child writes

// report is a line from the child: before a commit, with its changes; and after it was
// acknowledged, without.
type report struct {
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
		log.Fatal(err)
	}
	var mu sync.Mutex
	write := func(line report) {
		mu.Lock()
		defer mu.Unlock()
		if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
			log.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for {
				line := report{w, draw(), churn(s, w)}
				write(line)
				if err := s.Commit(ctx, line.ID, line.Changes...); err != nil {
					log.Fatal(err)
				}
				write(report{Writer: w, ID: line.ID})
			}
		})
	}
	wg.Wait()
}

// churn creates, changes and removes some records of a writer, and counts.
func churn(s *boltstore.Store, w int) []keystore.Change {
	out := []keystore.Change{keystore.Count(shared, 1, 1<<60)}
	for n := rand.IntN(60); n < 60; n += 1 + rand.IntN(40) {
		found, err := s.Read(ctx, keystore.Ref{Partition: place, Kind: "thing", ID: fmt.Sprintf("%d-%02d", w, n)})
		if err != nil {
			log.Fatal(err)
		}
		r := found[0].Record
		if r.Exists() && rand.IntN(3) == 0 {
			out = append(out, keystore.Erase(r))
			continue
		}
		r.Partition, r.Kind, r.ID = place, "thing", fmt.Sprintf("%d-%02d", w, n)
		r.Index, r.Data, r.Due = fmt.Sprint(rand.IntN(3)), make([]byte, rand.IntN(3000)), time.Time{}
		if rand.IntN(2) == 0 {
			r.Due = time.UnixMilli(rand.Int64N(100)).UTC()
		}
		out = append(out, keystore.Replace(r))
	}
	return out
}

// TestNothingIsLostToAKill kills a writing process at random moments. What was
// acknowledged is there. What was begun is asked for again, and is made once then: if it
// were there by half, that would be refused. A store in memory gets the same commits.
func TestNothingIsLostToAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	want, commits, asked := keystore.NewMemory(), 0, 0
	for n := range *kills {
		acknowledged, begun := run(t, path)
		s, err := boltstore.Open(ctx, path, nil)
		if err != nil {
			t.Fatalf("after kill %d: %v", n, err)
		}
		for _, line := range acknowledged {
			if err := want.Commit(ctx, line.ID, line.Changes...); err != nil {
				t.Fatal(err)
			}
		}
		for _, line := range begun {
			for _, store := range []keystore.Store{s, want, s} {
				if err := store.Commit(ctx, line.ID, line.Changes...); err != nil {
					t.Errorf("asked again for %x: %v", line.ID, err)
				}
			}
		}
		commits, asked = commits+len(acknowledged), asked+len(begun)
		if diff, err := differ(t, want, s); err != nil || diff != "" {
			t.Errorf("the store is not as was acknowledged (-want +got): %v %s", err, diff)
		}
		clean(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		bboltClean(t, path)
		if t.Failed() {
			t.Fatalf("after kill %d", n)
		}
	}
	t.Logf("%d kills, %d commits were acknowledged, %d were under way", *kills, commits, asked)
}

// run has a child write for a while, kills it, and returns what it had acknowledged,
// in that order, and what it had begun.
func run(t *testing.T, path string) (acknowledged []report, begun map[int]report) {
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
	begun = map[int]report{}
	heard, last := 0, rand.IntN(200)
	for lines.Scan() {
		var line report
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			break // the last line, cut off
		}
		if line.Changes != nil {
			begun[line.Writer] = line
		} else {
			acknowledged = append(acknowledged, begun[line.Writer])
			delete(begun, line.Writer)
		}
		if heard++; heard == last+1 {
			time.AfterFunc(time.Duration(rand.IntN(2000))*time.Microsecond, func() { cmd.Process.Kill() })
		}
	}
	if err := cmd.Wait(); err == nil || heard <= last {
		t.Fatalf("the child ended by itself after %d lines: %v", heard, err)
	}
	return acknowledged, begun
}

// bboltClean has bbolt's own check look at a closed file.
func bboltClean(t testing.TB, path string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{FreelistType: bolt.FreelistMapType})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bolt.Tx) (first error) {
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
