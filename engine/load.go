package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// keyRef names what an identifier points to in the store. An alias is
// followed to its key in the same read.
func (a arn) keyRef() keystore.Ref {
	if a.alias != "" {
		return keystore.Ref{Partition: a.Partition, Kind: kindAlias, ID: a.alias, Follow: kindKey}
	}
	return keystore.Ref{Partition: a.Partition, Kind: kindKey, ID: a.key}
}

func (a arn) aliasRef() keystore.Ref {
	return keystore.Ref{Partition: a.Partition, Kind: kindAlias, ID: a.alias, Follow: kindKey}
}

// loadKey finds the key that an identifier names: an ARN, or an alias by name
// or ARN. It is read into a zero key of the caller's: a key is large to hand
// around.
func (k *call) loadKey(ctx context.Context, identifier string, into *key) error {
	a, err := k.locate(identifier)
	if err != nil {
		return err
	}
	found, err := k.engine.store.Read(ctx, a.keyRef())
	if err != nil {
		return storeError(err)
	}
	return k.resolve(&found[0], &a, identifier, into)
}

// locate parses an identifier and asks whether the caller may use it.
func (k *call) locate(identifier string) (arn, error) {
	a, ok := parseIdentifier(identifier, k.home())
	if !ok { // the shape has been checked
		return arn{}, notFound(identifier, because(RuleIdentifier, "", problemIdentifier, "", ""))
	}
	return a, k.authorize(a)
}

// loadKeys finds several in one snapshot. The first that does not resolve or
// is not the caller's is the refusal.
func (k *call) loadKeys(ctx context.Context, identifiers ...string) ([]key, error) {
	arns := make([]arn, len(identifiers))
	refs := make([]keystore.Ref, len(identifiers))
	for i, id := range identifiers {
		a, err := k.locate(id)
		if err != nil {
			return nil, err
		}
		arns[i], refs[i] = a, a.keyRef()
	}
	found, err := k.engine.store.Read(ctx, refs...)
	if err != nil {
		return nil, storeError(err)
	}
	keys := make([]key, len(identifiers))
	for i := range found {
		if err = k.resolve(&found[i], &arns[i], identifiers[i], &keys[i]); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// resolve is the key in an answer of the store, as it is now.
func (k *call) resolve(f *keystore.Found, a *arn, identifier string, into *key) error {
	if a.Region != k.identity.Region {
		return notFound(identifier, because(RuleRegion, "", problemRegion, a.Region, k.identity.Region))
	}
	rec := &f.Record
	if a.alias != "" {
		if !rec.Exists() {
			return notFound(identifier, because(RuleAlias, "", problemNoAlias, "", ""))
		}
		rec = f.Followed
	}
	if rec == nil || !rec.Exists() {
		problem := problemNoKey
		if a.alias != "" {
			problem = problemAliasEmpty
		}
		return notFound(identifier, because(RuleKey, "", problem, "", ""))
	}
	if err := k.view(rec, into); err != nil {
		return err
	}
	if a.key != "" {
		into.arn.text = a.text
	}
	if into.forgotten(k.now, &k.engine.limits) {
		return notFound(identifier, because(RuleKey, "", problemForgotten, "", ""))
	}
	if a.alias != "" && into.state == DeleteComplete {
		return notFound(identifier, because(RuleKey, "", problemAliasDeleted, "", ""))
	}
	k.met(into)
	return nil
}

// met notes a key that takes part, for the event.
func (k *call) met(found *key) {
	if k.engine.observe != nil {
		k.resources = append(k.resources, found.arn.String())
	}
}

// view is a stored key as it is now: settled, whether the store has been told
// or not.
func (k *call) view(rec *keystore.Record, into *key) error {
	if err := into.decode(rec); err != nil {
		return unreadable(rec, err)
	}
	into.settle(k.now)
	return nil
}

// loadAlias finds an alias of the caller by name, and whether its key still
// is one.
func (k *call) loadAlias(ctx context.Context, name string) (alias, error) {
	found, err := k.engine.store.Read(ctx, arn{Partition: k.home(), alias: name}.aliasRef())
	if err != nil {
		return alias{}, storeError(err)
	}
	if !found[0].Record.Exists() {
		return alias{}, notFound(name, because(RuleAlias, "AliasName", problemNoAlias, "", ""))
	}
	return k.viewAlias(found[0])
}

// viewAlias is a stored alias as it is now: detached from a key that has been
// deleted. One of a key that cannot be read still points to it, so that it can
// be listed, changed and deleted.
func (k *call) viewAlias(f keystore.Found) (alias, error) {
	a, err := decodeAlias(f.Record)
	if err != nil {
		return alias{}, unreadable(&f.Record, err)
	}
	if f.Followed == nil {
		a.key = ""
		return a, nil
	}
	var target key
	if err := k.view(f.Followed, &target); err != nil {
		return a, nil
	}
	if target.state == DeleteComplete {
		a.key = ""
	}
	return a, nil
}
