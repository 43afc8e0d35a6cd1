package sdktest

import (
	"crypto/elliptic"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

// tearDown is how the Python demos clean up: one page of keys, the deletion of
// those with a tag, with the default period; then the aliases by a prefix.
func (r *replay) tearDown(tagKey, prefix string) (keys, aliases int) {
	r.Helper()
	list := must(r.ListKeys(ctx, &pc.ListKeysInput{KeyState: types.KeyStateCreateComplete}))(r)
	for _, k := range list.Keys {
		for _, tag := range must(r.ListTagsForResource(ctx, &pc.ListTagsForResourceInput{ResourceArn: k.KeyArn}))(r).Tags {
			if *tag.Key == tagKey {
				out := must(r.DeleteKey(ctx, &pc.DeleteKeyInput{KeyIdentifier: k.KeyArn}))(r)
				if left := out.Key.DeletePendingTimestamp.Sub(r.now()); left < 167*time.Hour || left > 168*time.Hour {
					r.Errorf("deleted in %s, want 7 days", left)
				}
				keys++
			}
		}
	}
	for _, a := range must(r.ListAliases(ctx, &pc.ListAliasesInput{}))(r).Aliases { // [11]
		if strings.HasPrefix(*a.AliasName, prefix) {
			if a.KeyArn == nil {
				r.Errorf("%s lost its key, which waits for its deletion", *a.AliasName)
			}
			must(r.DeleteAlias(ctx, &pc.DeleteAliasInput{AliasName: a.AliasName}))(r)
			aliases++
		}
	}
	return keys, aliases
}

func TestFlow11PythonDemos(t *testing.T) {
	r := newReplay(t, nil)
	tags := tagged("ecdh-demo", "yes", "Team", "pins")
	with := func(in *pc.CreateKeyInput) { in.Tags = tags }
	bystander := r.create("D0", types.KeyAlgorithmAes128, "B", nil)
	for range 2 { // set up and torn down twice
		for name, create := range map[string]func() *types.Key{
			"alias/ecdh-ca": func() *types.Key {
				return r.trusted(r.root(localEC(t, elliptic.P256())), types.KeyAlgorithmEccNistP256, func(in *pc.ImportKeyInput) {
					in.Tags, in.KeyCheckValueAlgorithm = tags, types.KeyCheckValueAlgorithmAnsiX924
				})
			},
			"alias/ecdh-pvk": func() *types.Key { return r.create("V2", types.KeyAlgorithmTdes2key, "C", with) },
			"alias/ecdh-pek": func() *types.Key { return r.create("P0", types.KeyAlgorithmTdes3key, "B", with) },
			"alias/ecdh-pair": func() *types.Key {
				pair := r.create("K3", types.KeyAlgorithmEccNistP256, "X", with) // without DeriveKeyUsage
				r.publicOf(pair)
				return pair
			},
			"alias/ecdh-cvk": func() *types.Key { return r.create("C0", types.KeyAlgorithmTdes2key, "C", with) }, // the CVV demo
		} {
			if _, err := r.GetAlias(ctx, &pc.GetAliasInput{AliasName: &name}); err == nil {
				t.Errorf("%s is there already", name)
			}
			must(r.CreateAlias(ctx, &pc.CreateAliasInput{AliasName: &name, KeyArn: create().KeyArn}))(t)
		}
		if keys, aliases := r.tearDown("ecdh-demo", "alias/ecdh-"); keys != 5 || aliases != 5 {
			t.Errorf("%d keys and %d aliases torn down, want 5 and 5", keys, aliases)
		}
	}
	left := must(r.ListKeys(ctx, &pc.ListKeysInput{KeyState: types.KeyStateCreateComplete}))(t).Keys
	if len(left) != 1 || *left[0].KeyArn != *bystander.KeyArn {
		t.Errorf("left are %+v", left)
	}
}

func TestFlow12JavaUtilities(t *testing.T) {
	r := newReplay(t, nil)
	for _, name := range []string{"alias/ecdh-kek", "alias/pin-key", "alias/pvk"} { // getOrCreateAlias
		r.freeAlias(name)
	}
	pair := r.create("K3", types.KeyAlgorithmEccNistP256, "X", func(in *pc.CreateKeyInput) { in.Enabled = aws.Bool(true) })
	r.pointAlias("alias/ecdh-kek", pair) // upsertAlias
	r.pointAlias("alias/pin-key", r.create("P0", types.KeyAlgorithmTdes2key, "B", nil))
	r.pointAlias("alias/pvk", r.create("V2", types.KeyAlgorithmTdes2key, "C", nil))
	r.publicOf(pair)
	for range 2 { // an authority that is there already is deleted and imported again
		r.freeAlias("alias/ecdh-ca")
		r.pointAlias("alias/ecdh-ca", r.trusted(r.root(localEC(t, elliptic.P256())), types.KeyAlgorithmEccNistP256, nil))
	}
	deleted := 0
	list := must(r.ListKeys(ctx, &pc.ListKeysInput{MaxResults: aws.Int32(100)}))(t)
	for _, k := range list.Keys {
		if k.KeyState != types.KeyStateCreateComplete { // [10]: the old authority is listed
			continue
		}
		must(r.DeleteKey(ctx, &pc.DeleteKeyInput{KeyIdentifier: k.KeyArn}))(t)
		deleted++
	}
	if len(list.Keys) != 5 || deleted != 4 || list.NextToken != nil {
		t.Errorf("%d keys listed, %d deleted, want 5 and 4", len(list.Keys), deleted)
	}
	for _, a := range must(r.ListAliases(ctx, &pc.ListAliasesInput{MaxResults: aws.Int32(100)}))(t).Aliases {
		must(r.DeleteAlias(ctx, &pc.DeleteAliasInput{AliasName: a.AliasName}))(t)
	}
}

// TestFlow13Terraform is the life of a key as the Terraform provider leads it.
func TestFlow13Terraform(t *testing.T) {
	clock := engine.NewClock(noon)
	r := newReplay(t, &engine.Options{Now: clock.Now})
	for _, c := range []struct {
		usage, mode, alias string
		a                  types.KeyAlgorithm
	}{
		{"P0", "B", "alias/tf-pin", types.KeyAlgorithmTdes3key}, {"B0", "X", "alias/tf-bdk", types.KeyAlgorithmTdes2key},
		{"C0", "C", "alias/tf-cvk", types.KeyAlgorithmTdes2key}, {"V2", "C", "alias/tf-pvk", types.KeyAlgorithmTdes2key},
	} {
		id := r.create(c.usage, c.a, c.mode, func(in *pc.CreateKeyInput) { in.Tags = tagged("Name", "one") }).KeyArn
		if !regexp.MustCompile(`key/[0-9a-z]{16}$`).MatchString(*id) {
			t.Errorf("ARN %s", *id)
		}
		get := func() *types.Key { return must(r.GetKey(ctx, &pc.GetKeyInput{KeyIdentifier: id}))(t).Key }
		if state := get().KeyState; state != types.KeyStateCreateComplete { // what it waits for
			t.Errorf("after its creation %s", state)
		}
		must(r.CreateAlias(ctx, &pc.CreateAliasInput{AliasName: &c.alias, KeyArn: id}))(t)
		must(r.TagResource(ctx, &pc.TagResourceInput{ResourceArn: id, Tags: tagged("Name", "two", "Stage", "test")}))(t)
		must(r.UntagResource(ctx, &pc.UntagResourceInput{ResourceArn: id, TagKeys: []string{"Stage"}}))(t)
		if tags := must(r.ListTagsForResource(ctx, &pc.ListTagsForResourceInput{ResourceArn: id}))(t).Tags; len(tags) != 1 ||
			*tags[0].Value != "two" {
			t.Errorf("tags %+v", tags)
		}
		must(r.StopKeyUsage(ctx, &pc.StopKeyUsageInput{KeyIdentifier: id}))(t)
		if *get().Enabled {
			t.Error("enabled after StopKeyUsage")
		}
		must(r.StartKeyUsage(ctx, &pc.StartKeyUsageInput{KeyIdentifier: id}))(t)
		if !*get().Enabled {
			t.Error("not enabled after StartKeyUsage")
		}
		must(r.DeleteAlias(ctx, &pc.DeleteAliasInput{AliasName: &c.alias}))(t)
		window := &pc.DeleteKeyInput{KeyIdentifier: id, DeleteKeyInDays: aws.Int32(3)} // deletion_window_in_days
		must(r.DeleteKey(ctx, window))(t)
		if k := get(); k.KeyState != types.KeyStateDeletePending { // "not found" to the provider
			t.Errorf("after DeleteKey %s", k.KeyState)
		}
		for _, state := range []types.KeyState{types.KeyStateDeletePending, types.KeyStateDeleteComplete} {
			if k := get(); k.KeyState != state {
				t.Errorf("%s, want %s", k.KeyState, state)
			}
			if _, err := r.DeleteKey(ctx, window); !is[*types.ValidationException](err) ||
				!strings.Contains(err.Error(), "not in CREATE_COMPLETE state.") {
				t.Errorf("DeleteKey of a key in %s: %v", state, err)
			}
			clock.Advance(72 * time.Hour)
		}
	}
	// The CloudFormation template's pair: its certificate and chain are stored.
	r.publicOf(r.create("K3", types.KeyAlgorithmEccNistP521, "X", derives(types.DeriveKeyUsageTr31K1KeyBlockProtectionKey)))
}

// TestFlow14Proxy is a proxy's set-up, start and clean-up.
func TestFlow14Proxy(t *testing.T) {
	r := newReplay(t, nil)
	index := map[string]bool{}
	for _, c := range []struct{ usage, mode, key string }{
		{"P0", "N", "0123456789ABCDEF0123456789ABCDEF"}, {"P0", "N", "112233445566778811223344556677AA"},
		{"V1", "C", "AABBCCDDEEFF00011122334455667788"}, {"V2", "C", demoMAC}, {"B0", "X", demoBDK},
	} {
		p := r.forImport(types.KeyMaterialTypeKeyCryptogram, types.KeyAlgorithmRsa2048) // a new token for each
		k := r.imported(r.oaepImport(p, attributesOf(c.usage, types.KeyAlgorithmTdes2key, c.mode), false, testrig.Hex(c.key)))
		r.matches(k, testrig.Hex(c.key))
		index[*k.KeyArn] = true
	}
	for _, c := range []struct {
		usage, mode string
		a           types.KeyAlgorithm
		check       types.KeyCheckValueAlgorithm
	}{
		{"M1", "C", types.KeyAlgorithmTdes2key, ""}, {"M3", "C", types.KeyAlgorithmTdes2key, ""},
		{"M6", "C", types.KeyAlgorithmAes128, types.KeyCheckValueAlgorithmCmac},
		{"M7", "C", types.KeyAlgorithmAes128, types.KeyCheckValueAlgorithmCmac}, {"C0", "C", types.KeyAlgorithmTdes2key, ""},
		{"D0", "N", types.KeyAlgorithmTdes2key, ""}, {"E0", "X", types.KeyAlgorithmAes128, ""},
	} {
		k := r.create(c.usage, c.a, c.mode, func(in *pc.CreateKeyInput) {
			in.Exportable, in.KeyCheckValueAlgorithm = aws.Bool(false), c.check
		})
		index[*k.KeyArn] = true
	}
	// The start: every page, and what can be used.
	stopped := r.create("D0", types.KeyAlgorithmTdes2key, "N", nil)
	must(r.StopKeyUsage(ctx, &pc.StopKeyUsageInput{KeyIdentifier: stopped.KeyArn}))(t)
	var usable []types.KeySummary
	for in := (&pc.ListKeysInput{MaxResults: aws.Int32(4)}); ; {
		page := must(r.ListKeys(ctx, in))(t)
		for _, k := range page.Keys {
			if k.KeyState == types.KeyStateCreateComplete && *k.Enabled {
				usable = append(usable, k)
			}
		}
		if in.NextToken = page.NextToken; in.NextToken == nil {
			break
		}
	}
	if len(usable) != len(index) {
		t.Errorf("%d keys can be used, want %d", len(usable), len(index))
	}
	for range 2 { // the clean-up, and once more
		for _, k := range usable {
			if !index[*k.KeyArn] {
				t.Errorf("%s was made by none of the flows", *k.KeyArn)
			}
			_, err := r.DeleteKey(ctx, &pc.DeleteKeyInput{KeyIdentifier: k.KeyArn})
			if err != nil && !(is[*types.ValidationException](err) && strings.Contains(err.Error(), "not in CREATE_COMPLETE state")) {
				t.Error(err)
			}
		}
	}
	if left := must(r.ListKeys(ctx, &pc.ListKeysInput{KeyState: types.KeyStateCreateComplete}))(t).Keys; len(left) != 1 {
		t.Errorf("%d keys survive, want the stopped one", len(left))
	}
}
