package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

const (
	kindAlias    keystore.Kind = "alias"
	aliasVersion               = 1
)

// alias is a name and the key it points to. Its record's Index is the key's
// id, so that a store can follow it, and find all aliases of a key.
type alias struct {
	partition keystore.Partition
	name      string // with its "alias/"
	key       string // id of a key in the same partition; "": none
	rev       keystore.CommitID
}

func (a *alias) record() keystore.Record {
	return keystore.Record{
		Partition: a.partition, Kind: kindAlias, ID: a.name, Rev: a.rev, Index: a.key, Data: []byte{aliasVersion},
	}
}

func decodeAlias(rec keystore.Record) (alias, error) {
	r := newReader(rec.Data, "alias", aliasVersion)
	return alias{partition: rec.Partition, name: rec.ID, key: rec.Index, rev: rec.Rev}, r.end()
}

// aliasRef names the alias and, followed, its key.
func (a arn) aliasRef() keystore.Ref {
	return keystore.Ref{Partition: a.Partition, Kind: kindAlias, ID: a.alias, Follow: kindKey}
}

// loadAlias finds an alias of the caller by name, and whether its key still
// is one.
func (c *call) loadAlias(ctx context.Context, name string) (alias, error) {
	found, err := c.cloud.store.Read(ctx, arn{Partition: c.home(), alias: name}.aliasRef())
	if err != nil {
		return alias{}, storeError(err)
	}
	if !found[0].Record.Exists() {
		return alias{}, notFound(name, because(apc.RuleAlias, "AliasName", problemNoAlias, "", ""))
	}
	return c.viewAlias(found[0])
}

// viewAlias is a stored alias as it is now: detached from a key that has been
// deleted. One of a key that cannot be read still points to it, so that it can
// be listed, changed and deleted.
func (c *call) viewAlias(f keystore.Found) (alias, error) {
	a, err := decodeAlias(f.Record)
	if err != nil {
		return alias{}, unreadable(&f.Record, err)
	}
	if f.Followed == nil {
		a.key = ""
		return a, nil
	}
	var target key
	if err := c.view(f.Followed, &target); err != nil {
		return a, nil
	}
	if target.state == apc.KeyStateDeleteComplete {
		a.key = ""
	}
	return a, nil
}
