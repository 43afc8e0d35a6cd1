package apc

import "strings"

// String is the usage as its TR-31 code, the algorithm, the class unless it is a
// symmetric key, and the modes of use: "P0 AES_128 {Encrypt, Decrypt, Wrap, Unwrap}".
func (a KeyAttributes) String() string {
	words := []string{a.KeyUsage.short(), string(a.KeyAlgorithm)}
	if a.KeyClass != KeyClassSymmetricKey {
		words = append(words, string(a.KeyClass))
	}
	words = append(words, a.KeyModesOfUse.String())
	for i, w := range words {
		if w == "" {
			words[i] = "?"
		}
	}
	return strings.Join(words, " ")
}

// GoString is String, so that %#v and failed tests are short.
func (a KeyAttributes) GoString() string { return a.String() }

// short is the two characters after TR31_, or the whole of another value.
func (u KeyUsage) short() string {
	if code, ok := strings.CutPrefix(string(u), "TR31_"); ok && len(code) >= 2 {
		return code[:2]
	}
	return string(u)
}

// String lists the modes of use that are set: "{Encrypt, Wrap}".
func (m KeyModesOfUse) String() string {
	var names []string
	for _, mode := range []struct {
		name string
		on   bool
	}{
		{"Encrypt", m.Encrypt}, {"Decrypt", m.Decrypt}, {"Wrap", m.Wrap}, {"Unwrap", m.Unwrap}, {"Generate", m.Generate},
		{"Sign", m.Sign}, {"Verify", m.Verify}, {"DeriveKey", m.DeriveKey}, {"NoRestrictions", m.NoRestrictions},
	} {
		if mode.on {
			names = append(names, mode.name)
		}
	}
	return "{" + strings.Join(names, ", ") + "}"
}

// GoString is String.
func (m KeyModesOfUse) GoString() string { return m.String() }
