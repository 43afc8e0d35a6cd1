// Package enginetest gives a test its own AWS Payment Cryptography.
//
//	sim := enginetest.New(t, nil)
//	service := NewService(sim.HTTPClient()) // or sim.URL(), or sim itself: it has all operations
//	...
//	sim.Advance(7 * 24 * time.Hour)
//
// A [Sim] is a simulator with a seed, a clock that the test moves, ready RSA key pairs and
// readable key ids. It starts no goroutine and opens no port (but for [Sim.URL]), so that every
// test and every step of a property test can have one.
//
// When the test ends, New's Cleanup closes the simulator and fails the test where
//
//   - an armed fault was not applied to any call,
//   - a recorded call made a key that is in CREATE_COMPLETE and has no alias, or an alias does not
//     point to a key in CREATE_COMPLETE ([Options.Keep] names exceptions),
//   - a call is still under way, or a connection or a key of the device still open,
//   - 181 days later the record of a deleted key still has its sealed bytes,
//   - eight or more bytes of a known key ([Sim.Load], [Partner]) or a whole value given to [Sim.Secret]
//     are in the store, the journal or the events, as bytes, in hexadecimal or in base64.
//
// If the test failed, the calls that were refused are logged with their reasons, and the seed that
// repeats the run.
//
// [Sweep] runs a scenario with each fault at each call. [Partner] is the other party of key exchanges; it makes a
// [Terminal], a [Card] and an [Issuer] for the data plane. Package draw has generators for rapid, package model the
// reference model from which the generators take the state.
package enginetest
