package engine

import (
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

const kindKey keystore.Kind = "key"

// key is all that is remembered of a key, of its whole life. It is a value:
// transitions are functions from one to the next.
type key struct {
	arn arn
	rev keystore.CommitID

	attributes attributes
	bits       int // length of the material; an imported HMAC key has one of its own
	check      apc.KeyCheckValueAlgorithm
	checkValue string
	exportable bool
	enabled    bool
	state      apc.KeyState
	origin     apc.KeyOrigin

	created, usageStart, usageStop, deletePending, deleted time.Time

	deriveUsage apc.KeyUsage // "" where there is none
	tags        []apc.Tag    // in the order of their keys

	// What a key block brought along: its header, and its optional blocks
	// but those that the service does not keep.
	header string
	blocks []block

	// Replication, policy and approval: written by later operations.
	multiRegion   apc.MultiRegionKeyType
	primaryRegion string
	replicas      []replica
	ownRegions    triState // UsingDefaultReplicationRegions
	policy        string
	approval      approval

	public hsm.Public
	sealed hsm.Sealed // nil once erased, and for keys that are only public

	// The certificate that a public key came in, or the last one issued for a
	// pair, as text, and when it ends.
	certificate string
	certified   time.Time
}

type block struct{ id, data string }

type replica struct {
	region  string
	status  apc.KeyReplicationState
	message string
}

// triState is an optional boolean: 0 absent, 1 false, 2 true.
type triState uint8

func (t triState) pointer() *bool {
	if t == 0 {
		return nil
	}
	return new(t == 2)
}

type approval struct {
	session   string // "": the import needed none
	status    apc.SessionStatus
	initiated time.Time
	message   string
	comment   string
}

// partition is where the key's record lives: its own ARN's.
func (k *key) partition() keystore.Partition { return k.arn.Partition }

// exportability is the byte of the block the key came in or, for one made
// here, E or N.
func (k *key) exportability() byte {
	switch {
	case k.header != "":
		return k.header[11]
	case k.exportable:
		return 'E'
	}
	return 'N'
}

// hsmAttributes are those the key is sealed with.
func (k *key) hsmAttributes() hsm.Attributes {
	mode, ok := byteOfModes(k.attributes.modes)
	if !ok {
		mode = 'N'
	}
	return hsm.Attributes{
		KeyID: k.arn.key, Usage: codeOf(k.attributes.usage), Algorithm: k.attributes.alg.letter,
		Mode: mode, Exportability: k.exportability(), Bits: k.bits, Hash: k.attributes.alg.hash,
	}
}

func (k *key) ref() hsm.KeyRef { return hsm.KeyRef{Sealed: k.sealed, Attributes: k.hsmAttributes()} }

// optional is nil for the zero value.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return new(v) // a copy: v itself stays off the heap
}
