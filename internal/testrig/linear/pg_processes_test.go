package linear

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/pgstore"
)

var operations = flag.Int("operations", 10000, "how many operations the four processes of TestFourProcesses do together")

// TestMain is also the child process of the tests below.
func TestMain(m *testing.M) {
	if task := os.Getenv("APCSIM_LINEAR_CHILD"); task != "" {
		var number, count int
		var url string
		if _, err := fmt.Sscan(task, &number, &count, &url); err != nil {
			panic(err)
		}
		child(number, count, url)
		os.Exit(0)
	}
	if task := os.Getenv("APCSIM_LINEAR_ENGINE"); task != "" {
		if err := engineChild(task); err != nil {
			panic(err)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A child writes a line before each operation and one after it; what it has
// written stays when it is killed. Two goroutines of it are two processClients.
const (
	processClients = 2
	registers      = 6 // records that all children read and write
)

func child(number, count int, url string) {
	s, err := pgstore.Open(context.Background(), url, &pgstore.Options{Patience: 20 * time.Second})
	if err != nil {
		panic(err)
	}
	defer s.Close()
	var wg sync.WaitGroup
	for g := range processClients {
		wg.Go(func() {
			c := &processClient{
				s:      s,
				number: number*processClients + g,
				draw:   rand.New(rand.NewPCG(uint64(number), uint64(g))),
				seen:   map[string]keystore.CommitID{},
			}
			for n := range count / processClients {
				c.next(n)
			}
		})
	}
	wg.Wait()
}

type processClient struct {
	s      *pgstore.Store
	number int
	draw   *rand.Rand
	seen   map[string]keystore.CommitID // the revisions it has read
}

// next does one operation: a read or a write of a register, or a pair of its own.
func (c *processClient) next(n int) {
	id, key := newCommitID(), fmt.Sprintf("register%d", c.draw.IntN(registers))
	expect := c.seen[key]
	switch r := c.draw.IntN(10); {
	case r < 3:
		key = fmt.Sprintf("pair%d.%d", c.number, n)
		c.do(n, "pair", key, keystore.CommitID{}, id,
			func() error { return c.s.Commit(context.Background(), id, storetest.Pair(here, key)...) })
	case r < 6:
		c.do(n, "read", key, keystore.CommitID{}, id, func() error {
			found, err := c.s.Read(context.Background(), register(key, keystore.CommitID{}).Ref())
			if err == nil {
				c.seen[key] = found[0].Record.Rev
			}
			return err
		})
	case r < 7 && expect != (keystore.CommitID{}):
		c.do(n, "erase", key, expect, id, func() error {
			return c.s.Commit(context.Background(), id, keystore.Erase(register(key, expect)))
		})
	default:
		c.do(n, "put", key, expect, id, func() error {
			return c.s.Commit(context.Background(), id, keystore.Replace(register(key, expect)))
		})
	}
}

func register(key string, rev keystore.CommitID) keystore.Record {
	return keystore.Record{Partition: here, Kind: "register", ID: key, Rev: rev, Data: []byte(key)}
}

// do writes down what is asked, and the outcome of it.
func (c *processClient) do(n int, op, key string, expect, id keystore.CommitID, call func() error) {
	fmt.Fprintf(os.Stdout, "%d %d begin %d %s %s %x %x\n", c.number, n, time.Now().UnixNano(), op, key, expect, id)
	err := call()
	result := outcome(err)
	switch {
	case op == "read" && err == nil:
		id = c.seen[key]
	case op == "erase" && err == nil:
		delete(c.seen, key)
	case op == "put" && err == nil:
		c.seen[key] = id
	}
	fmt.Fprintf(os.Stdout, "%d %d end %d %s %x\n", c.number, n, time.Now().UnixNano(), result, id)
}

// outcome is a word for an error.
func outcome(err error) string {
	failed, ok := errors.AsType[*pgstore.Error](err)
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, keystore.ErrNotFound):
		return "absent"
	case errors.Is(err, keystore.ErrExists):
		return "exists"
	case errors.Is(err, keystore.ErrConflict):
		return "changed"
	case ok && failed.Unknown:
		return "unknown"
	case ok:
		return "failed"
	}
	return strconv.Quote(err.Error())
}

// event is an operation as the parent learns of it.
type event struct {
	client             int
	op, key            string
	expect, id         string
	called, returned   int64
	result, resultText string
}

// run starts a child and reads what it writes until it ends, and counts the lines. The child is
// killed after so many, if that is not 0.
func run(t *testing.T, number, count, lines int, url string, read *testrig.Meter) (events map[string]*event) {
	p := exec.CommandContext(t.Context(), os.Args[0])
	p.Env = append(os.Environ(), fmt.Sprintf("APCSIM_LINEAR_CHILD=%d %d %s", number, count, url))
	p.Stderr = os.Stderr
	out, err := p.StdoutPipe()
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		t.Errorf("a child: %v", err)
		return nil
	}
	events = map[string]*event{}
	in := bufio.NewScanner(out)
	for n := 1; in.Scan(); n++ {
		note(t, events, in.Text())
		read.Add()
		if n == lines {
			p.Process.Kill()
		}
	}
	io.Copy(io.Discard, out)
	if err := p.Wait(); (err != nil) != (lines > 0) {
		t.Errorf("child %d ended with %v", number, err)
	}
	return events
}

