package engine

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// shape collects the violations of the limits in the service's description, in
// the order of its members: all of them are counted, maxViolations told. Paths
// are only put together on failure.
type shape struct {
	reasons []Reason
	count   int
}

// maxViolations bounds what a request that is wrong a hundred thousand times
// gets for an answer.
const maxViolations = 100

// shaped is an input or a part of one that knows its limits.
type shaped interface{ shape(*shape) }

// check is the first check of every operation.
func (s *shape) check(in shaped) error {
	in.shape(s)
	if len(s.reasons) == 0 {
		return nil
	}
	parts := make([]string, len(s.reasons))
	for i, r := range s.reasons {
		parts[i] = fmt.Sprintf("Value at '%s' failed to satisfy constraint: Member must %s", r.Field, r.Wanted)
	}
	plural := "s"
	if s.count == 1 {
		plural = ""
	}
	if more := s.count - len(parts); more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return invalid(fmt.Sprintf("%d validation error%s detected: %s", s.count, plural, strings.Join(parts, "; ")), s.reasons...)
}

func (s *shape) fail(rule, field, found, wanted string) {
	if s.count++; len(s.reasons) < maxViolations {
		s.reasons = append(s.reasons, because(rule, field, found, wanted))
	}
}

// inside checks a part under the member's name, which goes in front of the
// fields that the part finds fault with.
func (s *shape) inside(field string, part shaped) {
	before := len(s.reasons)
	part.shape(s)
	for i := range s.reasons[before:] {
		r := &s.reasons[before+i]
		r.Field = strings.TrimSuffix(field+"."+r.Field, ".")
	}
}

func (s *shape) given(field string, ok bool) {
	if !ok {
		s.fail("required", field, "nothing", "not be null")
	}
}

// text checks a required string; the empty one counts as absent where the
// service wants at least one character.
func (s *shape) text(field, v string, rule *textRule) {
	if v == "" && !rule.emptyFits() {
		s.given(field, false)
		return
	}
	s.value(field, v, rule)
}

func (s *shape) maybeText(field string, v *string, rule *textRule) {
	if v != nil {
		s.value(field, *v, rule)
	}
}

// value checks a string that is there. Only its length is told: it may be a
// key block.
func (s *shape) value(field, v string, rule *textRule) {
	n := len(v)
	if n > rule.Max { // bytes bound characters from above; where Min matters, only ASCII fits the pattern
		n = utf8.RuneCountInString(v)
	}
	if n < rule.Min {
		s.fail("length", field, fmt.Sprintf("%d characters", n), fmt.Sprintf("have length greater than or equal to %d", rule.Min))
	}
	if rule.Max > 0 && n > rule.Max {
		s.fail("length", field, fmt.Sprintf("%d characters", n), fmt.Sprintf("have length less than or equal to %d", rule.Max))
		return // what is too long is not read further
	}
	if rule.match != nil && !rule.match(v) {
		s.fail("pattern", field, "another form", "satisfy regular expression pattern: "+rule.Pattern)
	}
}

func (s *shape) maybeNumber(field string, v *int, low, high int) {
	switch {
	case v == nil:
	case *v < low:
		s.fail("range", field, fmt.Sprint(*v), fmt.Sprintf("have value greater than or equal to %d", low))
	case *v > high:
		s.fail("range", field, fmt.Sprint(*v), fmt.Sprintf("have value less than or equal to %d", high))
	}
}

func oneOf[T ~string](s *shape, field string, v T, all []T) {
	if v == "" {
		s.given(field, false)
		return
	}
	if !slices.Contains(all, v) {
		s.fail("enum", field, shown(string(v)), fmt.Sprintf("satisfy enum value set: %v", all))
	}
}

// shown is a client's own word, to be repeated in a reason, or its length where
// it is long or could be a key in the wrong place.
func shown(word string) string {
	if len(word) > 64 || keyLike.MatchString(word) {
		return fmt.Sprintf("%d characters", len(word))
	}
	return word
}

// keyLike is more hexadecimal digits than any name of the service has in a row.
var keyLike = regexp.MustCompile(`[0-9A-Fa-f]{8}`)

func maybeOneOf[T ~string](s *shape, field string, v *T, all []T) {
	switch {
	case v == nil:
	case *v == "": // given, and no value of the set
		s.fail("enum", field, "an empty string", fmt.Sprintf("satisfy enum value set: %v", all))
	default:
		oneOf(s, field, *v, all)
	}
}

// exactlyOne checks a union by the names of its members that are set.
func (s *shape) exactlyOne(set ...string) {
	if len(set) == 1 {
		return
	}
	found := "none"
	if len(set) > 1 {
		found = strings.Join(set, ", ")
	}
	s.fail("union", "", found, "have exactly one member set")
}

func (s *shape) list(field string, n, most int) bool {
	if n > most {
		s.fail("length", field, fmt.Sprintf("%d items", n), fmt.Sprintf("have length less than or equal to %d", most))
		return false
	}
	return true
}

func (s *shape) tags(tags []Tag) {
	if !s.list("Tags", len(tags), maxTagList) {
		return
	}
	for i := range tags {
		s.inside(fmt.Sprintf("Tags[%d]", i), &tags[i])
	}
}

func (s *shape) tagKeys(keys []string) {
	if !s.list("TagKeys", len(keys), maxTagList) {
		return
	}
	for i, k := range keys {
		s.text(fmt.Sprintf("TagKeys[%d]", i), k, &textTagKey)
	}
}

func (s *shape) regions(field string, regions []string) {
	for i, r := range regions {
		s.text(fmt.Sprintf("%s[%d]", field, i), r, &textRegion)
	}
}

func (s *shape) optionalBlocks(blocks map[string]string) {
	for _, id := range sortedKeys(blocks) {
		s.value("OptionalBlocks.key", id, &textOptionalBlockId)
		name := "a block"
		if len(id) == 2 {
			name = id
		}
		s.text("OptionalBlocks."+name, blocks[id], &textOptionalBlockValue)
	}
}
