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

// Did compares the result of a call with the prediction and records its effect. It returns an error
// that says what contradicts the model, or nil. A refusal must have the expected exception, and its
// first reason the expected rule.
func (w *World) Did(now time.Time, who apc.Identity, in, out any, err error) error {
	want := w.Expect(now, who, in)
	if !want.refused() {
		if err != nil {
			return fmt.Errorf("got %w, must be accepted", err)
		}
		q := w.request(now, who, operationOf(in))
		q.in = in
		return q.follow(in, out)
	}
	return want.is(err)
}

// is compares an error with the refusal.
func (r Refusal) is(err error) error {
	refusal, ok := errors.AsType[*apc.Error](err)
	switch {
	case !ok || refusal.Code != r.Code:
		return fmt.Errorf("got %v, must be refused with %s", err, r)
	case len(refusal.Reasons) == 0:
		return fmt.Errorf("%w has no reason", err)
	case refusal.Reasons[0].Rule != r.Rule:
		return fmt.Errorf("got %w by the rule %s, must be refused with %s", err, refusal.Reasons[0].Rule, r)
	}
	return nil
}

// follow takes over the effect of an accepted call.
func (q *request) follow(in, out any) error {
	switch in := in.(type) {
	case *engine.CreateKeyInput:
		return q.created(in, &out.(*engine.CreateKeyOutput).Key)
	case *engine.LoadKeyInput:
		got := &out.(*engine.LoadKeyOutput).Key
		q.add(got, in.KeyAttributes, *in.Exportable, in.Enabled, in.Tags).checkAlgorithm = reported(in.KeyAttributes.KeyAlgorithm, nil)
		return q.p.keys[got.KeyArn].compare(got, nil, "")
	case *engine.ImportKeyInput:
		return q.imported(in, &out.(*engine.ImportKeyOutput).Key)
	case *engine.ExportKeyInput:
		return q.exported(in, out.(*engine.ExportKeyOutput).WrappedKey)
	case *engine.GetParametersForImportInput:
		o := out.(*engine.GetParametersForImportOutput)
		return q.took(&Token{ID: o.ImportToken, Material: in.KeyMaterialType, Certificate: o.WrappingKeyCertificate, created: q.now,
			expires: o.ParametersValidUntilTimestamp}, in.ReuseLastGeneratedToken)
	case *engine.GetParametersForExportInput:
		o := out.(*engine.GetParametersForExportOutput)
		return q.took(&Token{ID: o.ExportToken, Material: in.KeyMaterialType, Export: true, Certificate: o.SigningKeyCertificate,
			created: q.now, expires: o.ParametersValidUntilTimestamp}, in.ReuseLastGeneratedToken)
	case *engine.GetPublicKeyCertificateInput:
		k, _ := q.key(in.KeyIdentifier)
		return k.certifiedAs(q.w, q.now, out.(*engine.GetPublicKeyCertificateOutput).KeyCertificate)
	case *engine.GetKeyInput:
		k, _ := q.key(in.KeyIdentifier)
		return k.compare(&out.(*engine.GetKeyOutput).Key, nil, "")
	}
	return errors.Join(q.changed(in, out), q.didNames(in, out), q.didRegions(in, out), q.didPolicies(in, out), q.didApproval(in, out),
		q.didData(in, out))
}

// changed takes over the change of a key's state.
func (q *request) changed(in, out any) error {
	switch in := in.(type) {
	case *engine.DeleteKeyInput:
		k, _ := q.key(in.KeyIdentifier)
		days := q.w.limits.DefaultDeleteDays
		if in.DeleteKeyInDays != nil {
			days = *in.DeleteKeyInDays
		}
		q.deleted(k, days)
		return k.compare(&out.(*engine.DeleteKeyOutput).Key, nil, "")
	case *engine.RestoreKeyInput:
		k, _ := q.key(in.KeyIdentifier)
		k.State, k.deleteAt = apc.KeyStateCreateComplete, time.Time{}
		return k.compare(&out.(*engine.RestoreKeyOutput).Key, nil, "")
	case *engine.StartKeyUsageInput:
		k, _ := q.key(in.KeyIdentifier)
		if !k.Enabled { // else nothing changes
			k.Enabled, k.start, k.stop = true, q.now, time.Time{}
		}
		return k.compare(&out.(*engine.StartKeyUsageOutput).Key, nil, "")
	case *engine.StopKeyUsageInput:
		k, _ := q.key(in.KeyIdentifier)
		if k.Enabled {
			k.Enabled, k.start, k.stop = false, time.Time{}, q.now
		}
		return k.compare(&out.(*engine.StopKeyUsageOutput).Key, nil, "")
	}
	return nil
}

