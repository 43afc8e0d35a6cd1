package enginetest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

const day = 24 * time.Hour

func TestStateIsReadable(t *testing.T) {
	s := enginetest.New(t, nil)
	create(t, s, "alias/a")
	k := create(t, s, "alias/b")
	s.Key(t, enginetest.K1AES256)
	s.DeleteAlias(ctx, &engine.DeleteAliasInput{AliasName: "alias/b"})
	s.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: k.KeyArn, DeleteKeyInDays: new(7)})
	const want = `k1: P0 TDES_2KEY {Encrypt, Decrypt, Wrap, Unwrap}, CREATE_COMPLETE, alias/a
k2: P0 TDES_2KEY {Encrypt, Decrypt, Wrap, Unwrap}, DELETE_PENDING, deletion 2026-01-22T09:00:00Z
k3: K1 AES_256 {Encrypt, Decrypt, Wrap, Unwrap}, CREATE_COMPLETE
`
	if got := s.State().String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if !strings.HasSuffix(k.KeyArn, ":key/key0000000000002") {
		t.Errorf("the second key is %s", k.KeyArn)
	}
	s.Advance(7 * day)
	if got, _ := s.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k.KeyArn}); got.Key.KeyState != apc.KeyStateDeleteComplete {
		t.Errorf("seven days later the key is %s", got.Key.KeyState)
	}
}

func TestSameSeedMakesTheSameRun(t *testing.T) {
	run := func(seed uint64) string {
		var all strings.Builder
		r := recorded(&enginetest.Options{Seed: seed, Keep: enginetest.KeepAll}, func(r *recorder, s *enginetest.Sim) {
			k := create(t, s, "alias/a")
			p, err := s.GetParametersForImport(
				ctx,
				&engine.GetParametersForImportInput{
					KeyMaterialType:      apc.KeyMaterialTypeTR34KeyBlock,
					WrappingKeyAlgorithm: apc.KeyAlgorithmRSA2048,
				},
			)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&all, k.KeyArn, k.KeyCheckValue, p.ImportToken)
			s.Restart()
			k = create(t, s, "")
			fmt.Fprintln(&all, k.KeyArn, k.KeyCheckValue)
		})
		if r.errors != nil {
			t.Errorf("seed %d: %q", seed, r.errors)
		}
		return all.String()
	}
	first, again, other := run(7), run(7), run(8)
	if first != again || first == other {
		t.Errorf("seed 7:\n%s\nseed 7 again:\n%s\nseed 8:\n%s", first, again, other)
	}
	t.Setenv("ENGINETEST_SEED", "8")
	if got := run(7); got != other {
		t.Errorf("with ENGINETEST_SEED=8:\n%s\nwant:\n%s", got, other)
	}
}

func TestRestartLosesNothing(t *testing.T) {
	s := enginetest.New(t, nil)
	client := s.HTTPClient()
	k := create(t, s, "alias/a")
	s.Restart()
	if got, err := s.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: "alias/a"}); err != nil || got.Key.KeyArn != k.KeyArn {
		t.Errorf("after a restart: %v, %v", got, err)
	}
	if status, body := post(t, client, "http://anywhere/", "ListKeys", "{}"); status != http.StatusOK ||
		!strings.Contains(body, k.KeyArn) {
		t.Errorf("the client after a restart: %d %s", status, body)
	}
}

func TestInspectGetsNoFaultAndIsNotRecorded(t *testing.T) {
	s := enginetest.New(t, nil)
	s.Arm(enginetest.Fault{Effect: enginetest.Denied, Times: 100})
	up, upStore := s.DeviceDown(), s.StoreDown()
	k := s.Key(t, enginetest.P0TDES2)
	if _, err := s.Inspect().GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k.KeyArn}); err != nil {
		t.Error(err)
	}
	up()
	upStore()
	if n := len(s.Journal()); n != 0 {
		t.Errorf("%d calls are in the journal, want none", n)
	}
	if unused := s.Heal(); len(unused) != 1 {
		t.Errorf("faults that were not applied: %v, want the one", unused)
	}
}

func TestTimeOfSynctestDeletesAKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := enginetest.New(t, &enginetest.Options{Engine: engine.Options{Now: time.Now}})
		k := create(t, s, "")
		s.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: k.KeyArn, DeleteKeyInDays: new(3)})
		time.Sleep(3 * day)
		if got, err := s.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k.KeyArn}); err != nil ||
			got.Key.KeyState != apc.KeyStateDeleteComplete {
			t.Errorf("three days later: %v, %v", got.Key.KeyState, err)
		}
	})
}