func note(t *testing.T, events map[string]*event, line string) {
	f := strings.Fields(line)
	if len(f) < 5 {
		t.Errorf("a child wrote %q", line)
		return
	}
	name := f[0] + "." + f[1]
	at, _ := strconv.ParseInt(f[3], 10, 64)
	switch e := events[name]; {
	case f[2] == "begin" && len(f) == 8:
		number, _ := strconv.Atoi(f[0])
		events[name] = &event{client: number, op: f[4], key: f[5], expect: f[6], id: f[7], called: at, result: "unknown"}
	case f[2] == "end" && e != nil:
		e.returned, e.result, e.resultText = at, f[4], strings.Join(f[5:], " ")
	default:
		t.Errorf("a child wrote %q", line)
	}
}

// TestFourProcesses: four processes on one server, which is killed and started
// again, and one of them too; the history of what they did is linearizable, and
// what was acknowledged is there, once.
func TestFourProcesses(t *testing.T) {
	const processes = 4
	c := pgcluster.Start(t, &pgcluster.Options{Durable: true})
	_, url := c.Fresh(t)
	s := open(t, url, &pgstore.Options{Patience: 20 * time.Second})
	each := *operations / processes
	if testing.Short() {
		each = min(each, 400)
	}
	all := make([]map[string]*event, processes+1)
	var wg, children sync.WaitGroup
	read := testrig.NewMeter()
	victim := rand.IntN(processes)
	for n := range processes {
		children.Go(func() {
			lines := 0
			if n == victim {
				lines = 1 + rand.IntN(each) // it would write two a time
			}
			all[n] = run(t, n, each, lines, url, read)
			if n == victim { // another takes its place
				all[processes] = run(t, processes, each-len(all[n]), 0, url, read)
			}
		})
	}
	wg.Go(func() {
		if !read.More(processes * each / 4) { // each operation is two lines
			t.Error("the children have ended before the server was killed")
		}
		if err := errors.Join(c.Kill(), c.Restart()); err != nil {
			t.Error(err)
		}
	})
	children.Wait()
	read.Stop()
	wg.Wait()
	checkAll(t, s, all)
}

