package emv

// What an [Error] says is wrong. The values at fault are in Found, those that
// would have passed in Wanted.
const (
	problemLength  = "the length is wrong"
	problemOption  = "there is no such option"
	problemShape   = "the height or the branch factor is out of range"
	problemDecimal = "a character is not a decimal digit"
	problemPadding = "a block with its length in front needs padding"
)
