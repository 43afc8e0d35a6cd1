package probe

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// The variables that make a test's process the one that compares.
const (
	killURL     = "APCSIM_TEST_COMPARE_URL"
	killJournal = "APCSIM_TEST_COMPARE_JOURNAL"
)

// TestMain is the program that the test below kills.
func TestMain(m *testing.M) {
	at := os.Getenv(killURL)
	if at == "" {
		os.Exit(m.Run())
	}
	j, err := OpenJournal(os.Getenv(killJournal))
	if err != nil {
		os.Exit(3)
	}
	s, err := Server(at, "us-east-1", nil, j)
	if err != nil {
		os.Exit(4)
	}
	for _, p := range quick() {
		if _, err := s.Run(context.Background(), &p); err != nil {
			os.Exit(5)
		}
	}
	os.Exit(0)
}

// killer ends a process when it has sent so many requests: before or after the last is done.
type killer struct {
	http.Handler
	mutex  sync.Mutex
	victim *os.Process
	after  int
	done   bool // the last request is done before the process ends
}

func (k *killer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.victim == nil {
		k.Handler.ServeHTTP(w, r)
		return
	}
	if k.after--; k.after > 0 {
		k.Handler.ServeHTTP(w, r)
		return
	}
	if k.done {
		k.Handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	k.victim.Kill()
	panic(http.ErrAbortHandler)
}

// TestKilledComparisonIsCleaned kills a process that compares, fifty times at random: --clean must leave nothing of what
// it made, and everything else.
func TestKilledComparisonIsCleaned(t *testing.T) {
	eng := simtest.New(t, &engine.Options{Limits: apc.Limits{Keys: 1 << 20}})
	other := Sim(eng, nil)
	other.run = "another"
	ours, err := eng.CreateKey(t.Context(), &engine.CreateKeyInput{Exportable: new(true), KeyAttributes: kek(),
		Tags: []apc.Tag{{Key: tagKey, Value: other.run}}})
	if err != nil {
		t.Fatal(err)
	}
	k := &killer{Handler: endpoint.Handler(eng, nil)}
	server := httptest.NewServer(k)
	t.Cleanup(server.Close)
	journal := filepath.Join(t.TempDir(), "journal")
	draw := rand.New(rand.NewPCG(1, 2))
	for i := range 50 {
		victim := exec.Command(os.Args[0])
		victim.Env = append(os.Environ(), killURL+"="+server.URL, killJournal+"="+journal)
		k.mutex.Lock()
		if err := victim.Start(); err != nil {
			t.Fatal(err)
		}
		k.victim, k.after, k.done = victim.Process, 1+draw.IntN(60), draw.IntN(2) == 0
		k.mutex.Unlock()
		if err := victim.Wait(); err == nil || victim.ProcessState.Exited() {
			t.Fatalf("%d: the process was not killed: %v", i, err)
		}
		k.mutex.Lock()
		k.victim = nil
		k.mutex.Unlock()
		cleaned(t, server.URL, journal)
		if got := left(t, eng); !slices.Equal(got, []string{ours.Key.KeyArn}) {
			t.Fatalf("%d: left on the server: %v, want %s alone, which is not the comparison's", i, got, ours.Key.KeyArn)
		}
	}
}

// cleaned does --clean.
func cleaned(t *testing.T, url, journal string) {
	t.Helper()
	var out strings.Builder
	c := &Command{clean: url, journal: journal, region: "us-east-1"}
	if _, err := c.Run(t.Context(), &out, &out, nil); err != nil {
		t.Fatalf("--clean: %v\n%s", err, out.String())
	}
}

func kek() apc.KeyAttributes {
	return apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31K0KeyEncryptionKey, KeyClass: apc.KeyClassSymmetricKey,
		KeyAlgorithm: apc.KeyAlgorithmAES128, KeyModesOfUse: apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true}}
}
