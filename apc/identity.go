package apc

// Identity is who calls: an account, a Region and the ARN of a principal.
type Identity struct{ Account, Region, ARN string }
