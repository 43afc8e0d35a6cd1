package engine

import (
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
)

// attributes are KeyAttributes as the rules see them.
type attributes struct {
	usage apc.KeyUsage
	class apc.KeyClass
	alg   *algorithm
	modes modes
}

func parseAttributes(a apc.KeyAttributes) attributes {
	return attributes{a.KeyUsage, a.KeyClass, algorithmNamed(a.KeyAlgorithm), modesOf(a.KeyModesOfUse)}
}

func (a attributes) members() apc.KeyAttributes {
	return apc.KeyAttributes{KeyUsage: a.usage, KeyClass: a.class, KeyAlgorithm: a.alg.name, KeyModesOfUse: a.modes.members()}
}

// usageOfCode finds the usage with a key block's code: the two characters
// after "TR31_" in its name (tr31-mapping, section 2).
func usageOfCode(code string) (apc.KeyUsage, bool) {
	for _, u := range keyUsages {
		if codeOf(u) == code {
			return u, true
		}
	}
	return "", false
}

// usageCodes are the codes of all usages, in the order of their names.
func usageCodes() (out []string) {
	for _, u := range keyUsages {
		if !slices.Contains(out, codeOf(u)) {
			out = append(out, codeOf(u))
		}
	}
	return out
}

// code is the usage's TR-31 code.
func codeOf(u apc.KeyUsage) string { return string(u[len("TR31_"):][:2]) }
