package apc

import "time"

// Call is an operation that an interceptor may delay or refuse.
type Call struct {
	Operation string // "CreateKey"
	Identity  Identity
	Time      time.Time // on the simulator's clock
	Input     any       // a pointer to the request: *engine.CreateKeyInput; not to be changed
}
