package apc

// Identity is a caller: an account, a Region, the ARN of a principal, its IAM policies and its
// tags.
type Identity struct {
	Account, Region, ARN string

	// Policies are the identity policies of the principal, as JSON. Nil allows every operation, as an
	// administrator's policies do; then only the policies of keys restrict the caller.
	Policies []string

	// Tags are those of the principal: aws:PrincipalTag in conditions.
	Tags map[string]string
}
