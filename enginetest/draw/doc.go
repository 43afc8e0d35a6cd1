// Package draw has generators of pgregory.net/rapid for property tests with a simulator of package
// enginetest. They draw kinds of keys, requests that must be accepted, requests that must be refused with a
// known exception and rule, faults, and moves of the clock; Machine is a whole state machine.
//
// All that is drawn prints on one line and shrinks to the plainest key, the first fault and the
// shortest wait.
package draw
