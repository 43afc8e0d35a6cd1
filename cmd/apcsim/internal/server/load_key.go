package server

import (
	"cmp"
	"context"
	"errors"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/wording"
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
	out, err := c.LoadKey(ctx, k.request())
	if err != nil || k.Alias == "" {
		return out, err
	}
	_, err = c.UpdateAlias(ctx, &engine.UpdateAliasInput{AliasName: k.Alias, KeyArn: &out.Key.KeyArn})
	return out, err
}

// request is the key as the engine loads it. Exportable is true where it is absent.
func (k *Key) request() *engine.LoadKeyInput {
	exportable := k.Exportable
	if exportable == nil {
		exportable = new(true)
	}
	in := &engine.LoadKeyInput{
		KeyAttributes: k.KeyAttributes, KeyCheckValueAlgorithm: k.KeyCheckValueAlgorithm,
		Exportable: exportable, Enabled: k.Enabled, Tags: k.Tags, ComponentCheckValues: k.ComponentCheckValues,
	}
	if k.CheckValue != "" {
		in.KeyCheckValue = &k.CheckValue
	}
	for _, c := range k.Components {
		in.Components = append(in.Components, c.Secret)
	}
	return in
}

// operator is the caller of the simulator's own calls.
func operator(account string) string { return "arn:aws:iam::" + account + ":user/apcsim-control" }

// owner is whose key it is to be, in the account and Region of the server where it
// names none.
func (k *Key) owner(home apc.Identity) apc.Identity { return owner(k.Account, k.Region, home) }

func owner(account, region string, home apc.Identity) apc.Identity {
	account = cmp.Or(account, home.Account)
	return apc.Identity{Account: account, Region: cmp.Or(region, home.Region), ARN: operator(account)}
}

// destroy clears the components.
func (k *Key) destroy() {
	for _, c := range k.Components {
		c.Destroy()
	}
}
