package pkcs11

// Capability is one ability of a module, and whether it has it, which was found by
// trying.
type Capability struct {
	Name  string // "TDES CMAC"
	Works bool
	How   string // the mechanism that works, or why none does
}
