package shape

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
)

// noted are the members that are noted, with a sign for those that are empty.
func (s *Sent) noted() (out []string) {
	for _, n := range s.notes {
		if n.empty {
			n.member += "="
		}
		out = append(out, n.member)
	}
	return out
}

func TestNotesHaveThePathOfTheirMember(t *testing.T) {
	var s Sent
	s.Begin(new(holder))
	s.Absent("First")
	at := s.Len()
	s.Absent("Value")
	s.Empty("Key")
	s.Item(3, "[3]", at)
	s.Within("Tags", at)
	s.Empty("") // the value that is being read
	s.Within("Name", 3)
	want := []string{"First", "Tags[3].Value", "Tags[3].Key=", "Name="}
	if got := s.noted(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	s.Absent("Value")
	s.Item(MaxItems-1, "[255]", 4)
	s.Absent("Value")
	s.Item(MaxItems, "[256]", 5)
	if got := s.noted(); len(got) != 5 || got[4] != "[255].Value" {
		t.Errorf("got %q, want no item beyond %d", got, MaxItems)
	}
}

// TestAMemberThatComesAgainIsNotedAnew: with its parts, but not another one whose name begins like it.
func TestAMemberThatComesAgainIsNotedAnew(t *testing.T) {
	var s Sent
	for _, member := range []string{"A", "A", "A.B", "A[0].C", "AB", "B.A"} {
		s.Absent(member)
	}
	s.Forget("A", 1)
	if got, want := s.noted(), []string{"A", "AB", "B.A"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestViolationsAreThoseOfTheRequestAsItWasSent: an absent member has one violation in place of those of its parts, an empty
// string those of its limits, and the notes on another request count for nothing.
func TestViolationsAreThoseOfTheRequestAsItWasSent(t *testing.T) {
	in := new(holder)
	ctx, sent := WithSent(context.Background())
	check := func(request any) []string {
		var s Check
		s.Text("Before", "B", &name)
		s.Text("Part.One", "", &name)
		s.Text("Part.Two", "", &name)
		s.Text("Name", "", &name)
		s.Text("After", "A", &name)
		s.Amend(ctx, request)
		refusal, ok := errors.AsType[*apc.Error](s.Err())
		if !ok {
			t.Fatal("no violation")
		}
		var out []string
		for _, r := range refusal.Reasons {
			out = append(out, fmt.Sprintf("%s %s", r.Rule, r.Field))
		}
		return append(out, refusal.Message[:1])
	}
	sent.Begin(in)
	sent.Absent("Part")
	sent.Absent("Last")
	sent.Empty("Name")
	for _, c := range []struct {
		request any
		want    []string
	}{
		{in, []string{"pattern Before", "required Part", "length Name", "pattern Name", "pattern After", "required Last", "6"}},
		{new(struct{ Name string }), []string{"pattern Before", "required Part.One", "required Part.Two", "required Name", "pattern After", "5"}},
	} {
		if got := check(c.request); !slices.Equal(got, c.want) {
			t.Errorf("%T: got %q, want %q", c.request, got, c.want)
		}
	}
}
