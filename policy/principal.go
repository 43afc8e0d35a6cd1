package policy

import "strings"

// Principal is a caller: its account and its ARN.
type Principal struct {
	Account string
	ARN     string // arn:aws:iam::111122223333:user/alice; of a role's session arn:aws:sts::111122223333:assumed-role/teller/monday
}

// Role returns, for a principal that is a session of a role, the ARN of the role without its path;
// else "".
func (p Principal) Role() string {
	prefix, name, ok := session(p.ARN)
	if !ok {
		return ""
	}
	return strings.Replace(prefix, ":sts:", ":iam:", 1) + "role/" + name
}

// session takes the ARN of a role's session apart: what is before assumed-role/, and the role.
func session(arn string) (prefix, role string, ok bool) {
	prefix, rest, ok := strings.Cut(arn, "assumed-role/")
	if !ok || !strings.HasSuffix(prefix, ":") {
		return "", "", false
	}
	role, _, ok = strings.Cut(rest, "/")
	return prefix, role, ok
}

// Root reports whether the principal is the root user of its account.
func (p Principal) Root() bool { return strings.HasSuffix(p.ARN, ":root") }

// naming is how a principal element names a caller.
type naming uint8

const (
	notNamed  naming = iota
	byAccount        // its account, which delegates to the account's identity policies
	byName           // the user, the role, the session, or everyone
)

// principals are the principals of a statement. Those of a service, a federation or a canonical
// user are accepted and name no caller here.
type principals struct {
	all      bool     // *
	accounts []string // 12 digits
	arns     []string // of users, sessions and federated users
	roles    []roleName
}

// roleName is a role as a session of it is named: roles have unique names in an account,
// whatever their path.
type roleName struct{ account, name, arn string }

// names returns how the element names a caller.
func (p *principals) names(who Principal) naming {
	if p.all {
		return byName
	}
	best := notNamed
	for _, account := range p.accounts {
		if account == who.Account {
			if best = byAccount; who.Root() {
				return byName
			}
		}
	}
	for _, arn := range p.arns {
		if arn == who.ARN {
			return byName
		}
	}
	if p.namesRole(who) {
		return byName
	}
	return best
}

func (p *principals) namesRole(who Principal) bool {
	if len(p.roles) == 0 {
		return false
	}
	_, role, ok := session(who.ARN)
	for i := range p.roles {
		r := &p.roles[i]
		if r.arn == who.ARN || ok && r.account == who.Account && r.name == role {
			return true
		}
	}
	return false
}

// excepts reports whether a NotPrincipal element leaves a caller out. The account of the caller, the
// role of a session, and the caller itself must all be there: the service may check each of them (IAM
// User Guide, NotPrincipal; that it always does is a GUESS G-policy-not-principal).
func (p *principals) excepts(who Principal) bool {
	if p.all {
		return true
	}
	hasAccount, hasName := false, who.Root()
	for _, account := range p.accounts {
		hasAccount = hasAccount || account == who.Account
	}
	for _, arn := range p.arns {
		hasName = hasName || arn == who.ARN
	}
	if _, _, isSession := session(who.ARN); isSession {
		return hasAccount && hasName && p.namesRole(who)
	}
	return hasAccount && (hasName || p.namesRole(who))
}

// principalTypes are the members of a principal that is an object.
var principalTypes = []string{"AWS", "Service", "Federated", "CanonicalUser"}

func parsePrincipals(n *node) (*principals, error) {
	out := &principals{}
	if n.form == isString {
		if n.text != "*" {
			return nil, n.refuse(problemPrincipal, n.text, `"*", or an object such as {"AWS": "111122223333"}`)
		}
		out.all = true
		return out, nil
	}
	if err := n.is(isObject); err != nil {
		return nil, err
	}
	if len(n.members) == 0 {
		return nil, n.refuse(problemEmpty, "", strings.Join(principalTypes, ", "))
	}
	for i := range n.members {
		m := &n.members[i]
		if !knownPrincipalType(m.name) {
			return nil, &Error{
				Path:    m.value.path(),
				Offset:  m.offset,
				Problem: problemPrincipals,
				Found:   m.name,
				Wanted:  strings.Join(principalTypes, ", "),
			}
		}
		values, err := m.value.texts()
		if err != nil {
			return nil, err
		}
		if m.name != "AWS" {
			continue
		}
		for _, v := range values {
			if !out.add(v.text) {
				return nil, v.refuse(
					problemPrincipal,
					v.text,
					"*, 12 digits, or the ARN of an account's root, a user, a role or a session, without wildcards",
				)
			}
		}
	}
	return out, nil
}

func knownPrincipalType(name string) bool {
	for _, known := range principalTypes {
		if name == known {
			return true
		}
	}
	return false
}

// add takes one value of AWS; false where it is none. Part of a name cannot be a wildcard (IAM User
// Guide, Principal).
func (p *principals) add(text string) bool {
	switch {
	case text == "*":
		p.all = true
		return true
	case isAccount(text):
		p.accounts = append(p.accounts, text)
		return true
	case strings.ContainsAny(text, "*?"):
		return false
	}
	parts := strings.Split(text, ":")
	if len(parts) != arnParts || parts[0] != "arn" || !strings.HasPrefix(parts[1], "aws") || parts[3] != "" || !isAccount(parts[4]) {
		return false
	}
	kind, name, _ := strings.Cut(parts[5], "/")
	last := name[strings.LastIndexByte(name, '/')+1:]
	switch {
	case parts[2] == "iam" && kind == "root" && name == "" && parts[5] == "root":
		p.accounts = append(p.accounts, parts[4])
	case parts[2] == "iam" && kind == "user" && last != "", parts[2] == "sts" && kind == "federated-user" && last != "":
		p.arns = append(p.arns, text)
	case parts[2] == "sts" && kind == "assumed-role" && strings.Count(name, "/") == 1 && last != "" && name[0] != '/':
		p.arns = append(p.arns, text)
	case parts[2] == "iam" && kind == "role" && last != "":
		p.roles = append(p.roles, roleName{parts[4], last, text})
	default:
		return false
	}
	return true
}

func isAccount(text string) bool {
	if len(text) != 12 {
		return false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}
