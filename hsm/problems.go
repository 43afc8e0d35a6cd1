package hsm

// What a *tr31.Error of this package says is wrong.
const problemFamily = "the version of the block does not fit the algorithm of the protection key"
