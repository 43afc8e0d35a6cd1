package core

import (
	"context"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

const (
	KindAlias    = keystore.Kind("alias")
	aliasVersion = 1
)

// Alias is a name and the key it points to. Its record's Index is the key's
// id, so that a store can follow it, and find all aliases of a key.
type Alias struct {
	Partition keystore.Partition
	Name      string // with its "alias/"
	Key       string // id of a key in the same partition; "": none
	rev       keystore.CommitID
}

// Record is the alias as it is stored.
func (a *Alias) Record() keystore.Record {
	return keystore.Record{
		Partition: a.Partition, Kind: KindAlias, ID: a.Name, Rev: a.rev, Index: a.Key, Data: []byte{aliasVersion},
	}
}

func decodeAlias(rec keystore.Record) (Alias, error) {
	r := newReader(rec.Data, "alias", aliasVersion)
	return Alias{Partition: rec.Partition, Name: rec.ID, Key: rec.Index, rev: rec.Rev}, r.end()
}

// AliasRef names the alias and, followed, its key.
func (a ARN) AliasRef() keystore.Ref {
	return keystore.Ref{Partition: a.Partition, Kind: KindAlias, ID: a.Alias, Follow: KindKey}
}

// LoadAlias finds an alias of the caller by name, and whether its key still
// exists.
func (c *Call) LoadAlias(ctx context.Context, name string) (Alias, error) {
	found, err := c.Cloud.Read(ctx, ARN{Partition: c.Home(), Alias: name}.AliasRef())
	if err != nil {
		return Alias{}, StoreError(err)
	}
	if !found[0].Record.Exists() {
		return Alias{}, notFound(name, Because(apc.RuleAlias, "AliasName", problemNoAlias, "", ""))
	}
	var target Key
	a, err := c.viewAlias(&found[0], &target)
	if err != nil {
		return Alias{}, err
	}
	return a, c.PermitAlias(ctx, name, &target)
}

// ViewAlias is a stored alias as it is now: detached from a key that has been
// deleted. One of a key that cannot be read still points to it, so that it can
// be listed, changed and deleted.
func (c *Call) ViewAlias(f keystore.Found) (Alias, error) {
	var target Key
	return c.viewAlias(&f, &target)
}

func (c *Call) viewAlias(f *keystore.Found, target *Key) (Alias, error) {
	a, err := decodeAlias(f.Record)
	if err != nil {
		return Alias{}, unreadable(&f.Record, err)
	}
	if f.Followed == nil {
		a.Key = ""
		return a, nil
	}
	if err := c.View(f.Followed, target); err != nil {
		*target = Key{}
		return a, nil
	}
	if target.State == apc.KeyStateDeleteComplete {
		a.Key = ""
	}
	return a, nil
}
