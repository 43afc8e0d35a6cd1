package policy

import (
	"strings"
	"testing"
)

// conditionCase is one condition on the key test:Key. The values of the request are parted by |; "-"
// is a request without the key.
type conditionCase struct {
	op, values, given string
	want              bool
	rule, page        string
}

var conditionCases = []conditionCase{
	// Text.
	{"StringEquals", `"a"`, "a", true, "equal texts match", pageOperators},
	{"StringEquals", `"a"`, "A", false, "case counts", pageOperators},
	{"StringEquals", `"a"`, "ab", false, "all of the text counts", pageOperators},
	{"StringEquals", `"a*"`, "ab", false, "StringEquals has no wildcards", pageOperators},
	{"StringEquals", `"a*"`, "a*", true, "a star is a star", pageOperators},
	{"StringEquals", `"a?"`, "ab", false, "StringEquals has no question mark", pageOperators},
	{"StringEquals", `["a","b"]`, "b", true, "one of several values is enough", pageSeveral},
	{"StringEquals", `["a","b"]`, "c", false, "none of several values matches", pageSeveral},
	{"StringEquals", `"a"`, "-", false, "an absent key does not match", pageOperators},
	{"StringEquals", `""`, "", true, "an empty value is a value", pageOperators},
	{"StringEquals", `true`, "true", true, "a boolean is read as text", pageGrammar},
	{"StringEquals", `12`, "12", true, "a number is read as text", pageGrammar},
	{"StringEquals", `"\u00e4"`, "ä", true, "characters are compared after JSON's escapes", pageGrammar},
	{"StringNotEquals", `"a"`, "b", true, "another text is not equal", pageOperators},
	{"StringNotEquals", `"a"`, "a", false, "an equal text is", pageOperators},
	{"StringNotEquals", `"a"`, "A", true, "case counts", pageOperators},
	{"StringNotEquals", `"a"`, "-", true, "an absent key is not equal", pageOperators},
	{"StringNotEquals", `["a","b"]`, "b", false, "several values of a negated operator are NOR: none may match", pageSeveral},
	{"StringNotEquals", `["a","b"]`, "c", true, "none of them matches", pageSeveral},
	{"StringEqualsIgnoreCase", `"John"`, "jOHN", true, "case does not count", pageOperators},
	{"StringEqualsIgnoreCase", `"John"`, "Joan", false, "letters do", pageOperators},
	{"StringEqualsIgnoreCase", `"John"`, "-", false, "an absent key does not match", pageOperators},
	{"StringEqualsIgnoreCase", `"J*"`, "john", false, "no wildcards here either", pageOperators},
	{"StringNotEqualsIgnoreCase", `"John"`, "jOHN", false, "equal but for case", pageOperators},
	{"StringNotEqualsIgnoreCase", `"John"`, "Joan", true, "another text", pageOperators},
	{"StringNotEqualsIgnoreCase", `"John"`, "-", true, "an absent key is not equal", pageOperators},
	{"StringLike", `"a*"`, "abc", true, "a star is any number of characters", pageOperators},
	{"StringLike", `"a*"`, "a", true, "none too", pageOperators},
	{"StringLike", `"*a"`, "bca", true, "at the beginning", pageOperators},
	{"StringLike", `"a*c"`, "abbc", true, "in the middle", pageOperators},
	{"StringLike", `"a*c*e"`, "abcde", true, "several stars", pageOperators},
	{"StringLike", `"a*c*e"`, "abde", false, "what is between them must be there", pageOperators},
	{"StringLike", `"*ab"`, "aab", true, "a star gives characters back", pageOperators},
	{"StringLike", `"a?c"`, "abc", true, "a question mark is one character", pageOperators},
	{"StringLike", `"a?c"`, "ac", false, "not none", pageOperators},
	{"StringLike", `"a?c"`, "aäc", true, "of any length in bytes", pageOperators},
	{"StringLike", `"??"`, "a", false, "two are two", pageOperators},
	{"StringLike", `"A*"`, "abc", false, "case counts", pageOperators},
	{"StringLike", `"*"`, "", true, "a star matches the empty text", pageOperators},
	{"StringLike", `"*"`, "-", false, "but not an absent key", pageOperators},
	{"StringLike", `"abc"`, "abc", true, "without wildcards it is StringEquals", pageOperators},
	{"StringLike", `"a/b*"`, "a/b/c", true, "a slash is no boundary", pageOperators},
	{"StringLike", `["x*","a*"]`, "abc", true, "one of several patterns is enough", pageSeveral},
	{"StringNotLike", `"a*"`, "abc", false, "a text that matches", pageOperators},
	{"StringNotLike", `"a*"`, "bcd", true, "one that does not", pageOperators},
	{"StringNotLike", `"a*"`, "-", true, "an absent key matches nothing", pageOperators},
	{"StringNotLike", `["a*","b*"]`, "bcd", false, "none of the patterns may match", pageSeveral},

	// Numbers.
	{"NumericEquals", `"10"`, "10", true, "equal numbers", pageOperators},
	{"NumericEquals", `10`, "10.0", true, "the value counts, not its digits", pageOperators},
	{"NumericEquals", `"10"`, "11", false, "another number", pageOperators},
	{"NumericEquals", `"10"`, "-", false, "an absent key does not match", pageOperators},
	{"NumericEquals", `"10"`, "ten", false, "what is no number matches nothing (GUESS G-policy-number)", pageOperators},
	{"NumericEquals", `["1","2"]`, "2", true, "one of several numbers", pageSeveral},
	{"NumericNotEquals", `"10"`, "11", true, "another number", pageOperators},
	{"NumericNotEquals", `"10"`, "10", false, "the same number", pageOperators},
	{"NumericNotEquals", `"10"`, "-", true, "an absent key is not equal", pageOperators},
	{"NumericLessThan", `"10"`, "9", true, "less", pageOperators},
	{"NumericLessThan", `"10"`, "10", false, "not equal", pageOperators},
	{"NumericLessThan", `"10"`, "9.99", true, "fractions count", pageOperators},
	{"NumericLessThan", `"-1"`, "-2", true, "signs count", pageOperators},
	{"NumericLessThan", `"10"`, "9a", false, "no number", pageOperators},
	{"NumericLessThan", `"9"`, "10", false, "numbers are not compared as texts", pageOperators},
	{"NumericLessThanEquals", `"10"`, "10", true, "equal is enough", pageOperators},
	{"NumericLessThanEquals", `"10"`, "11", false, "more is not", pageOperators},
	{"NumericGreaterThan", `"10"`, "11", true, "more", pageOperators},
	{"NumericGreaterThan", `"10"`, "10", false, "equal is not", pageOperators},
	{"NumericGreaterThan", `"10"`, "-", false, "an absent key is not", pageOperators},
	{"NumericGreaterThanEquals", `"10"`, "10", true, "equal is enough", pageOperators},
	{"NumericGreaterThanEquals", `"10"`, "9", false, "less is not", pageOperators},

	// Dates.
	{"DateEquals", `"2026-11-29T12:00:00Z"`, "2026-11-29T12:00:00Z", true, "the same moment", pageOperators},
	{"DateEquals", `"2026-11-29T12:00:00Z"`, "2026-11-29T13:00:00+01:00", true, "in another zone", pageOperators},
	{"DateEquals", `"2026-11-29T12:00:00Z"`, "2026-11-29T12:00:01Z", false, "a second later", pageOperators},
	{"DateEquals", `"1795953600"`, "2026-11-29T12:00:00Z", true, "seconds since 1970 are a date", pageOperators},
	{"DateEquals", `"2026-11-29"`, "2026-11-29T00:00:00Z", true, "a day is its first moment", pageOperators},
	{"DateEquals", `"2026-11"`, "2026-11-01T00:00:00Z", true, "a month is too", pageOperators},
	{"DateEquals", `"2026"`, "2026-01-01T00:00:00Z", true, "four digits are a year", pageOperators},
	{"DateEquals", `"2026-11-29T12:00Z"`, "2026-11-29T12:00:00Z", true, "seconds may be left out", pageOperators},
	{"DateEquals", `"2026-11-29T12:00:00Z"`, "-", false, "an absent key does not match", pageOperators},
	{"DateEquals", `"2026-11-29T12:00:00Z"`, "noon", false, "what is no date matches nothing (GUESS G-policy-date)", pageOperators},
	{"DateNotEquals", `"2026-11-29"`, "2026-11-30", true, "another day", pageOperators},
	{"DateNotEquals", `"2026-11-29"`, "2026-11-29", false, "the same day", pageOperators},
	{"DateNotEquals", `"2026-11-29"`, "-", true, "an absent key is not equal", pageOperators},
	{"DateLessThan", `"2026-11-29"`, "2026-11-28", true, "before", pageOperators},
	{"DateLessThan", `"2026-11-29"`, "2026-11-29", false, "not at that moment", pageOperators},
	{"DateLessThan", `"2026-11-29"`, "-", false, "an absent key is not before", pageOperators},
	{"DateLessThanEquals", `"2026-11-29"`, "2026-11-29", true, "at that moment", pageOperators},
	{"DateLessThanEquals", `"2026-11-29"`, "2026-11-30", false, "not after it", pageOperators},
	{"DateGreaterThan", `"2026-11-29"`, "2026-11-30", true, "after", pageOperators},
	{"DateGreaterThan", `"2026-11-29"`, "2026-11-29", false, "not at that moment", pageOperators},
	{"DateGreaterThan", `1795953600`, "1795953601", true, "seconds on both sides", pageOperators},
	{"DateGreaterThanEquals", `"2026-11-29"`, "2026-11-29", true, "at that moment", pageOperators},
	{"DateGreaterThanEquals", `"2026-11-29"`, "2026-11-28", false, "not before it", pageOperators},

	// Booleans.
	{"Bool", `"true"`, "true", true, "the same truth", pageOperators},
	{"Bool", `"true"`, "false", false, "the other", pageOperators},
	{"Bool", `true`, "true", true, "JSON's boolean is the same as its text", pageGrammar},
	{"Bool", `"True"`, "true", true, "case does not count (GUESS G-policy-bool)", pageOperators},
	{"Bool", `"false"`, "false", true, "false matches false", pageOperators},
	{"Bool", `"false"`, "-", false, "an absent key is not false", pageOperators},
	{"Bool", `["true","false"]`, "false", true, "one of both", pageSeveral},

	// Addresses.
	{"IpAddress", `"203.0.113.0/24"`, "203.0.113.7", true, "in the range", pageOperators},
	{"IpAddress", `"203.0.113.0/24"`, "203.0.114.7", false, "beside it", pageOperators},
	{"IpAddress", `"203.0.113.7"`, "203.0.113.7", true, "an address alone is /32", pageOperators},
	{"IpAddress", `"203.0.113.7"`, "203.0.113.8", false, "and nothing else", pageOperators},
	{"IpAddress", `"203.0.113.99/24"`, "203.0.113.7", true, "bits behind the mask do not count (GUESS G-policy-address)", pageOperators},
	{"IpAddress", `"0.0.0.0/0"`, "203.0.113.7", true, "everything in IPv4", pageOperators},
	{"IpAddress", `"0.0.0.0/0"`, "2001:db8::1", false, "which is not IPv6", pageOperators},
	{"IpAddress", `"2001:DB8:1234:5678::/64"`, "2001:db8:1234:5678::9", true, "IPv6 in the range", pageOperators},
	{"IpAddress", `"2001:DB8:1234:5678::/64"`, "2001:db8:1234:5679::9", false, "IPv6 beside it", pageOperators},
	{"IpAddress", `"2001:DB8::1"`, "2001:db8:0:0:0:0:0:1", true, "an address has several spellings", pageOperators},
	{"IpAddress", `"203.0.113.0/24"`, "::ffff:203.0.113.7", true, "IPv4 within IPv6 is IPv4 (GUESS G-policy-address)", pageOperators},
	{"IpAddress", `["192.0.2.0/24","203.0.113.0/24"]`, "203.0.113.7", true, "one of several ranges", pageSeveral},
	{"IpAddress", `"203.0.113.0/24"`, "-", false, "an absent key is in no range", pageOperators},
	{"IpAddress", `"203.0.113.0/24"`, "here", false, "what is no address matches nothing (GUESS G-policy-address)", pageOperators},
	{"NotIpAddress", `"203.0.113.0/24"`, "203.0.114.7", true, "beside the range", pageOperators},
	{"NotIpAddress", `"203.0.113.0/24"`, "203.0.113.7", false, "in it", pageOperators},
	{"NotIpAddress", `["192.0.2.0/24","203.0.113.0/24"]`, "203.0.113.7", false, "in one of several", pageSeveral},
	{"NotIpAddress", `"203.0.113.0/24"`, "-", true, "an absent key is in no range", pageOperators},

	// ARNs.
	{"ArnEquals", `"arn:aws:iam::111122223333:user/alice"`, "arn:aws:iam::111122223333:user/alice", true, "the same ARN", pageOperators},
	{
		"ArnEquals",
		`"arn:aws:iam::111122223333:user/*"`,
		"arn:aws:iam::111122223333:user/alice",
		true,
		"ArnEquals behaves as ArnLike",
		pageOperators,
	},
	{
		"ArnLike",
		`"arn:aws:iam::111122223333:user/*"`,
		"arn:aws:iam::111122223333:user/finance/alice",
		true,
		"a star reaches over slashes",
		pageOperators,
	},
	{"ArnLike", `"arn:aws:iam::*:user/alice"`, "arn:aws:iam::444455556666:user/alice", true, "a star in a part", pageOperators},
	{
		"ArnLike",
		`"arn:aws:iam::11112222????:user/alice"`,
		"arn:aws:iam::111122223333:user/alice",
		true,
		"question marks in a part",
		pageOperators,
	},
	{
		"ArnLike",
		`"arn:aws:*:user/alice"`,
		"arn:aws:iam::111122223333:user/alice",
		false,
		"a star does not reach beyond its part",
		pageOperators,
	},
	{"ArnLike", `"arn:aws:iam::111122223333:role/*"`, "arn:aws:iam::111122223333:user/alice", false, "another resource", pageOperators},
	{"ArnLike", `"arn:aws:iam::111122223333:user/*"`, "user/alice", false, "what is no ARN does not match", pageOperators},
	{"ArnLike", `"arn:aws:iam::111122223333:user/Alice"`, "arn:aws:iam::111122223333:user/alice", false, "case counts", pageOperators},
	{"ArnLike", `"arn:aws:iam::111122223333:user/*"`, "-", false, "an absent key does not match", pageOperators},
	{"ArnLike", `["arn:aws:iam::1:user/a","arn:aws:iam::2:user/*"]`, "arn:aws:iam::2:user/b", true, "one of several", pageSeveral},
	{
		"ArnNotEquals",
		`"arn:aws:iam::111122223333:user/*"`,
		"arn:aws:iam::111122223333:user/alice",
		false,
		"ArnNotEquals behaves as ArnNotLike",
		pageOperators,
	},
	{
		"ArnNotLike",
		`"arn:aws:iam::111122223333:user/*"`,
		"arn:aws:iam::111122223333:role/teller",
		true,
		"another resource",
		pageOperators,
	},
	{
		"ArnNotLike",
		`"arn:aws:iam::111122223333:user/*"`,
		"arn:aws:iam::111122223333:user/alice",
		false,
		"one that matches",
		pageOperators,
	},
	{"ArnNotLike", `"arn:aws:iam::111122223333:user/*"`, "-", true, "an absent key matches nothing", pageOperators},

	// Existence.
	{"Null", `"true"`, "-", true, "the key must be absent", pageOperators},
	{"Null", `"true"`, "a", false, "and it is there", pageOperators},
	{"Null", `"false"`, "a", true, "the key must be there", pageOperators},
	{"Null", `"false"`, "-", false, "and it is not", pageOperators},
	{"Null", `true`, "-", true, "JSON's boolean is the same", pageGrammar},
	{"Null", `"false"`, "", true, "an empty value is one (GUESS G-policy-null)", pageOperators},

	// IfExists.
	{"StringEqualsIfExists", `"a"`, "-", true, "IfExists holds without the key", pageOperators},
	{"StringEqualsIfExists", `"a"`, "a", true, "with the key it is the operator", pageOperators},
	{"StringEqualsIfExists", `"a"`, "b", false, "which fails", pageOperators},
	{"StringLikeIfExists", `"a*"`, "-", true, "of patterns too", pageOperators},
	{"StringLikeIfExists", `"a*"`, "b", false, "with the key the pattern counts", pageOperators},
	{"StringNotEqualsIfExists", `"a"`, "-", true, "negated ones hold without the key anyway", pageOperators},
	{"StringNotEqualsIfExists", `"a"`, "a", false, "with the key they are the operator", pageOperators},
	{"NumericLessThanIfExists", `"10"`, "-", true, "of numbers", pageOperators},
	{"NumericLessThanIfExists", `"10"`, "11", false, "with the key the number counts", pageOperators},
	{"DateLessThanIfExists", `"2026"`, "-", true, "of dates", pageOperators},
	{"BoolIfExists", `"true"`, "-", true, "of booleans", pageOperators},
	{"BoolIfExists", `"true"`, "false", false, "with the key the boolean counts", pageOperators},
	{"IpAddressIfExists", `"203.0.113.0/24"`, "-", true, "of addresses", pageOperators},
	{"IpAddressIfExists", `"203.0.113.0/24"`, "192.0.2.1", false, "with the key the address counts", pageOperators},
	{"ArnLikeIfExists", `"arn:aws:iam::1:user/*"`, "-", true, "of ARNs", pageOperators},

	// ForAllValues.
	{"ForAllValues:StringEquals", `["a","b"]`, "a|b", true, "each value of the request is one of the policy", pageSets},
	{"ForAllValues:StringEquals", `["a","b"]`, "a", true, "not each of the policy is one of the request", pageSets},
	{"ForAllValues:StringEquals", `["a","b"]`, "a|c", false, "one value of the request is not", pageSets},
	{"ForAllValues:StringEquals", `["a","b"]`, "-", true, "it holds without the key", pageSets},
	{"ForAllValues:StringLike", `["a*","b*"]`, "ab|ba", true, "with patterns", pageSets},
	{"ForAllValues:StringLike", `["a*"]`, "ab|ba", false, "one matches no pattern", pageSets},
	{"ForAllValues:StringNotEquals", `["a","b"]`, "c|d", true, "none of the values is one of the policy", pageSets},
	{"ForAllValues:StringNotEquals", `["a","b"]`, "c|a", false, "one is", pageSets},
	{"ForAllValues:StringNotEquals", `["a"]`, "-", true, "it holds without the key", pageSets},
	{"ForAllValues:StringEqualsIgnoreCase", `"A"`, "a|A", true, "case does not count", pageSets},
	{"ForAllValues:NumericLessThan", `"10"`, "1|9", true, "of numbers", pageSets},
	{"ForAllValues:NumericLessThan", `"10"`, "1|10", false, "one is too large", pageSets},
	{"ForAllValues:StringEqualsIfExists", `"a"`, "b", false, "IfExists changes nothing with the key", pageSets},

	// ForAnyValue.
	{"ForAnyValue:StringEquals", `["a","b"]`, "c|b", true, "one value of the request is one of the policy", pageSets},
	{"ForAnyValue:StringEquals", `["a","b"]`, "c|d", false, "none is", pageSets},
	{"ForAnyValue:StringEquals", `["a","b"]`, "-", false, "it fails without the key", pageSets},
	{"ForAnyValue:StringEqualsIfExists", `["a","b"]`, "-", true, "but not with IfExists", pageOperators},
	{"ForAnyValue:StringLike", `"a*"`, "x|ab", true, "with patterns", pageSets},
	{"ForAnyValue:StringLike", `"a*"`, "x|y", false, "none matches", pageSets},
	{"ForAnyValue:StringNotEquals", `["a","b"]`, "a|c", true, "one value is none of the policy", pageSets},
	{"ForAnyValue:StringNotEquals", `["a","b"]`, "a|b", false, "each is", pageSets},
	{"ForAnyValue:StringNotEquals", `["a"]`, "-", false, "it fails without the key, negated or not", pageSets},
	{"ForAnyValue:ArnLike", `"arn:aws:iam::1:*"`, "arn:aws:iam::2:x|arn:aws:iam::1:x", true, "of ARNs", pageSets},

	// Several values without a set operator.
	{"StringEquals", `"a"`, "b|a", true, "without a set operator one match is enough (GUESS G-policy-many-values)", pageSets},
	{"StringNotEquals", `"a"`, "b|a", false, "and a negated one fails with it (GUESS G-policy-many-values)", pageSets},
}

