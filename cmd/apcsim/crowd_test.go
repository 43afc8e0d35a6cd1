package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
)

var operations = flag.Int("operations", 400, "how many operations four servers on one database do in all")

// party is who makes keys on four servers and keeps account of them. No two
// parties use one key, so that each has its own expectation of its keys.
type party struct {
	servers []*seat
	rng     *rand.Rand
	made    []string          // ARNs in the order made, to draw one by the seed
	keys    map[string]string // by ARN: whether it is Enabled, as last acknowledged
	unsure  map[string]bool   // of which the last change was not acknowledged
	unknown int               // CreateKey calls without an answer
}

// seat is one of the four servers; it is replaced when it is killed.
type seat struct {
	mu sync.RWMutex // guards p
	p  *process
}

func (s *seat) url() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.p.url
}

// errLost: the call has no answer, since its server or the database is gone.
var errLost = errors.New("no answer")

// call makes a call of the service on a server of the party's choice.
func (p *party) call(op, body string, out any) error {
	req, err := http.NewRequest("POST", p.servers[p.rng.IntN(len(p.servers))].url(), strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("X-Amz-Target", "PaymentCryptographyControlPlane."+op)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return errLost // the server was killed
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	switch {
	case err != nil, strings.Contains(string(answer), "ServiceUnavailableException"):
		return errLost
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %d, %s", op, res.StatusCode, answer)
	}
	return json.Unmarshal(answer, out)
}

// keyAnswer is what the service says of a key.
type keyAnswer struct {
	Key struct {
		KeyArn, KeyCheckValue string
		Enabled               bool
	}
}

// act is one operation: a key is made, started, stopped or read.
func (p *party) act() error {
	var out keyAnswer
	if len(p.made) == 0 || p.rng.IntN(3) == 0 {
		err := p.call(
			"CreateKey",
			`{"Exportable":true,"KeyAttributes":{"KeyUsage":"TR31_K1_KEY_BLOCK_PROTECTION_KEY","KeyClass":"SYMMETRIC_KEY",`+
				`"KeyAlgorithm":"AES_256","KeyModesOfUse":{"Encrypt":true,"Decrypt":true,"Wrap":true,"Unwrap":true}}}`,
			&out,
		)
		if errors.Is(err, errLost) {
			p.unknown++
			return nil
		}
		if err == nil {
			p.made = append(p.made, out.Key.KeyArn)
			p.keys[out.Key.KeyArn] = "true"
		}
		return err
	}
	arn := p.made[p.rng.IntN(len(p.made))]
	name := fmt.Sprintf(`{"KeyIdentifier":%q}`, arn)
	op, want := "GetKey", p.keys[arn]
	switch p.rng.IntN(3) {
	case 0:
		op, want = "StartKeyUsage", "true"
	case 1:
		op, want = "StopKeyUsage", "false"
	}
	err := p.call(op, name, &out)
	if errors.Is(err, errLost) {
		p.unsure[arn] = p.unsure[arn] || op != "GetKey"
		return nil
	}
	if err != nil {
		return err
	}
	if got := fmt.Sprint(out.Key.Enabled); got != want && !(op == "GetKey" && p.unsure[arn]) {
		return fmt.Errorf("%s of %s: Enabled is %s, want %s", op, arn, got, want)
	}
	p.keys[arn] = fmt.Sprint(out.Key.Enabled)
	if op != "GetKey" {
		delete(p.unsure, arn)
	}
	return nil
}

// TestFourServersOnOneDatabase: one of them is killed again and again, and the
// database too. No acknowledged change is lost, nothing is there twice, and
// clients see ServiceUnavailableException at worst.
func TestFourServersOnOneDatabase(t *testing.T) {
	cluster := pgcluster.Start(t, &pgcluster.Options{Durable: true})
	database, err := cluster.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lmk := filepath.Join(t.TempDir(), "shared.lmk")
	if got := apcsim(t, "", "master-key", lmk); got.status != exitOK {
		t.Fatalf("got %+v", got)
	}
	config := testrig.OwnFile(t, "config.json", `{"limits":{"Keys":1000000}}`)
	binary := build(t)
	begin := func() *process {
		return launch(t, binary, "--store", cluster.URL(database), "--master-key", lmk, "--config", config, "--anonymous", "--control")
	}
	var seats []*seat
	for range 4 {
		seats = append(seats, &seat{p: begin()})
	}
	var parties []*party
	var wg sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(*operations))
	acts := testrig.NewMeter()
	for i := range 8 {
		p := &party{servers: seats, rng: rand.New(rand.NewPCG(uint64(i), 1)), keys: map[string]string{}, unsure: map[string]bool{}}
		parties = append(parties, p)
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := p.act(); err != nil {
					t.Error(err)
					return
				}
				acts.Add()
			}
		})
	}
	go func() { wg.Wait(); acts.Stop() }()
	kills := disturb(t, acts, seats, begin, cluster)
	settle(t, seats, parties, kills)
	for _, s := range seats {
		s.p.end(t)
	}
}

