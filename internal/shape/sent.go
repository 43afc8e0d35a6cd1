package shape

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Sent is what the text of a request says and its Go value does not: which required members are absent
// although the zero value is one that may be sent, and which strings were sent and are empty. Members are
// named as in violations: "Tags[0].Value". A request that was made in Go has none of it: there a
// string that is empty is absent, and a structure is there.
type Sent struct {
	request any // a pointer to the Go value
	notes   []note
}

type note struct {
	member string
	empty  bool // an empty string; else it is absent
}

type sentKey struct{}

// withSent is a context that carries the notes on a request.
type withSent struct {
	context.Context
	sent Sent
}

func (c *withSent) Value(key any) any {
	if key == (sentKey{}) {
		return &c.sent
	}
	return c.Context.Value(key)
}

// String is like that of the contexts of the library. The notes may have texts of a client in them.
func (c *withSent) String() string { return fmt.Sprint(c.Context) + ".WithSent" }

// WithSent returns a context that carries the notes on one request, and these notes, still empty. [Check.Amend] finds them
// in the context.
func WithSent(ctx context.Context) (context.Context, *Sent) {
	c := &withSent{Context: ctx}
	return c, &c.sent
}

// Begin begins the notes on a request, by a pointer to its Go value: a context may also reach other requests.
func (s *Sent) Begin(request any) { *s = Sent{request: request} }

// Absent notes a required member that was not sent.
func (s *Sent) Absent(member string) { s.notes = append(s.notes, note{member, false}) }

// Empty notes an empty string; "" is the value that is being read, which [Sent.Within] names.
func (s *Sent) Empty(member string) { s.notes = append(s.notes, note{member, true}) }

// Len is how many members are noted.
func (s *Sent) Len() int { return len(s.notes) }

// Within puts the name of a structure, a list or a map in front of the members that were noted behind
// the first ones.
func (s *Sent) Within(name string, first int) {
	for i := range s.notes[first:] {
		n := &s.notes[first+i]
		if n.member != "" && n.member[0] != '[' {
			n.member = "." + n.member
		}
		n.member = name + n.member
	}
}

// MaxItems is how many items of a list or a map are noted. The service takes fewer.
const MaxItems = 256

// Item is Within for an item of a list or a map, by its place. The notes on one beyond MaxItems are dropped.
func (s *Sent) Item(at int, name string, first int) {
	if at >= MaxItems {
		s.notes = s.notes[:first]
	}
	s.Within(name, first)
}

// Forget drops what is noted of a member and its parts behind the first notes: it came again, or otherwise.
func (s *Sent) Forget(member string, first int) {
	kept := slices.DeleteFunc(s.notes[first:], func(n note) bool { return within(n.member, member) })
	s.notes = s.notes[:first+len(kept)]
}

// within reports whether a path is that of a member or of a part of it.
func within(path, member string) bool {
	rest, ok := strings.CutPrefix(path, member)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// Amend makes the violations those of a request as it was sent, where the context has the notes on it.
func (s *Check) Amend(ctx context.Context, request any) {
	sent, ok := ctx.Value(sentKey{}).(*Sent)
	if !ok || sent.request != request {
		return
	}
	for _, n := range sent.notes {
		if n.empty {
			s.empty(n.member)
		} else {
			s.absent(n.member)
		}
	}
}

// absent puts one violation in place of those of a member and its parts, or behind all others. The items of a
// list that is refused itself are not checked.
func (s *Check) absent(member string) {
	if slices.ContainsFunc(s.found, func(v violation) bool { return strings.HasPrefix(member, v.reason.Field+"[") }) {
		return
	}
	part := func(v violation) bool { return within(v.reason.Field, member) }
	at := slices.IndexFunc(s.found, part)
	if at < 0 {
		s.add(missing(member, nil))
		return
	}
	before := len(s.found)
	s.found = slices.Insert(slices.DeleteFunc(s.found, part), at, missing(member, nil))
	s.count += len(s.found) - before
}

// empty puts what is wrong with an empty string in place of its absence.
func (s *Check) empty(member string) {
	at := slices.IndexFunc(s.found, func(v violation) bool { return v.reason.Field == member && v.empty != nil })
	if at < 0 {
		return
	}
	instead := slices.Clone(s.found[at].empty)
	for i := range instead {
		instead[i].reason.Field = member
	}
	s.found = slices.Replace(s.found, at, at+1, instead...)
	s.count += len(instead) - 1
}
