package enginetest_test

import (
	"errors"
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

func TestEveryKeyKindIsAKey(t *testing.T) {
	s := enginetest.New(t, nil)
	for _, k := range []enginetest.KeyKind{
		enginetest.B0TDES2, enginetest.B0AES128, enginetest.B0AES256, enginetest.C0TDES2, enginetest.D0AES128, enginetest.D0AES256,
		enginetest.E0TDES2, enginetest.K0TDES3, enginetest.K0AES256, enginetest.K1AES128, enginetest.K1AES256, enginetest.K1TDES3,
		enginetest.M3TDES2, enginetest.M6AES128, enginetest.M7SHA256, enginetest.P0TDES2, enginetest.P0AES128, enginetest.S0RSA,
		enginetest.V1TDES2, enginetest.V2TDES2, "E1 TDES_2KEY", "M1 TDES_3KEY", "D1 RSA_2048", "K2 RSA_3072",
	} {
		if got := s.Key(t, k); got.KeyAttributes != k.Attributes() {
			t.Errorf("%s: got %v", k, got.KeyAttributes)
		}
	}
	if got := recorded(nil, func(r *recorder, s *enginetest.Sim) { s.Key(r, "P0 ROT13") }); !strings.Contains(
		fmt.Sprint(got.errors),
		"P0 ROT13",
	) {
		t.Errorf("a kind that does not exist: %q", got.errors)
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

func TestDeviceAndStoreGoDownAndUp(t *testing.T) {
	s := enginetest.New(t, &enginetest.Options{Keep: enginetest.KeepAll})
	k := create(t, s, "alias/a")
	in := &engine.CreateKeyInput{KeyAttributes: enginetest.P0AES128.Attributes(), Exportable: new(true)}
	for _, x := range []struct {
		name string
		down func() func()
		rule apc.Rule
	}{{"device", s.DeviceDown, apc.RuleHSM}, {"store", s.StoreDown, apc.RuleKeystore}} {
		up := x.down()
		_, err := s.CreateKey(ctx, in)
		refusal, ok := errors.AsType[*apc.Error](err)
		if !ok || refusal.Code != apc.ErrServiceUnavailable || refusal.Reasons[0].Rule != x.rule {
			t.Errorf("%s down: %v", x.name, err)
		}
		up()
		if _, err := s.CreateKey(ctx, in); err != nil {
			t.Errorf("%s up again: %v", x.name, err)
		}
	}
	up := s.StoreDown()
	s.Advance(time.Hour)
	up()
	if _, err := s.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k.KeyArn}); err != nil {
		t.Error(err)
	}
}

func TestStoreThatIsDownDoesHalfOfTheCommits(t *testing.T) {
	s := enginetest.New(t, &enginetest.Options{Keep: enginetest.KeepAll})
	up := s.StoreDown()
	for range 4 {
		s.LoadKey(ctx, &engine.LoadKeyInput{})
		s.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: "alias/a"})
	}
	up()
	if got := s.State(); len(got.Aliases) > 1 {
		t.Errorf("state: %v", got)
	}
}

func post(t *testing.T, client interface {
	Do(*http.Request) (*http.Response, error)
}, url, op, body string) (int, string) {
	t.Helper()
	status, text, err := tryPost(client, url, op, body)
	if err != nil {
		t.Fatal(err)
	}
	return status, text
}
