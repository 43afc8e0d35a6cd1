package linear

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// What callers of an engine do with one key at the same time, in three Regions and from another account.

const (
	owner, stranger         = "111122223333", "444455556666"
	home, ireland, west     = "us-east-1", "eu-west-1", "us-west-2"
	doAdd, doRemove         = "add", "remove"
	doStop, doStart         = "stop", "start"
	doAllow, doForbid       = "allow", "forbid"
	doEnable, doDisable     = "enable", "disable"
	doCreate                = "create"
	seeHome, seeStranger    = "home", "stranger"
	seeIreland, seeWest     = ireland, west
	isAbsent, isRefused     = "absent", "refused"
	isDone, isConflict      = "done", "conflict"
	isPlain, isReplicated   = "plain", "replicated"
	sharedKey               = "0123456789abcdef0123456789abcdef"
	engineOps, engineClient = 12, 2
)

// lets is the policy under which the other account reads the key.
const lets = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"444455556666"},` +
	`"Action":"payment-cryptography:GetKey","Resource":"*"}]}`

// everything is what a client does, reads more often than changes.
var everything = []string{doAdd, doRemove, doStop, doStart, doAllow, doForbid, doEnable, doDisable, doCreate, seeHome, seeIreland, seeWest,
	seeStranger, seeHome, seeIreland, seeWest}

// engineOn opens an engine on a store. All have one master key.
func engineOn(s keystore.Store) (*engine.Engine, error) {
	master := [32]byte([]byte(sharedKey))
	return engine.Open(context.Background(), hsm.NewSoftware(&hsm.SoftwareOptions{MasterKey: &master}), s, nil)
}

// newKey makes the key of a history, in an account's default Region.
func newKey(e *engine.Engine) (string, error) {
	out, err := e.As(apc.Identity{Account: owner, Region: home}).CreateKey(context.Background(), aKey())
	if err != nil {
		return "", err
	}
	return out.Key.KeyArn, nil
}

func aKey() *engine.CreateKeyInput {
	return &engine.CreateKeyInput{Exportable: new(true), KeyAttributes: apc.KeyAttributes{
		KeyUsage: apc.KeyUsageTR31M6ISO97975CMACKey, KeyClass: apc.KeyClassSymmetricKey, KeyAlgorithm: apc.KeyAlgorithmAES128,
		KeyModesOfUse: apc.KeyModesOfUse{Generate: true, Verify: true}}}
}

// seesKey is a client of an engine.
type seesKey struct {
	e      *engine.Engine
	arn    string
	random *rand.Rand
}

// happened is a call of a client, with what came of it in a word.
type happened struct {
	Client           int
	Op, Result       string
	Called, Returned int64
}

// turns makes so many calls.
func (c *seesKey) turns(client, n int) (all []happened) {
	for range n {
		h := happened{Client: client, Op: everything[c.random.IntN(len(everything))], Called: time.Now().UnixNano()}
		h.Result = c.do(h.Op)
		h.Returned = time.Now().UnixNano()
		all = append(all, h)
	}
	return all
}

func (c *seesKey) do(op string) string {
	ctx, me := context.Background(), c.e.As(apc.Identity{Account: owner, Region: home})
	regions := []string{ireland, west}
	var err error
	switch op {
	case doAdd:
		_, err = me.AddKeyReplicationRegions(ctx, &engine.AddKeyReplicationRegionsInput{KeyIdentifier: c.arn, ReplicationRegions: regions})
	case doRemove:
		_, err = me.RemoveKeyReplicationRegions(ctx, &engine.RemoveKeyReplicationRegionsInput{KeyIdentifier: c.arn, ReplicationRegions: regions})
	case doStop:
		_, err = me.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: c.arn})
	case doStart:
		_, err = me.StartKeyUsage(ctx, &engine.StartKeyUsageInput{KeyIdentifier: c.arn})
	case doAllow:
		_, err = me.PutResourcePolicy(ctx, &engine.PutResourcePolicyInput{ResourceArn: c.arn, Policy: lets})
	case doForbid:
		_, err = me.DeleteResourcePolicy(ctx, &engine.DeleteResourcePolicyInput{ResourceArn: c.arn})
	case doEnable:
		_, err = me.EnableDefaultKeyReplicationRegions(ctx, &engine.EnableDefaultKeyReplicationRegionsInput{ReplicationRegions: regions})
	case doDisable:
		_, err = me.DisableDefaultKeyReplicationRegions(ctx, &engine.DisableDefaultKeyReplicationRegionsInput{ReplicationRegions: regions})
	case doCreate:
		var out *engine.CreateKeyOutput
		if out, err = me.CreateKey(ctx, aKey()); err == nil {
			return shown(&out.Key, false)
		}
	case seeHome:
		return see(me, c.arn)
	case seeStranger:
		return see(c.e.As(apc.Identity{Account: stranger, Region: home}), c.arn)
	default: // a Region
		return see(c.e.As(apc.Identity{Account: owner, Region: op}), strings.Replace(c.arn, home, op, 1))
	}
	return word(err)
}

// see is what a caller reads of the key.
func see(c *engine.Caller, arn string) string {
	out, err := c.GetKey(context.Background(), &engine.GetKeyInput{KeyIdentifier: arn})
	if err != nil {
		return word(err)
	}
	return shown(&out.Key, true)
}

// shown is a key in words: whether it is in other Regions, all of them, and whether it is enabled.
func shown(k *engine.Key, withEnabled bool) string {
	text := isPlain
	if k.MultiRegionKeyType != nil {
		text = isReplicated
		if n := len(k.ReplicationStatus); n != 2 && *k.MultiRegionKeyType == apc.MultiRegionKeyTypePrimary {
			text = fmt.Sprintf("half replicated, to %d Regions", n)
		}
	}
	if withEnabled {
		text += fmt.Sprint(" ", k.Enabled)
	}
	return text
}

func word(err error) string {
	switch {
	case err == nil:
		return isDone
	case errors.Is(err, apc.ErrResourceNotFound):
		return isAbsent
	case errors.Is(err, apc.ErrAccessDenied), errors.Is(err, apc.ErrValidation):
		return isRefused
	case errors.Is(err, apc.ErrConflict):
		return isConflict
	}
	return err.Error()
}

// keyState is what must be true of the key, and of the account's default list.
type keyState struct{ replicated, stopped, shared, defaults bool }

// expect is what a call must come to, and the state after it. A change that lost too many races did nothing.
func (s keyState) expect(op, result string) (bool, keyState) {
	if result == isConflict {
		return !slices.Contains([]string{seeHome, seeIreland, seeWest, seeStranger}, op), s
	}
	want, after := isDone, s
	kind := isPlain
	if s.replicated {
		kind = isReplicated
	}
	switch op {
	case doAdd, doRemove:
		if after.replicated = op == doAdd; after == s {
			want = isRefused
		}
	case doStop, doStart:
		after.stopped = op == doStop
	case doAllow, doForbid:
		after.shared = op == doAllow
	case doEnable, doDisable:
		after.defaults = op == doEnable
	case doCreate:
		if want = isPlain; s.defaults {
			want = isReplicated
		}
	default:
		want = fmt.Sprint(kind, " ", !s.stopped)
		if op == seeStranger && !s.shared {
			want = isRefused
		} else if (op == seeIreland || op == seeWest) && !s.replicated {
			want = isAbsent
		}
	}
	return result == want, after
}
