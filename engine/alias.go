package engine

import "github.com/seed748fb4d1/apcsim/keystore"

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

// describe is the alias as the service tells it.
func (a *alias) describe() Alias {
	out := Alias{AliasName: a.name}
	if a.key != "" {
		out.KeyArn = new(arn{Partition: a.partition, key: a.key}.String())
	}
	return out
}
