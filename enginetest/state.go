package enginetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// State is everything that the simulator has, in all accounts and Regions where something was
// written. It is read through [Sim.Inspect].
type State struct {
	Keys    []Key // in the order made
	Aliases []Alias
}

// Key is a key as the service describes it.
type Key struct {
	Name       string // "k1", "k2", … in the order made; in other places than the default one "k1 in 444455556666 eu-west-1"
	ARN        string
	Attributes apc.KeyAttributes
	State      apc.KeyState
	Enabled    bool
	Exportable bool
	CheckValue string
	Origin     apc.KeyOrigin
	Created    time.Time
	Deletion   time.Time // when a scheduled deletion ends the key, or did; zero: none
	Aliases    []string  // that point to it
	Tags       []apc.Tag
	Recorded   bool // made by a recorded call, not for the test
}

// Alias is a name of the simulator.
type Alias struct {
	Name   string
	Place  string // "" is the default account and Region
	KeyARN string // "" is none
}

// State reads the state of the simulator.
func (s *Sim) State() State {
	s.t.Helper()
	state, err := s.state(context.Background())
	if err != nil {
		s.t.Fatalf("enginetest: reading the state: %v", err)
	}
	return state
}

func (s *Sim) state(ctx context.Context) (State, error) {
	var out State
	made := s.madeKeys()
	for _, p := range s.store.partitions() {
		c := s.InspectAs(apc.Identity{Account: p.Account, Region: p.Region})
		place := ""
		if home := s.Identity(); p.Account != home.Account || p.Region != home.Region {
			place = p.Account + " " + p.Region
		}
		if err := out.readKeys(ctx, c, place, made); err != nil {
			return out, err
		}
		if err := out.readAliases(ctx, c, place); err != nil {
			return out, err
		}
	}
	out.name()
	return out, nil
}

func (s *State) readKeys(ctx context.Context, c *engine.Caller, place string, made map[string]bool) error {
	for in := new(engine.ListKeysInput); ; {
		page, err := c.ListKeys(ctx, in)
		if err != nil {
			return err
		}
		for i := range page.Keys {
			key, tags, err := readKey(ctx, c, &page.Keys[i])
			if err != nil {
				return err
			}
			s.Keys = append(s.Keys, keyView(key, tags, place, made))
		}
		if in.NextToken = page.NextToken; in.NextToken == nil {
			return nil
		}
	}
}

// readKey reads a key and its tags. Of what the key's policy denies even its own account, it returns what the summary has.
func readKey(ctx context.Context, c *engine.Caller, in *engine.KeySummary) (*engine.Key, []apc.Tag, error) {
	k := &engine.Key{KeyArn: in.KeyArn, KeyState: in.KeyState, KeyAttributes: in.KeyAttributes, KeyCheckValue: in.KeyCheckValue,
		Exportable: in.Exportable, Enabled: in.Enabled}
	out, err := c.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: in.KeyArn})
	if err == nil {
		k = &out.Key
	} else if !errors.Is(err, apc.ErrAccessDenied) {
		return nil, nil, err
	}
	tags, err := c.ListTagsForResource(ctx, &engine.ListTagsForResourceInput{ResourceArn: in.KeyArn})
	if errors.Is(err, apc.ErrAccessDenied) {
		return k, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return k, tags.Tags, nil
}

func keyView(k *engine.Key, tags []apc.Tag, place string, made map[string]bool) Key {
	v := Key{Name: place, ARN: k.KeyArn, Attributes: k.KeyAttributes, State: k.KeyState, Enabled: k.Enabled, Exportable: k.Exportable,
		CheckValue: k.KeyCheckValue, Origin: k.KeyOrigin, Created: k.CreateTimestamp, Tags: tags, Recorded: made[keyID(k.KeyArn)]}
	for _, t := range []*time.Time{k.DeletePendingTimestamp, k.DeleteTimestamp} {
		if t != nil {
			v.Deletion = *t
		}
	}
	return v
}

