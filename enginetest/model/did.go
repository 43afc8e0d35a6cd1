package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// Did compares a call with what had to come of it and takes over its effect. It returns what
// contradicts the model, or nil. A refusal must have the expected exception, and every refusal a reason.
func (w *World) Did(now time.Time, who apc.Identity, in, out any, err error) error {
	now = now.UTC().Truncate(time.Millisecond)
	want := w.Expect(now, who, in)
	if want == "" && err != nil {
		return fmt.Errorf("got %w, must be accepted", err)
	}
	if want != "" {
		if other := w.withoutToken(now, who, in); other != "" && errors.Is(err, other) {
			want = other
		}
		return refusedAs(want, err)
	}
	return w.follow(w.at(now, who), now, in, out)
}

// withoutToken is the exception that a request must be refused with whatever its token is: which of two faults is
// reported is not the model's to say.
func (w *World) withoutToken(now time.Time, who apc.Identity, in any) apc.Code {
	p := w.at(now, who)
	p.anyToken = true
	defer func() { p.anyToken = false }()
	return w.Expect(now, who, in)
}

func refusedAs(want apc.Code, err error) error {
	refusal, ok := errors.AsType[*apc.Error](err)
	switch {
	case !ok || refusal.Code != want:
		return fmt.Errorf("got %v, must be refused with %s", err, want)
	case len(refusal.Reasons) == 0:
		return fmt.Errorf("%w has no reason", err)
	}
	return nil
}

// follow takes over the effect of an accepted call.
func (w *World) follow(p *place, now time.Time, in, out any) error {
	switch in := in.(type) {
	case *engine.CreateKeyInput:
		k := p.add(now, &out.(*engine.CreateKeyOutput).Key, in.KeyAttributes, in.Exportable, in.Enabled)
		k.Agrees = in.DeriveKeyUsage
		k.takeTags(in.Tags)
	case *engine.LoadKeyInput:
		p.add(now, &out.(*engine.LoadKeyOutput).Key, in.KeyAttributes, in.Exportable, in.Enabled).takeTags(in.Tags)
	case *engine.ImportKeyInput:
		return p.imported(now, in, &out.(*engine.ImportKeyOutput).Key)
	case *engine.ExportKeyInput:
		return p.exported(in, out.(*engine.ExportKeyOutput).WrappedKey)
	case *engine.GetParametersForImportInput:
		o := out.(*engine.GetParametersForImportOutput)
		return w.took(p, now, &Token{ID: o.ImportToken, Material: in.KeyMaterialType, Certificate: o.WrappingKeyCertificate, created: now,
			expires: o.ParametersValidUntilTimestamp}, in.ReuseLastGeneratedToken)
	case *engine.GetParametersForExportInput:
		o := out.(*engine.GetParametersForExportOutput)
		return w.took(p, now, &Token{ID: o.ExportToken, Material: in.KeyMaterialType, Export: true, Certificate: o.SigningKeyCertificate,
			created: now, expires: o.ParametersValidUntilTimestamp}, in.ReuseLastGeneratedToken)
	case *engine.GetPublicKeyCertificateInput:
		k, _ := p.find(in.KeyIdentifier)
		return k.certifiedAs(w, now, out.(*engine.GetPublicKeyCertificateOutput).KeyCertificate)
	case *engine.GetKeyInput:
		k, _ := p.find(in.KeyIdentifier)
		return k.compare(&out.(*engine.GetKeyOutput).Key)
	case *engine.GetAliasInput:
		if got, want := text(out.(*engine.GetAliasOutput).Alias.KeyArn), p.aliases[in.AliasName]; got != want {
			return fmt.Errorf("%s points to %q, must point to %q", in.AliasName, got, want)
		}
	default:
		p.change(now, w, in)
	}
	return nil
}

// change takes over the effect of a call whose answer says nothing new.
func (p *place) change(now time.Time, w *World, in any) {
	switch in := in.(type) {
	case *engine.DeleteKeyInput:
		days := w.limits.DefaultDeleteDays
		if in.DeleteKeyInDays != nil {
			days = *in.DeleteKeyInDays
		}
		k, _ := p.find(in.KeyIdentifier)
		k.State, k.deleteAt = apc.KeyStateDeletePending, now.Add(time.Duration(days)*day)
	case *engine.RestoreKeyInput:
		k, _ := p.find(in.KeyIdentifier)
		k.State, k.deleteAt = apc.KeyStateCreateComplete, time.Time{}
	case *engine.StartKeyUsageInput:
		if k, _ := p.find(in.KeyIdentifier); !k.Enabled { // else nothing changes
			k.Enabled, k.start, k.stop = true, now, time.Time{}
		}
	case *engine.StopKeyUsageInput:
		if k, _ := p.find(in.KeyIdentifier); k.Enabled {
			k.Enabled, k.start, k.stop = false, time.Time{}, now
		}
	case *engine.CreateAliasInput:
		p.aliases[in.AliasName] = text(in.KeyArn)
	case *engine.UpdateAliasInput:
		p.aliases[in.AliasName] = text(in.KeyArn)
	case *engine.DeleteAliasInput:
		delete(p.aliases, in.AliasName)
	case *engine.TagResourceInput:
		k, _ := p.find(in.ResourceArn)
		k.takeTags(in.Tags)
	case *engine.UntagResourceInput:
		k, _ := p.find(in.ResourceArn)
		for _, key := range in.TagKeys {
			delete(k.tags, key)
		}
	}
}

