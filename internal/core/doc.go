// Package core is one simulated cloud without operations: the names of resources, the records of
// the store, the life cycle of a call, the keys that a request names and the rules for them,
// commits, the changes that are due by the clock, pages and the limits of shapes. The control
// plane and the data plane are built on it.
//
// An operation is a function of a [Call] and a request, run by [Run]:
//
//	func getKey(ctx context.Context, c *core.Call, in *GetKeyInput) (*GetKeyOutput, error)
//
// It finds keys by [Call.Key] or [Call.Keys], works on them in [Cloud.HSM], and stores what it changed by
// a commit, which is made again as a whole where another caller changed a record meanwhile ([Retry],
// [Attempts]).
package core
