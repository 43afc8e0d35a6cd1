package engine

// What a [Reason] says is wrong. The values at fault are in Found, those that
// would have passed in Wanted.
const (
	problemOddDigits = "the hexadecimal text has an odd number of digits"
	problemKeyLength = "the length of the key inside does not fit the algorithm"
	problemFolded    = "the key material does not open with this key"
)
