package keystoretest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/internal/testrig/storetest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

func isText(s string) string { return strings.ToValidUTF8(s, "?") }

var readBreaks = map[string]map[string]wrong{
	"ReadAnswersEveryRef": {
		"answers absence with a revision": found(func(f *keystore.Found) { f.Record.Rev[0] |= 1 }),
		"keeps no milliseconds":           found(func(f *keystore.Found) { f.Record.Due = f.Record.Due.Add(500 * time.Microsecond) }),
		"answers in order of id": reading(func(c readCall) ([]keystore.Found, error) {
			out, err := c.Do()
			slices.SortStableFunc(out, func(x, y keystore.Found) int { return strings.Compare(x.Record.ID, y.Record.ID) })
			return out, err
		}),
		"answers a ref once": reading(func(c readCall) ([]keystore.Found, error) {
			slices.SortFunc(c.Refs, func(a, b keystore.Ref) int { return strings.Compare(a.ID+string(a.Kind), b.ID+string(b.Kind)) })
			c.Refs = slices.Compact(c.Refs)
			return c.Do()
		}),
	},
	"ReadFollows": {
		"follows nothing": found(func(f *keystore.Found) { f.Followed = nil }),
		"follows to what is not there": found(func(f *keystore.Found) {
			if f.Followed == nil {
				f.Followed = &keystore.Record{}
			}
		}),
	},
	"EveryByteOfAnIDCounts": {
		"pages backwards":               paged(func(rs []keystore.Record) []keystore.Record { slices.Reverse(rs); return rs }),
		"orders without regard to case": sorted(strings.ToLower),
		"orders as if it were text":     sorted(isText),
		"ends an id at a zero byte":     putting(func(r *keystore.Record) { r.ID, _, _ = strings.Cut(r.ID, "\x00") }),
		"keeps text alone":              putting(func(r *keystore.Record) { r.ID = isText(r.ID) }),
		"trims":                         putting(func(r *keystore.Record) { r.ID = strings.TrimRight(r.ID, " ") }),
	},
	"EveryByteOfAnIndexCounts": {
		"keeps text alone": putting(func(r *keystore.Record) { r.Index = isText(r.Index) }),
		"trims":            putting(func(r *keystore.Record) { r.Index = strings.TrimRight(r.Index, " ") }),
	},
	"PartitionsAndKindsAreNotRunTogether": {
		"has one kind": paging(func(c pageCall) ([]keystore.Record, error) { c.Kind = "k"; return c.Do() }),
		"runs account and Region together": putting(func(r *keystore.Record) {
			r.Partition = keystore.Partition{Account: r.Partition.Account + "/" + r.Partition.Region}
		}),
		"runs kind and id together": putting(func(r *keystore.Record) { r.Kind, r.ID = "all", string(r.Kind)+r.ID }),
	},
	"DataOfEverySizeIsKept": {
		"keeps 65535 bytes": putting(func(r *keystore.Record) { r.Data = r.Data[:min(len(r.Data), 65535)] }),
		"has no record without data": found(func(f *keystore.Found) {
			if len(f.Record.Data) == 0 {
				f.Record = keystore.Record{}
			}
		}),
	},
}

