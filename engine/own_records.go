package engine

import (
	"context"
	"crypto"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// The engine's own records live in a partition that no ARN can name.
var ownPartition = keystore.Partition{Account: "apcsim", Region: "apcsim"}

const (
	kindOwn    keystore.Kind = "own"
	ownVersion               = 1
)

// ErrMasterKey: the store's keys were sealed under another master key than
// the backend's.
var ErrMasterKey = errors.New("engine: the store belongs to another master key")

// own reads a record of the engine, or makes it: of several that try at once
// the first commit wins.
func (e *Engine) own(ctx context.Context, id string, make func() ([]byte, error)) ([]byte, error) {
	ref := keystore.Ref{Partition: ownPartition, Kind: kindOwn, ID: id}
	var value []byte
	err := retry(func() error {
		found, err := e.store.Read(ctx, ref)
		if err != nil {
			return err
		}
		if rec := found[0].Record; rec.Exists() {
			r := newReader(rec.Data, id, ownVersion)
			value = r.bytes()
			return r.end()
		}
		if value, err = make(); err != nil {
			return err
		}
		w := &writer{b: []byte{ownVersion}}
		w.bytes(value)
		return e.commit(ctx, keystore.Create(keystore.Record{Partition: ref.Partition, Kind: ref.Kind, ID: ref.ID, Data: w.b}))
	})
	return value, err
}

// checkMasterKey compares the backend's master key with the one recorded when
// the store was new.
func (e *Engine) checkMasterKey(ctx context.Context) error {
	id, err := e.hsm.MasterKeyID(ctx)
	if err != nil {
		return fmt.Errorf("engine: the master key: %w", err)
	}
	recorded, err := e.own(ctx, "master-key", func() ([]byte, error) { return []byte(id), nil })
	if err != nil {
		return fmt.Errorf("engine: opening the store: %w", err)
	}
	if string(recorded) != id {
		return fmt.Errorf("%w: it has %s, the backend %s", ErrMasterKey, recorded, id)
	}
	return nil
}

// pageKeyAttributes are those of the key that authenticates page tokens.
var pageKeyAttributes = hsm.Attributes{
	KeyID: "page-tokens", Usage: "M7", Algorithm: hsm.HMAC, Mode: 'C', Exportability: 'N', Bits: 256, Hash: crypto.SHA256,
}

// pageKey is that key, made on first use and then the same for every engine
// on the store.
func (e *Engine) pageKey(ctx context.Context) (hsm.KeyRef, error) {
	sealed, err := e.own(ctx, "page-tokens", func() ([]byte, error) {
		made, err := e.hsm.GenerateKey(ctx, pageKeyAttributes, kcv.HMACSHA256)
		if err != nil {
			return nil, hsmError(err)
		}
		return made.Sealed, nil
	})
	return hsm.KeyRef{Sealed: sealed, Attributes: pageKeyAttributes}, err
}
