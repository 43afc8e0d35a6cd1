package keystoretest_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// wrongs are ways to break a store, by what it does then.
type wrongs map[string]func(*broken)

// breaks put one thing wrong, or several, for each case of the suite.
var breaks = func() map[string]wrongs {
	all := map[string]wrongs{}
	for _, part := range []map[string]wrongs{recordBreaks, commitBreaks, pageBreaks, valueBreaks, outcomeBreaks, crowdBreaks, linearBreaks} {
		maps.Copy(all, part)
	}
	return all
}()

var recordBreaks = map[string]wrongs{
	"ReadTellsOfAbsence": {"answers with a revision": found(func(f *keystore.Found) { f.Record.Rev[0] = 1 })},
	"ReadReturnsWhatWasPut": {"keeps no milliseconds": found(func(f *keystore.Found) {
		f.Record.Due = f.Record.Due.Add(500 * time.Microsecond)
	})},
	"ReadAnswersEveryRef": {
		"answers in order of id": func(b *broken) {
			b.read = func(ctx context.Context, refs []keystore.Ref) ([]keystore.Found, error) {
				out, err := b.Store.Read(ctx, refs...)
				slices.SortStableFunc(out, func(x, y keystore.Found) int { return strings.Compare(x.Record.ID, y.Record.ID) })
				return out, err
			}
		},
		"answers a ref once": func(b *broken) {
			b.read = func(ctx context.Context, refs []keystore.Ref) ([]keystore.Found, error) {
				var once []keystore.Ref
				for _, r := range refs {
					if !slices.Contains(once, r) {
						once = append(once, r)
					}
				}
				return b.Store.Read(ctx, once...)
			}
		},
	},
	"ReadFollows": {
		"follows nothing": found(func(f *keystore.Found) { f.Followed = nil }),
		"follows to what is not there": found(func(f *keystore.Found) {
			if f.Followed == nil {
				f.Followed = &keystore.Record{}
			}
		}),
	},
	"CommitIsTheRevision": {"has revisions of its own": found(func(f *keystore.Found) { f.Record.Rev[3] = 7 })},
	"ChangesAreTheCallersAgain": {"makes a commit when it is read": func(b *broken) {
		var do func()
		b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
			do = func() { b.Store.Commit(ctx, id, changes...) }
			return nil
		}
		b.read = func(ctx context.Context, refs []keystore.Ref) ([]keystore.Found, error) {
			do()
			return b.Store.Read(ctx, refs...)
		}
	}},
	"ReturnedBytesStay": {"reuses memory": func(b *broken) {
		b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
			for _, c := range changes {
				if c.Put == nil {
					continue
				}
				found, _ := b.Store.Read(ctx, c.Put.Record.Ref())
				copy(found[0].Record.Data, c.Put.Record.Data)
			}
			return b.Store.Commit(ctx, id, changes...)
		}
	}},
}

