package engine_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// together runs 200 callers at once and counts how each ended.
func together(do func(i int) error) (accepted int, refused map[apc.Code]int, others []error) {
	refused = map[apc.Code]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range 200 {
		wg.Go(func() {
			<-start
			err := do(i)
			mu.Lock()
			defer mu.Unlock()
			refusal, ok := errors.AsType[*apc.Error](err)
			switch {
			case err == nil:
				accepted++
			case ok:
				refused[refusal.Code]++
			default:
				others = append(others, err)
			}
		})
	}
	close(start)
	wg.Wait()
	return accepted, refused, others
}

// insist asks again while another caller was quicker, as a caller of the service does. Each
// conflict is the success of another, so that it ends.
func insist(do func() error) error {
	for {
		if err := do(); !errors.Is(err, apc.ErrConflict) {
			return err
		}
	}
}

func TestTwoHundredCallersKeepTheQuota(t *testing.T) {
	const quota = 50
	eng := simtest.New(t, &engine.Options{Limits: apc.Limits{Keys: quota}})
	accepted, refused, others := together(func(int) error {
		_, err := eng.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true)})
		return err
	})
	if accepted != quota || refused[apc.ErrServiceQuotaExceeded] != 200-quota || others != nil {
		t.Errorf("%d accepted, refused %v, %v; want %d and the rest over quota", accepted, refused, others, quota)
	}
	if n := countKeys(t, eng.Caller); n != quota {
		t.Errorf("%d keys listed, want %d", n, quota)
	}
}

func countKeys(t *testing.T, c *engine.Caller) (n int) {
	for in := (&engine.ListKeysInput{}); ; {
		page, err := c.ListKeys(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.Keys)
		if in.NextToken = page.NextToken; in.NextToken == nil {
			return n
		}
	}
}

func TestTwoHundredCallersMakeOneAlias(t *testing.T) {
	eng := simtest.New(t, nil)
	accepted, refused, others := together(func(int) error {
		_, err := eng.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: "alias/one"})
		return err
	})
	if accepted != 1 || refused[apc.ErrConflict] != 199 || others != nil {
		t.Errorf("%d accepted, refused %v, %v; want one", accepted, refused, others)
	}
}

func TestTwoHundredCallersLoseNoUpdateOfAKey(t *testing.T) {
	eng := simtest.New(t, nil)
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	accepted, refused, others := together(func(i int) error {
		in := &engine.TagResourceInput{ResourceArn: k.KeyArn, Tags: []apc.Tag{{Key: fmt.Sprint(i), Value: "x"}}}
		return insist(func() error { _, err := eng.TagResource(ctx, in); return err })
	})
	if accepted != 200 || others != nil {
		t.Errorf("%d accepted, refused %v, %v; want 200", accepted, refused, others)
	}
	tags := 0
	for in := (&engine.ListTagsForResourceInput{ResourceArn: k.KeyArn}); ; {
		page, err := eng.ListTagsForResource(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		tags += len(page.Tags)
		if in.NextToken = page.NextToken; in.NextToken == nil {
			break
		}
	}
	if tags != 200 {
		t.Errorf("%d tags after 200 accepted updates", tags)
	}
}

func TestADyingKeyIsDeletedOnce(t *testing.T) {
	clock := engine.NewClock(time.Time{})
	eng := simtest.New(t, &engine.Options{Now: clock.Now, Limits: apc.Limits{Keys: 3}})
	for range 3 {
		k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
		if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: k.KeyArn}); err != nil {
			t.Fatal(err)
		}
	}
	clock.Advance(7 * day)
	if _, refused, others := together(func(int) error { return eng.Settle(ctx) }); len(refused) > 0 || others != nil {
		t.Errorf("settling: %v, %v", refused, others)
	}
	for range 3 { // a counter lowered twice would let in a fourth
		create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	}
	_, err := eng.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true)})
	refused(t, "a fourth key", err, apc.ErrServiceQuotaExceeded, "quota")
}

// TestTwoHundredCallersOfTwoEnginesMakeOneRoot: the first commit wins, across
// engines on one store as across processes.
func TestTwoHundredCallersOfTwoEnginesMakeOneRoot(t *testing.T) {
	backend, store := simtest.Backend(t, nil), simtest.Store(t)
	o := &engine.Options{}
	engines := []*engine.Engine{simtest.On(t, backend, store, o), simtest.On(t, backend, store, o)}
	pair := agreeingPair(t, engines[0].Caller, apc.KeyAlgorithmECCNISTP256, nil)
	var roots, leaves sync.Map
	accepted, refused, others := together(func(i int) error {
		return insist(func() error {
			out, err := engines[i%2].GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: pair.KeyArn})
			if err == nil {
				roots.Store(out.KeyCertificateChain, true)
				leaves.Store(out.KeyCertificate, true)
			}
			return err
		})
	})
	if accepted != 200 || others != nil {
		t.Errorf("%d accepted, refused %v, %v; want 200", accepted, refused, others)
	}
	for what, m := range map[string]*sync.Map{"root": &roots, "certificate": &leaves} {
		n := 0
		m.Range(func(any, any) bool { n++; return true })
		if n != 1 {
			t.Errorf("%d different %ss", n, what)
		}
	}
}
