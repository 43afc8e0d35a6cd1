package dataplane

// What a [apc.Reason] says is wrong, beside the sentences of internal/core. No sentence and no
// value beside it has a digit of a PIN or an account number.
const (
	problemUsage     = "the usage of the key does not allow this operation"
	problemAlgorithm = "the algorithm of the key does not allow this operation"
	problemModes     = "the modes of use of the key do not allow this operation"
)
