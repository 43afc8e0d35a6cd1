package mac

// What an [Error] says is wrong. The values at fault are in Found, those that
// would have passed in Wanted.
const (
	problemPartial   = "the message is not whole blocks"
	problemPadding   = "there is no such padding method"
	problemKeyLength = "the key has the wrong length"
)