var listBreaks = map[string]map[string]wrong{
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
		"has no year 1": putting(func(r *keystore.Record) {
			if r.Due.Year() < 1677 && !r.Due.IsZero() {
				r.Due = time.Unix(0, r.Due.UnixNano())
			}
		}),
	},
	"DueIsOldestFirst": {
		"lists what is due before": listing(func(c dueCall) ([]keystore.Record, error) { c.Before = c.Before.Add(-1); return c.Do() }),
		"lists what is due within a millisecond": listing(func(c dueCall) ([]keystore.Record, error) {
			c.Before = c.Before.Add(time.Millisecond - 1)
			return c.Do()
		}),
		"lists the newest": listing(func(c dueCall) ([]keystore.Record, error) {
			limit := c.Limit
			c.Limit = 1000
			out, err := c.Do()
			return out[max(0, len(out)-limit):], err
		}),
		"never forgets a Due": changed(func(c keystore.Change) keystore.Change {
			if c.Put != nil && c.Put.Record.Due.IsZero() && c.Put.Expect != (keystore.CommitID{}) {
				put := *c.Put
				put.Record.Due = time.Unix(1, 0)
				c.Put = &put
			}
			return c
		}),
	},
	"PagesOfOneAndOfAThousand": {
		"has pages of at most 500": paging(func(c pageCall) ([]keystore.Record, error) { c.Limit = min(c.Limit, 500); return c.Do() }),
		"includes the record after which it begins": paging(func(c pageCall) ([]keystore.Record, error) {
			out, err := c.Do()
			if at, _ := c.Read(c.Ctx, keystore.Ref{Partition: c.Partition, Kind: c.Kind, ID: c.After}); err == nil &&
				at[0].Record.Exists() {
				out = append([]keystore.Record{at[0].Record}, out...)[:min(c.Limit, len(out)+1)]
			}
			return out, err
		}),
	},
	"PagesAndDueHaveLimits": {
		"lists one where none is asked for": listing(
			func(c dueCall) ([]keystore.Record, error) { c.Limit = max(c.Limit, 1); return c.Do() },
		),
		"has no longest page": paging(
			func(c pageCall) ([]keystore.Record, error) { c.Limit = min(c.Limit, 1000); return c.Do() },
		),
	},
	"FilteredPagesAreThePagesFiltered": {
		"filters pages that are cut": filtered(
			func(limit int) int { return limit },
			func(index, want string) bool { return index == want },
		),
		"filters without regard to case": filtered(func(int) int { return 1000 }, strings.EqualFold),
		`takes "" for any index`: filtered(
			func(int) int { return 1000 },
			func(index, want string) bool { return want == "" || index == want },
		),
	},
	"PagesSurviveWriters": {"pages by offset": func(h *storetest.Hooked) {
		offset := 0
		h.OnPage = func(c pageCall) ([]keystore.Record, error) {
			limit := c.Limit
			if c.After == "" {
				offset = 0
			}
			c.Limit, c.After = 1000, ""
			out, err := c.Do()
			from := min(offset, len(out))
			offset += limit
			return out[from:min(from+limit, len(out))], err
		}
	}},
}

