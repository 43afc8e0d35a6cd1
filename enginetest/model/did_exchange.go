package model

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// imported is a new key of key material.
func (q *request) imported(in *engine.ImportKeyInput, got *engine.Key) error {
	m := &in.KeyMaterial
	a, wrapped, exportable := got.KeyAttributes, "", got.Exportable
	switch {
	case m.RootCertificatePublicKey != nil:
		a, exportable = m.RootCertificatePublicKey.KeyAttributes, false
	case m.Tr31KeyBlock != nil:
		wrapped = m.Tr31KeyBlock.WrappedKeyBlock
	case m.DiffieHellmanTr31KeyBlock != nil:
		wrapped = m.DiffieHellmanTr31KeyBlock.WrappedKeyBlock
	case m.KeyCryptogram != nil:
		a, exportable = m.KeyCryptogram.KeyAttributes, *m.KeyCryptogram.Exportable
	case m.As2805KeyCryptogram != nil:
		c := m.As2805KeyCryptogram
		wrapped, exportable = c.WrappedKeyCryptogram, *c.Exportable
		a.KeyUsage, a.KeyAlgorithm, a.KeyModesOfUse = apc.KeyUsageTR31P0PINEncryptionKey, c.KeyAlgorithm, c.KeyModesOfUse
	}
	if code := headerOf(wrapped); code != "" && m.As2805KeyCryptogram == nil && !strings.HasPrefix(string(a.KeyUsage), "TR31_"+code+"_") {
		return fmt.Errorf("a key block of usage %s is imported as %s", code, a.KeyUsage)
	}
	if want, known := q.p.blocks[wrapped]; known && want != got.KeyCheckValue {
		return fmt.Errorf("imported with check value %s, exported with %s", got.KeyCheckValue, want)
	}
	made := q.add(got, a, exportable, in.Enabled, in.Tags)
	if m.RootCertificatePublicKey != nil {
		made.root = certificate(m.RootCertificatePublicKey.PublicKeyCertificate)
		if err := q.approvedBy(made, got); err != nil {
			return err
		}
	}
	return q.newReplicas(made, in.ReplicationRegions, got)
}

// approvedBy makes the import of a root certificate wait for the team that guards it.
func (q *request) approvedBy(made *Key, got *engine.Key) (err error) {
	if q.p.team == nil {
		return nil
	}
	if made.session, err = q.begin(got.MpaStatus, q.p.team.arn); err != nil {
		return err
	}
	made.session.key = made
	made.State, made.ready = apc.KeyStateCreateInProgress, time.Time{}
	return nil
}

// headerOf is the usage in a key block's header; "" where there is none in the clear.
func headerOf(block string) string {
	if len(block) < 16 || block[0] < 'A' || block[0] > 'E' {
		return ""
	}
	return block[5:7]
}

// exported is key material that has the key's check value, here and when it is imported again.
func (q *request) exported(in *engine.ExportKeyInput, wrapped *engine.WrappedKey) error {
	k, _ := q.key(in.ExportKeyIdentifier)
	if got := text(wrapped.KeyCheckValue); got != k.CheckValue {
		return fmt.Errorf("exported with check value %s, the key has %s", got, k.CheckValue)
	}
	if k.checkAlgorithm == reported(k.Attributes.KeyAlgorithm, nil) { // which an import takes
		q.p.blocks[wrapped.KeyMaterial] = k.CheckValue
	}
	q.sends(k, in, wrapped.KeyMaterial)
	if code := headerOf(wrapped.KeyMaterial); in.KeyMaterial.Tr31KeyBlock != nil &&
		!strings.HasPrefix(string(k.Attributes.KeyUsage), "TR31_"+code+"_") {
		return fmt.Errorf("a key of %s is exported with usage %s", k.Attributes.KeyUsage, code)
	}
	return nil
}
