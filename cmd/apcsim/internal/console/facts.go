package console

import (
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
)

// DueItem is a change that is due at a time, as GET due answers it.
type DueItem struct {
	At       time.Time `json:"at"`
	Since    time.Time `json:"since"` // when its life began
	What     string    `json:"what"`  // "the key is deleted"
	Resource string    `json:"resource"`
	Name     string    `json:"name"` // the resource's, for people
}

// Graph is which key wraps which, as GET graph answers it.
type Graph struct {
	Keys  []GraphKey  `json:"keys"`
	Wraps []GraphWrap `json:"wraps"`
}

// GraphKey is a key of the graph, or the token or alias that a key came under.
type GraphKey struct {
	ID        string           `json:"id"`
	Name      string           `json:"name"`
	Algorithm apc.KeyAlgorithm `json:"algorithm,omitempty"`
	State     apc.KeyState     `json:"state,omitempty"`
	Enabled   bool             `json:"enabled"`
}

// GraphWrap is a key that another one wrapped, by places in Graph.Keys.
type GraphWrap struct {
	Wrapping int       `json:"wrapping"`
	Wrapped  int       `json:"wrapped"`
	How      string    `json:"how"` // "ExportKey"; "ImportKey, Tr31KeyBlock"
	Last     time.Time `json:"last"`
	Times    int       `json:"times"`
	Flaw     string    `json:"problem,omitempty"` // why it is red
}

// Wrap adds that a key wrapped another one.
func (g *Graph) Wrap(wrapping, wrapped int, how string, at time.Time) {
	for i := range g.Wraps {
		if w := &g.Wraps[i]; w.Wrapping == wrapping && w.Wrapped == wrapped && w.How == how {
			w.Last, w.Times = at, w.Times+1
			return
		}
	}
	g.Wraps = append(g.Wraps, GraphWrap{wrapping, wrapped, how, at, 1, flawOf(&g.Keys[wrapping], &g.Keys[wrapped])})
}

// strengths are those of NIST SP 800-57 part 1, tables 2 and 3, in bits. HMAC keys are not in it.
var strengths = map[apc.KeyAlgorithm]int{
	"TDES_2KEY": 80, "TDES_3KEY": 112, "AES_128": 128, "AES_192": 192, "AES_256": 256,
	"RSA_2048": 112, "RSA_3072": 128, "RSA_4096": 152, "ECC_NIST_P256": 128, "ECC_NIST_P384": 192, "ECC_NIST_P521": 256,
}

func flawOf(wrapping, wrapped *GraphKey) string {
	by, of := strengths[wrapping.Algorithm], strengths[wrapped.Algorithm]
	switch {
	case wrapping.State == "":
		return "" // not a key of the simulator, or one that is no longer shown
	case wrapping.State != apc.KeyStateCreateComplete:
		return "the wrapping key is deleted or waits for it"
	case !wrapping.Enabled:
		return "the wrapping key is stopped"
	case by > 0 && of > by:
		return "the wrapping key is weaker than the key"
	}
	return ""
}
