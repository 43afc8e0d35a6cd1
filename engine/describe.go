package engine

import (
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
)

// describeKey fills *out, which is zero, with the service's description of a key. It returns nothing because
// the copy would take a large part of the time of GetKey and CreateKey.
func describeKey(out *Key, k *core.Key) {
	out.KeyArn = k.ARN.String()
	out.KeyAttributes = k.Attributes.Members()
	out.KeyCheckValue = k.CheckValue
	out.KeyCheckValueAlgorithm = k.Check
	out.Enabled = k.Enabled
	out.Exportable = k.Exportable
	out.KeyState = k.State
	out.KeyOrigin = k.Origin
	out.CreateTimestamp = k.Created
	out.UsageStartTimestamp = optionalTime(k.UsageStart)
	out.UsageStopTimestamp = optionalTime(k.UsageStop)
	out.DeletePendingTimestamp = optionalTime(k.DeletePending)
	out.DeleteTimestamp = optionalTime(k.Deleted)
	out.DeriveKeyUsage = core.Optional(k.DeriveUsage)
	out.MultiRegionKeyType = core.Optional(k.MultiRegion)
	out.PrimaryRegion = core.Optional(k.PrimaryRegion)
	out.UsingDefaultReplicationRegions = k.OwnRegions.Pointer()
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
}

// optionalTime is nil for the zero time.
func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t) // a copy: t itself stays off the heap
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
