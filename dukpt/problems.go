package dukpt

// What an [Error] says is wrong. The values at fault are in Found, those that
// would have passed in Wanted.
const (
	problemLength   = "the length is wrong"
	problemCounter  = "a terminal never uses this transaction counter"
	problemFit      = "the length does not fit the algorithm"
	problemStronger = "the key would be stronger than the initial key"
	problemHex      = "a character is not a hexadecimal digit"
	problemPurpose  = "there is no such purpose"
)
