package engine

import (
	"cmp"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// keyVersion is the latest version of a key's record. A key without a
// certificate is written in the first, which has no place for one.
const keyVersion = 2

// Values of enumerations that records have and requests do not.
var (
	allKeyOrigin           = apc.KeyOrigin("").Values()
	allMultiRegionKeyType  = apc.MultiRegionKeyType("").Values()
	allKeyReplicationState = apc.KeyReplicationState("").Values()
	allSessionStatus       = apc.SessionStatus("").Values()
)

// record is the key as it is stored: found by its id, filtered by its state,
// due when it is to be deleted or forgotten.
func (k *key) record(due time.Time) keystore.Record {
	return keystore.Record{
		Partition: k.partition(), Kind: kindKey, ID: k.arn.key, Rev: k.rev,
		Due: due, Index: string(k.state), Data: k.encode(),
	}
}

// encode is nil for a key with a time that no record can hold.
func (k *key) encode() []byte {
	w := &writer{b: make([]byte, 1, 224+len(k.certificate))}
	w.b[0] = 1
	w.text(string(k.attributes.usage))
	w.text(string(k.attributes.class))
	w.text(string(k.attributes.alg.name))
	w.number(uint64(k.attributes.modes))
	w.number(uint64(k.bits))
	w.text(string(k.check))
	w.text(k.checkValue)
	w.flag(k.exportable)
	w.flag(k.enabled)
	w.text(string(k.state))
	w.text(string(k.origin))
	for _, t := range [...]time.Time{k.created, k.usageStart, k.usageStop, k.deletePending, k.deleted} {
		w.time(t)
	}
	w.text(string(k.deriveUsage))
	w.number(uint64(len(k.tags)))
	for _, t := range k.tags {
		w.text(t.Key)
		w.text(t.Value)
	}
	w.text(k.header)
	w.number(uint64(len(k.blocks)))
	for _, b := range k.blocks {
		w.text(b.id)
		w.text(b.data)
	}
	w.text(string(k.multiRegion))
	w.text(k.primaryRegion)
	w.number(uint64(len(k.replicas)))
	for _, r := range k.replicas {
		w.text(r.region)
		w.text(string(r.status))
		w.text(r.message)
	}
	w.number(uint64(k.ownRegions))
	w.text(k.policy)
	w.text(k.approval.session)
	w.text(string(k.approval.status))
	w.time(k.approval.initiated)
	w.text(k.approval.message)
	w.text(k.approval.comment)
	w.bytes(k.public)
	w.bytes(k.sealed)
	if k.certificate != "" {
		w.b[0] = 2
		w.text(k.certificate)
		w.time(k.certified)
	}
	return w.record()
}

// decodeKey reads a key's record. The result shares the record's bytes.
func decodeKey(rec *keystore.Record) (k key, err error) {
	err = k.decode(rec)
	return k, err
}

// decode is decodeKey into a zero key.
func (k *key) decode(rec *keystore.Record) error {
	r := newReader(rec.Data, "key", keyVersion)
	k.arn.Partition, k.arn.key, k.rev = rec.Partition, rec.ID, rec.Rev
	k.attributes = r.attributes()
	k.bits = int(r.number() & 0xFFFF)
	k.check, k.checkValue = member(&r, checkAlgorithms), r.text()
	k.exportable, k.enabled = r.flag(), r.flag()
	k.state, k.origin = member(&r, keyStates), member(&r, allKeyOrigin)
	k.created, k.usageStart, k.usageStop = r.time(), r.time(), r.time()
	k.deletePending, k.deleted = r.time(), r.time()
	k.deriveUsage = member(&r, keyUsages)
	for range r.count() {
		k.tags = append(k.tags, apc.Tag{Key: r.text(), Value: r.text()})
	}
	if k.header = r.text(); k.header != "" && len(k.header) != 16 {
		r.fail = errRecord
	}
	for range r.count() {
		k.blocks = append(k.blocks, block{r.text(), r.text()})
	}
	r.later(k)
	k.public, k.sealed = r.bytes(), r.bytes()
	if r.version > 1 {
		if k.certificate, k.certified = r.text(), r.time(); k.certificate == "" { // the first version would have done
			r.fail = cmp.Or(r.fail, errRecord)
		}
	}
	return r.end()
}

func (r *reader) attributes() attributes {
	a := attributes{usage: member(r, keyUsages), class: member(r, keyClasses)}
	if a.alg = algorithmNamed(member(r, keyAlgorithms)); a.alg == nil || a.usage == "" {
		r.fail = cmp.Or(r.fail, errRecord)
	}
	a.modes = modes(r.number()) & allModes
	return a
}

// later reads the members that replication, policy and approval write.
func (r *reader) later(k *key) {
	k.multiRegion, k.primaryRegion = member(r, allMultiRegionKeyType), r.text()
	for range r.count() {
		k.replicas = append(k.replicas, replica{r.text(), member(r, allKeyReplicationState), r.text()})
	}
	if k.ownRegions = triState(r.number()); k.ownRegions > 2 {
		r.fail = errRecord
	}
	k.policy = r.text()
	k.approval = approval{
		session: r.text(), status: member(r, allSessionStatus), initiated: r.time(), message: r.text(), comment: r.text(),
	}
}
