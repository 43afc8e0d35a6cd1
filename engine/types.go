package engine

import "time"

// Alias is a name for a key; KeyArn is nil while it points to none.
type Alias struct {
	AliasName string
	KeyArn    *string
}

// Key is what the service tells of a key; never its material.
type Key struct {
	KeyArn                         string
	KeyAttributes                  KeyAttributes
	KeyCheckValue                  string
	KeyCheckValueAlgorithm         KeyCheckValueAlgorithm
	Enabled                        bool
	Exportable                     bool
	KeyState                       KeyState
	KeyOrigin                      KeyOrigin
	CreateTimestamp                time.Time
	UsageStartTimestamp            *time.Time
	UsageStopTimestamp             *time.Time
	DeletePendingTimestamp         *time.Time
	DeleteTimestamp                *time.Time
	DeriveKeyUsage                 *KeyUsage
	MultiRegionKeyType             *MultiRegionKeyType
	PrimaryRegion                  *string
	ReplicationStatus              map[string]ReplicationStatusType
	UsingDefaultReplicationRegions *bool
	MpaStatus                      *MpaStatus
}

// KeyAttributes say what a key is and what it may do. They never change.
type KeyAttributes struct {
	KeyUsage      KeyUsage
	KeyClass      KeyClass
	KeyAlgorithm  KeyAlgorithm
	KeyModesOfUse KeyModesOfUse
}

func (in *KeyAttributes) shape(s *shape) {
	oneOf(s, "KeyUsage", in.KeyUsage, allKeyUsage)
	oneOf(s, "KeyClass", in.KeyClass, allKeyClass)
	oneOf(s, "KeyAlgorithm", in.KeyAlgorithm, allKeyAlgorithm)
}

// KeyModesOfUse are the operations a key may take part in.
type KeyModesOfUse struct {
	Encrypt        bool
	Decrypt        bool
	Wrap           bool
	Unwrap         bool
	Generate       bool
	Sign           bool
	Verify         bool
	DeriveKey      bool
	NoRestrictions bool
}

// KeySummary is a key as ListKeys tells it.
type KeySummary struct {
	KeyArn             string
	KeyState           KeyState
	KeyAttributes      KeyAttributes
	KeyCheckValue      string
	Exportable         bool
	Enabled            bool
	MultiRegionKeyType *MultiRegionKeyType
	PrimaryRegion      *string
}

// MpaStatus tells how an approval stands.
type MpaStatus struct {
	MpaSessionArn  string
	Status         SessionStatus
	InitiationDate time.Time
	StatusMessage  *string
}

// ReplicationStatusType tells how a replica stands.
type ReplicationStatusType struct {
	Status        KeyReplicationState
	StatusMessage *string
}

// Tag is a label on a key.
type Tag struct {
	Key   string
	Value string
}

func (in *Tag) shape(s *shape) {
	s.text("Key", in.Key, &textTagKey)
	s.text("Value", in.Value, &textTagValue)
}

// WrappedKey is an exported key.
type WrappedKey struct {
	WrappingKeyArn           string
	WrappedKeyMaterialFormat WrappedKeyMaterialFormat
	KeyMaterial              string
	KeyCheckValue            *string
	KeyCheckValueAlgorithm   *KeyCheckValueAlgorithm
}
