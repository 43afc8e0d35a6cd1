package pkcs11

// Capability is something that a module can do or not, as was found by
// trying it.
type Capability struct {
	Name  string // "TDES CMAC"
	Works bool
	How   string // the mechanism that works, or why none does
}
