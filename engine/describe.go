package engine

import (
	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
)

// describeKey is what the service says of a key.
func describeKey(k *core.Key) Key {
	out := Key{
		KeyArn:                         k.ARN.String(),
		KeyAttributes:                  k.Attributes.Members(),
		KeyCheckValue:                  k.CheckValue,
		KeyCheckValueAlgorithm:         k.Check,
		Enabled:                        k.Enabled,
		Exportable:                     k.Exportable,
		KeyState:                       k.State,
		KeyOrigin:                      k.Origin,
		CreateTimestamp:                k.Created,
		UsageStartTimestamp:            core.Optional(k.UsageStart),
		UsageStopTimestamp:             core.Optional(k.UsageStop),
		DeletePendingTimestamp:         core.Optional(k.DeletePending),
		DeleteTimestamp:                core.Optional(k.Deleted),
		DeriveKeyUsage:                 core.Optional(k.DeriveUsage),
		MultiRegionKeyType:             core.Optional(k.MultiRegion),
		PrimaryRegion:                  core.Optional(k.PrimaryRegion),
		UsingDefaultReplicationRegions: k.OwnRegions.Pointer(),
	}
	for _, r := range k.Replicas {
		if out.ReplicationStatus == nil {
			out.ReplicationStatus = map[string]ReplicationStatusType{}
		}
		status := ReplicationStatusType{Status: r.Status}
		if r.Status == apc.KeyReplicationStateFailed { // what is in progress has no message yet
			status.StatusMessage = core.Optional(r.Message)
		}
		out.ReplicationStatus[r.Region] = status
	}
	out.MpaStatus = describeApproval(&k.Approval)
	return out
}

// describeApproval is what the service says of an approval session; nil where there is none.
func describeApproval(a *core.Approval) *MpaStatus {
	if a.Session == "" {
		return nil
	}
	return &MpaStatus{MpaSessionArn: a.Session, Status: a.Status, InitiationDate: a.Initiated, StatusMessage: core.Optional(a.Message)}
}

// summarizeKey is an item of ListKeys.
func summarizeKey(k *core.Key) KeySummary {
	return KeySummary{
		KeyArn: k.ARN.String(), KeyState: k.State, KeyAttributes: k.Attributes.Members(),
		KeyCheckValue: k.CheckValue, Exportable: k.Exportable, Enabled: k.Enabled,
		MultiRegionKeyType: core.Optional(k.MultiRegion), PrimaryRegion: core.Optional(k.PrimaryRegion),
	}
}

// describeAlias is what the service says of an alias.
func describeAlias(a *core.Alias) Alias {
	out := Alias{AliasName: a.Name}
	if a.Key != "" {
		out.KeyArn = new(core.ARN{Partition: a.Partition, Key: a.Key}.String())
	}
	return out
}
