package model

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
)

// Permissions (user guide, resource-based policies; IAM user guide, policy evaluation logic and policy elements), for a
// family of documents: statements with Principal or NotPrincipal (accounts, their root, users, roles, sessions,
// everyone), Action or NotAction, Resource or NotResource, and the conditions of package draw.

type document struct {
	Statement []statement
}

type statement struct {
	Effect                                   string
	Principal, NotPrincipal                  *principals
	Action, NotAction, Resource, NotResource texts
	Condition                                map[string]map[string]texts // by operator and key
}

// texts are one text or several.
type texts []string

func (l *texts) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = texts{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}

// principals are those that a statement of a resource policy names; "*" is everyone.
type principals struct{ AWS texts }

func (p *principals) UnmarshalJSON(b []byte) error {
	if string(b) == `"*"` {
		p.AWS = texts{"*"}
		return nil
	}
	type plain principals
	return json.Unmarshal(b, (*plain)(p))
}

// read reads a document of the family. It panics on any other text.
func read(text string) *document {
	d := &document{}
	if err := json.Unmarshal([]byte(text), d); err != nil {
		panic(fmt.Sprintf("model: a policy out of the family: %v", err))
	}
	return d
}

// caller is how principals may name a caller.
type caller struct{ account, root, arn, role string }

func callerOf(who apc.Identity) caller {
	c := caller{account: who.Account, root: "arn:aws:iam::" + who.Account + ":root", arn: who.ARN}
	if rest, ok := strings.CutPrefix(who.ARN, "arn:aws:sts::"+who.Account+":assumed-role/"); ok {
		name, _, _ := strings.Cut(rest, "/")
		c.role = "arn:aws:iam::" + who.Account + ":role/" + name
	}
	return c
}

// names reports whether principals name a caller, and whether for itself and not by its account.
func (p *principals) names(c caller) (is, itself bool) {
	for _, name := range p.AWS {
		switch name {
		case "*", c.arn, c.role:
			return true, true
		case c.account, c.root:
			is, itself = true, itself || c.arn == c.root
		}
	}
	return is, itself
}

// leavesOut reports whether a NotPrincipal element leaves a caller out: it must have the account, the role of a session,
// and the caller itself.
func (p *principals) leavesOut(c caller) bool {
	if slices.Contains(p.AWS, "*") {
		return true
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(p.AWS, name) })
	}
	return has(c.account, c.root) && (c.arn == c.root || has(c.arn)) && (c.role == "" || has(c.role))
}

// applies reports whether a statement is about an action on a resource.
func (s *statement) applies(action, resource string) bool {
	any := func(patterns texts, of func(pattern string) bool) bool { return slices.ContainsFunc(patterns, of) }
	isAction := func(pattern string) bool { return like(strings.ToLower(pattern), strings.ToLower(action)) }
	isResource := func(pattern string) bool { return like(pattern, resource) }
	return any(s.Action, isAction) != (s.NotAction != nil && !any(s.NotAction, isAction)) &&
		any(s.Resource, isResource) != (s.NotResource != nil && !any(s.NotResource, isResource))
}

// like compares a text with a pattern in which * means any text.
func like(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	last := len(parts) - 1
	text, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1:last] {
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return strings.HasSuffix(text, parts[last])
}
