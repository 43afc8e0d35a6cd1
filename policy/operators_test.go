package policy

import (
	"strings"
	"testing"
	"time"
)

// TestOperandsAreReadOrRefused has the edges of each family.
func TestOperandsAreReadOrRefused(t *testing.T) {
	for _, c := range []struct {
		name         string
		family       *family
		good, refuse string // parted by |
	}{
		{"numbers", numbers,
			"0|-0|+7|007|-1.5|" + strings.Repeat("9", 40) + "|0." + strings.Repeat("9", 40),
			"||.5|5.|+|--1|1e3|0x1F|1/2|1_000| 1|1 |NaN|Inf|\u0661|" + strings.Repeat("9", 41) + "|0." + strings.Repeat("9", 41)},
		{"dates", dates,
			"2026|2026-11|2026-11-29|2026-11-29T12:00Z|2026-11-29T12:00:00|2026-11-29T12:00:00.5Z|2026-11-29T12:00:00+01:00|0|20261129|253402300799",
			"|2026-13|2026-02-30|2026-11-29T24:00:00Z|2026-11-29 12:00:00Z|2026-11-29T12:00:60Z|-1|1.5|253402300800|99999999999999999999"},
		{"booleans", booleans, "true|false|TRUE|False", "|1|0|yes|truе| true"}, // one letter of the fourth is Cyrillic
		{"addresses", addresses,
			"203.0.113.7|203.0.113.0/24|203.0.113.7/0|203.0.113.7/32|::|2001:db8::/32|2001:db8::1/128|::ffff:203.0.113.7",
			"|203.0.113|203.0.113.256|203.0.113.07|203.0.113.0/33|203.0.113.0/-1|203.0.113.0/024|2001:db8::/129|fe80::1%eth0|fe80::%eth0/64|:::|*"},
		{"ARNs", arns, "*|arn:aws|arn:aws:iam::1:role/x", "|arn:|role/x|**"},
		{"texts", texts, "|*|${x}", ""},
	} {
		for text := range strings.SplitSeq(c.good, "|") {
			if _, ok := c.family.read(text); !ok {
				t.Errorf("%s: %q is refused", c.name, text)
			}
		}
		if c.refuse == "" {
			continue
		}
		for text := range strings.SplitSeq(c.refuse, "|") {
			if o, ok := c.family.read(text); ok {
				t.Errorf("%s: %q is read as %+v", c.name, text, o)
			}
		}
	}
}

func TestDatesAreTheMomentsTheyName(t *testing.T) {
	for text, want := range map[string]time.Time{
		"1970":                      time.Unix(0, 0),
		"0":                         time.Unix(0, 0),
		"26":                        time.Unix(26, 0),
		"19700":                     time.Unix(19700, 0), // only four digits are a year
		"2026-11":                   time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
		"2026-11-29T12:30":          {},
		"2026-11-29T12:30:05":       time.Date(2026, 11, 29, 12, 30, 5, 0, time.UTC),
		"2026-11-29T12:30+05:30":    time.Date(2026, 11, 29, 7, 0, 0, 0, time.UTC),
		"2026-11-29T12:30:05.25Z":   time.Date(2026, 11, 29, 12, 30, 5, 250_000_000, time.UTC),
		"253402300799":              time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		"2026-11-29T12:30:05-00:30": time.Date(2026, 11, 29, 13, 0, 5, 0, time.UTC),
	} {
		o, ok := readDate(text)
		if ok == want.IsZero() || !o.date.Equal(want) {
			t.Errorf("%q: got %v (read: %t), want %v", text, o.date.UTC(), ok, want.UTC())
		}
	}
}

// TestARangeIsInARangeThatHasAllOfIt: the request's value may be a range too.
func TestARangeIsInARangeThatHasAllOfIt(t *testing.T) {
	for _, c := range []struct {
		policy, request string
		want            bool
	}{
		{"203.0.113.0/24", "203.0.113.128/25", true}, {"203.0.113.0/24", "203.0.113.0/24", true}, {"203.0.112.0/24", "203.0.112.0/23", false},
		{"203.0.113.0/24", "203.0.112.0/25", false}, {"::/0", "2001:db8::/32", true}, {"::/0", "0.0.0.0/0", false},
		{"::ffff:203.0.113.7", "203.0.113.7", true}, {"0.0.0.0/0", "::ffff:203.0.113.7", true},
	} {
		p, ok1 := readAddress(c.policy)
		r, ok2 := readAddress(c.request)
		if got := inRange(&p, &r); !ok1 || !ok2 || got != c.want {
			t.Errorf("%s is in %s: got %t, want %t (read: %t, %t)", c.request, c.policy, got, c.want, ok2, ok1)
		}
	}
}

// TestOperatorsAreFoundByTheirWholeNames, and each once.
func TestOperatorsAreFoundByTheirWholeNames(t *testing.T) {
	for i := range operators {
		name := operators[i].name
		if got := operatorNamed(name); got != &operators[i] {
			t.Errorf("%s is found as %v", name, got)
		}
		for _, other := range []string{strings.ToLower(name), name + " ", name[1:], name + "IfExists"} {
			if got := operatorNamed(other); got != nil {
				t.Errorf("%q is found as %s", other, got.name)
			}
		}
	}
}
