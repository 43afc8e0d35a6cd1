package core

import "github.com/seed748fb4d1/apcsim/apc"

// The enumerations that records hold.
var (
	keyUsages        = apc.KeyUsage("").Values()
	keyClasses       = apc.KeyClass("").Values()
	keyAlgorithms    = apc.KeyAlgorithm("").Values()
	keyStates        = apc.KeyState("").Values()
	keyMaterialTypes = apc.KeyMaterialType("").Values()
	checkAlgorithms  = apc.KeyCheckValueAlgorithm("").Values()
)

// storedStates are the states that a record may have.
var storedStates = append(apc.KeyState("").Values(), apc.KeyStateCreateFailed)
