package server

import (
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// keyView is an engine.Key in JSON: the same members under the same names, absent
// ones left out. The conversion does not compile when one is added there.
type keyView struct {
	KeyArn                         string
	KeyAttributes                  apc.KeyAttributes
	KeyCheckValue                  string
	KeyCheckValueAlgorithm         apc.KeyCheckValueAlgorithm
	Enabled                        bool
	Exportable                     bool
	KeyState                       apc.KeyState
	KeyOrigin                      apc.KeyOrigin
	CreateTimestamp                time.Time
	UsageStartTimestamp            *time.Time                              `json:",omitempty"`
	UsageStopTimestamp             *time.Time                              `json:",omitempty"`
	DeletePendingTimestamp         *time.Time                              `json:",omitempty"`
	DeleteTimestamp                *time.Time                              `json:",omitempty"`
	DeriveKeyUsage                 *apc.KeyUsage                           `json:",omitempty"`
	MultiRegionKeyType             *apc.MultiRegionKeyType                 `json:",omitempty"`
	PrimaryRegion                  *string                                 `json:",omitempty"`
	ReplicationStatus              map[string]engine.ReplicationStatusType `json:",omitempty"`
	UsingDefaultReplicationRegions *bool                                   `json:",omitempty"`
	MpaStatus                      *engine.MpaStatus                       `json:",omitempty"`
}

// summaryView is an engine.KeySummary in JSON.
type summaryView struct {
	KeyArn             string
	KeyState           apc.KeyState
	KeyAttributes      apc.KeyAttributes
	KeyCheckValue      string
	Exportable         bool
	Enabled            bool
	MultiRegionKeyType *apc.MultiRegionKeyType `json:",omitempty"`
	PrimaryRegion      *string                 `json:",omitempty"`
}

// pageView is some keys, and what to ask for the next ones with.
type pageView struct {
	Keys []listedView `json:"keys"`
	Next *string      `json:"next,omitempty"`
}

// inspection is everything about a key that is no secret.
type inspection struct {
	Key     keyView   `json:"key"`
	Aliases []string  `json:"aliases,omitempty"`
	Tags    []apc.Tag `json:"tags,omitempty"`
}
