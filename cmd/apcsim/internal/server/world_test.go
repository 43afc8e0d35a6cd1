package server

import (
	"bufio"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

func TestACallInFlightFinishesInTheWorldBeforeTheReset(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	c := r.begun(t, "CreateKey")
	old := r.now()
	r.own(t, "POST", "reset", "", &struct{}{})
	send(t, c, secondHalf)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("got %v, %v", res, err)
	}
	res.Body.Close()
	var got pageView
	if r.own(t, "GET", "keys", "", &got); len(got.Keys) != 0 {
		t.Errorf("the key is in the new world: %+v", got)
	}
	r.closing.Wait()
	if _, err := old.store.Read(t.Context(), offsetRecord); err == nil {
		t.Error("the old world is not closed")
	}
}

func TestAResetDeletesAllButTheConfiguration(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true, Seed: 7, Config: parsed(t, zoneKey)})
	var before, after pageView
	r.own(t, "GET", "keys", "", &before)
	_, first, _ := r.call(t, "CreateKey", createAES)
	var at timeView
	r.own(t, "POST", "advance", `{"duration":"30d"}`, &at)
	r.own(t, "POST", "reset", "", &at)
	if at.Offset != "0s" || time.Since(at.Now).Abs() > time.Minute {
		t.Errorf("the clock: got %+v", at)
	}
	r.own(t, "GET", "keys", "", &after)
	if len(after.Keys) != 1 || after.Keys[0].KeyArn != before.Keys[0].KeyArn || after.Keys[0].KeyCheckValue != zoneKCV {
		t.Errorf("got %+v, want %+v", after, before)
	}
	var calls journalView
	if r.own(t, "GET", "journal", "", &calls); len(calls.Calls) != 0 {
		t.Errorf("calls are remembered: %+v", calls)
	}
	_, again, _ := r.call(t, "CreateKey", createAES)
	for _, member := range []string{`"KeyArn":"[^"]+"`, `"KeyCheckValue":"[^"]+"`} {
		find := regexp.MustCompile(member).FindString
		if got, want := find(again), find(first); got != want || got == "" {
			t.Errorf("the seed: got %s, want %s", got, want)
		}
	}
	for body, status := range map[string]int{`{}`: 200, `{"store":1}`: 400, `[]`: 400} {
		if got, answer, _ := r.do(t, "POST", "/_apcsim/reset", body); got != status {
			t.Errorf("%s: got %d, %s, want %d", body, got, answer, status)
		}
	}
}

func TestResetsWhileOthersWork(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true, Config: parsed(t, zoneKey)})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 25 {
				var status int
				var answer string
				switch i {
				case 0:
					status, answer, _ = r.do(t, http.MethodPost, "/_apcsim/reset", "")
				case 1:
					status, answer, _ = r.do(t, http.MethodPost, "/_apcsim/advance", `{"duration":"1h"}`)
				case 2:
					status, answer, _ = r.do(t, http.MethodGet, "/_apcsim/keys/alias/zone-key", "")
				default:
					status, answer, _ = r.call(t, "CreateKey", createAES)
				}
				if status != http.StatusOK {
					t.Errorf("%d: got %d, %s", i, status, answer)
				}
			}
		})
	}
	all.Wait()
}

// TestSkippedRecordsAreLoggedAndCounted: those of a store that this version cannot
// read in full.
func TestSkippedRecordsAreLoggedAndCounted(t *testing.T) {
	store := newLent(t)
	for i, id := range []string{"kwapwa6qaifllw2h", "tqv5yij6wtxx64pi"} {
		rec := keystore.Record{Partition: keystore.Partition{Account: engine.DefaultAccount, Region: engine.DefaultRegion},
			Kind: "key", ID: id, Due: time.UnixMilli(1), Data: []byte{200}}
		if err := store.Commit(t.Context(), keystore.CommitID{1, byte(i)}, keystore.Create(rec)); err != nil {
			t.Fatal(err)
		}
	}
	r := start(t, "127.0.0.1", Options{Anonymous: true, Backend: hsm.NewSoftware(nil), Store: store})
	r.create(t)
	r.end(t)
	log := r.log.String()
	for _, want := range []string{"a stored record was skipped", "key/kwapwa6qaifllw2h", "key/tqv5yij6wtxx64pi", "count=2"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
}
