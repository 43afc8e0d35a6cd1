package core

import (
	"errors"
	"slices"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
)

// TestTagsAreInTheOrderOfTheirKeys, which differ by case, and the request stays as it is.
func TestTagsAreInTheOrderOfTheirKeys(t *testing.T) {
	in := []apc.Tag{{Key: "b", Value: "1"}, {Key: "a"}, {Key: "B", Value: "2"}, {Key: "aws", Value: "3"}, {Key: "xaws:", Value: "4"}}
	before := slices.Clone(in)
	want := []apc.Tag{{Key: "B", Value: "2"}, {Key: "a"}, {Key: "aws", Value: "3"}, {Key: "b", Value: "1"}, {Key: "xaws:", Value: "4"}}
	got, err := NewTags(in)
	if err != nil || !slices.Equal(got, want) || !slices.Equal(in, before) {
		t.Errorf("got %v, %v; want %v; the request is %v", got, err, want, in)
	}
	for what, tags := range map[string][]apc.Tag{
		"reserved":             {{Key: "a"}, {Key: "aws:a"}},
		"reserved, any case":   {{Key: "AwS:"}},
		"twice":                {{Key: "a", Value: "1"}, {Key: "b"}, {Key: "a", Value: "1"}},
		"twice, the empty one": {{Key: ""}, {Key: ""}},
	} {
		got, err := NewTags(tags)
		if refusal, ok := errors.AsType[*apc.Error](err); !ok || refusal.Code != apc.ErrValidation || refusal.Reasons[0].Rule != apc.RuleTagKey {
			t.Errorf("%s: got %v, %v", what, got, err)
		}
	}
	for _, none := range [][]apc.Tag{nil, {}} {
		if got, err := NewTags(none); got != nil || err != nil {
			t.Errorf("%#v: got %#v, %v", none, got, err)
		}
	}
}

// TestTagsOfAKeyAreReplacedOrAdded in their order (control-plane, section 6).
func TestTagsOfAKeyAreReplacedOrAdded(t *testing.T) {
	old := []apc.Tag{{Key: "b", Value: "1"}, {Key: "d", Value: "2"}}
	for _, c := range []struct{ add, want []apc.Tag }{
		{nil, old},
		{[]apc.Tag{{Key: "b", Value: "9"}}, []apc.Tag{{Key: "b", Value: "9"}, {Key: "d", Value: "2"}}},
		{[]apc.Tag{{Key: "a"}, {Key: "c"}, {Key: "e"}},
			[]apc.Tag{{Key: "a"}, {Key: "b", Value: "1"}, {Key: "c"}, {Key: "d", Value: "2"}, {Key: "e"}}},
	} {
		if got := MergeTags(old, c.add); !slices.Equal(got, c.want) {
			t.Errorf("with %v: got %v, want %v", c.add, got, c.want)
		}
		if old[0].Value != "1" || old[1].Value != "2" {
			t.Fatalf("with %v the old tags are %v", c.add, old)
		}
	}
	c := &Call{Caller: &Caller{Cloud: &Cloud{Limits: apc.Limits{Tags: 2}}}}
	if err := c.CheckTagCount(2); err != nil {
		t.Errorf("as many as a key may have: %v", err)
	}
	if err := c.CheckTagCount(3); !errors.Is(err, apc.ErrServiceQuotaExceeded) {
		t.Errorf("one more: got %v", err)
	}
}

// TestKeysThatEndTakeNoTags (user guide, tagging-keys).
func TestKeysThatEndTakeNoTags(t *testing.T) {
	takes := []apc.KeyState{apc.KeyStateCreateComplete, apc.KeyStateCreateInProgress}
	for _, state := range keyStates {
		err := CheckTaggable(Key{State: state})
		if want := slices.Contains(takes, state); want != (err == nil) || err != nil && !errors.Is(err, apc.ErrValidation) {
			t.Errorf("%s: got %v, want that it is taken: %t", state, err, want)
		}
	}
}