func TestConditionsHoldAsTheGuideSays(t *testing.T) {
	for _, c := range conditionCases {
		p := mustParse(t, Identity, allowing(`,"Condition":{"`+c.op+`":{"test:Key":`+c.values+`}}`))
		context := Values{}
		if c.given != "-" {
			context["test:key"] = strings.Split(c.given, "|")
		}
		got := p.Evaluate(&Request{Principal: alice, Action: action, Resource: keyARN, Context: context}).Effect == Allow
		if got != c.want {
			t.Errorf("%s %s of %q holds: got %t, want %t: %s (%s)", c.op, c.values, c.given, got, c.want, c.rule, c.page)
		}
	}
}

// TestConditionsAreJoined: operators and keys are joined by AND, values by OR.
func TestConditionsAreJoined(t *testing.T) {
	for _, c := range []struct {
		condition  string
		given      Values
		want       bool
		rule, page string
	}{
		{`{"StringEquals":{"a:x":"1","a:y":"2"}}`, Values{"a:x": {"1"}, "a:y": {"2"}}, true, "all keys of an operator must match", pageSeveral},
		{`{"StringEquals":{"a:x":"1","a:y":"2"}}`, Values{"a:x": {"1"}, "a:y": {"3"}}, false, "one does not", pageSeveral},
		{`{"StringEquals":{"a:x":"1","a:y":"2"}}`, Values{"a:x": {"1"}}, false, "one is absent", pageSeveral},
		{`{"StringEquals":{"a:x":"1"},"Bool":{"a:y":"true"}}`, Values{"a:x": {"1"}, "a:y": {"true"}}, true, "all operators must match",
			pageSeveral},
		{`{"StringEquals":{"a:x":"1"},"Bool":{"a:y":"true"}}`, Values{"a:x": {"1"}, "a:y": {"false"}}, false, "one does not", pageSeveral},
		{`{"StringEquals":{"a:x":"1"},"StringLike":{"a:x":"2*"}}`, Values{"a:x": {"1"}}, false, "one key under two operators must match both",
			pageSeveral},
		{`{"StringEquals":{"A:X":"1"}}`, Values{"a:x": {"1"}}, true, "the case of a key's name does not count", pageCondition},
		{`{}`, nil, true, "no condition holds", pageCondition},
		{`{"StringEquals":{}}`, nil, true, "an operator without keys holds", pageCondition},
		{`{"Null":{"a:x":"false"},"ForAllValues:StringEquals":{"a:x":["1"]}}`, nil, false, "Null closes what ForAllValues leaves open", pageSets},
		{`{"Null":{"a:x":"false"},"ForAllValues:StringEquals":{"a:x":["1"]}}`, Values{"a:x": {"1"}}, true, "with the key both hold", pageSets},
	} {
		p := mustParse(t, Identity, allowing(`,"Condition":`+c.condition))
		got := p.Evaluate(&Request{Principal: alice, Action: action, Resource: keyARN, Context: c.given}).Effect == Allow
		if got != c.want {
			t.Errorf("%s of %v holds: got %t, want %t: %s (%s)", c.condition, c.given, got, c.want, c.rule, c.page)
		}
	}
}