// disturb kills servers and the database between so many operations, until the work is done.
func disturb(t *testing.T, acts *testrig.Meter, seats []*seat, begin func() *process, cluster *pgcluster.Cluster) (kills int) {
	rng := rand.New(rand.NewPCG(7, 7))
	for ; acts.More(20 + rng.IntN(40)); kills++ {
		if kills%3 == 2 {
			if err := cluster.Kill(); err != nil {
				t.Error(err)
			}
			if err := cluster.Restart(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		s := seats[rng.IntN(len(seats))]
		s.mu.Lock()
		s.p.cmd.Process.Kill()
		s.p.wait(t)
		s.p = begin()
		s.mu.Unlock()
	}
	return kills
}

// settle compares what the servers have with what was acknowledged.
func settle(t *testing.T, seats []*seat, parties []*party, kills int) {
	t.Helper()
	known, unknown, unsure := map[string]string{}, 0, map[string]bool{}
	for _, p := range parties {
		unknown += p.unknown
		for arn, enabled := range p.keys {
			known[arn] = enabled
		}
		for arn := range p.unsure {
			unsure[arn] = true
		}
	}
	for i, s := range seats {
		p := &party{servers: seats[i : i+1], rng: rand.New(rand.NewPCG(1, 1))}
		found, values := 0, map[string]bool{}
		next := ""
		for page := 0; page == 0 || next != ""; page++ {
			body := `{"MaxResults":100}`
			if next != "" {
				body = fmt.Sprintf(`{"MaxResults":100,"NextToken":%q}`, next)
			}
			var out struct {
				Keys []struct {
					KeyArn, KeyCheckValue string
					Enabled               bool
				}
				NextToken string
			}
			if err := p.call("ListKeys", body, &out); err != nil {
				t.Fatal(err)
			}
			for _, k := range out.Keys {
				found++
				values[k.KeyArn] = true
				if want, ok := known[k.KeyArn]; ok && want != fmt.Sprint(k.Enabled) && !unsure[k.KeyArn] {
					t.Errorf("%s: Enabled is %v, want %s", k.KeyArn, k.Enabled, want)
				}
			}
			next = out.NextToken
		}
		for arn := range known {
			if !values[arn] {
				t.Errorf("server %d at %s has lost %s", i, s.p.url, arn)
			}
		}
		if found != len(values) || found < len(known) || found > len(known)+unknown {
			t.Errorf("server %d has %d keys, %d of them different; %d were acknowledged, and %d calls had no answer", i,
				found, len(values), len(known), unknown)
		}
	}
	t.Logf("%d operations with %d kills: %d keys acknowledged, %d CreateKey calls without an answer, %d keys in doubt",
		*operations, kills, len(known), unknown, len(unsure))
}
