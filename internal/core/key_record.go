package core

import (
	"cmp"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// keyVersion is the latest version of a key's record. A key is written in the first
// version that holds it: the second has the certificate, the third the attributes that
// a key was sealed with, the fourth the authority of a certificate, the fifth when replication, creation
// and approval end.
const keyVersion = 5

// Values of enumerations that records have and requests do not.
var (
	allKeyOrigin           = apc.KeyOrigin("").Values()
	allMultiRegionKeyType  = apc.MultiRegionKeyType("").Values()
	allKeyReplicationState = apc.KeyReplicationState("").Values()
	allSessionStatus       = apc.SessionStatus("").Values()
)

// Record is the key as it is stored: found by its id, filtered by its state,
// due when it is to be deleted or is no longer to be shown.
func (k *Key) Record(due time.Time) keystore.Record {
	return keystore.Record{
		Partition: k.Partition(), Kind: KindKey, ID: k.ARN.Key, Rev: k.Rev,
		Due: due, Index: string(k.State), Data: k.encode(),
	}
}

// version is the first version of the record that holds all of the key.
func (k *Key) version() byte {
	switch {
	case k.timed():
		return 5
	case k.Authority != "":
		return 4
	case k.bound != nil:
		return 3
	case k.Certificate != "":
		return 2
	}
	return 1
}

// recordSize is about how many bytes the record has, and seldom less.
func (k *Key) recordSize() int {
	return 160 + len(k.sealed) + len(k.bound) + len(k.Public) + len(k.Certificate) + len(k.Policy) +
		len(k.MultiRegion) + len(k.PrimaryRegion) + 32*len(k.Replicas)
}

// encode is nil for a key with a time that no record can hold.
func (k *Key) encode() []byte {
	version := k.version()
	w := &writer{b: make([]byte, 1, k.recordSize())}
	w.b[0] = version
	k.writeLife(w)
	w.text(k.Header)
	w.number(uint64(len(k.Blocks)))
	for _, b := range k.Blocks {
		w.text(b.ID)
		w.text(b.Data)
	}
	w.text(string(k.MultiRegion))
	w.text(k.PrimaryRegion)
	w.number(uint64(len(k.Replicas)))
	for _, r := range k.Replicas {
		w.text(r.Region)
		w.text(string(r.Status))
		w.text(r.Message)
	}
	w.number(uint64(k.OwnRegions))
	w.bytes(k.Policy)
	w.text(k.Approval.Session)
	w.text(string(k.Approval.Status))
	w.time(k.Approval.Initiated)
	w.text(k.Approval.Message)
	w.text(k.Approval.Comment)
	w.bytes(k.Public)
	w.bytes(k.sealed)
	if version >= 3 {
		w.bytes(k.bound)
	}
	if version >= 2 {
		w.text(k.Certificate)
		w.time(k.Certified)
	}
	if version >= 4 {
		w.text(k.Authority)
	}
	if version >= 5 {
		w.time(k.Ready)
		w.time(k.Approval.Deadline)
		for i := range k.Replicas {
			w.time(k.Replicas[i].Due)
		}
	}
	return w.record()
}

// writeLife writes attributes, state, time stamps and tags.
func (k *Key) writeLife(w *writer) {
	w.text(string(k.Attributes.Usage))
	w.text(string(k.Attributes.Class))
	w.text(string(k.Attributes.Alg.Name))
	w.number(uint64(k.Attributes.Modes))
	w.number(uint64(k.Bits))
	w.text(string(k.Check))
	w.text(k.CheckValue)
	w.flag(k.Exportable)
	w.flag(k.Enabled)
	w.text(string(k.State))
	w.text(string(k.Origin))
	for _, t := range [...]time.Time{k.Created, k.UsageStart, k.UsageStop, k.DeletePending, k.Deleted} {
		w.time(t)
	}
	w.text(string(k.DeriveUsage))
	w.number(uint64(len(k.Tags)))
	for _, t := range k.Tags {
		w.text(t.Key)
		w.text(t.Value)
	}
}

// decodeKey reads a key's record. The result shares the record's bytes.
func decodeKey(rec *keystore.Record) (k Key, err error) {
	err = k.Decode(rec)
	return k, err
}

// Decode is decodeKey into a zero key.
func (k *Key) Decode(rec *keystore.Record) error {
	r := newReader(rec.Data, "key", keyVersion)
	k.ARN.Partition, k.ARN.Key, k.Rev = rec.Partition, rec.ID, rec.Rev
	k.Attributes = r.attributes()
	k.Bits = int(r.number() & 0xFFFF)
	k.Check, k.CheckValue = member(&r, checkAlgorithms), r.text()
	k.Exportable, k.Enabled = r.flag(), r.flag()
	k.State, k.Origin = member(&r, storedStates), member(&r, allKeyOrigin)
	k.Created, k.UsageStart, k.UsageStop = r.time(), r.time(), r.time()
	k.DeletePending, k.Deleted = r.time(), r.time()
	k.DeriveUsage = member(&r, keyUsages)
	for range r.count() {
		k.Tags = append(k.Tags, apc.Tag{Key: r.text(), Value: r.text()})
	}
	if k.Header = r.text(); k.Header != "" && len(k.Header) != 16 {
		r.fail = errRecord
	}
	for range r.count() {
		k.Blocks = append(k.Blocks, Block{r.text(), r.text()})
	}
	r.later(k)
	k.Public, k.sealed = r.bytes(), r.bytes()
	r.versioned(k)
	if err := r.end(); err != nil {
		return err
	}
	if r.version < 3 && k.sealed != nil {
		k.bound, _ = k.HSMAttributes().AppendBinary(nil) // it does not fail
	}
	return nil
}

// timed reports whether something of the key ends by the clock that records before version 5 lack.
func (k *Key) timed() bool {
	for i := range k.Replicas {
		if !k.Replicas[i].Due.IsZero() {
			return true
		}
	}
	return !k.Ready.IsZero() || !k.Approval.Deadline.IsZero()
}

func (r *reader) attributes() Attributes {
	a := Attributes{Usage: member(r, keyUsages), Class: member(r, keyClasses)}
	if a.Alg = AlgorithmNamed(member(r, keyAlgorithms)); a.Alg == nil || a.Usage == "" {
		r.fail = cmp.Or(r.fail, errRecord)
	}
	a.Modes = Modes(r.number()) & AllModes
	return a
}

// versioned reads what versions of the record after the first have added.
func (r *reader) versioned(k *Key) {
	if r.version >= 3 {
		k.bound = r.bytes()
		if (k.bound == nil) != (k.sealed == nil) {
			r.fail = cmp.Or(r.fail, errRecord)
		}
	}
	if r.version >= 2 {
		k.Certificate, k.Certified = r.text(), r.time()
	}
	if r.version >= 4 {
		k.Authority = r.text()
	}
	if r.version >= 5 {
		k.Ready, k.Approval.Deadline = r.time(), r.time()
		for i := range k.Replicas {
			k.Replicas[i].Due = r.time()
		}
	}
	if r.version > k.version() { // an earlier version would have done
		r.fail = cmp.Or(r.fail, errRecord)
	}
}

// later reads the members that replication, policy and approval write.
func (r *reader) later(k *Key) {
	k.MultiRegion, k.PrimaryRegion = member(r, allMultiRegionKeyType), r.text()
	for range r.count() {
		k.Replicas = append(k.Replicas, Replica{Region: r.text(), Status: member(r, allKeyReplicationState), Message: r.text()})
	}
	if k.OwnRegions = triState(r.number()); k.OwnRegions > 2 {
		r.fail = errRecord
	}
	k.Policy = r.bytes()
	k.Approval = Approval{
		Session: r.text(), Status: member(r, allSessionStatus), Initiated: r.time(), Message: r.text(), Comment: r.text(),
	}
}
