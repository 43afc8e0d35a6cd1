package keystoretest_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// putting changes every record that is put.
func putting(change func(*keystore.Record)) func(*broken) {
	return changed(func(c keystore.Change) keystore.Change {
		if c.Put != nil {
			p := *c.Put
			change(&p.Record)
			c.Put = &p
		}
		return c
	})
}

// collating has pages in the order of a key that is made of ids.
func collating(key func(id string) string) func(*broken) {
	return recorded(func(rs []keystore.Record) []keystore.Record {
		slices.SortStableFunc(rs, func(a, b keystore.Record) int { return strings.Compare(key(a.ID), key(b.ID)) })
		return rs
	})
}

var valueBreaks = map[string]wrongs{
	"EveryByteOfAnIDCounts": {
		"orders without regard to case": collating(strings.ToLower),
		"orders as if it were text":     collating(func(id string) string { return strings.ToValidUTF8(id, "?") }),
		"ends an id at a zero byte":     putting(func(r *keystore.Record) { r.ID, _, _ = strings.Cut(r.ID, "\x00") }),
		"keeps text alone":              putting(func(r *keystore.Record) { r.ID = strings.ToValidUTF8(r.ID, "?") }),
		"trims":                         putting(func(r *keystore.Record) { r.ID = strings.TrimRight(r.ID, " ") }),
	},
	"EveryByteOfAnIndexCounts": {
		"keeps text alone": putting(func(r *keystore.Record) { r.Index = strings.ToValidUTF8(r.Index, "?") }),
		"trims":            putting(func(r *keystore.Record) { r.Index = strings.TrimRight(r.Index, " ") }),
	},
	"PartitionsAndKindsAreNotRunTogether": {
		"runs account and Region together": putting(func(r *keystore.Record) {
			r.Partition = keystore.Partition{Account: r.Partition.Account + "/" + r.Partition.Region}
		}),
		"runs kind and id together": putting(func(r *keystore.Record) { r.Kind, r.ID = "all", string(r.Kind)+r.ID }),
	},
	"DataOfEverySizeIsKept": {
		"keeps 65535 bytes":      putting(func(r *keystore.Record) { r.Data = r.Data[:min(len(r.Data), 65535)] }),
		"has none without bytes": found(func(f *keystore.Found) { f.Record = exceptEmpty(f.Record) }),
	},
	"DueIsCutToMilliseconds": {
		"takes 1970 for never": putting(func(r *keystore.Record) {
			if r.Due.UnixMilli() == 0 {
				r.Due = time.Time{}
			}
		}),
		"rounds": putting(func(r *keystore.Record) { r.Due = r.Due.Round(time.Millisecond) }),
		"rounds towards 1970": putting(func(r *keystore.Record) {
			if n := r.Due.UnixNano(); r.Due.Year() > 1900 && r.Due.Year() < 2200 {
				r.Due = time.UnixMilli(n / 1e6)
			}
		}),
		"knows no year 1": putting(func(r *keystore.Record) {
			if r.Due.Year() < 1677 && !r.Due.IsZero() {
				r.Due = time.Unix(0, r.Due.UnixNano())
			}
		}),
	},
	"DueIsJudgedToTheMillisecond": {
		"lists what is due within a millisecond": func(b *broken) {
			b.due = func(ctx context.Context, p keystore.Partition, before time.Time, limit int) ([]keystore.Record, error) {
				return b.Store.Due(ctx, p, before.Add(time.Millisecond-1), limit)
			}
		},
		"lists the newest": func(b *broken) {
			b.due = func(ctx context.Context, p keystore.Partition, before time.Time, limit int) ([]keystore.Record, error) {
				all, err := b.Store.Due(ctx, p, before, 1000)
				return all[max(0, len(all)-limit):], err
			}
		},
	},
}

func exceptEmpty(r keystore.Record) keystore.Record {
	if len(r.Data) == 0 {
		return keystore.Record{}
	}
	return r
}

var outcomeBreaks = map[string]wrongs{
	"CommitTakesEffectOnce":                {"makes it again": forgetful(0)},
	"CommitIsRememberedForAThousandOthers": {"knows a hundred": forgetful(100)},
	"RefusedCommitMayBeAskedAgain": {"remembers refusals": func(b *broken) {
		refused := map[keystore.CommitID]error{}
		b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
			if err, ok := refused[id]; ok {
				return err
			}
			err := b.Store.Commit(ctx, id, changes...)
			if err != nil {
				refused[id] = err
			}
			return err
		}
	}},
	"TheFirstCommitOfAnIDCounts": {"knows a commit by its changes": func(b *broken) {
		known := map[string]keystore.CommitID{}
		n := byte(0)
		b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
			text, _ := json.Marshal(changes)
			if first, ok := known[string(id[:])+string(text)]; ok {
				return b.Store.Commit(ctx, first, changes...)
			}
			n++
			own := id
			if n > 1 {
				own[15] += n
			}
			known[string(id[:])+string(text)] = own
			return b.Store.Commit(ctx, own, changes...)
		}
	}, "refuses other changes": func(b *broken) {
		known := map[keystore.CommitID]string{}
		b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
			text, _ := json.Marshal(changes)
			if first, ok := known[id]; ok && first != string(text) {
				return keystore.ErrConflict
			}
			known[id] = string(text)
			return b.Store.Commit(ctx, id, changes...)
		}
	}},
	"CancelledCallsDoNothing": {"commits all the same": func(b *broken) {
		b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
			return errors.Join(ctx.Err(), b.Store.Commit(context.WithoutCancel(ctx), id, changes...))
		}
	}},
	"CommitsCancelledMidwayAreNeverHalf": {
		"has the context's error after an effect": func(b *broken) {
			b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
				err := b.Store.Commit(ctx, id, changes...)
				time.Sleep(moment)
				return errors.Join(ctx.Err(), err)
			}
		},
		"stops in the middle": oneByOne,
		"goes on when it has given up": func(b *broken) {
			b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
				done := make(chan error, 1)
				go func() {
					time.Sleep(moment)
					done <- b.Store.Commit(context.WithoutCancel(ctx), id, changes...)
				}()
				select {
				case err := <-done:
					return err
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		},
	},
	"CallsCancelledMidwayEnd": {"has half a page when it is cancelled": func(b *broken) {
		b.page = func(ctx context.Context, p keystore.Partition, k keystore.Kind, f keystore.Filter, after string, limit int) ([]keystore.Record, error) {
			out, err := b.Store.Page(ctx, p, k, f, after, limit)
			if time.Sleep(moment); ctx.Err() != nil {
				return out[:len(out)/2], nil
			}
			return out, err
		}
	}},
	"ClosedStoresRefuse": {"stays open": func(b *broken) {
		b.close = func() error { return nil }
	}},
	"CloseWhileCallsRun": {
		"tells of a file that is closed": func(b *broken) {
			var closed atomic.Bool
			b.close = func() error { closed.Store(true); return b.Store.Close() }
			b.read = func(ctx context.Context, refs []keystore.Ref) ([]keystore.Found, error) {
				out, err := b.Store.Read(ctx, refs...)
				if time.Sleep(moment); closed.Load() {
					return nil, errors.New("read of a closed file")
				}
				return out, err
			}
		},
		"fails to close twice": func(b *broken) {
			var mu sync.Mutex
			closed := false
			b.close = func() error {
				mu.Lock()
				defer mu.Unlock()
				if closed {
					return errors.New("closed already")
				}
				closed = true
				return b.Store.Close()
			}
		},
	},
}
