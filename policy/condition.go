package policy

import "strings"

// Context has the values of the condition keys of a request.
type Context interface {
	// Values returns the values of a condition key, which is in lower case: "aws:principalarn". None
	// means that the request has no such key.
	Values(key string) []string
}

// Values is a [Context] that is a map by keys in lower case.
type Values map[string][]string

// Values returns the values of a key.
func (v Values) Values(key string) []string { return v[key] }

// quantifier is the set operator of a condition.
type quantifier uint8

const (
	single    quantifier = iota
	allValues            // ForAllValues: every value of the request; also none
	anyValue             // ForAnyValue: at least one
)

// condition is one key under one operator.
type condition struct {
	op       *operator // nil: Null
	set      quantifier
	ifExists bool
	absent   bool      // Null: the key must be absent
	key      string    // in lower case
	values   []operand // of the policy
}

// holds reports whether the request satisfies the condition.
func (c *condition) holds(x Context) bool {
	given := x.Values(c.key)
	switch {
	case c.op == nil:
		return (len(given) == 0) == c.absent
	case len(given) == 0:
		return c.ifExists || c.set == allValues || c.set == single && c.op.negated
	case c.set == allValues:
		for _, v := range given {
			if c.matches(v) == c.op.negated {
				return false
			}
		}
		return true
	case c.set == anyValue:
		for _, v := range given {
			if c.matches(v) != c.op.negated {
				return true
			}
		}
		return false
	}
	for _, v := range given { // one value, as a rule; of several each is tried (GUESS G-policy-many-values)
		if c.matches(v) {
			return !c.op.negated
		}
	}
	return c.op.negated
}

// matches reports whether one value of the policy matches one of the request. A value of the
// request that the operator cannot read matches none.
func (c *condition) matches(given string) bool {
	var r operand
	if c.op.family == arns {
		r.text = given
	} else {
		var ok bool
		if r, ok = c.op.family.read(given); !ok {
			return false
		}
	}
	for i := range c.values {
		if c.op.matches(&c.values[i], &r) {
			return true
		}
	}
	return false
}

// parseConditions reads the Condition element: operators, and keys below each.
func parseConditions(n *node, variables bool) ([]condition, error) {
	if err := n.is(isObject); err != nil {
		return nil, err
	}
	var out []condition
	for i := range n.members {
		m := &n.members[i]
		c, ok := parseOperator(m.name)
		if !ok {
			return nil, &Error{Path: m.value.path(), Offset: m.offset, Problem: problemOperator, Found: m.name,
				Wanted: "an operator such as StringEquals, ArnLike or IpAddress, with ForAllValues: or ForAnyValue: before it and IfExists behind it"}
		}
		if err := m.value.is(isObject); err != nil {
			return nil, err
		}
		for j := range m.value.members {
			key := &m.value.members[j]
			if err := c.take(key, variables); err != nil {
				return nil, err
			}
			out = append(out, c)
		}
	}
	return out, nil
}

// parseOperator reads the name of an operator with its set operator and suffix. Null has neither.
func parseOperator(name string) (c condition, ok bool) {
	if name == "Null" {
		return c, true
	}
	if set, rest, found := strings.Cut(name, ":"); found {
		switch set {
		case "ForAllValues":
			c.set = allValues
		case "ForAnyValue":
			c.set = anyValue
		default:
			return c, false
		}
		name = rest
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")
	c.op = operatorNamed(name)
	return c, c.op != nil
}

// take reads a key and its values into a condition that has its operator.
func (c *condition) take(m *member, variables bool) error {
	prefix, name, ok := strings.Cut(m.name, ":")
	if !ok || prefix == "" || name == "" {
		return &Error{Path: m.value.path(), Offset: m.offset, Problem: problemKey, Found: m.name, Wanted: "a key such as aws:PrincipalArn"}
	}
	c.key, c.values = strings.ToLower(m.name), nil
	values, err := m.value.values()
	if err != nil {
		return err
	}
	f := booleans
	if c.op != nil {
		f = c.op.family
	}
	for _, v := range values {
		if v.form != isString && v.form != isBool && v.form != isNumber {
			return v.refuseForm(formNames[isString])
		}
		if variables && strings.Contains(v.text, "${") {
			return v.refuse(problemVariable, v.text, "a value without ${")
		}
		o, ok := f.read(v.text)
		if !ok {
			return v.refuse(f.problem, v.text, f.wanted)
		}
		c.values = append(c.values, o)
	}
	if c.op == nil {
		if len(c.values) > 1 {
			return m.value.refuseForm("one value")
		}
		c.absent = c.values[0].text == "true"
	}
	return nil
}
