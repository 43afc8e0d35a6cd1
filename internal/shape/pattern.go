package shape

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// pattern matches whole texts against a regular expression, several times faster
// than package regexp for those of the service: sequences of characters and sets
// of characters, with alternatives that differ at their beginning. A repetition
// takes as much as it can and gives nothing back; patterns that need more (see
// [givesBack]) are left to that package.
type pattern struct {
	alternatives [][]part
	other        *regexp.Regexp
}

// part is a piece of a sequence: a text, a set of characters or a group.
type part struct {
	literal  string // once
	set      *set
	group    [][]part // alternatives
	min, max int      // how often; max -1 is without limit
	width    int      // of a set of ASCII characters alone: how many at a time; else 0
}

// set is a set of characters.
type set struct {
	ascii  [256]bool // by byte
	beyond []rune    // pairs of first and last
}

// compile never fails for a pattern of the service: all are compiled in a test.
func compile(text string) *pattern {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err == nil {
		alternatives, ok := alternativesOf(parsed)
		if ok && !slices.ContainsFunc(alternatives, func(s []part) bool { return givesBack(s, begins{}) }) {
			return &pattern{alternatives: alternatives}
		}
	}
	return &pattern{other: regexp.MustCompile(`\A(?:` + text + `)\z`)}
}

// matches reports whether the whole text fits.
func (p *pattern) matches(text string) bool {
	if p.other != nil {
		return p.other.MatchString(text)
	}
	for _, sequence := range p.alternatives {
		if matchAll(sequence, text, 0) == len(text) {
			return true
		}
	}
	return false
}

// matchAll returns where the sequence ends in the text, or -1. Texts and sets of ASCII are matched here: a
// call for each would take a third of the time.
func matchAll(sequence []part, text string, at int) int {
	for i := range sequence {
		p := &sequence[i]
		switch {
		case p.literal != "":
			if !strings.HasPrefix(text[at:], p.literal) {
				return -1
			}
			at += len(p.literal)
		case p.width > 0:
			n := p.set.matchASCII(text[at:], p.max*p.width)
			if p.width > 1 {
				n -= n % p.width
			}
			if n < p.min*p.width {
				return -1
			}
			at += n
		case p.set != nil:
			at = p.set.match(text, at, p.min, p.max)
		default:
			at = p.match(text, at)
		}
		if at < 0 {
			return -1
		}
	}
	return at
}

// match returns where the repetitions of a group end, or -1.
func (p *part) match(text string, at int) int {
	n := 0
	for ; p.max < 0 || n < p.max; n++ {
		next := p.once(text, at)
		if next < 0 {
			break
		}
		at = next
	}
	if n < p.min {
		return -1
	}
	return at
}

// once returns where one repetition of a group ends, or -1.
func (p *part) once(text string, at int) int {
	for _, sequence := range p.group {
		if next := matchAll(sequence, text, at); next >= 0 {
			return next
		}
	}
	return -1
}

// match returns where the characters of the set end, or -1 if there are too few.
// What is no UTF-8 is U+FFFD, as in package regexp.
func (s *set) match(text string, at, low, high int) int {
	n := 0
	for ; at < len(text) && n != high; n++ {
		if s.ascii[text[at]] {
			at++
			continue
		}
		size := s.beyondASCII(text[at:])
		if size == 0 {
			break
		}
		at += size
	}
	if n < low {
		return -1
	}
	return at
}

// matchASCII returns how many characters at the beginning are ASCII of the set: at most high, unless
// that is negative.
func (s *set) matchASCII(text string, high int) (n int) {
	if high >= 0 {
		text = text[:min(len(text), high)]
	}
	for n < len(text) && s.ascii[text[n]] {
		n++
	}
	return n
}

// beyondASCII returns the length of the first character if it is of the set and not
// ASCII, or 0.
func (s *set) beyondASCII(text string) int {
	if text[0] < utf8.RuneSelf {
		return 0
	}
	r, size := utf8.DecodeRuneInString(text)
	for i := 0; i < len(s.beyond); i += 2 {
		if s.beyond[i] <= r && r <= s.beyond[i+1] {
			return size
		}
	}
	return 0
}

