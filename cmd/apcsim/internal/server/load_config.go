package server

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// loadOnce loads the keys of the configuration, unless the store has got keys of
// one before. Of several servers one loads, and the others wait for it.
func (s *Server) loadOnce(ctx context.Context, w *world) error {
	if len(s.options.Config.Keys) == 0 {
		return nil
	}
	for {
		claim, err := claimLoading(ctx, w.store, s.options.Now, s.log)
		if err != nil {
			return err
		}
		if claim == nil {
			s.log.Info("the keys of the configuration are not loaded: this store has had its keys loaded before")
			return nil
		}
		err = s.loadAll(ctx, w, claim)
		if err == nil {
			err = claim.finish(ctx)
		}
		if !errors.Is(err, errClaimLost) {
			if err != nil {
				claim.release(ctx)
			}
			return err
		}
		s.log.Warn("loading the keys of the configuration took longer than its lease: another server has taken over")
	}
}

// loadAll loads every key of the configuration, by an engine of its own: each of its
// commits requires the claim.
func (s *Server) loadAll(ctx context.Context, w *world, claim *claim) error {
	eng, err := engine.Open(ctx, w.backend, &fenced{w.store, claim}, s.engineOptions(w.clock))
	if err != nil {
		return err
	}
	defer eng.Close()
	for i, id := range keyIDs(s.options.Config.Keys, s.home) {
		if err := claim.renew(ctx); err != nil {
			return err
		}
		k := &s.options.Config.Keys[i]
		if err := k.loadUnder(ctx, id, eng.As(k.owner(s.home))); err != nil {
			return fmt.Errorf("keys[%d]: %w", i, &loadError{err})
		}
	}
	return nil
}

// keyIDs are the ids of the keys, the same whenever the file is read: of a key with an alias
// made from that, of one without from its place among those. Loading the file again finds
// the keys that were loaded from it before.
func keyIDs(keys []Key, home apc.Identity) []string {
	type partition struct{ account, region string }
	unnamed := map[partition]int{}
	ids := make([]string, len(keys))
	for i := range keys {
		o := keys[i].owner(home)
		p := partition{o.Account, o.Region}
		name := keys[i].Alias
		if name == "" {
			name = fmt.Sprint("#", unnamed[p])
			unnamed[p]++
		}
		sum := sha256.Sum256(fmt.Appendf(nil, "apcsim configuration %q %q %q", p.account, p.region, name))
		ids[i] = strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10])) // 16 characters, as ids of the service
	}
	return ids
}

// loadUnder loads the key under its id and gives it its alias. What is there already stays:
// the key, and an alias that names another one.
func (k *Key) loadUnder(ctx context.Context, id string, c *engine.Caller) error {
	exists, named, err := k.aliased(ctx, c)
	if err != nil || named != "" && !strings.HasSuffix(named, "/"+id) {
		return err
	}
	in := k.request()
	in.KeyID = &id
	out, err := c.LoadKey(ctx, in)
	if refusal, ok := errors.AsType[*apc.Error](err); ok && len(refusal.Reasons) > 0 && refusal.Reasons[0].Rule == apc.RuleKeyExists {
		return fmt.Errorf(
			"the store has another key in its place, from a configuration whose loading was cut off: "+
				"wanted that configuration, or an alias that is new: %w",
			err,
		)
	}
	switch {
	case err != nil || k.Alias == "" || named != "" || out.Key.KeyState == apc.KeyStateDeleteComplete:
		return err
	case exists:
		_, err = c.UpdateAlias(ctx, &engine.UpdateAliasInput{AliasName: k.Alias, KeyArn: &out.Key.KeyArn})
	default:
		_, err = c.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: k.Alias, KeyArn: &out.Key.KeyArn})
	}
	return err
}

// aliased reports whether the key's alias exists, and the ARN of the key that it names, if any.
func (k *Key) aliased(ctx context.Context, c *engine.Caller) (exists bool, named string, err error) {
	if k.Alias == "" {
		return false, "", nil
	}
	out, err := c.GetAlias(ctx, &engine.GetAliasInput{AliasName: k.Alias})
	switch {
	case errors.Is(err, apc.ErrResourceNotFound):
		return false, "", nil
	case err != nil:
		return false, "", err
	case out.Alias.KeyArn == nil:
		return true, "", nil
	}
	return true, *out.Alias.KeyArn, nil
}

// checkAliases refuses an alias that two keys of the file would have.
func (c *Config) checkAliases(home apc.Identity) error {
	type name struct{ account, region, alias string }
	seen := map[name]bool{}
	for i := range c.Keys {
		o := c.Keys[i].owner(home)
		n := name{o.Account, o.Region, c.Keys[i].Alias}
		if n.alias != "" && seen[n] {
			return &inputError{fmt.Sprintf("keys[%d].alias", i), "another key of the file has it, in the same account and Region"}
		}
		seen[n] = true
	}
	return nil
}
