package core

import (
	"context"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// The default list of an account and Region is one record.
const (
	kindRegions    = keystore.Kind("regions")
	regionsID      = "replication"
	regionsVersion = 1
)

// DefaultRegions is the account's default list of replication Regions in a Region. The zero value is an empty
// list that has never been written.
type DefaultRegions struct {
	Partition keystore.Partition
	Regions   []string
	rev       keystore.CommitID
}

func (d *DefaultRegions) ref() keystore.Ref {
	return keystore.Ref{Partition: d.Partition, Kind: kindRegions, ID: regionsID}
}

// Record is the list as it is stored.
func (d *DefaultRegions) Record() keystore.Record {
	w := &writer{b: []byte{regionsVersion}}
	w.number(uint64(len(d.Regions)))
	for _, r := range d.Regions {
		w.text(r)
	}
	return keystore.Record{Partition: d.Partition, Kind: kindRegions, ID: regionsID, Rev: d.rev, Data: w.record()}
}

func decodeRegions(rec *keystore.Record) (DefaultRegions, error) {
	r := newReader(rec.Data, string(kindRegions), regionsVersion)
	out := DefaultRegions{Partition: rec.Partition, rev: rec.Rev}
	for range r.count() {
		out.Regions = append(out.Regions, r.text())
	}
	return out, r.end()
}

// Put writes the list.
func (d *DefaultRegions) Put() keystore.Change { return keystore.Replace(d.Record()) }

// DefaultRegions reads the caller's default list.
func (c *Call) DefaultRegions(ctx context.Context) (DefaultRegions, error) {
	out := DefaultRegions{Partition: c.Home()}
	found, err := c.Cloud.Read(ctx, out.ref())
	if err != nil {
		return out, StoreError(err)
	}
	if !found[0].Record.Exists() {
		return out, nil
	}
	if out, err = decodeRegions(&found[0].Record); err != nil {
		return out, unreadable(&found[0].Record, err)
	}
	return out, nil
}

// ReplicaPlan is where a new key is to have replicas. The zero value is nowhere.
type ReplicaPlan struct {
	Regions []string
	list    *keystore.Require // the default list has not changed when the key is stored; nil: it does not matter
}

// PlanReplicas decides on the Regions of a new key: those of the request, even none, or the account's
// default list, which applies to exportable keys alone.
func (c *Call) PlanReplicas(ctx context.Context, asked []string, made *Key) (ReplicaPlan, error) {
	if asked != nil {
		made.OwnRegions = No
		if len(asked) == 0 {
			return ReplicaPlan{}, nil
		}
		return ReplicaPlan{Regions: asked}, CheckReplicable(made)
	}
	if !made.Exportable {
		return ReplicaPlan{}, nil
	}
	if empty := c.Cloud.emptyLists.get(c.Home()); empty != nil {
		return ReplicaPlan{list: empty}, nil
	}
	list, err := c.DefaultRegions(ctx)
	if err != nil {
		return ReplicaPlan{}, err
	}
	unchanged := &keystore.Require{Ref: list.ref(), Expect: list.rev}
	if len(list.Regions) > 0 {
		made.OwnRegions = yes
	} else {
		c.Cloud.emptyLists.put(c.Home(), unchanged)
	}
	return ReplicaPlan{Regions: list.Regions, list: unchanged}, nil
}

// conflict is the failure of a commit with the plan: ErrConflict where it failed because the list has
// changed, which the next attempt reads again.
func (p *ReplicaPlan) conflict(ctx context.Context, c *Call, failed error) error {
	if p.list == nil || !raced(failed) {
		return failed
	}
	c.Cloud.emptyLists.remove(p.list.Ref.Partition)
	found, err := c.Cloud.Read(ctx, p.list.Ref)
	if err == nil && found[0].Record.Rev != p.list.Expect {
		return keystore.ErrConflict
	}
	return failed
}
