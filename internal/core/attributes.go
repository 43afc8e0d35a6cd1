package core

import "github.com/seed748fb4d1/apcsim/apc"

// Attributes are KeyAttributes as the rules see them.
type Attributes struct {
	Usage apc.KeyUsage
	Class apc.KeyClass
	Alg   *Algorithm
	Modes Modes
}

// ParseAttributes takes the KeyAttributes of a request, whose shape has been checked.
func ParseAttributes(a apc.KeyAttributes) Attributes {
	return Attributes{a.KeyUsage, a.KeyClass, AlgorithmNamed(a.KeyAlgorithm), ModesOf(a.KeyModesOfUse)}
}

// Members are the attributes as the service shows them.
func (a Attributes) Members() apc.KeyAttributes {
	return apc.KeyAttributes{KeyUsage: a.Usage, KeyClass: a.Class, KeyAlgorithm: a.Alg.Name, KeyModesOfUse: a.Modes.Members()}
}

// UsageOfCode finds the usage with a key block's code: the two characters
// after "TR31_" in its name (tr31-mapping, section 2).
func UsageOfCode(code string) (apc.KeyUsage, bool) {
	for _, u := range keyUsages {
		if CodeOf(u) == code {
			return u, true
		}
	}
	return "", false
}

// code is the usage's TR-31 code.
func CodeOf(u apc.KeyUsage) string { return string(u[len("TR31_"):][:2]) }
