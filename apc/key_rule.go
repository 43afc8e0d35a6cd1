package apc

// KeyRule is a row of the table of keys that an operation of the data plane takes. A key fits a
// member of a request if it fits one of its rows: it has the usage, one of the algorithms and
// exactly one of the sets of modes of use.
type KeyRule struct {
	Op     string // "GenerateMac"
	Form   string // of the request: the member of its union, an algorithm, or the way in which a key is given
	Member string // that names the key: "KeyIdentifier"

	Usage      KeyUsage
	Class      KeyClass // "": the algorithms have one class
	Algorithms []KeyAlgorithm
	Modes      []KeyModesOfUse
}
