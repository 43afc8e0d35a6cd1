package policy

import (
	"strings"
)

// versions of the policy language. The first has no variables.
const (
	version2008 = "2008-10-17"
	version2012 = "2012-10-17"
)

// Parse reads a policy of a kind. What it refuses is an [Error].
func Parse(kind Kind, text string) (*Policy, error) {
	root, err := readJSON(text)
	if err != nil {
		return nil, err
	}
	if err := root.is(isObject); err != nil {
		return nil, err
	}
	if err := root.only("Version", "Id", "Statement"); err != nil {
		return nil, err
	}
	p := &Policy{Version: version2008}
	if n := root.member("Version"); n != nil {
		if err := n.is(isString); err != nil {
			return nil, err
		}
		if p.Version = n.text; n.text != version2008 && n.text != version2012 {
			return nil, n.refuse(problemVersion, n.text, version2012+" or "+version2008)
		}
	}
	if n := root.member("Id"); n != nil {
		if err := n.is(isString); err != nil {
			return nil, err
		}
		p.ID = n.text
	}
	return p, p.parseStatements(kind, root)
}

func (p *Policy) parseStatements(kind Kind, root *node) error {
	list := root.member("Statement")
	if list == nil {
		return root.missing("Statement")
	}
	all, err := list.values()
	if err != nil {
		return err
	}
	sids := map[string]bool{}
	for _, n := range all {
		s, err := parseStatement(kind, n, p.Version == version2012)
		if err != nil {
			return err
		}
		if s.sid != "" && sids[s.sid] {
			return n.member("Sid").refuse(problemSidTwice, s.sid, "an identifier of its own")
		}
		sids[s.sid] = true
		p.statements = append(p.statements, s)
	}
	return nil
}

func parseStatement(kind Kind, n *node, variables bool) (s statement, err error) {
	if err = n.is(isObject); err != nil {
		return s, err
	}
	if err = n.only("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"); err != nil {
		return s, err
	}
	if err = s.parseSid(kind, n.member("Sid")); err != nil {
		return s, err
	}
	effect := n.member("Effect")
	if effect == nil {
		return s, n.missing("Effect")
	}
	if err = effect.is(isString); err != nil {
		return s, err
	}
	if s.effect = Effect(effect.text); s.effect != Allow && s.effect != Deny {
		return s, effect.refuse(problemEffect, effect.text, "Allow or Deny")
	}
	if err = s.parsePrincipals(kind, n); err != nil {
		return s, err
	}
	if err = s.parseActions(n); err != nil {
		return s, err
	}
	if err = s.parseResources(n, variables); err != nil {
		return s, err
	}
	if c := n.member("Condition"); c != nil {
		s.conditions, err = parseConditions(c, variables)
	}
	return s, err
}

// parseSid: an identity policy's identifiers are letters and digits; a service decides on those of
// its resource policies, and nothing is said of this one's (GUESS G-policy-sid: any text).
func (s *statement) parseSid(kind Kind, n *node) error {
	if n == nil {
		return nil
	}
	if err := n.is(isString); err != nil {
		return err
	}
	s.sid = n.text
	other := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	if kind == Identity && strings.IndexFunc(n.text, other) >= 0 {
		return n.refuse(problemSid, n.text, "letters and digits")
	}
	return nil
}

// either is the one that is set of two elements that exclude each other, and whether it is the second.
func (n *node) either(name, not string) (*node, bool, error) {
	a, b := n.member(name), n.member(not)
	switch {
	case a != nil && b != nil:
		return nil, false, b.refuse(problemExclusive, name+" and "+not, "one of them")
	case a == nil && b == nil:
		return nil, false, n.missing(name + " or " + not)
	case a != nil:
		return a, false, nil
	}
	return b, true, nil
}

func (n *node) missing(what string) error { return n.refuse(problemMissing, "", what) }

func (s *statement) parsePrincipals(kind Kind, n *node) (err error) {
	if kind == Identity {
		for _, name := range []string{"Principal", "NotPrincipal"} {
			if p := n.member(name); p != nil {
				return p.refuse(problemNoPrincipal, name, "a statement without it")
			}
		}
		return nil
	}
	p, not, err := n.either("Principal", "NotPrincipal")
	if err != nil {
		return err
	}
	s.notPrincipal = not
	s.principals, err = parsePrincipals(p)
	return err
}

func (s *statement) parseActions(n *node) error {
	element, not, err := n.either("Action", "NotAction")
	if err != nil {
		return err
	}
	values, err := element.texts()
	if err != nil {
		return err
	}
	s.notAction = not
	for _, v := range values {
		service, name, ok := strings.Cut(v.text, ":")
		if v.text != "*" && (!ok || !isWord(service, "-") || !isWord(name, "*?")) {
			return v.refuse(problemAction, v.text, "* or an action such as payment-cryptography:GetKey, with wildcards in its name")
		}
		s.actions = append(s.actions, v.text)
	}
	return nil
}

// isWord reports whether a text is letters, digits and the other characters given.
func isWord(text, others string) bool {
	for i := range len(text) {
		c := text[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return text != ""
}

func (s *statement) parseResources(n *node, variables bool) error {
	element, not, err := n.either("Resource", "NotResource")
	if err != nil {
		return err
	}
	values, err := element.texts()
	if err != nil {
		return err
	}
	s.notResource = not
	for _, v := range values {
		if variables && strings.Contains(v.text, "${") {
			return v.refuse(problemVariable, v.text, "a value without ${")
		}
		pattern, ok := parseARN(v.text)
		if !ok {
			return v.refuse(problemResource, v.text, "* or an ARN, with wildcards in its parts")
		}
		s.resources = append(s.resources, resource{pattern, v})
	}
	return nil
}
