package apc

// Decision is what an approval team decides in a session.
type Decision string

// The decisions.
const (
	Approve Decision = "APPROVE"
	Deny    Decision = "DENY"
)
