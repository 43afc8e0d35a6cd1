package apc

// Quirks are faults of the live service that the simulator repeats where they are set. The zero
// value repeats none.
type Quirks struct {
	// VisaPINWithDUKPT: VerifyPinData of a VisaPin under a key derived by DUKPT ends in an
	// InternalServerException.
	VisaPINWithDUKPT bool
}
