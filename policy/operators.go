package policy

import (
	"math/big"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// operand is a value of a condition, read as its operator reads it.
type operand struct {
	text    string
	number  *big.Rat
	date    time.Time
	address netip.Prefix
	arn     arnPattern
}

// family is a kind of comparison: how the values of a policy are read, and of a request.
type family struct {
	read    func(text string) (operand, bool)
	problem string
	wanted  string
}

var (
	texts     = &family{read: readText}
	numbers   = &family{readNumber, problemNumber, "digits, with a sign and a fraction if needed"}
	dates     = &family{readDate, problemDate, "2026-11-29T12:00:00Z, 2026-11-29, or seconds since 1970"}
	booleans  = &family{readBool, problemBool, "true or false"}
	addresses = &family{readAddress, problemAddress, "203.0.113.0/24, 2001:DB8::/32, or one address"}
	arns      = &family{readARN, problemARN, "arn:aws:iam::111122223333:role/teller, with * and ? in its parts"}
)

// operator is a condition operator. matches compares a value of a policy with one of a request;
// a negated operator holds where no value of the policy matches.
type operator struct {
	name    string
	family  *family
	negated bool
	matches func(policy, request *operand) bool
}

// operators are those of the IAM User Guide, "Condition operators", in its order, but for
// BinaryEquals: no key of this service is binary. Null is not in the list.
var operators = []operator{
	{"StringEquals", texts, false, sameText},
	{"StringNotEquals", texts, true, sameText},
	{"StringEqualsIgnoreCase", texts, false, sameFolded},
	{"StringNotEqualsIgnoreCase", texts, true, sameFolded},
	{"StringLike", texts, false, likeText},
	{"StringNotLike", texts, true, likeText},
	{"NumericEquals", numbers, false, sameNumber},
	{"NumericNotEquals", numbers, true, sameNumber},
	{"NumericLessThan", numbers, false, lessNumber},
	{"NumericLessThanEquals", numbers, false, atMostNumber},
	{"NumericGreaterThan", numbers, false, greaterNumber},
	{"NumericGreaterThanEquals", numbers, false, atLeastNumber},
	{"DateEquals", dates, false, sameDate},
	{"DateNotEquals", dates, true, sameDate},
	{"DateLessThan", dates, false, before},
	{"DateLessThanEquals", dates, false, notAfter},
	{"DateGreaterThan", dates, false, after},
	{"DateGreaterThanEquals", dates, false, notBefore},
	{"Bool", booleans, false, sameText},
	{"IpAddress", addresses, false, inRange},
	{"NotIpAddress", addresses, true, inRange},
	{"ArnEquals", arns, false, likeARN},
	{"ArnLike", arns, false, likeARN},
	{"ArnNotEquals", arns, true, likeARN},
	{"ArnNotLike", arns, true, likeARN},
}

func operatorNamed(name string) *operator {
	for i := range operators {
		if operators[i].name == name {
			return &operators[i]
		}
	}
	return nil
}

func sameText(p, r *operand) bool   { return p.text == r.text }
func sameFolded(p, r *operand) bool { return strings.EqualFold(p.text, r.text) }
func likeText(p, r *operand) bool   { return like(p.text, r.text, false) }

func sameNumber(p, r *operand) bool    { return r.number.Cmp(p.number) == 0 }
func lessNumber(p, r *operand) bool    { return r.number.Cmp(p.number) < 0 }
func atMostNumber(p, r *operand) bool  { return r.number.Cmp(p.number) <= 0 }
func greaterNumber(p, r *operand) bool { return r.number.Cmp(p.number) > 0 }
func atLeastNumber(p, r *operand) bool { return r.number.Cmp(p.number) >= 0 }

func sameDate(p, r *operand) bool  { return r.date.Equal(p.date) }
func before(p, r *operand) bool    { return r.date.Before(p.date) }
func notAfter(p, r *operand) bool  { return !r.date.After(p.date) }
func after(p, r *operand) bool     { return r.date.After(p.date) }
func notBefore(p, r *operand) bool { return !r.date.Before(p.date) }

// inRange holds where the request's address, or all of its range, is in that of the policy.
func inRange(p, r *operand) bool {
	return p.address.Bits() <= r.address.Bits() && p.address.Contains(r.address.Addr())
}

func likeARN(p, r *operand) bool { return p.arn.matches(r.text) }

func readText(text string) (operand, bool) { return operand{text: text}, true }

func readARN(text string) (operand, bool) {
	p, ok := parseARN(text)
	return operand{text: text, arn: p}, ok
}

func readBool(text string) (operand, bool) {
	text = strings.ToLower(text)
	return operand{text: text}, text == "true" || text == "false"
}

// decimal has no exponent, so that no value takes long to compute with.
var decimal = regexp.MustCompile(`^[-+]?[0-9]{1,40}(\.[0-9]{1,40})?$`)

func readNumber(text string) (operand, bool) {
	if !decimal.MatchString(text) {
		return operand{}, false
	}
	n, ok := new(big.Rat).SetString(text)
	return operand{text: text, number: n}, ok
}

// dateForms are those of W3C's profile of ISO 8601. One without a zone is UTC (GUESS G-policy-date).
var dateForms = []string{
	time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02", "2006-01", "2006",
}

// readDate takes a date, or seconds since 1970. Four digits alone are a year.
func readDate(text string) (operand, bool) {
	for _, form := range dateForms {
		if t, err := time.Parse(form, text); err == nil {
			return operand{text: text, date: t}, true
		}
	}
	const mostSeconds = 253402300799 // the end of the year 9999
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds < 0 || seconds > mostSeconds {
		return operand{}, false
	}
	return operand{text: text, date: time.Unix(seconds, 0)}, true
}

// readAddress takes an address or a range. Bits of the range behind its mask do not count.
func readAddress(text string) (operand, bool) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return operand{text: text, address: netip.PrefixFrom(a, a.BitLen())}, true
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return operand{}, false
	}
	return operand{text: text, address: p.Masked()}, true
}
