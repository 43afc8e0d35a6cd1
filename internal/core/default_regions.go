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

// Unchanged requires that the list is as it was read.
func (d *DefaultRegions) Unchanged() keystore.Change {
	return keystore.Change{Require: &keystore.Require{Ref: d.ref(), Expect: d.rev}}
}

// Put writes the list.
func (d *DefaultRegions) Put() keystore.Change { return keystore.Replace(d.Record()) }

// DefaultRegions reads the caller's default list.
func (c *Call) DefaultRegions(ctx context.Context) (DefaultRegions, error) {
	out := DefaultRegions{Partition: c.Home()}
	found, err := c.Cloud.Store.Read(ctx, out.ref())
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