var commitBreaks = map[string]map[string]wrong{
	"CommitIsTheRevision": {
		"has revisions of its own": found(func(f *keystore.Found) { f.Record.Rev[3] ^= 7 }),
		"writes what is required": changed(func(c keystore.Change) keystore.Change {
			if c.Require != nil && c.Require.Expect != (keystore.CommitID{}) {
				return keystore.Change{
					Put: &keystore.Put{
						Record: keystore.Record{Partition: here, Kind: kind, ID: c.Require.Ref.ID},
						Expect: c.Require.Expect,
					},
				}
			}
			return c
		}),
	},
	"CommitIsAllOrNone": {
		"succeeds where a record exists": returning(nil, keystore.ErrExists),
		"succeeds on another revision":   returning(nil, keystore.ErrConflict),
		"finds what is gone changed":     returning(keystore.ErrConflict, keystore.ErrNotFound),
		"finds what is changed gone":     returning(keystore.ErrNotFound, keystore.ErrConflict),
		"succeeds above the ceiling":     returning(nil, keystore.ErrCeiling),
		"requires no absence": changed(func(c keystore.Change) keystore.Change {
			if c.Require != nil && c.Require.Expect == (keystore.CommitID{}) {
				return keystore.Count(keystore.Ref{Partition: c.Require.Ref.Partition, Kind: "ignored", ID: "x"}, 1, 1000)
			}
			return c
		}),
		"commits each change on its own": oneByOne,
		"returns the last failure":       reordered(slices.Reverse),
		"checks counters after records": reordered(func(changes []keystore.Change) {
			slices.SortStableFunc(changes, func(x, y keystore.Change) int {
				return map[bool]int{true: 1}[x.Add != nil] - map[bool]int{true: 1}[y.Add != nil]
			})
		}),
	},
	"MalformedCommitsAreRefused": {
		"succeeds": returning(nil, keystore.ErrInvalid),
		"cuts a long index": putting(func(r *keystore.Record) {
			r.Index = r.Index[:min(len(r.Index), keystore.MaxID)]
		}),
		"makes the change before": committing(func(c commitCall) error {
			err := c.Do()
			if errors.Is(err, keystore.ErrInvalid) && len(c.Changes) > 1 {
				c.Changes = c.Changes[:1]
				c.Do()
			}
			return err
		}),
		"takes the zero CommitID for an id": committing(func(c commitCall) error { c.ID[15] |= 1; return c.Do() }),
	},
	"CountersKeepTheirBounds": {
		"subtracts nothing":                  adding(func(a *keystore.Add) { a.Delta = max(a.Delta, 0) }),
		"has a ceiling that is one too high": adding(func(a *keystore.Add) { a.Ceiling += min(1, a.Ceiling, 1<<62-a.Ceiling) }),
		"has a ceiling for what sinks": committing(func(c commitCall) error {
			if a := c.Changes[0].Add; a != nil && a.Delta < 0 {
				found, _ := c.Read(c.Ctx, a.Ref)
				if keystore.CounterValue(found[0].Record)+a.Delta > a.Ceiling {
					return keystore.ErrCeiling
				}
			}
			return c.Do()
		}),
		"succeeds above the ceiling": returning(nil, keystore.ErrCeiling),
	},
	"CountersAreChangedByAddAlone": {
		"succeeds to Put a counter": returning(nil, keystore.ErrInvalid),
		"gives counters an index":   found(func(f *keystore.Found) { f.Record.Index += "x" }),
	},
	"CommitTakesEffectOnce": {
		"makes it again": forgetful(0),
		"keeps refusals as outcomes": func(h *storetest.Hooked) {
			refused := map[keystore.CommitID]error{}
			h.OnCommit = func(c commitCall) error {
				if refused[c.ID] == nil {
					refused[c.ID] = c.Do()
				}
				return refused[c.ID]
			}
		},
		"identifies a commit by its changes": func(h *storetest.Hooked) {
			known := map[string]keystore.CommitID{}
			h.OnCommit = func(c commitCall) error {
				text, _ := json.Marshal(c.Changes)
				text = append(text, c.ID[:]...)
				if _, ok := known[string(text)]; !ok {
					known[string(text)] = storetest.NewID()
				}
				c.ID = known[string(text)]
				return c.Do()
			}
		},
		"refuses other changes": func(h *storetest.Hooked) {
			known := map[keystore.CommitID]string{}
			h.OnCommit = func(c commitCall) error {
				text, _ := json.Marshal(c.Changes)
				if first, ok := known[c.ID]; ok && first != string(text) {
					return keystore.ErrConflict
				}
				err := c.Do()
				if err == nil {
					known[c.ID] = string(text)
				}
				return err
			}
		},
	},
	"CommitIsRememberedForAThousandOthers": {"keeps a hundred": forgetful(100)},
}

