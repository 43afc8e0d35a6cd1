package pkcs11

// Capability is one ability of a module, and whether it has it, which was found by
// trying.
type Capability struct {
	Name  string `json:"name"` // "TDES CMAC"
	Works bool   `json:"works"`
	How   string `json:"how"` // the mechanism that works, or why none does
}