var commitBreaks = map[string]wrongs{
	"CreateNeedsAbsence": {"finds a failed creation good": excused(keystore.ErrExists, nil)},
	"ReplaceNeedsItsRevision": {
		"finds what is gone changed": excused(keystore.ErrNotFound, keystore.ErrConflict),
		"finds what is changed gone": excused(keystore.ErrConflict, keystore.ErrNotFound),
	},
	"RemoveNeedsItsRevision": {"finds a failed removal good": excused(keystore.ErrConflict, nil)},
	"RequireChangesNothing": {"requires no absence": changed(func(c keystore.Change) keystore.Change {
		if c.Require != nil && c.Require.Expect == (keystore.CommitID{}) {
			return keystore.Count(keystore.Ref{Partition: c.Require.Ref.Partition, Kind: "ignored", ID: "x"}, 1, 100)
		}
		return c
	})},
	"CommitIsAllOrNone": {"commits each change on its own": oneByOne},
	"FirstFailureIsTold": {
		"tells the last": func(b *broken) {
			b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
				changes = slices.Clone(changes)
				slices.Reverse(changes)
				return b.Store.Commit(ctx, id, changes...)
			}
		},
		"judges counters after records": func(b *broken) {
			b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
				changes = slices.Clone(changes)
				slices.SortStableFunc(changes, func(x, y keystore.Change) int {
					return map[bool]int{true: 1}[x.Add != nil] - map[bool]int{true: 1}[y.Add != nil]
				})
				return b.Store.Commit(ctx, id, changes...)
			}
		},
	},
	"MalformedCommitsAreRefused": {
		"finds them good": excused(keystore.ErrInvalid, nil),
		"makes those of a long index": func(b *broken) {
			changed(func(c keystore.Change) keystore.Change {
				if c.Put != nil && len(c.Put.Record.Index) > keystore.MaxID {
					p := *c.Put
					p.Record.Index = p.Record.Index[:keystore.MaxID]
					c.Put = &p
				}
				return c
			})(b)
		},
		"makes what comes before": func(b *broken) {
			b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
				err := b.Store.Commit(ctx, id, changes...)
				if errors.Is(err, keystore.ErrInvalid) && len(changes) > 1 {
					b.Store.Commit(ctx, id, changes[0])
				}
				return err
			}
		},
	},
	"TheZeroCommitIDIsRefused": {"takes it for an id": func(b *broken) {
		b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
			id[15]++
			return b.Store.Commit(ctx, id, changes...)
		}
	}},
	"CounterBeginsAtZero": {"knows no minus": changed(func(c keystore.Change) keystore.Change {
		if c.Add != nil && c.Add.Delta < 0 {
			c.Add = &keystore.Add{Ref: c.Add.Ref, Delta: -c.Add.Delta, Ceiling: c.Add.Ceiling}
		}
		return c
	})},
	"CounterKeepsItsBounds": {
		"has a ceiling that is one too high": changed(func(c keystore.Change) keystore.Change {
			if c.Add != nil {
				c.Add = &keystore.Add{Ref: c.Add.Ref, Delta: c.Add.Delta, Ceiling: c.Add.Ceiling + 1}
			}
			return c
		}),
		"has a ceiling for what sinks": func(b *broken) {
			b.commit = func(ctx context.Context, id keystore.CommitID, changes []keystore.Change) error {
				if c := changes[0]; c.Add != nil && c.Add.Delta < 0 {
					found, _ := b.Store.Read(ctx, c.Add.Ref)
					if keystore.CounterValue(found[0].Record)+c.Add.Delta > c.Add.Ceiling {
						return keystore.ErrCeiling
					}
				}
				return b.Store.Commit(ctx, id, changes...)
			}
		},
	},
	"CounterDoesNotWrapAround":     {"finds a failed Add good": excused(keystore.ErrCeiling, nil)},
	"CountersAreChangedByAddAlone": {"finds Put of a counter good": excused(keystore.ErrInvalid, nil)},
	"CountersAreBornBesideRecords": {"finds Put of a counter good": excused(keystore.ErrInvalid, nil)},
}

