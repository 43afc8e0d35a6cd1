//go:build !cgo

package softtoken

// Available reports whether this build can make tokens and open them.
const Available = false

func (*Token) givePIN() error { panic("a build without cgo") }
