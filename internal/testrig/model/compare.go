package model

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

func (m *machine) agreesWithEngine(t *rapid.T) {
	for _, p := range m.order {
		w := m.seats[p]
		w.compareKeys(t, nil)
		w.compareKeys(t, new(apc.KeyStateDeleteComplete))
		w.compareKeys(t, new(apc.KeyStateDeletePending))
		w.compareAliases(t)
		for arn, k := range w.keys {
			out, err := w.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: arn})
			if err != nil {
				t.Fatal(err)
			}
			k.compare(t, out.Key)
			tags, err := w.ListTagsForResource(ctx, &engine.ListTagsForResourceInput{ResourceArn: arn})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, tag := range tags.Tags {
				got[tag.Key] = tag.Value
			}
			if !maps.Equal(got, k.tags) {
				t.Fatalf("tags of %s: got %v, want %v", arn, got, k.tags)
			}
		}
	}
}

// compareKeys walks the list in pages of two.
func (w *seat) compareKeys(t *rapid.T, state *apc.KeyState) {
	var got []string
	for in := (&engine.ListKeysInput{KeyState: state, MaxResults: new(2)}); ; {
		page, err := w.ListKeys(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range page.Keys {
			got = append(got, k.KeyArn+" "+string(k.KeyState))
		}
		if in.NextToken = page.NextToken; in.NextToken == nil {
			break
		}
	}
	var want []string
	for arn, k := range w.keys {
		if state == nil || k.state == *state {
			want = append(want, arn+" "+string(k.state))
		}
	}
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Fatalf("ListKeys %v: got %v, want %v", state, got, want)
	}
}

func (w *seat) compareAliases(t *rapid.T) {
	out, err := w.ListAliases(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, a := range out.Aliases {
		got[a.AliasName] = deref(a.KeyArn)
	}
	if !maps.Equal(got, w.aliases) {
		t.Fatalf("ListAliases: got %v, want %v", got, w.aliases)
	}
}

func (k *key) compare(t *rapid.T, got engine.Key) {
	t.Helper()
	want := engine.Key{
		KeyArn: k.arn, KeyAttributes: k.attributes, KeyCheckValue: k.checkValue, Enabled: k.enabled,
		Exportable: k.exportable, KeyState: k.state, CreateTimestamp: k.created,
		KeyCheckValueAlgorithm: got.KeyCheckValueAlgorithm, KeyOrigin: got.KeyOrigin, DeriveKeyUsage: got.DeriveKeyUsage,
	}
	moments := []struct {
		name string
		got  *time.Time
		want time.Time
	}{
		{"UsageStart", got.UsageStartTimestamp, k.start}, {"UsageStop", got.UsageStopTimestamp, k.stop},
		{"DeletePending", got.DeletePendingTimestamp, when(k.state == apc.KeyStateDeletePending, k.deleteAt)},
		{"Delete", got.DeleteTimestamp, when(k.state == apc.KeyStateDeleteComplete, k.deleteAt)},
	}
	for _, x := range moments {
		if (x.got == nil) != x.want.IsZero() || x.got != nil && !x.got.Equal(x.want) {
			t.Fatalf("%s: %sTimestamp: got %v, want %v", k.arn, x.name, x.got, x.want)
		}
	}
	got.UsageStartTimestamp, got.UsageStopTimestamp, got.DeletePendingTimestamp, got.DeleteTimestamp = nil, nil, nil, nil
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

func when(ok bool, t time.Time) time.Time {
	if ok {
		return t
	}
	return time.Time{}
}
