package apc

// Quirks are faults that were seen in the live service. The zero value repeats none.
type Quirks struct {
	// VisaPINWithDUKPT: VerifyPinData of a VisaPin under a key derived by DUKPT ends in an
	// InternalServerException.
	VisaPINWithDUKPT bool
}
