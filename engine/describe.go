package engine

// describeKey fills in what the service says of a key.
func describeKey(k *key, out *Key) {
	*out = Key{
		KeyArn:                         k.arn.String(),
		KeyAttributes:                  k.attributes.members(),
		KeyCheckValue:                  k.checkValue,
		KeyCheckValueAlgorithm:         k.check,
		Enabled:                        k.enabled,
		Exportable:                     k.exportable,
		KeyState:                       k.state,
		KeyOrigin:                      k.origin,
		CreateTimestamp:                k.created,
		UsageStartTimestamp:            optional(k.usageStart),
		UsageStopTimestamp:             optional(k.usageStop),
		DeletePendingTimestamp:         optional(k.deletePending),
		DeleteTimestamp:                optional(k.deleted),
		DeriveKeyUsage:                 optional(k.deriveUsage),
		MultiRegionKeyType:             optional(k.multiRegion),
		PrimaryRegion:                  optional(k.primaryRegion),
		UsingDefaultReplicationRegions: k.ownRegions.pointer(),
	}
	for _, r := range k.replicas {
		if out.ReplicationStatus == nil {
			out.ReplicationStatus = map[string]ReplicationStatusType{}
		}
		out.ReplicationStatus[r.region] = ReplicationStatusType{Status: r.status, StatusMessage: optional(r.message)}
	}
	if a := k.approval; a.session != "" {
		out.MpaStatus = &MpaStatus{MpaSessionArn: a.session, Status: a.status, InitiationDate: a.initiated, StatusMessage: optional(a.message)}
	}
}

// summarizeKey is an item of ListKeys.
func summarizeKey(k *key) KeySummary {
	return KeySummary{
		KeyArn: k.arn.String(), KeyState: k.state, KeyAttributes: k.attributes.members(),
		KeyCheckValue: k.checkValue, Exportable: k.exportable, Enabled: k.enabled,
		MultiRegionKeyType: optional(k.multiRegion), PrimaryRegion: optional(k.primaryRegion),
	}
}

// describeAlias is what the service says of an alias.
func describeAlias(a *alias) Alias {
	out := Alias{AliasName: a.name}
	if a.key != "" {
		out.KeyArn = new(arn{Partition: a.partition, key: a.key}.String())
	}
	return out
}
