package pin

// What an [Error] says is wrong. The values at fault are in Found, those that
// would have passed in Wanted.
const (
	problemFormat4     = "a block of ISO format 4 has no clear form of its own"
	problemFormat      = "there is no such PIN block format"
	problemBlockSize   = "the size of the PIN block does not fit its format"
	problemLength      = "the PIN has the wrong length"
	problemControl     = "the control digit is not that of the PIN block format"
	problemBlockLength = "the length in the PIN block is wrong"
	problemBlockDigit  = "a digit of the PIN is not decimal"
	problemFill        = "a fill digit is not that of the PIN block format"
	problemPANLength   = "the account number has the wrong length"
	problemPANDigit    = "a character of the account number is not a decimal digit"
	problemPINDigit    = "a character of the PIN is not a decimal digit"
	problemIndex       = "the PIN verification key index is out of range"
	problemOffset      = "a character of the offset is not a decimal digit"
	problemTable       = "the decimalization table is not 16 decimal digits"
	problemData        = "the validation data is not 1 to 16 decimal digits"
	problemPad         = "the pad character is not an upper-case hexadecimal digit"
	problemPVK         = "the PIN verification key has the wrong block size"
)
