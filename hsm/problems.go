package hsm

// What a *tr31.Error of this package says is wrong.
const problemFamily = "the version of the block does not fit the algorithm of the protection key"

// What a *pin.Error of this package says is wrong.
const (
	problemPANChange   = "a translation cannot change the account number"
	problemTranslation = "a PIN block cannot be translated between these formats"
	problemPINLength   = "the PIN does not have the length that was asked for"
)
