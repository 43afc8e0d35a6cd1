package engine

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// shape collects the violations of the limits in the service's description, in
// the order of its members: all of them are counted, maxViolations told. Paths
// are only put together on failure.
type shape struct {
	reasons []Reason
	musts   []string // what the service's message says of each: "Member must ..."
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
		parts[i] = fmt.Sprintf("Value at '%s' failed to satisfy constraint: Member must %s", r.Field, s.musts[i])
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

func (s *shape) fail(must string, r Reason) {
	if s.count++; len(s.reasons) < maxViolations {
		s.reasons, s.musts = append(s.reasons, r), append(s.musts, must)
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
		s.fail("not be null", because(RuleRequired, field, problemMissing, "", ""))
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
		s.fail(fmt.Sprintf("have length greater than or equal to %d", rule.Min),
			because(RuleLength, field, problemTooShort, characters(n), "at least "+characters(rule.Min)))
	}
	if rule.Max > 0 && n > rule.Max {
		s.fail(fmt.Sprintf("have length less than or equal to %d", rule.Max),
			because(RuleLength, field, problemTooLong, characters(n), "at most "+characters(rule.Max)))
		return // what is too long is not read further
	}
	if rule.match != nil && !rule.match(v) {
		s.fail("satisfy regular expression pattern: "+rule.Pattern,
			because(RulePattern, field, problemPattern, misfit(rule.Pattern, v), rule.Pattern))
	}
}

func characters(n int) string { return wording.Count(n, "character") }

// misfit names the first character of a text that is nowhere in a pattern, or
// else the length of the text: it may be a key block, and is not repeated.
func misfit(pattern, text string) string {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return characters(utf8.RuneCountInString(text))
	}
	for at, r := range text {
		if !occurs(parsed, r) {
			return fmt.Sprintf("%s at character %d", wording.Char(text[at:]), utf8.RuneCountInString(text[:at]))
		}
	}
	return characters(utf8.RuneCountInString(text))
}

// occurs reports whether a character stands anywhere in a pattern.
func occurs(re *syntax.Regexp, r rune) bool {
	switch re.Op {
	case syntax.OpLiteral:
		return slices.Contains(re.Rune, r)
	case syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			if re.Rune[i] <= r && r <= re.Rune[i+1] {
				return true
			}
		}
		return false
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return true
	}
	return slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return occurs(sub, r) })
}

func (s *shape) maybeNumber(field string, v *int, low, high int) {
	switch {
	case v == nil:
	case *v < low:
		s.fail(fmt.Sprintf("have value greater than or equal to %d", low),
			because(RuleRange, field, problemTooSmall, strconv.Itoa(*v), fmt.Sprintf("at least %d", low)))
	case *v > high:
		s.fail(fmt.Sprintf("have value less than or equal to %d", high),
			because(RuleRange, field, problemTooLarge, strconv.Itoa(*v), fmt.Sprintf("at most %d", high)))
	}
}

func oneOf[T ~string](s *shape, field string, v T, all []T) {
	if v == "" {
		s.given(field, false)
		return
	}
	if !slices.Contains(all, v) {
		enumFails(s, field, wording.Foreign(string(v)), all)
	}
}

func enumFails[T ~string](s *shape, field, found string, all []T) {
	s.fail(fmt.Sprintf("satisfy enum value set: %v", all), because(RuleEnum, field, problemEnum, found, wording.Or(all)))
}

func maybeOneOf[T ~string](s *shape, field string, v *T, all []T) {
	switch {
	case v == nil:
	case *v == "": // given, and no value of the set
		enumFails(s, field, wording.Foreign(""), all)
	default:
		oneOf(s, field, *v, all)
	}
}

// exactlyOne checks a union by the names of its members that are set.
func (s *shape) exactlyOne(set ...string) {
	if len(set) == 1 {
		return
	}
	problem := problemNoArm
	if len(set) > 1 {
		problem = problemManyArms
	}
	s.fail("have exactly one member set", because(RuleUnion, "", problem, strings.Join(set, ", "), "exactly one"))
}

func (s *shape) list(field string, n, most int) bool {
	if n > most {
		s.fail(fmt.Sprintf("have length less than or equal to %d", most),
			because(RuleLength, field, problemTooMany, wording.Count(n, "item"), "at most "+wording.Count(most, "item")))
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
