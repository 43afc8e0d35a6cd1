package dukpt

// What an [Error] says is wrong. The values at fault are in Found, those that
// would have passed in Wanted.
const (
	problemLength   = "the length is wrong"
	problemCounter  = "the transaction counter cannot occur"
	problemFit      = "the length does not fit the algorithm"
	problemStronger = "it would be stronger than the initial key"
	problemHex      = "a character is not a hexadecimal digit"
	problemPurpose  = "there is no such purpose"
)
