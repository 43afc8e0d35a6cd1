// Package softtoken makes temporary PKCS#11 tokens, for tests and for the
// example: of SoftHSM, of NSS softoken, and of either one behind a p11-kit
// server that can be killed.
//
// A token lives in a folder of the temporary directory, which is gone when the
// process has ended, however it ended: a small shell waits on a pipe that only
// this process holds open, and clears up when it closes.
//
// A module is one library in the process and has one configuration at a time.
// So there is one token of a kind at a time: [New] refuses a second one, and
// refuses while anybody in the process has the module initialised. The
// [Shared] one steps aside for it: what is open on it is closed before New,
// and Shared gives it out again after [Token.Remove]. Tests that make tokens
// are not parallel.
//
// Without cgo, and where processes have no groups, every function fails with
// an error that is errors.ErrUnsupported.
package softtoken
