package core

import (
	"bytes"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

const KindKey keystore.Kind = "key"

// Key is all that is stored of a key, in any state. It is a value: a transition
// returns a new one.
type Key struct {
	ARN ARN
	Rev keystore.CommitID

	Attributes Attributes
	Bits       int // length of the material; an imported HMAC key has one of its own
	Check      apc.KeyCheckValueAlgorithm
	CheckValue string
	Exportable bool
	Enabled    bool
	State      apc.KeyState
	Origin     apc.KeyOrigin

	Created, UsageStart, UsageStop, DeletePending, Deleted time.Time

	DeriveUsage apc.KeyUsage // "" where there is none
	Tags        []apc.Tag    // in the order of their keys

	// The header of the key block that the key was imported from, and its optional
	// blocks but those that the service does not keep.
	Header string
	Blocks []Block

	// Replication, policy and approval: written by later operations.
	MultiRegion   apc.MultiRegionKeyType
	PrimaryRegion string
	Replicas      []Replica
	OwnRegions    triState // UsingDefaultReplicationRegions
	Policy        []byte   // the resource policy; nil: none
	Approval      Approval

	// Ready is when a key in CREATE_IN_PROGRESS becomes CREATE_COMPLETE by itself; zero: it does not.
	Ready time.Time

	Public hsm.Public

	// The sealed key, and the attributes that it was sealed with in the HSM's
	// binary form. Both are nil once erased, and for keys that are only public.
	sealed hsm.Sealed
	bound  []byte

	// The certificate that a public key was imported from, or the last one issued for
	// a key pair, as text, and when it ends.
	Certificate string
	Certified   time.Time

	// Authority is the ARN of the key whose certificate issued this one; "" for a root and
	// for what is no imported certificate.
	Authority string
}

// Block is an optional block of a key block.
type Block struct{ ID, Data string }

// Replica is the state of a replica, in the record of its primary. In that of the replica itself an
// element means that it is not there yet.
type Replica struct {
	Region  string
	Status  apc.KeyReplicationState
	Message string    // why it fails; "": it does not
	Due     time.Time // when IN_PROGRESS or DELETE_IN_PROGRESS ends
}

// triState is an optional boolean: 0 absent, 1 false, 2 true.
type triState uint8

// yes and No are what an optional boolean is once it is given.
const (
	No  triState = 1
	yes triState = 2
)

func (t triState) Pointer() *bool {
	if t == 0 {
		return nil
	}
	return new(t == 2)
}

// Approval is the session in which a team decides on the import of a key.
type Approval struct {
	Session   string // "": the import needed none
	Status    apc.SessionStatus
	Initiated time.Time
	Message   string
	Comment   string    // of the requester
	Deadline  time.Time // when a session that is PENDING fails
}

// Partition is that of the key's record: its own ARN's.
func (k *Key) Partition() keystore.Partition { return k.ARN.Partition }

// Exportability is that of the key block that the key was imported from or, for a key that was
// created, E or N.
func (k *Key) Exportability() byte {
	switch {
	case k.Header != "":
		return k.Header[11]
	case k.Exportable:
		return 'E'
	}
	return 'N'
}

// HSMAttributes are those with which a new key is sealed, and with which the keys
// in records of before version 3 were.
func (k *Key) HSMAttributes() hsm.Attributes {
	mode, ok := ByteOfModes(k.Attributes.Modes)
	if !ok {
		mode = 'N'
	}
	return hsm.Attributes{
		KeyID: k.ARN.Key, Usage: CodeOf(k.Attributes.Usage), Algorithm: k.Attributes.Alg.Letter,
		Mode: mode, Exportability: k.Exportability(), Bits: k.Bits, Hash: k.Attributes.Alg.hash,
	}
}

// Ref is the sealed key with the attributes that it was sealed with. If the record
// has become another key's since then, it is a reference that does not open.
func (k *Key) Ref() hsm.KeyRef {
	ref := hsm.KeyRef{Sealed: k.sealed}
	if k.bound == nil {
		return ref
	}
	ref.Attributes = k.HSMAttributes()
	var room [64]byte
	var err error
	if now, _ := ref.Attributes.AppendBinary(room[:0]); !bytes.Equal(now, k.bound) { // they seldom differ
		err = ref.Attributes.UnmarshalBinary(k.bound)
	}
	if err != nil || !k.isSealedWith(ref.Attributes) {
		ref.Attributes = hsm.Attributes{}
	}
	return ref
}

// isSealedWith reports whether attributes can be those of the key. It compares what
// they mean: how they are written may change from one version to the next.
func (k *Key) isSealedWith(a hsm.Attributes) bool {
	modes, ok := ModesOfByte(a.Mode)
	return a.KeyID == k.ARN.Key && a.Usage == CodeOf(k.Attributes.Usage) && a.Algorithm == k.Attributes.Alg.Letter && a.Bits == k.Bits &&
		a.Hash == k.Attributes.Alg.hash && (a.Exportability != 'N') == k.Exportable && (a.Mode == 'N' || ok && modes == k.Attributes.Modes)
}

// Optional is nil for the zero value.
func Optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return new(v) // a copy: v itself stays off the heap
}

// Unchanged requires of a commit that the key's record is as it was read.
func (k *Key) Unchanged() keystore.Change {
	return keystore.Change{Require: &keystore.Require{Ref: k.ARN.KeyRef(), Expect: k.Rev}}
}