// checkAll checks what the children wrote down.
func checkAll(t *testing.T, s *pgstore.Store, all []map[string]*event) {
	var acked, unknown []string
	var history []porcupine.Operation
	results := map[string]int{}
	end := time.Now().UnixNano()
	for _, events := range all {
		for _, e := range events {
			results[e.op+" "+e.result]++
			switch {
			case e.result == "failed" || e.op == "read" && e.result == "unknown":
				continue
			case e.op == "pair" && e.result == "ok":
				acked = append(acked, e.key)
			case e.op == "pair" && e.result == "unknown":
				unknown = append(unknown, e.key)
			case e.op == "pair", strings.HasPrefix(e.result, `"`):
				t.Errorf("%s %s: %s %s", e.op, e.key, e.result, e.resultText)
			default:
				if e.result == "unknown" {
					e.returned = end // it may take effect at any time, or after all others
				}
				history = append(
					history,
					porcupine.Operation{ClientId: e.client, Input: e, Output: e, Call: e.called, Return: e.returned},
				)
			}
		}
	}
	t.Logf("%v", results)
	storetest.CheckPairs(t, s, here, acked, unknown)
	if len(history) == 0 || len(acked) == 0 {
		t.Error("the children did nothing")
	}
	if result := porcupine.CheckOperationsTimeout(registerModel, history, time.Minute); result != porcupine.Ok {
		t.Errorf("the history of %d operations is %s, want it linearizable", len(history), result)
	}
}

// registerModel is one register: its revision.
var registerModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) (out [][]porcupine.Operation) {
		byKey := map[string][]porcupine.Operation{}
		for _, op := range history {
			key := op.Input.(*event).key
			byKey[key] = append(byKey[key], op)
		}
		for _, ops := range byKey {
			out = append(out, ops)
		}
		return out
	},
	Init: func() any { return none },
	Step: func(state, input, _ any) (bool, any) {
		e, rev := input.(*event), state.(string)
		if e.op == "read" {
			return e.resultText == rev, rev
		}
		answer, after := "ok", e.id
		switch {
		case rev == e.expect && e.op == "erase":
			after = none
		case rev == e.expect:
		case e.expect == none:
			answer, after = "exists", rev
		case rev == none:
			answer, after = "absent", rev
		default:
			answer, after = "changed", rev
		}
		return e.result == answer || e.result == "unknown", after
	},
}

// none is the revision of what does not exist.
var none = fmt.Sprintf("%x", keystore.CommitID{})

// TestModelRefusesWhatIsWrong: the model of the test above finds the wrong histories.
func TestModelRefusesWhatIsWrong(t *testing.T) {
	put := func(expect, id, result string, at int64) porcupine.Operation {
		return porcupine.Operation{Input: &event{op: "put", key: "a", expect: expect, id: id, result: result}, Call: at, Return: at + 1}
	}
	read := func(rev string, at int64) porcupine.Operation {
		return porcupine.Operation{Input: &event{op: "read", key: "a", result: "ok", resultText: rev}, Call: at, Return: at + 1}
	}
	for what, c := range map[string]struct {
		history []porcupine.Operation
		want    bool
	}{
		"one after the other": {[]porcupine.Operation{put(none, "1", "ok", 0), read("1", 2), put("1", "2", "ok", 4), read("2", 6)}, true},
		"a lost write":        {[]porcupine.Operation{put(none, "1", "ok", 0), read(none, 2)}, false},
		"two winners":         {[]porcupine.Operation{put(none, "1", "ok", 0), put(none, "2", "ok", 2)}, false},
		"a stale read":        {[]porcupine.Operation{put(none, "1", "ok", 0), put("1", "2", "ok", 2), read("1", 4)}, false},
	} {
		if got := porcupine.CheckOperations(registerModel, c.history); got != c.want {
			t.Errorf("%s: linearizable %v, want %v", what, got, c.want)
		}
	}
}

// TestProcessesMigrateAtOnce: the first process makes the schema.
func TestProcessesMigrateAtOnce(t *testing.T) {
	c := pgcluster.MustShared(t)
	_, url := c.Fresh(t)
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			if events := run(t, n, 8, 0, url, testrig.NewMeter()); len(events) != 8 {
				t.Errorf("child %d did %d operations of 8", n, len(events))
			}
		})
	}
	wg.Wait()
	open(t, url, nil)
}

var here = keystore.Partition{Account: "111122223333", Region: "us-east-1"}