var lifeBreaks = map[string]map[string]wrong{
	"CancelledCallsDoNothing": {"commits all the same": committing(func(c commitCall) error {
		over := c.Ctx.Err()
		c.Ctx = context.WithoutCancel(c.Ctx)
		return errors.Join(over, c.Do())
	})},
	"ClosedStoresRefuse": {
		"stays open": func(h *storetest.Hooked) { h.OnClose = func() error { return nil } },
		"fails to close twice": func(h *storetest.Hooked) {
			h.OnClose = func() error {
				return errors.Join(map[bool]error{true: errCut}[handleOf(h).closed.Load()], h.Store.Close())
			}
		},
	},
	"ReturnedBytesStay": {
		"uses changes after the commit": func(h *storetest.Hooked) {
			var late commitCall
			h.OnCommit = func(c commitCall) error { late = c; return nil }
			h.OnPage = func(c pageCall) ([]keystore.Record, error) { late.Do(); return c.Do() }
		},
		"reuses memory": committing(func(c commitCall) error {
			if put := c.Changes[0].Put; put != nil {
				found, _ := c.Read(c.Ctx, put.Record.Ref())
				copy(found[0].Record.Data, put.Record.Data)
			}
			return c.Do()
		}),
	},
	"CommitsCancelledMidwayAreNeverHalf": {
		"has the context's error after an effect": committing(func(c commitCall) error {
			err := c.Do()
			time.Sleep(moment)
			return errors.Join(c.Ctx.Err(), err)
		}),
		"stops in the middle": oneByOne,
		"goes on when it has given up": committing(func(c commitCall) error {
			asked, done := c.Ctx, make(chan error, 1)
			c.Ctx = context.WithoutCancel(asked)
			go func() { time.Sleep(moment); done <- c.Do() }()
			select {
			case err := <-done:
				return err
			case <-asked.Done():
				return asked.Err()
			}
		}),
	},
	"CallsCancelledMidwayEnd": {"has half a page when it is cancelled": paging(func(c pageCall) ([]keystore.Record, error) {
		out, err := c.Do()
		if time.Sleep(moment); c.Ctx.Err() != nil {
			return out[:len(out)/2], nil
		}
		return out, err
	})},
	"CloseWhileCallsRun": {
		"has errors of a file that is closed": func(h *storetest.Hooked) {
			h.OnRead = func(c readCall) ([]keystore.Found, error) {
				out, err := c.Do()
				if time.Sleep(moment); handleOf(h).closed.Load() {
					return nil, errors.New("read of a closed file")
				}
				return out, err
			}
		},
		"fails to close twice": func(h *storetest.Hooked) {
			var mu sync.Mutex
			closed := false
			h.OnClose = func() error {
				mu.Lock()
				defer mu.Unlock()
				if closed {
					return errors.New("closed already")
				}
				closed = true
				return h.Store.Close()
			}
		},
	},
}

// handleBreaks put something wrong with every handle of a store.
var handleBreaks = map[string]map[string]wrong{
	"ClosingLosesNoCommit": {
		"returns ErrClosed after an effect": func(h *storetest.Hooked) {
			h.OnCommit = func(c commitCall) error {
				err := c.Do()
				if time.Sleep(moment); handleOf(h).closed.Load() {
					return keystore.ErrClosed
				}
				return err
			}
		},
		"loses what it has acknowledged": func(h *storetest.Hooked) {
			var n atomic.Int64
			h.OnCommit = func(c commitCall) error {
				if n.Add(1)%8 == 0 && !handleOf(h).closed.Load() {
					return nil
				}
				return c.Do()
			}
		},
	},
	"ClosingOneHandleKeepsTheOtherOpen": {"closes the store for all": func(h *storetest.Hooked) {
		h.OnClose = func() error { handleOf(h).closed.Store(true); return handleOf(h).Store.Close() }
	}},
	"CutCommitsAreResolved": {
		"makes a commit again": forgetful(0),
		"stays cut": func(h *storetest.Hooked) {
			h.OnCommit = func(c commitCall) error {
				if handleOf(h).cuts.Load() > 0 {
					return keystore.ErrClosed
				}
				return c.Do()
			}
		},
	},
}

// laterBreaks put something wrong with every handle but the first.
var laterBreaks = map[string]map[string]wrong{
	"ReopeningKeepsEverything": {
		"forgets what is due": listing(func(dueCall) ([]keystore.Record, error) { return nil, nil }),
		"has other revisions": found(func(f *keystore.Found) {
			if f.Record.Exists() {
				f.Record.Rev[12] ^= 1
			}
		}),
		"forgets which are counters": returning(nil, keystore.ErrInvalid),
		"makes what was removed":     returning(nil, keystore.ErrNotFound),
		"forgets records":            paged(func(rs []keystore.Record) []keystore.Record { return rs[:min(len(rs), 2)] }),
	},
	"ReopeningKeepsOutcomes": {"forgets which commits were made": renamed},
	"HandlesSeeEachOther":    {"reads what it has read": staleReads, "succeeds above the ceiling": returning(nil, keystore.ErrCeiling)},
	"HandlesShareOutcomes":   {"keeps only its own commits": renamed},
}
