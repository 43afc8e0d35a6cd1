package model

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// Compare reads the whole state as callers of each place, in pages of two, and returns the first thing that
// is not as it must be.
func (w *World) Compare(ctx context.Context, now time.Time, as func(apc.Identity) *engine.Caller) error {
	for _, at := range w.order {
		who := apc.Identity{Account: at.Account, Region: at.Region}
		c, p := as(who), w.at(now.UTC().Truncate(time.Millisecond), who)
		for _, state := range []apc.KeyState{"", apc.KeyStateDeleteComplete, apc.KeyStateDeletePending} {
			if err := p.compareKeys(ctx, c, state); err != nil {
				return err
			}
		}
		if err := p.compareAliases(ctx, c); err != nil {
			return err
		}
		for _, arn := range slices.Sorted(maps.Keys(p.keys)) {
			if err := p.keys[arn].compareWith(ctx, c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *place) compareKeys(ctx context.Context, c *engine.Caller, state apc.KeyState) error {
	in := &engine.ListKeysInput{MaxResults: new(2)}
	if state != "" {
		in.KeyState = &state
	}
	var got, want []string
	for {
		page, err := c.ListKeys(ctx, in)
		if err != nil {
			return err
		}
		for _, k := range page.Keys {
			got = append(got, k.KeyArn+" "+string(k.KeyState))
		}
		if in.NextToken = page.NextToken; in.NextToken == nil {
			break
		}
	}
	for arn, k := range p.keys {
		if state == "" || k.State == state {
			want = append(want, arn+" "+string(k.State))
		}
	}
	if slices.Sort(want); !slices.Equal(got, want) {
		return fmt.Errorf("ListKeys of state %q: got %v, want %v", state, got, want)
	}
	return nil
}

func (p *place) compareAliases(ctx context.Context, c *engine.Caller) error {
	got := map[string]string{}
	for in := (&engine.ListAliasesInput{MaxResults: new(2)}); ; {
		out, err := c.ListAliases(ctx, in)
		if err != nil {
			return err
		}
		for _, a := range out.Aliases {
			got[a.AliasName] = text(a.KeyArn)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if !maps.Equal(got, p.aliases) {
		return fmt.Errorf("ListAliases: got %v, want %v", got, p.aliases)
	}
	return nil
}

func (k *Key) compareWith(ctx context.Context, c *engine.Caller) error {
	out, err := c.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k.ARN})
	if err != nil {
		return err
	}
	if err := k.compare(&out.Key); err != nil {
		return err
	}
	tags, err := c.ListTagsForResource(ctx, &engine.ListTagsForResourceInput{ResourceArn: k.ARN})
	if err != nil {
		return err
	}
	got := map[string]string{}
	for _, t := range tags.Tags {
		got[t.Key] = t.Value
	}
	if !maps.Equal(got, k.tags) {
		return fmt.Errorf("tags of %s: got %v, want %v", k.ARN, got, k.tags)
	}
	return nil
}

// compare compares the key with its description.
func (k *Key) compare(got *engine.Key) error {
	moments := []struct {
		name string
		got  *time.Time
		want time.Time
	}{
		{"UsageStart", got.UsageStartTimestamp, k.start}, {"UsageStop", got.UsageStopTimestamp, k.stop},
		{"DeletePending", got.DeletePendingTimestamp, when(k.State == apc.KeyStateDeletePending, k.deleteAt)},
		{"Delete", got.DeleteTimestamp, when(k.State == apc.KeyStateDeleteComplete, k.deleteAt)},
		{"Create", &got.CreateTimestamp, k.created},
	}
	for _, x := range moments {
		if (x.got == nil) != x.want.IsZero() || x.got != nil && !x.got.Equal(x.want) {
			return fmt.Errorf("%s: %sTimestamp: got %v, want %v", k.ARN, x.name, x.got, x.want)
		}
	}
	is := fmt.Sprintln(got.KeyArn, got.KeyAttributes, got.KeyCheckValue, got.Enabled, got.Exportable, got.KeyState)
	if want := fmt.Sprintln(k.ARN, k.Attributes, k.CheckValue, k.Enabled, k.Exportable, k.State); is != want {
		return fmt.Errorf("got  %swant %s", is, want)
	}
	return nil
}

func when(ok bool, t time.Time) time.Time {
	if ok {
		return t
	}
	return time.Time{}
}