// deleted schedules a deletion. The replicas are deleted at once.
func (q *request) deleted(k *Key, days int) {
	var regions []string
	for region := range k.replicas {
		regions = append(regions, region)
	}
	q.unreplicate(k, regions)
	k.replicas = nil
	k.State, k.deleteAt = apc.KeyStateDeletePending, q.now.Add(time.Duration(days)*day)
}

// didNames takes over the effect of an operation on aliases and tags.
func (q *request) didNames(in, out any) error {
	switch in := in.(type) {
	case *engine.CreateAliasInput:
		q.p.aliases[in.AliasName] = text(in.KeyArn)
		return q.points(in.AliasName, &out.(*engine.CreateAliasOutput).Alias)
	case *engine.UpdateAliasInput:
		q.p.aliases[in.AliasName] = text(in.KeyArn)
		return q.points(in.AliasName, &out.(*engine.UpdateAliasOutput).Alias)
	case *engine.GetAliasInput:
		return q.points(in.AliasName, &out.(*engine.GetAliasOutput).Alias)
	case *engine.DeleteAliasInput:
		delete(q.p.aliases, in.AliasName)
	case *engine.TagResourceInput:
		k, _ := q.key(in.ResourceArn)
		k.takeTags(in.Tags)
	case *engine.UntagResourceInput:
		k, _ := q.key(in.ResourceArn)
		for _, key := range in.TagKeys {
			delete(k.tags, key)
		}
	}
	return nil
}

func (q *request) points(name string, got *engine.Alias) error {
	if want := q.p.aliases[name]; got.AliasName != name || text(got.KeyArn) != want {
		return fmt.Errorf("%s points to %q, must point to %q", got.AliasName, text(got.KeyArn), want)
	}
	return nil
}

func (k *Key) takeTags(tags []apc.Tag) {
	for _, t := range tags {
		k.tags[t.Key] = t.Value
	}
}

// add is a new key as the service described it, with the attributes that it must have.
func (q *request) add(got *engine.Key, a apc.KeyAttributes, exportable bool, enabled *bool, tags []apc.Tag) *Key {
	made := &Key{life: &life{State: apc.KeyStateCreateComplete, Enabled: enabled == nil || *enabled}, ARN: got.KeyArn, Attributes: a,
		CheckValue: got.KeyCheckValue, Exportable: exportable, created: q.now, tags: map[string]string{}}
	if made.Enabled {
		made.start = q.now
	} else {
		made.stop = q.now
	}
	if wait := q.w.limits.CreationTime; wait > 0 {
		made.State, made.ready = apc.KeyStateCreateInProgress, q.now.Add(wait)
	}
	made.takeTags(tags)
	q.p.keys[got.KeyArn] = made
	return made
}

// newReplicas makes the replicas of a new key and compares it with the answer.
func (q *request) newReplicas(k *Key, asked []string, got *engine.Key) error {
	regions := q.replicatedTo(asked, k.Exportable)
	switch {
	case asked != nil:
		k.defaults = new(false)
	case len(regions) > 0:
		k.defaults = new(true)
	}
	q.replicate(k, regions)
	return k.compare(got, regions, apc.KeyReplicationStateInProgress)
}

func (q *request) created(in *engine.CreateKeyInput, got *engine.Key) error {
	k := q.add(got, in.KeyAttributes, *in.Exportable, in.Enabled, in.Tags)
	k.Agrees, k.checkAlgorithm = in.DeriveKeyUsage, reported(in.KeyAttributes.KeyAlgorithm, in.KeyCheckValueAlgorithm)
	return q.newReplicas(k, in.ReplicationRegions, got)
}

// took is a token that the service gave.
func (q *request) took(t *Token, reuse *bool) error {
	if last := q.reusable(t.Export, t.Material); reuse != nil && *reuse && len(last) > 0 {
		known := q.p.tokens[t.ID]
		if !slices.Contains(last, t.ID) || known.Certificate != t.Certificate || !known.expires.Equal(t.expires) {
			return fmt.Errorf("token %s until %s is given again, must be one of %v", t.ID, t.expires, last)
		}
		return nil
	}
	if q.p.tokens[t.ID] != nil || !t.expires.Equal(q.now.Add(q.w.limits.TokenLife)) {
		return fmt.Errorf("a new token %s until %s at %s, must be valid for %s", t.ID, t.expires, q.now, q.w.limits.TokenLife)
	}
	q.p.tokens[t.ID] = t
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