// alternativesOf takes an expression apart into sequences without alternatives, if it has nothing but what a
// pattern can have: x(a|b)y is xay and xby.
func alternativesOf(re *syntax.Regexp) (out [][]part, ok bool) {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return [][]part{nil}, true
	case syntax.OpCapture:
		return alternativesOf(re.Sub[0])
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			more, ok := alternativesOf(sub)
			if out = append(out, more...); !ok || len(out) > maxAlternatives {
				return nil, false
			}
		}
		return out, true
	case syntax.OpConcat:
		out = [][]part{nil}
		for _, sub := range re.Sub {
			next, ok := alternativesOf(sub)
			if !ok || len(out)*len(next) > maxAlternatives {
				return nil, false
			}
			out = product(out, next)
		}
		return out, true
	case syntax.OpLiteral:
		text := string(re.Rune)
		plain := re.Flags&syntax.FoldCase == 0 && !strings.ContainsRune(text, utf8.RuneError) // which what is no UTF-8 is too
		return [][]part{{{literal: text, min: 1, max: 1}}}, plain
	case syntax.OpCharClass:
		return [][]part{{onePart(newSet(re.Rune...), 1, 1)}}, true
	}
	one, ok := repetitionOf(re)
	return [][]part{{one}}, ok
}

// maxAlternatives bounds the sequences of a pattern.
const maxAlternatives = 32

// product is each of the first sequences followed by each of the others. Texts that meet become one.
func product(first, then [][]part) (out [][]part) {
	for _, a := range first {
		for _, b := range then {
			if n := len(a); n > 0 && len(b) > 0 && a[n-1].literal != "" && b[0].literal != "" {
				one := part{literal: a[n-1].literal + b[0].literal, min: 1, max: 1}
				out = append(out, slices.Concat(a[:n-1], []part{one}, b[1:]))
				continue
			}
			out = append(out, slices.Concat(a, b))
		}
	}
	return out
}

func repetitionOf(re *syntax.Regexp) (part, bool) {
	low, high := re.Min, re.Max
	switch re.Op {
	case syntax.OpStar:
		low, high = 0, -1
	case syntax.OpPlus:
		low, high = 1, -1
	case syntax.OpQuest:
		low, high = 0, 1
	case syntax.OpRepeat:
	default:
		return part{}, false
	}
	group, ok := alternativesOf(re.Sub[0])
	if slices.ContainsFunc(group, canBeEmpty) {
		return part{}, false // a repetition of nothing has no end
	}
	if ok && re.Sub[0].Op == syntax.OpCharClass {
		return onePart(group[0][0].set, low, high), true
	}
	if same, width := oneSet(group); ok && width > 0 { // pairs of hexadecimal digits
		return part{set: same, min: low, max: high, width: width}, ok
	}
	return part{group: group, min: low, max: high}, ok
}

// oneSet returns the set of ASCII characters that a group is a number of, and the number; 0 if it is
// anything else.
func oneSet(group [][]part) (*set, int) {
	if len(group) != 1 || len(group[0]) == 0 {
		return nil, 0
	}
	first, width := group[0][0].set, 0
	for _, p := range group[0] {
		if p.set == nil || p.width > 1 || p.min != p.max || p.set.beyond != nil || p.set.ascii != first.ascii {
			return nil, 0
		}
		width += p.min
	}
	return first, width
}

func canBeEmpty(sequence []part) bool {
	return !slices.ContainsFunc(sequence, func(p part) bool { return p.min > 0 })
}

// onePart is a set that is repeated a character at a time.
func onePart(s *set, low, high int) part {
	p := part{set: s, min: low, max: high}
	if s.beyond == nil {
		p.width = 1
	}
	return p
}

func newSet(ranges ...rune) *set {
	s := &set{}
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1] && r < utf8.RuneSelf; r++ {
			s.ascii[r] = true
		}
		if ranges[i+1] >= utf8.RuneSelf {
			s.beyond = append(s.beyond, max(ranges[i], utf8.RuneSelf), ranges[i+1])
		}
	}
	return s
}
