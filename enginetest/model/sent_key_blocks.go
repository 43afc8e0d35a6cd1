package model

import (
	"fmt"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
	"github.com/seed748fb4d1/apcsim/engine"
)

// Keys that come with a request of the data plane, in key blocks that the world has exported.

// sentKey is a key in a key block.
type sentKey struct {
	kek string // the id of the key that it is wrapped with
	key *Key
}

// blockForm is the form, in the table, of a key that opens a key block.
const blockForm = "Block"

// sent is the key that a request names: one that works in a form or, with a key block, one that opens the block.
func (q *request) sent(form, member, id string, w *dataplane.WrappedKey) subject {
	if w != nil {
		form = blockForm
	}
	return q.data(form, member, id)
}

// opened is the key that works in place of the one that is named: that of the block, if there is one, which must have a
// usage; or the rule that the block breaks. The world has exported the block.
func (q *request) opened(named *Key, w *dataplane.WrappedKey, usage string) (*Key, apc.Rule) {
	if w == nil {
		return named, ""
	}
	block := *w.WrappedKeyMaterial.Tr31KeyBlock
	known, ok := q.w.sent[block]
	if !ok {
		panic("model: a key block that was never exported")
	}
	return known.key, firstRule(
		unless((block[0] == 'D') == inFamilies(named.Attributes.KeyAlgorithm, "AES"), apc.RuleKeyBlockVersion),
		unless(headerOf(block) == usage, apc.RuleKeyUsage),
		unless(block[7] == 'T' || block[7] == 'A', apc.RuleKeyAlgorithm),
		unless(strings.Contains("BDE", block[8:9]), apc.RuleKeyModesOfUse),
		unless(known.kek == named.id(), "mac"))
}

// sends records a key block under a stored key, if a request may have it.
func (q *request) sends(k *Key, in *engine.ExportKeyInput, block string) {
	if m := in.KeyMaterial.Tr31KeyBlock; m != nil && k.checkAlgorithm == reported(k.Attributes.KeyAlgorithm, nil) {
		kek, _ := q.key(m.WrappingKeyIdentifier)
		q.w.sent[block] = sentKey{kek.id(), k}
	}
}

// Sends reports whether a request may have a key block.
func (w *World) Sends(block string) bool {
	_, ok := w.sent[block]
	return ok
}

// encrypted compares the keys that an answer about data names: the key that is named and the check value of the one that
// works.
func (q *request) encrypted(id string, w *dataplane.WrappedKey, arn string, check *string) error {
	named, _ := q.key(id)
	k, _ := q.opened(named, w, "D0")
	want := k.CheckValue
	if inFamilies(k.Attributes.KeyAlgorithm, "RSA") {
		want = text(check) // of a public key, left out or cut off
	}
	if arn != named.ARN || text(check) != want {
		return fmt.Errorf("the answer names the key %s with check value %q, must name %s with %s", arn, text(check), named.ARN, want)
	}
	return nil
}
