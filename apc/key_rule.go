package apc

// KeyRule is a row of the table of keys that an operation of the data plane takes. A key fits a
// member of a request if it fits one of its rows: it has the usage, one of the algorithms and
// exactly one of the sets of modes of use.
type KeyRule struct {
	Op     string // "GenerateMac"
	Form   string // of the request: an arm of its union, an algorithm, or how a key comes with it
	Member string // that names the key: "KeyIdentifier"

	Usage      KeyUsage
	Class      KeyClass // "": the algorithms have one class
	Algorithms []KeyAlgorithm
	Modes      []KeyModesOfUse
}
