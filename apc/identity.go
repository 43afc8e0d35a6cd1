package apc

// Identity is a caller: an account, a Region, the ARN of a principal, and what IAM knows of it.
type Identity struct {
	Account, Region, ARN string

	// Policies are the identity policies of the principal, as JSON. None allow every operation, as an
	// administrator's do; then the policies of keys alone restrict the caller.
	Policies []string

	// Tags are those of the principal: aws:PrincipalTag in conditions.
	Tags map[string]string
}
