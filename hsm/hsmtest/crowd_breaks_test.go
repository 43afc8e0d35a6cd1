package hsmtest_test

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
)

// moment is long enough for others to come in between.
const moment = 50 * time.Microsecond

// crowdBreaks put one thing wrong for each case whose calls run beside each
// other, or that asks a device for more than hsm.Backend.
var crowdBreaks = map[string]func(*broken){
	"CrowdsShareKeys": func(b *broken) { // one buffer for everybody
		var mu sync.Mutex
		shared := make([]byte, 64)
		keys(brokenKey{cipher: func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
			mu.Lock()
			copy(shared, data)
			mu.Unlock()
			time.Sleep(moment) // and others come in between
			mu.Lock()
			defer mu.Unlock()
			err := k.Encrypt(ctx, mode, iv, shared[:len(data)])
			copy(data, shared)
			return err
		}})(b)
	},
	"CrowdsShareBackends": func(b *broken) { // one key for everybody
		var mu sync.Mutex
		var last hsm.Key
		b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
			k, err := b.Backend.Open(ctx, s, a)
			if err != nil {
				return nil, err
			}
			mu.Lock()
			last = k
			mu.Unlock()
			time.Sleep(moment)
			mu.Lock()
			defer mu.Unlock()
			return last, nil
		}
	},
	"CrowdsOpenAndCloseOneKey": func(b *broken) { // one handle for all who open a key, which the first closes for the others
		var mu sync.Mutex
		handles := map[string]hsm.Key{}
		b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
			mu.Lock()
			defer mu.Unlock()
			k, ok := handles[string(s)]
			if !ok {
				var err error
				if k, err = b.Backend.Open(ctx, s, a); err != nil {
					return nil, err
				}
				handles[string(s)] = k
			}
			wait := func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
				time.Sleep(moment)
				return k.Encrypt(ctx, mode, iv, data)
			}
			return &brokenKey{Key: k, cipher: wait, close: func(k hsm.Key) error {
				mu.Lock()
				defer mu.Unlock()
				delete(handles, string(s))
				return k.Close()
			}}, nil
		}
	},
	"KeysClosedInUse": eachKey(func() brokenKey { // clears the key under whoever uses it
		var closed atomic.Bool
		return brokenKey{
			cipher: func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
				if closed.Load() {
					return hsm.ErrClosed
				}
				time.Sleep(moment)
				err := k.Encrypt(ctx, mode, iv, data)
				if closed.Load() {
					clear(data)
					return nil
				}
				return err
			},
			close: func(k hsm.Key) error { closed.Store(true); return k.Close() },
		}
	}),
	"CallsCancelledMidwayEnd": keys(brokenKey{cipher: func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
		select {
		case <-ctx.Done():
			return nil // as if it had done its work
		case <-time.After(20 * moment):
		}
		return k.Encrypt(ctx, mode, iv, data)
	}}),
	"KeysAreHandedOverOpen": func(b *broken) { // hands over another key than it has sealed
		b.generateOpen = func(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, hsm.Key, error) {
			sealed, _, err := b.Backend.Generate(ctx, a)
			if err != nil {
				return nil, nil, nil, err
			}
			_, public, k, err := b.Backend.(hsm.OpenGenerator).GenerateOpen(ctx, a)
			return sealed, public, k, err
		}
	},
	"InitializingKeepsTheMasterKey": func(b *broken) { // makes a new one each time
		var mu sync.Mutex
		now := b.Backend
		b.initialize = func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			now = hsm.NewSoftware(nil)
			return nil
		}
		b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
			mu.Lock()
			defer mu.Unlock()
			return now.Open(ctx, s, a)
		}
	},
}
