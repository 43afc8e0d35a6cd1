package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// loadError is a key that the engine refused to load. Its text holds nothing
// that could be a key, whatever was written in place of a usage or a tag.
type loadError struct{ err error }

func (e *loadError) Error() string { return WithoutDigits(e.err.Error()) }
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

// loadedRecord says that a store has the keys of a configuration. Its partition is
// one that no ARN can name, its kind none of the engine's.
var loadedRecord = keystore.Ref{Partition: keystore.Partition{Account: "apcsim", Region: "apcsim"}, Kind: "server", ID: "loaded"}

const loadedVersion = 1

// loadOnce loads the keys of the configuration, unless the store has got keys of
// one before.
func (s *Server) loadOnce(ctx context.Context, w *world) error {
	c := s.options.Config
	if len(c.Keys) == 0 {
		return nil
	}
	found, err := w.store.Read(ctx, loadedRecord)
	if err != nil {
		return fmt.Errorf("server: loading keys: %w", err)
	}
	if found[0].Record.Exists() {
		s.log.Info("the store has got its keys in an earlier run: those of the configuration are not loaded")
		return nil
	}
	if err := c.loadAll(ctx, w.engine, s.home); err != nil {
		return err
	}
	err = commit(ctx, w.store, keystore.Create(keystore.Record{
		Partition: loadedRecord.Partition, Kind: loadedRecord.Kind, ID: loadedRecord.ID, Data: []byte{loadedVersion},
	}))
	if errors.Is(err, keystore.ErrExists) {
		return nil // another server was as fast
	}
	return err
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
