package server

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// loadError is a key that the engine refused to load. Its text holds nothing
// that could be a key, whatever was written in place of a usage or a tag.
type loadError struct{ err error }

func (e *loadError) Error() string { return wording.WithoutKeys(e.err.Error()) }
func (e *loadError) Unwrap() error { return e.err }

// load makes the key, and its alias first: of the two it is the one that can be
// taken back.
func (k *Key) load(ctx context.Context, c *engine.Caller) (*engine.LoadKeyOutput, error) {
	if k.Alias != "" {
		if _, err := c.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: k.Alias}); err != nil {
			return nil, &loadError{err}
		}
	}
	out, err := k.make(ctx, c)
	if err != nil && k.Alias != "" {
		_, undone := c.DeleteAlias(context.WithoutCancel(ctx), &engine.DeleteAliasInput{AliasName: k.Alias})
		err = errors.Join(err, undone)
	}
	if err != nil {
		return nil, &loadError{err}
	}
	return out, nil
}

func (k *Key) make(ctx context.Context, c *engine.Caller) (*engine.LoadKeyOutput, error) {
	exportable := k.Exportable
	if exportable == nil {
		exportable = new(true)
	}
	out, err := c.LoadKey(ctx, &engine.LoadKeyInput{
		KeyAttributes: k.KeyAttributes, KeyCheckValueAlgorithm: k.KeyCheckValueAlgorithm,
		Exportable: exportable, Enabled: k.Enabled, Tags: k.Tags, Components: k.Components,
	})
	if err != nil || k.Alias == "" {
		return out, err
	}
	_, err = c.UpdateAlias(ctx, &engine.UpdateAliasInput{AliasName: k.Alias, KeyArn: &out.Key.KeyArn})
	return out, err
}

// operator is who the simulator's own calls are made as.
func operator(account string) string { return "arn:aws:iam::" + account + ":user/apcsim-control" }

// owner is whose key it is to be, in the account and Region of the server where it
// names none.
func (k *Key) owner(home engine.Identity) engine.Identity { return owner(k.Account, k.Region, home) }

func owner(account, region string, home engine.Identity) engine.Identity {
	account = cmp.Or(account, home.Account)
	return engine.Identity{Account: account, Region: cmp.Or(region, home.Region), ARN: operator(account)}
}

// destroy clears the components.
func (k *Key) destroy() {
	for _, c := range k.Components {
		c.Destroy()
	}
}

// loadedRecord says that a store has the keys of a configuration: a version, and
// while they are being loaded until when, in milliseconds since 1970, and by
// whom. Its partition is one that no ARN can name, its kind none of the engine's.
var loadedRecord = keystore.Ref{Partition: keystore.Partition{Account: "apcsim", Region: "apcsim"}, Kind: "server", ID: "loaded"}

const (
	loadedVersion = 1
	loadedPause   = 20 * time.Millisecond
	loadedLease   = 30 * time.Second // after which a server that has not finished is taken for gone
)

// loadOnce loads the keys of the configuration, unless the store has got keys of
// one before. Of several servers one loads, and the others wait for it.
func (s *Server) loadOnce(ctx context.Context, w *world) error {
	c := s.options.Config
	if len(c.Keys) == 0 {
		return nil
	}
	claim, err := s.claimLoading(ctx, w.store)
	if err != nil {
		return fmt.Errorf("server: loading keys: %w", err)
	}
	if claim == nil {
		s.log.Info("the store has got its keys already: those of the configuration are not loaded")
		return nil
	}
	failed := c.loadAll(ctx, w.engine, s.home)
	if claim.Data = []byte{loadedVersion}; failed != nil {
		claim.Data = binary.BigEndian.AppendUint64(claim.Data, 0) // for the next to try
	}
	if err := commit(context.WithoutCancel(ctx), w.store, keystore.Replace(*claim)); err != nil && failed == nil {
		return fmt.Errorf("server: loading keys: %w", err)
	}
	return failed
}

// claimLoading is the record of a store whose keys are this server's to load; nil
// where they are loaded.
func (s *Server) claimLoading(ctx context.Context, store keystore.Store) (*keystore.Record, error) {
	mine := make([]byte, 8)
	rand.Read(mine)
	for {
		found, err := store.Read(ctx, loadedRecord)
		if err != nil {
			return nil, err
		}
		r := found[0].Record
		if r.Exists() && len(r.Data) == 1 {
			return nil, nil
		}
		now := s.options.Now()
		change := keystore.Create
		if r.Exists() {
			if len(r.Data) == 17 && string(r.Data[9:]) == string(mine) {
				return &r, nil
			}
			if len(r.Data) >= 9 && now.UnixMilli() < int64(binary.BigEndian.Uint64(r.Data[1:])) {
				select {
				case <-time.After(loadedPause):
					continue
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}
			change = keystore.Replace
		} else {
			r = keystore.Record{Partition: loadedRecord.Partition, Kind: loadedRecord.Kind, ID: loadedRecord.ID}
		}
		r.Data = binary.BigEndian.AppendUint64([]byte{loadedVersion}, uint64(now.Add(loadedLease).UnixMilli()))
		r.Data = append(r.Data, mine...)
		err = commit(ctx, store, change(r))
		if err != nil && !errors.Is(err, keystore.ErrExists) && !errors.Is(err, keystore.ErrConflict) && !errors.Is(err, keystore.ErrNotFound) {
			return nil, err
		}
	}
}

// loadAll loads the keys of the configuration. One whose alias names a key
// already was loaded by a run that was cut off, or by another server.
func (c *Config) loadAll(ctx context.Context, eng *engine.Engine, home engine.Identity) error {
	type name struct {
		owner engine.Identity
		alias string
	}
	mine := map[name]bool{} // an alias that stands twice in the file is refused
	for i := range c.Keys {
		k := &c.Keys[i]
		n := name{k.owner(home), k.Alias}
		caller := eng.As(n.owner)
		done, err := false, error(nil)
		if !mine[n] {
			done, err = k.loaded(ctx, caller)
		}
		mine[n] = true
		if err == nil && !done {
			_, err = k.load(ctx, caller)
		}
		if err != nil {
			return fmt.Errorf("keys[%d]: %w", i, err)
		}
	}
	return nil
}

// loaded says whether the key's alias names a key. One that names none is half
// of what a run did that was cut off: it is taken back.
func (k *Key) loaded(ctx context.Context, c *engine.Caller) (bool, error) {
	if k.Alias == "" {
		return false, nil
	}
	out, err := c.GetAlias(ctx, &engine.GetAliasInput{AliasName: k.Alias})
	if refusal, ok := errors.AsType[*engine.Error](err); ok && refusal.Code == engine.ErrResourceNotFound {
		return false, nil
	}
	if err == nil && (out.Alias.KeyArn == nil || *out.Alias.KeyArn == "") {
		_, err = c.DeleteAlias(ctx, &engine.DeleteAliasInput{AliasName: k.Alias})
		return false, wrapLoad(err)
	}
	return err == nil, wrapLoad(err)
}

func wrapLoad(err error) error {
	if err == nil {
		return nil
	}
	return &loadError{err}
}