func (s *State) readAliases(ctx context.Context, c *engine.Caller, place string) error {
	for in := new(engine.ListAliasesInput); ; {
		page, err := c.ListAliases(ctx, in)
		if err != nil {
			return err
		}
		for _, a := range page.Aliases {
			view := Alias{Name: a.AliasName, Place: place}
			if a.KeyArn != nil {
				view.KeyARN = *a.KeyArn
			}
			s.Aliases = append(s.Aliases, view)
		}
		if in.NextToken = page.NextToken; in.NextToken == nil {
			return nil
		}
	}
}

// name numbers the keys and gives them their aliases. Readable ids are in the order made.
func (s *State) name() {
	slices.SortStableFunc(s.Keys, func(a, b Key) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(keyID(a.ARN), keyID(b.ARN)))
	})
	numbers := map[string]int{}
	for i := range s.Keys {
		k := &s.Keys[i]
		id, place := keyID(k.ARN), k.Name
		if numbers[id] == 0 { // a replica has its primary's
			numbers[id] = len(numbers) + 1
		}
		if k.Name = fmt.Sprintf("k%d", numbers[id]); place != "" {
			k.Name += " in " + place
		}
		for _, a := range s.Aliases {
			if a.KeyARN == k.ARN {
				k.Aliases = append(k.Aliases, a.Name)
			}
		}
	}
}

// Alive are the keys in CREATE_COMPLETE, by their ARNs.
func (s State) Alive() map[string]Key {
	out := map[string]Key{}
	for _, k := range s.Keys {
		if k.State == apc.KeyStateCreateComplete {
			out[k.ARN] = k
		}
	}
	return out
}

// Orphans are the keys that recorded calls made, that are in CREATE_COMPLETE and
// that have no alias.
func (s State) Orphans() (out []Key) {
	for _, k := range s.Keys {
		if k.Recorded && k.State == apc.KeyStateCreateComplete && len(k.Aliases) == 0 {
			out = append(out, k)
		}
	}
	return out
}

// Dangling are the aliases that do not point to a key in CREATE_COMPLETE.
func (s State) Dangling() (out []Alias) {
	alive := s.Alive()
	for _, a := range s.Aliases {
		if _, ok := alive[a.KeyARN]; !ok {
			out = append(out, a)
		}
	}
	return out
}

// Named is the key that an alias of the default account and Region points to.
func (s State) Named(alias string) (Key, bool) {
	for _, k := range s.Keys {
		if !strings.Contains(k.Name, " ") && slices.Contains(k.Aliases, alias) {
			return k, true
		}
	}
	return Key{}, false
}

// String is the state as text, a line for each key and each alias that points to none, without ARNs
// and check values, for golden files.
func (s State) String() string {
	var b strings.Builder
	for _, k := range s.Keys {
		b.WriteString(k.String() + "\n")
	}
	for _, a := range s.Aliases {
		if a.KeyARN == "" {
			b.WriteString(a.String() + "\n")
		}
	}
	return b.String()
}

// String is the key on one line, without its ARN and check value.
func (k Key) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %v, %s", k.Name, k.Attributes, k.State)
	if !k.Enabled {
		b.WriteString(", stopped")
	}
	if !k.Exportable {
		b.WriteString(", not exportable")
	}
	if !k.Deletion.IsZero() {
		b.WriteString(", deletion " + k.Deletion.UTC().Format(time.RFC3339))
	}
	for _, a := range k.Aliases {
		b.WriteString(", " + a)
	}
	for _, t := range k.Tags {
		fmt.Fprintf(&b, ", %s=%q", t.Key, t.Value)
	}
	return b.String()
}

// String is the alias and what it points to.
func (a Alias) String() string {
	name := a.Name
	if a.Place != "" {
		name += " in " + a.Place
	}
	if a.KeyARN == "" {
		return name + ": no key"
	}
	return name + ": " + a.KeyARN
}
