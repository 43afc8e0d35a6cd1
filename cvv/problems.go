package cvv

// What an [Error] says is wrong. The values at fault are in Found, those that
// would have passed in Wanted.
const (
	problemLength  = "the length is wrong"
	problemDigits  = "the value has another number of digits"
	problemDecimal = "a character is not a decimal digit"
	problemHex     = "a character is not a hexadecimal digit"
)