var pageBreaks = map[string]wrongs{
	"PagesAreInTheByteOrderOfIDs": {"pages backwards": recorded(func(rs []keystore.Record) []keystore.Record { slices.Reverse(rs); return rs })},
	"PagesKeepPartitionsAndKindsApart": {"has one kind": func(b *broken) {
		b.page = func(ctx context.Context, p keystore.Partition, k keystore.Kind, f keystore.Filter, after string, limit int) ([]keystore.Record, error) {
			return b.Store.Page(ctx, p, "thing", f, after, limit)
		}
	}},
	"PagesAreFilteredByIndex": {`takes "" for any index`: func(b *broken) {
		b.page = func(ctx context.Context, p keystore.Partition, k keystore.Kind, f keystore.Filter, after string, limit int) ([]keystore.Record, error) {
			if f.Index != nil && *f.Index == "" {
				f.Index = nil
			}
			return b.Store.Page(ctx, p, k, f, after, limit)
		}
	}},
	"FilteredPagesAreThePagesFiltered": {
		"filters pages that are cut": func(b *broken) {
			b.page = func(ctx context.Context, p keystore.Partition, k keystore.Kind, f keystore.Filter, after string, limit int) ([]keystore.Record, error) {
				all, err := b.Store.Page(ctx, p, k, keystore.Filter{}, after, limit)
				return slices.DeleteFunc(all, func(r keystore.Record) bool { return f.Index != nil && r.Index != *f.Index }), err
			}
		},
		"filters without regard to case": func(b *broken) {
			b.page = func(ctx context.Context, p keystore.Partition, k keystore.Kind, f keystore.Filter, after string, limit int) ([]keystore.Record, error) {
				all, err := b.Store.Page(ctx, p, k, keystore.Filter{}, after, 1000)
				all = slices.DeleteFunc(all, func(r keystore.Record) bool { return f.Index != nil && !strings.EqualFold(r.Index, *f.Index) })
				return all[:min(limit, len(all))], err
			}
		},
	},
	"PagesSurviveWriters": {"pages by offset": func(b *broken) {
		offset := 0
		b.page = func(ctx context.Context, p keystore.Partition, k keystore.Kind, f keystore.Filter, after string, limit int) ([]keystore.Record, error) {
			all, err := b.Store.Page(ctx, p, k, f, "", 1000)
			if after == "" {
				offset = 0
			}
			from := min(offset, len(all))
			offset += limit
			return all[from:min(from+limit, len(all))], err
		}
	}},
	"PagesAndDueHaveLimits": {
		"lists one where none is asked for": func(b *broken) {
			b.due = func(ctx context.Context, p keystore.Partition, before time.Time, limit int) ([]keystore.Record, error) {
				return b.Store.Due(ctx, p, before, max(limit, 1))
			}
		},
		"has no longest page": func(b *broken) {
			b.page = func(ctx context.Context, p keystore.Partition, k keystore.Kind, f keystore.Filter, after string, limit int) ([]keystore.Record, error) {
				return b.Store.Page(ctx, p, k, f, after, min(limit, 1000))
			}
		},
	},
	"PagesOfOneAndOfAThousand": {"has pages of at most 500": func(b *broken) {
		b.page = func(ctx context.Context, p keystore.Partition, k keystore.Kind, f keystore.Filter, after string, limit int) ([]keystore.Record, error) {
			return b.Store.Page(ctx, p, k, f, after, min(limit, 500))
		}
	}, "includes the record after which it begins": func(b *broken) {
		b.page = func(ctx context.Context, p keystore.Partition, k keystore.Kind, f keystore.Filter, after string, limit int) ([]keystore.Record, error) {
			page, err := b.Store.Page(ctx, p, k, f, after, limit)
			if at, _ := b.Store.Read(ctx, keystore.Ref{Partition: p, Kind: k, ID: after}); err == nil && at[0].Record.Exists() {
				page = append([]keystore.Record{at[0].Record}, page...)[:min(limit, len(page)+1)]
			}
			return page, err
		}
	}},
	"DueIsOldestFirst": {"lists what is due before": func(b *broken) {
		b.due = func(ctx context.Context, p keystore.Partition, before time.Time, limit int) ([]keystore.Record, error) {
			return b.Store.Due(ctx, p, before.Add(-1), limit)
		}
	}},
	"DueFollowsTheRecord": {"never forgets a Due": changed(func(c keystore.Change) keystore.Change {
		if c.Put != nil && c.Put.Record.Due.IsZero() && c.Put.Expect != (keystore.CommitID{}) {
			put := *c.Put
			put.Record.Due = time.Unix(1, 0)
			c.Put = &put
		}
		return c
	})},
}
