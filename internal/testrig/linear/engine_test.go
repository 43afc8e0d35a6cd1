package linear

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/keystore/pgstore"
)

// engineModel is a key with its replicas, its policy and the account's default list, changed as one: no reader sees the primary
// without its replicas, or with one of them.
var engineModel = porcupine.Model{
	Init: func() any { return keyState{} },
	Step: func(state, input, _ any) (bool, any) {
		h := input.(happened)
		return state.(keyState).expect(h.Op, h.Result)
	},
	DescribeOperation: func(input, _ any) string { return fmt.Sprintf("%+v", input) },
}

// checkKey fails if no order of the calls agrees with the model.
func checkKey(t *testing.T, all []happened) {
	t.Helper()
	var history []porcupine.Operation
	for _, h := range all {
		history = append(history, porcupine.Operation{ClientId: h.Client, Input: h, Call: h.Called, Return: h.Returned})
	}
	if porcupine.CheckOperationsTimeout(engineModel, history, checkTime) == porcupine.Illegal {
		t.Errorf("no order of these calls agrees with the model:\n%+v", all)
	}
}

// keyHistories has clients of several engines on one content call them, each history about a key of its own.
func keyHistories(t *testing.T, engines []*engine.Engine) {
	t.Helper()
	for n := range storetest.Few(histories) {
		arn, err := newKey(engines[0])
		if err != nil {
			t.Fatal(err)
		}
		clients := make([][]happened, engineClient*len(engines))
		storetest.Together(len(clients), nil, func(i int) {
			c := &seesKey{engines[i%len(engines)], arn, rand.New(rand.NewPCG(uint64(n), uint64(i)))}
			clients[i] = c.turns(i, engineOps)
		})
		var all []happened
		for _, c := range clients {
			all = append(all, c...)
		}
		checkKey(t, all)
		c := seesKey{e: engines[0], arn: arn} // the next history begins with an empty list
		if got := c.do(doDisable); got != isDone {
			t.Fatalf("DisableDefaultKeyReplicationRegions: %s", got)
		}
	}
}

func opened(t *testing.T, stores ...keystore.Store) (all []*engine.Engine) {
	t.Helper()
	for _, s := range stores {
		e, err := engineOn(s)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		all = append(all, e)
	}
	return all
}

func TestKeysAreLinearizableInMemory(t *testing.T) {
	s := keystore.NewMemory()
	keyHistories(t, opened(t, s))
	keyHistories(t, opened(t, s, s))
}

func TestKeysAreLinearizableOnTwoEnginesOnPostgreSQL(t *testing.T) {
	c := pgcluster.MustShared(t)
	_, url := c.Fresh(t)
	keyHistories(t, opened(t, open(t, url, nil), open(t, url, nil)))
}

// TestKeysAreLinearizableInTwoProcesses: two processes, each with an engine on one PostgreSQL database.
func TestKeysAreLinearizableInTwoProcesses(t *testing.T) {
	c := pgcluster.MustShared(t)
	_, url := c.Fresh(t)
	e := opened(t, open(t, url, nil))[0]
	for range storetest.Few(histories) / 2 {
		arn, err := newKey(e)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex // guards all
		var all []happened
		for n := range 2 {
			wg.Go(func() {
				p := exec.CommandContext(t.Context(), os.Args[0])
				p.Env = append(os.Environ(), fmt.Sprintf("APCSIM_LINEAR_ENGINE=%d %s %s", n, arn, url))
				p.Stderr = os.Stderr
				out, err := p.Output()
				var some []happened
				if err == nil {
					err = json.Unmarshal(out, &some)
				}
				mu.Lock()
				defer mu.Unlock()
				if all = append(all, some...); err != nil || len(some) == 0 {
					t.Errorf("process %d: %d calls, %v", n, len(some), err)
				}
			})
		}
		wg.Wait()
		checkKey(t, all)
		(&seesKey{e: e, arn: arn}).do(doDisable)
	}
}

// engineChild is a process of the test above: it writes what happened.
func engineChild(task string) error {
	var number uint64
	var arn, url string
	if _, err := fmt.Sscan(task, &number, &arn, &url); err != nil {
		return err
	}
	s, err := pgstore.Open(context.Background(), url, &pgstore.Options{Patience: 20 * time.Second})
	if err != nil {
		return err
	}
	defer s.Close()
	e, err := engineOn(s)
	if err != nil {
		return err
	}
	clients := make([][]happened, engineClient)
	storetest.Together(len(clients), nil, func(i int) {
		id := int(number)*engineClient + i
		clients[i] = (&seesKey{e, arn, rand.New(rand.NewPCG(number, uint64(id)))}).turns(id, engineOps)
	})
	return json.NewEncoder(os.Stdout).Encode(append(clients[0], clients[1]...))
}

// TestEngineModelRefusesWhatIsWrong: the model of the tests above finds the wrong histories.
func TestEngineModelRefusesWhatIsWrong(t *testing.T) {
	at := int64(0)
	did := func(op, result string) porcupine.Operation {
		at += 2
		return porcupine.Operation{Input: happened{Op: op, Result: result}, Call: at, Return: at + 1}
	}
	for what, c := range map[string]struct {
		history []porcupine.Operation
		want    bool
	}{
		"replicas as one": {[]porcupine.Operation{did(doAdd, isDone), did(seeIreland, "replicated true"), did(seeWest, "replicated true"),
			did(doRemove, isDone), did(seeWest, isAbsent)}, true},
		"half of the replicas": {[]porcupine.Operation{did(doAdd, isDone), did(seeIreland, "replicated true"), did(seeWest, isAbsent)}, false},
		"a primary alone":      {[]porcupine.Operation{did(doAdd, isDone), did(seeHome, "plain true")}, false},
		"a replica that runs":  {[]porcupine.Operation{did(doAdd, isDone), did(doStop, isDone), did(seeWest, "replicated true")}, false},
		"a policy that stays":  {[]porcupine.Operation{did(doAllow, isDone), did(doForbid, isDone), did(seeStranger, "plain true")}, false},
		"a list that is old":   {[]porcupine.Operation{did(doEnable, isDone), did(doCreate, isPlain)}, false},
	} {
		if got := porcupine.CheckOperations(engineModel, c.history); got != c.want {
			t.Errorf("%s: linearizable %v, want %v", what, got, c.want)
		}
	}
}
