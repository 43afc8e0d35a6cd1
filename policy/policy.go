package policy

// Kind is what a policy belongs to.
type Kind uint8

// The kinds of policies.
const (
	Identity Kind = iota // of a caller: it names no principal
	Resource             // of a resource: every statement has Principal or NotPrincipal
)

// Effect is what a statement, or a policy, decides.
type Effect string

// The effects. The empty Effect means that no statement applies.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Policy is a document that has been parsed. It does not change; any number of goroutines may use
// one.
type Policy struct {
	ID         string
	Version    string // 2008-10-17 where the document names none
	statements []statement
}

// statement is one statement. Exactly one of each pair of elements is set.
type statement struct {
	sid          string
	effect       Effect
	principals   *principals // nil in an identity policy
	notPrincipal bool
	actions      []string // with wildcards
	notAction    bool
	resources    []resource
	notResource  bool
	conditions   []condition
}

// resource is a resource of a statement and its place in the text.
type resource struct {
	pattern arnPattern
	at      *node
}

// Request is what a policy decides on.
type Request struct {
	Principal Principal
	Action    string  // "payment-cryptography:GetKey"
	Resource  string  // an ARN; "*" where the action has none
	Context   Context // nil has no keys
}

// Decision is what a policy decides and which statement decided it.
type Decision struct {
	Effect    Effect // "" where no statement applies
	Statement int    // its index, from 0; -1 where none applies
	Sid       string // its identifier, if it has one

	// Named is for an Allow by a resource policy. It is true where the statement allows the caller
	// by itself: its Principal is the caller's ARN, the ARN of the caller's role, or *, or it has a
	// NotPrincipal. It is false where the Principal is only the caller's account; an identity policy
	// of the caller must then allow the action too. For the root user the account is the caller itself.
	Named bool
}

// Evaluate decides on a request. The first Deny statement that applies wins; else the first Allow
// statement that names the caller itself, else the first that applies.
func (p *Policy) Evaluate(r *Request) Decision {
	out := Decision{Statement: -1}
	for i := range p.statements {
		s := &p.statements[i]
		how, ok := s.applies(r)
		switch {
		case !ok:
		case s.effect == Deny:
			return Decision{Effect: Deny, Statement: i, Sid: s.sid}
		case out.Effect == "" || !out.Named && how == byName:
			out = Decision{Effect: Allow, Statement: i, Sid: s.sid, Named: how == byName}
		}
	}
	return out
}

// applies reports whether a statement applies to a request, and how it names the caller.
func (s *statement) applies(r *Request) (naming, bool) {
	how := notNamed
	switch {
	case s.principals == nil:
	case s.notPrincipal:
		if s.principals.excepts(r.Principal) {
			return notNamed, false
		}
		how = byName
	default:
		if how = s.principals.names(r.Principal); how == notNamed {
			return notNamed, false
		}
	}
	return how, s.hasAction(r.Action) && s.hasResource(r.Resource) && s.hold(r.Context)
}

func (s *statement) hasAction(action string) bool {
	for _, pattern := range s.actions {
		if like(pattern, action, true) {
			return !s.notAction
		}
	}
	return s.notAction
}

func (s *statement) hasResource(arn string) bool {
	for i := range s.resources {
		if s.resources[i].pattern.matches(arn) {
			return !s.notResource
		}
	}
	return s.notResource
}

func (s *statement) hold(x Context) bool {
	if x == nil {
		x = Values(nil)
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(x) {
			return false
		}
	}
	return true
}

// CheckResource refuses a policy with a resource that is neither * nor exactly this ARN, as the
// policy of a key must be. It is an [Error].
func (p *Policy) CheckResource(arn string) error {
	for i := range p.statements {
		for j := range p.statements[i].resources {
			at := p.statements[i].resources[j].at
			if at.text != "*" && at.text != arn {
				return at.refuse(problemForeign, at.text, "* or "+arn)
			}
		}
	}
	return nil
}

// Keys calls yield with each condition key of the policy, in lower case, until it returns false. It
// fits a range loop.
func (p *Policy) Keys(yield func(key string) bool) {
	for i := range p.statements {
		for j := range p.statements[i].conditions {
			if !yield(p.statements[i].conditions[j].key) {
				return
			}
		}
	}
}
