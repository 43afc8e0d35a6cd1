package core

import (
	"context"
	"crypto"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// The engine's own records are in a partition that no ARN can name.
var ownPartition = keystore.Partition{Account: "apcsim", Region: "apcsim"}

const (
	kindOwn    = keystore.Kind("own")
	ownVersion = 1
)

// ErrMasterKey: the store's keys were sealed under a master key that the backend
// does not have.
var ErrMasterKey = errors.New("engine: the store belongs to another master key")

// own reads a record of the engine, or makes it: of several that make it at
// once the first commit is kept.
func (cloud *Cloud) own(ctx context.Context, id string, make func() ([]byte, error)) ([]byte, error) {
	var value []byte
	err := Retry(func() error {
		var found bool
		var err error
		if value, found, err = cloud.readOwn(ctx, id); found || err != nil {
			return err
		}
		if value, err = make(); err != nil {
			return err
		}
		w := &writer{b: []byte{ownVersion}}
		w.bytes(value)
		return cloud.Commit(ctx, keystore.Create(keystore.Record{Partition: ownPartition, Kind: kindOwn, ID: id, Data: w.b}))
	})
	return value, err
}

// readOwn reads a record of the engine, if there is one.
func (cloud *Cloud) readOwn(ctx context.Context, id string) (value []byte, found bool, err error) {
	items, err := cloud.Read(ctx, keystore.Ref{Partition: ownPartition, Kind: kindOwn, ID: id})
	if err != nil || !items[0].Record.Exists() {
		return nil, false, err
	}
	r := newReader(items[0].Record.Data, id, ownVersion)
	value = r.bytes()
	if err := r.end(); err != nil {
		return nil, true, unreadable(&items[0].Record, err)
	}
	return value, true, nil
}

// ownMasterKey is the record of the master key's id.
const ownMasterKey = "master-key"

// checkMasterKey compares the backend's master key with the one recorded when
// the store was new.
func (cloud *Cloud) checkMasterKey(ctx context.Context) error {
	id, err := cloud.masterKeyID(ctx)
	if err != nil {
		return err
	}
	recorded, err := cloud.own(ctx, ownMasterKey, func() ([]byte, error) { return []byte(id), nil })
	if err != nil {
		return fmt.Errorf("engine: opening the store: %w", err)
	}
	if string(recorded) != id {
		return fmt.Errorf("%w: it has %s, the backend %s", ErrMasterKey, recorded, id)
	}
	return nil
}

// masterKeyID names the backend's master key. A device that has none makes one,
// if the store is as new. A store that has such a record is refused: a new one
// would open none of its keys, and hide that the device is the wrong one or was
// wiped.
func (cloud *Cloud) masterKeyID(ctx context.Context) (string, error) {
	id, err := cloud.HSM.MasterKeyID(ctx)
	if errors.Is(err, hsm.ErrNoMasterKey) {
		recorded, found, failed := cloud.readOwn(ctx, ownMasterKey)
		if failed != nil {
			return "", fmt.Errorf("engine: opening the store: %w", failed)
		}
		if !found {
			if err := cloud.HSM.Initialize(ctx); err != nil {
				return "", fmt.Errorf("engine: making the master key: %w", err)
			}
		}
		id, err = cloud.HSM.MasterKeyID(ctx) // of another engine, too, that was faster
		if found && errors.Is(err, hsm.ErrNoMasterKey) {
			return "", fmt.Errorf("%w: it has %s, the backend none", ErrMasterKey, recorded)
		}
	}
	if err != nil {
		return "", fmt.Errorf("engine: the master key: %w", err)
	}
	return id, nil
}

// pageKeyAttributes are those of the key that authenticates page tokens.
var pageKeyAttributes = hsm.Attributes{
	KeyID: "page-tokens", Usage: "M7", Algorithm: hsm.HMAC, Mode: 'C', Exportability: 'N', Bits: 256, Hash: crypto.SHA256,
}

// pageKey is that key, made on first use and then the same for every engine
// on the store.
func (cloud *Cloud) pageKey(ctx context.Context) (hsm.KeyRef, error) {
	sealed, err := cloud.own(ctx, "page-tokens", func() ([]byte, error) {
		made, err := cloud.HSM.GenerateKey(ctx, pageKeyAttributes, kcv.HMACSHA256)
		if err != nil {
			return nil, HSMError(err)
		}
		return made.Sealed, nil
	})
	return hsm.KeyRef{Sealed: sealed, Attributes: pageKeyAttributes}, err
}
