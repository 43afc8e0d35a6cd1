package apc

// Identity is a caller: an account, a Region and the ARN of a principal.
type Identity struct{ Account, Region, ARN string }
