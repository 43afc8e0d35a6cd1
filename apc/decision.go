package apc

// Decision is how an approval session ends.
type Decision string

// The decisions: two of the approval team, and one of the administrator of multi-party approval, who can
// cancel a session that is pending.
const (
	Approve Decision = "APPROVE"
	Deny    Decision = "DENY"
	Cancel  Decision = "CANCEL"
)

// Values are all decisions.
func (Decision) Values() []Decision { return []Decision{Approve, Deny, Cancel} }