func (k *Key) takeTags(tags []apc.Tag) {
	for _, t := range tags {
		k.tags[t.Key] = t.Value
	}
}

// add is a new key as the service described it, with the attributes that it must have.
func (p *place) add(now time.Time, k *engine.Key, a apc.KeyAttributes, exportable, enabled *bool) *Key {
	made := &Key{ARN: k.KeyArn, Attributes: a, CheckValue: k.KeyCheckValue, Exportable: exportable == nil || *exportable,
		Enabled: enabled == nil || *enabled, State: apc.KeyStateCreateComplete, created: now, tags: map[string]string{}}
	if made.Enabled {
		made.start = now
	} else {
		made.stop = now
	}
	p.keys[k.KeyArn] = made
	return made
}

// imported is a new key of key material.
func (p *place) imported(now time.Time, in *engine.ImportKeyInput, k *engine.Key) error {
	m := &in.KeyMaterial
	a, wrapped, exportable := k.KeyAttributes, "", &k.Exportable
	switch {
	case m.RootCertificatePublicKey != nil:
		a, exportable = m.RootCertificatePublicKey.KeyAttributes, new(false)
	case m.Tr31KeyBlock != nil:
		wrapped = m.Tr31KeyBlock.WrappedKeyBlock
	case m.DiffieHellmanTr31KeyBlock != nil:
		wrapped = m.DiffieHellmanTr31KeyBlock.WrappedKeyBlock
	case m.KeyCryptogram != nil:
		a, exportable = m.KeyCryptogram.KeyAttributes, m.KeyCryptogram.Exportable
	case m.As2805KeyCryptogram != nil:
		c := m.As2805KeyCryptogram
		wrapped, exportable = c.WrappedKeyCryptogram, c.Exportable
		a.KeyUsage, a.KeyAlgorithm, a.KeyModesOfUse = apc.KeyUsageTR31P0PINEncryptionKey, c.KeyAlgorithm, c.KeyModesOfUse
	}
	if code := headerOf(wrapped); code != "" && m.As2805KeyCryptogram == nil && !strings.HasPrefix(string(a.KeyUsage), "TR31_"+code+"_") {
		return fmt.Errorf("a key block of usage %s is imported as %s", code, a.KeyUsage)
	}
	if want, known := p.blocks[wrapped]; known && want != k.KeyCheckValue {
		return fmt.Errorf("imported with check value %s, exported with %s", k.KeyCheckValue, want)
	}
	made := p.add(now, k, a, exportable, in.Enabled)
	made.takeTags(in.Tags)
	if m.RootCertificatePublicKey != nil {
		made.root = certificate(m.RootCertificatePublicKey.PublicKeyCertificate)
	}
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
func (p *place) exported(in *engine.ExportKeyInput, wrapped *engine.WrappedKey) error {
	k, _ := p.find(in.ExportKeyIdentifier)
	if got := text(wrapped.KeyCheckValue); got != k.CheckValue {
		return fmt.Errorf("exported with check value %s, the key has %s", got, k.CheckValue)
	}
	p.blocks[wrapped.KeyMaterial] = k.CheckValue
	if code := headerOf(wrapped.KeyMaterial); in.KeyMaterial.Tr31KeyBlock != nil &&
		!strings.HasPrefix(string(k.Attributes.KeyUsage), "TR31_"+code+"_") {
		return fmt.Errorf("a key of %s is exported with usage %s", k.Attributes.KeyUsage, code)
	}
	return nil
}

// took is a token that the service gave.
func (w *World) took(p *place, now time.Time, t *Token, reuse *bool) error {
	if last := w.reusable(p, now, t.Export, t.Material); reuse != nil && *reuse && len(last) > 0 {
		known := p.tokens[t.ID]
		if !slices.Contains(last, t.ID) || known.Certificate != t.Certificate || !known.expires.Equal(t.expires) {
			return fmt.Errorf("token %s until %s is given again, must be one of %v", t.ID, t.expires, last)
		}
		return nil
	}
	if p.tokens[t.ID] != nil || !t.expires.Equal(now.Add(w.limits.TokenLife)) {
		return fmt.Errorf("a new token %s until %s at %s, must be valid for %s", t.ID, t.expires, now, w.limits.TokenLife)
	}
	p.tokens[t.ID] = t
	return nil
}

// certifiedAs is a certificate of a key pair: the same one until its reuse ends.
func (k *Key) certifiedAs(w *World, now time.Time, given string) error {
	if k.certificate != "" && k.certified.Sub(now) >= w.limits.CertificateReuse {
		if given != k.certificate {
			return fmt.Errorf("%s: another certificate with %s left", k.ARN, k.certified.Sub(now))
		}
		return nil
	}
	c := certificate(given)
	until := now.Add(w.limits.CertificateLife)
	if c == nil || given == k.certificate || !c.NotAfter.Equal(until.Truncate(time.Second)) ||
		!strings.HasPrefix(c.Subject.String(), "SERIALNUMBER=") {
		return fmt.Errorf("%s: want a new certificate until %s, got %v", k.ARN, until, c)
	}
	k.certificate, k.certified = given, until
	return nil
}
