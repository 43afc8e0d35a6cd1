package policy

import "strings"

// closing is how a condition on a key closes a statement to the public.
type closing struct {
	key    string
	closes func(*condition) bool
}

// closings are the conditions that restrict a principal that is everyone
// (GUESS G-public-conditions: the service documents no list; these are the keys that Amazon S3
// documents for its check of public policies, "The meaning of public", as far as they name who
// calls or from where). The key must have values without wildcards under an operator that refuses a
// request without the key.
var closings = []closing{
	{"aws:principalarn", fixedARN},
	{"aws:principalaccount", fixedText},
	{"aws:principalorgid", fixedText},
	{"aws:principalorgpaths", fixedText},
	{"aws:userid", fixedText},
	{"aws:sourceaccount", fixedText},
	{"aws:sourcearn", fixedARN},
	{"aws:sourceorgid", fixedText},
	{"aws:sourceorgpaths", fixedText},
	{"aws:sourcevpc", fixedText},
	{"aws:sourcevpce", fixedText},
	{"aws:sourceip", narrowRange},
}

// Public reports whether the policy allows an action to everyone, and the index of the first
// statement that does: an Allow statement with the principal * or with NotPrincipal, and without a
// condition that restricts the principal.
func (p *Policy) Public() (statement int, public bool) {
	for i := range p.statements {
		s := &p.statements[i]
		if s.effect == Allow && s.principals != nil && (s.principals.all || s.notPrincipal) && !s.closed() {
			return i, true
		}
	}
	return -1, false
}

func (s *statement) closed() bool {
	for i := range s.conditions {
		c := &s.conditions[i]
		if c.op == nil || c.op.negated || c.ifExists || c.set == allValues {
			continue
		}
		for _, rule := range closings {
			if rule.key == c.key && rule.closes(c) {
				return true
			}
		}
	}
	return false
}

// fixedText: no value has wildcards, if the operator takes them.
func fixedText(c *condition) bool {
	if c.op.family != texts {
		return false
	}
	for i := range c.values {
		if strings.HasSuffix(c.op.name, "Like") && strings.ContainsAny(c.values[i].text, "*?") {
			return false
		}
	}
	return true
}

// fixedARN: every value names one account.
func fixedARN(c *condition) bool {
	if c.op.family != arns && c.op.family != texts {
		return false
	}
	if c.op.family == texts && !strings.HasSuffix(c.op.name, "Like") {
		return true
	}
	for i := range c.values {
		p, ok := parseARN(c.values[i].text)
		if !ok || p.any || !isAccount(p.parts[4]) {
			return false
		}
	}
	return true
}

// narrowRange: no range of addresses is wider than /8 in IPv4 or /32 in IPv6.
func narrowRange(c *condition) bool {
	if c.op.family != addresses {
		return false
	}
	for i := range c.values {
		a := c.values[i].address
		if a.Addr().Is4() && a.Bits() < 8 || a.Addr().Is6() && a.Bits() < 32 {
			return false
		}
	}
	return true
}
