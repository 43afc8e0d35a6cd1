package engine

import (
	"context"
	"errors"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// CreateAlias creates a name, with or without a key behind it.
func (c *Caller) CreateAlias(ctx context.Context, in *CreateAliasInput) (*CreateAliasOutput, error) {
	return run(ctx, c.caller, "CreateAlias", in, (*call).createAlias)
}

func (c *call) createAlias(ctx context.Context, in *CreateAliasInput) (*CreateAliasOutput, error) {
	if err := c.settle(ctx); err != nil {
		return nil, err
	}
	out := alias{partition: c.home(), name: in.AliasName}
	err := retry(func() error {
		changes, err := c.pointAlias(ctx, &out, in.KeyArn)
		if err != nil {
			return err
		}
		changes = append(changes, keystore.Create(out.record()),
			keystore.Count(counter(c.home(), countAlias), 1, int64(c.cloud.limits.Aliases)))
		return c.commitAlias(ctx, in.AliasName, changes)
	})
	if err != nil {
		return nil, err
	}
	return &CreateAliasOutput{Alias: describeAlias(&out)}, nil
}

// commitAlias makes the commit; a name that is taken is a refusal, not a
// reason to try again.
func (c *call) commitAlias(ctx context.Context, name string, changes []keystore.Change) error {
	err := c.commitCounted(ctx, "aliases", c.cloud.limits.Aliases, changes...)
	if errors.Is(err, keystore.ErrExists) {
		return &apc.Error{
			Code: apc.ErrConflict, Resource: name, Message: "Alias " + name + " already exists.",
			Reasons: []apc.Reason{because(apc.RuleAliasExists, "AliasName", problemAliasExists, name, "another name, or UpdateAlias")},
		}
	}
	return err
}

// pointAlias points an alias to the key asked for, or to none, and returns
// what the commit requires: that the key is still as it was judged.
func (c *call) pointAlias(ctx context.Context, a *alias, keyARN *string) ([]keystore.Change, error) {
	a.key = ""
	if keyARN == nil {
		return nil, nil
	}
	c.resources = c.resources[:0]
	var target key
	if err := c.key(ctx, need{field: "KeyArn", identifier: *keyARN}, &target); err != nil {
		return nil, err
	}
	if target.state == apc.KeyStateDeleteComplete { // GUESS; one that only waits for its deletion is taken
		return nil, stateError(target, "a usable")
	}
	a.key = target.arn.key
	return []keystore.Change{target.unchanged()}, nil
}

// unchanged requires that the key's record is as it was read.
func (k *key) unchanged() keystore.Change {
	return keystore.Change{Require: &keystore.Require{Ref: k.arn.keyRef(), Expect: k.rev}}
}
