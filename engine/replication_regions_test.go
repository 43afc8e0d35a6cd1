package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

const west, ireland = "us-west-2", "eu-west-1"

// inRegion is the ARN of the replica of a key.
func inRegion(arn, region string) string { return strings.Replace(arn, "us-east-1", region, 1) }

// everywhere creates an exportable key with replicas.
func everywhere(t testing.TB, c *engine.Caller, regions ...string) engine.Key {
	t.Helper()
	out, err := c.CreateKey(
		ctx,
		&engine.CreateKeyInput{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES256), Exportable: new(true), ReplicationRegions: regions},
	)
	if err != nil {
		t.Fatalf("CreateKey with replicas in %v: %v", regions, err)
	}
	return out.Key
}

func got(t testing.TB, c *engine.Caller, arn string) engine.Key {
	t.Helper()
	out, err := c.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: arn})
	if err != nil {
		t.Fatalf("GetKey %s: %v", arn, err)
	}
	return out.Key
}

// statuses is the replication of a key on one line.
func statuses(k engine.Key) string {
	var out []string
	for region, s := range k.ReplicationStatus {
		text := region + " " + string(s.Status)
		if s.StatusMessage != nil {
			text += " (" + *s.StatusMessage + ")"
		}
		out = append(out, text)
	}
	slices.Sort(out)
	kind := "single"
	if k.MultiRegionKeyType != nil {
		kind = string(*k.MultiRegionKeyType)
	}
	if k.UsingDefaultReplicationRegions != nil {
		kind += fmt.Sprintf(" default %t", *k.UsingDefaultReplicationRegions)
	}
	return kind + ": " + strings.Join(out, ", ")
}

func TestReplicaSharesIdMaterialAndCheckValue(t *testing.T) {
	eng := simtest.New(t, nil)
	k := everywhere(t, eng.Caller, west, ireland)
	if got, want := statuses(k), "PRIMARY default false: eu-west-1 IN_PROGRESS, us-west-2 IN_PROGRESS"; got != want {
		t.Errorf("the answer of CreateKey: got %s, want %s", got, want)
	}
	if k.PrimaryRegion != nil || k.KeyState != apc.KeyStateCreateComplete {
		t.Errorf("a primary: %+v", k)
	}
	if got, want := statuses(got(t, eng.Caller, k.KeyArn)),
		"PRIMARY default false: eu-west-1 SYNCHRONIZED, us-west-2 SYNCHRONIZED"; got != want {
		t.Errorf("the next look: got %s, want %s", got, want)
	}
	there := eng.As(apc.Identity{Region: west})
	r := got(t, there, inRegion(k.KeyArn, west))
	if r.KeyArn != inRegion(k.KeyArn, west) || r.KeyCheckValue != k.KeyCheckValue || r.KeyAttributes != k.KeyAttributes ||
		*r.MultiRegionKeyType != apc.MultiRegionKeyTypeReplica ||
		*r.PrimaryRegion != "us-east-1" || r.ReplicationStatus != nil || r.UsingDefaultReplicationRegions != nil ||
		!r.Exportable ||
		!r.Enabled {
		t.Errorf("the replica: %+v", r)
	}
	list, err := there.ListKeys(ctx, nil)
	if err != nil || len(list.Keys) != 1 || *list.Keys[0].MultiRegionKeyType != apc.MultiRegionKeyTypeReplica ||
		*list.Keys[0].PrimaryRegion != "us-east-1" {
		t.Errorf("ListKeys: %+v, %v", list, err)
	}
	// A block made under the replica opens under the primary.
	moved := create(t, there, kekAttributes(apc.KeyAlgorithmAES128))
	block, err := exportBlock(there, r.KeyArn, moved.KeyArn, nil)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := importBlock(eng.Caller, k.KeyArn, block.KeyMaterial); err != nil || back.KeyCheckValue != moved.KeyCheckValue {
		t.Errorf("across Regions: %+v, %v", back, err)
	}
	if _, err := exportBlock(there, r.KeyArn, r.KeyArn, nil); err != nil {
		t.Errorf("a replica is exported: %v", err)
	}
}

func TestReplicationTakesItsTime(t *testing.T) {
	clock := engine.NewClock(start)
	var events []string
	eng := simtest.New(t, &engine.Options{Now: clock.Now, Limits: apc.Limits{ReplicationTime: time.Minute}, Observe: func(e apc.Event) {
		if e.EventType == apc.ServiceEvent {
			events = append(
				events,
				strings.TrimSpace(fmt.Sprint(e.AWSRegion, " ", e.EventName, " ", e.ServiceEventDetails["replicationType"])),
			)
		}
	}})
	k := everywhere(t, eng.Caller, west)
	there := eng.As(apc.Identity{Region: west})
	look := func(want string, visible bool) {
		t.Helper()
		if got := statuses(got(t, eng.Caller, k.KeyArn)); got != want {
			t.Errorf("after %s: got %s, want %s", clock.Now().Sub(start), got, want)
		}
		_, err := there.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: inRegion(k.KeyArn, west)})
		list, _ := there.ListKeys(ctx, nil)
		if (err == nil) != visible || (len(list.Keys) == 1) != visible {
			t.Errorf("after %s: GetKey of the replica %v, ListKeys %v, want visible %t", clock.Now().Sub(start), err, list.Keys, visible)
		}
	}
	clock.Advance(time.Minute - time.Millisecond)
	look("PRIMARY default false: us-west-2 IN_PROGRESS", false)
	clock.Advance(time.Millisecond)
	look("PRIMARY default false: us-west-2 SYNCHRONIZED", true)
	if err := eng.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	want := []string{"us-east-1 SynchronizeMultiRegionKey ExportKeyReplica", "us-east-1 SynchronizeMultiRegionKey ImportKeyReplica",
		"us-west-2 SynchronizeMultiRegionKey ImportKeyReplica", "us-west-2 CreateKey"}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	clock.Advance(-time.Hour)
	look("PRIMARY default false: us-west-2 SYNCHRONIZED", true) // a clock set back revives nothing

	clock.Set(start.Add(time.Hour))
	out, err := eng.RemoveKeyReplicationRegions(
		ctx,
		&engine.RemoveKeyReplicationRegionsInput{KeyIdentifier: k.KeyArn, ReplicationRegions: []string{west}},
	)
	if err != nil || statuses(out.Key) != "PRIMARY default false: us-west-2 DELETE_IN_PROGRESS" {
		t.Errorf("RemoveKeyReplicationRegions: %+v, %v", out, err)
	}
	look("PRIMARY default false: us-west-2 DELETE_IN_PROGRESS", false)
	clock.Advance(time.Minute)
	look("single default false: ", false)
}

func TestReplicationThatFailsSaysWhy(t *testing.T) {
	why := "The Region is on fire."
	eng := simtest.New(
		t,
		&engine.Options{ReplicationFails: func(arn, region string) string { return map[string]string{west: why}[region] }},
	)
	k := everywhere(t, eng.Caller, west, ireland)
	if got, want := statuses(got(t, eng.Caller, k.KeyArn)),
		"PRIMARY default false: eu-west-1 SYNCHRONIZED, us-west-2 FAILED (The Region is on fire.)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := eng.As(apc.Identity{Region: west}).GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: inRegion(k.KeyArn, west)}); err == nil {
		t.Error("there is a replica where the replication failed")
	}
	why = ""
	if _, err := eng.AddKeyReplicationRegions(ctx,
		&engine.AddKeyReplicationRegionsInput{KeyIdentifier: k.KeyArn, ReplicationRegions: []string{west}}); err != nil {
		t.Errorf("asked again: %v", err)
	}
	if got, want := statuses(got(t, eng.Caller, k.KeyArn)),
		"PRIMARY default false: eu-west-1 SYNCHRONIZED, us-west-2 SYNCHRONIZED"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestReplicationRefusals(t *testing.T) {
	eng := simtest.New(t, nil)
	k := everywhere(t, eng.Caller, west)
	single := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	kept, err := eng.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(false)})
	if err != nil {
		t.Fatal(err)
	}
	deleted := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: deleted.KeyArn}); err != nil {
		t.Fatal(err)
	}
	there := eng.As(apc.Identity{Region: west})
	replica := inRegion(k.KeyArn, west)
	add := func(c *engine.Caller, arn string, regions ...string) error {
		_, err := c.AddKeyReplicationRegions(ctx, &engine.AddKeyReplicationRegionsInput{KeyIdentifier: arn, ReplicationRegions: regions})
		return err
	}
	remove := func(c *engine.Caller, arn string, regions ...string) error {
		_, err := c.RemoveKeyReplicationRegions(
			ctx,
			&engine.RemoveKeyReplicationRegionsInput{KeyIdentifier: arn, ReplicationRegions: regions},
		)
		return err
	}
	makes := func(exportable bool, regions ...string) error {
		_, err := eng.CreateKey(
			ctx,
			&engine.CreateKeyInput{
				KeyAttributes:      kekAttributes(apc.KeyAlgorithmAES128),
				Exportable:         &exportable,
				ReplicationRegions: regions,
			},
		)
		return err
	}
	enables := func(regions ...string) error {
		_, err := eng.EnableDefaultKeyReplicationRegions(
			ctx,
			&engine.EnableDefaultKeyReplicationRegionsInput{ReplicationRegions: regions},
		)
		return err
	}
	for _, c := range []struct {
		what string
		err  error
		rule apc.Rule
	}{
		{"the own Region", add(eng.Caller, single.KeyArn, "us-east-1"), apc.RuleRegion},
		{"a Region without the service", add(eng.Caller, single.KeyArn, "xx-nowhere-1"), apc.RuleRegion},
		{"a Region twice", add(eng.Caller, single.KeyArn, west, west), apc.RuleRegion},
		{"a Region that has a replica", add(eng.Caller, k.KeyArn, west), apc.RuleRegion},
		{"a replica", add(there, replica, ireland), apc.RuleReplica},
		{"a key that is not exportable", add(eng.Caller, kept.Key.KeyArn, west), apc.RuleExportable},
		{"a key that waits for its deletion", add(eng.Caller, deleted.KeyArn, west), apc.RuleKeyState},
		{"removing a Region without a replica", remove(eng.Caller, k.KeyArn, ireland), apc.RuleRegion},
		{"removing by a replica", remove(there, replica, west), apc.RuleReplica},
		{"removing a Region twice", remove(eng.Caller, k.KeyArn, west, west), apc.RuleRegion},
		{"CreateKey in its own Region", makes(true, "us-east-1"), apc.RuleRegion},
		{"CreateKey of a key that is not exportable", makes(false, west), apc.RuleExportable},
		{"a default of the own Region", enables("us-east-1"), apc.RuleRegion},
		{"a default without the service", enables("xx-nowhere-1"), apc.RuleRegion},
	} {
		refused(t, c.what, c.err, apc.ErrValidation, c.rule)
	}
}

func TestReplicasAreOnlyChangedThroughTheirPrimary(t *testing.T) {
	eng := simtest.New(t, nil)
	k := everywhere(t, eng.Caller, west)
	there := eng.As(apc.Identity{Region: west})
	replica := inRegion(k.KeyArn, west)
	calls := map[string]func() error{
		"StopKeyUsage": func() error {
			_, err := there.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: replica})
			return err
		},
		"StartKeyUsage": func() error {
			_, err := there.StartKeyUsage(ctx, &engine.StartKeyUsageInput{KeyIdentifier: replica})
			return err
		},
		"DeleteKey": func() error {
			_, err := there.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: replica})
			return err
		},
		"RestoreKey": func() error {
			_, err := there.RestoreKey(ctx, &engine.RestoreKeyInput{KeyIdentifier: replica})
			return err
		},
		"PutResourcePolicy": func() error {
			_, err := there.PutResourcePolicy(ctx, &engine.PutResourcePolicyInput{ResourceArn: replica, Policy: allow(acquirer, "*")})
			return err
		},
		"GetResourcePolicy": func() error {
			_, err := there.GetResourcePolicy(ctx, &engine.GetResourcePolicyInput{ResourceArn: replica})
			return err
		},
	}
	for name, call := range calls {
		got := refused(t, name+" of a replica", call(), apc.ErrValidation, apc.RuleReplica)
		const want = "the key is a replica, which can only be changed through its primary: " +
			"found us-west-2, wanted the primary key in us-east-1"
		if got.Reasons[0].String() != want {
			t.Errorf("%s: got %q, want %q", name, got.Reasons[0].String(), want)
		}
	}
}

func TestReplicasFollowTheirPrimary(t *testing.T) {
	clock := engine.NewClock(start)
	eng := simtest.New(t, &engine.Options{Now: clock.Now})
	k := everywhere(t, eng.Caller, west)
	there, replica := eng.As(apc.Identity{Region: west}), inRegion(k.KeyArn, west)
	if _, err := there.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: "alias/zone", KeyArn: &replica}); err != nil {
		t.Fatal(err)
	}
	if _, err := there.TagResource(ctx, &engine.TagResourceInput{ResourceArn: replica, Tags: []apc.Tag{{Key: "a", Value: "b"}}}); err != nil {
		t.Fatal(err)
	}
	if tags, err := eng.ListTagsForResource(ctx, &engine.ListTagsForResourceInput{ResourceArn: k.KeyArn}); err != nil ||
		len(tags.Tags) != 0 {
		t.Errorf("tags of a replica are its own: the primary has %+v, %v", tags, err)
	}
	clock.Advance(time.Hour)
	if _, err := eng.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: k.KeyArn}); err != nil {
		t.Fatal(err)
	}
	if r := got(t, there, "alias/zone"); r.Enabled || !r.UsageStopTimestamp.Equal(start.Add(time.Hour)) {
		t.Errorf("stopped: %+v", r)
	}
	_, err := exportBlock(there, replica, replica, nil)
	refused(t, "the use of a stopped replica", err, apc.ErrValidation, apc.RuleKeyEnabled)
	if _, err := eng.StartKeyUsage(ctx, &engine.StartKeyUsageInput{KeyIdentifier: k.KeyArn}); err != nil {
		t.Fatal(err)
	}
	if r := got(t, there, replica); !r.Enabled {
		t.Errorf("started: %+v", r)
	}
	out, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: k.KeyArn})
	if err != nil || statuses(out.Key) != "single default false: " {
		t.Errorf("DeleteKey: %+v, %v", out, err)
	}
	_, err = there.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: replica})
	refused(t, "the replica of a deleted key", err, apc.ErrResourceNotFound, apc.RuleKey)
	if a, err := there.GetAlias(ctx, &engine.GetAliasInput{AliasName: "alias/zone"}); err != nil || a.Alias.KeyArn != nil {
		t.Errorf("the alias of a replica that is gone: %+v, %v", a, err)
	}
	if _, err := eng.RestoreKey(ctx, &engine.RestoreKeyInput{KeyIdentifier: k.KeyArn}); err != nil {
		t.Fatal(err)
	}
	if _, err = there.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: replica}); err == nil {
		t.Error("RestoreKey brought the replica back")
	}
	if _, err := eng.AddKeyReplicationRegions(ctx,
		&engine.AddKeyReplicationRegionsInput{KeyIdentifier: k.KeyArn, ReplicationRegions: []string{west}}); err != nil {
		t.Fatal(err)
	}
	if a, err := there.GetAlias(ctx, &engine.GetAliasInput{AliasName: "alias/zone"}); err != nil || a.Alias.KeyArn != nil {
		t.Errorf("the alias came back with the replica: %+v, %v", a, err)
	}
}

func TestDefaultRegionsApplyToNewExportableKeys(t *testing.T) {
	eng := simtest.New(t, nil)
	before := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	none, err := eng.GetDefaultKeyReplicationRegions(ctx, nil)
	if err != nil || none.EnabledReplicationRegions == nil || len(none.EnabledReplicationRegions) != 0 {
		t.Errorf("without defaults: %#v, %v, want an empty list", none, err)
	}
	change := func(enable bool, regions ...string) string {
		t.Helper()
		if enable {
			out, err := eng.EnableDefaultKeyReplicationRegions(
				ctx,
				&engine.EnableDefaultKeyReplicationRegionsInput{ReplicationRegions: regions},
			)
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(out.EnabledReplicationRegions)
		}
		out, err := eng.DisableDefaultKeyReplicationRegions(
			ctx,
			&engine.DisableDefaultKeyReplicationRegionsInput{ReplicationRegions: regions},
		)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(out.EnabledReplicationRegions)
	}
	for _, c := range []struct {
		enable  bool
		regions []string
		want    string
	}{
		{true, []string{west}, "[us-west-2]"}, {true, []string{ireland, west}, "[us-west-2 eu-west-1]"},
		{false, []string{"eu-west-2"}, "[us-west-2 eu-west-1]"},
		{false, []string{ireland}, "[us-west-2]"}, {true, []string{}, "[us-west-2]"},
	} {
		if got := change(c.enable, c.regions...); got != c.want {
			t.Errorf("enable %t %v: got %s, want %s", c.enable, c.regions, got, c.want)
		}
	}
	makes := func(c *engine.Caller, exportable bool, regions []string) string {
		t.Helper()
		out, err := c.CreateKey(
			ctx,
			&engine.CreateKeyInput{
				KeyAttributes:      kekAttributes(apc.KeyAlgorithmAES128),
				Exportable:         &exportable,
				ReplicationRegions: regions,
			},
		)
		if err != nil {
			t.Fatal(err)
		}
		return statuses(got(t, c, out.Key.KeyArn))
	}
	for _, c := range []struct{ what, got, want string }{
		{"a key of before", statuses(got(t, eng.Caller, before.KeyArn)), "single: "},
		{"a new key", makes(eng.Caller, true, nil), "PRIMARY default true: us-west-2 SYNCHRONIZED"},
		{"one that is not exportable", makes(eng.Caller, false, nil), "single: "},
		{"one with its own list", makes(eng.Caller, true, []string{ireland}), "PRIMARY default false: eu-west-1 SYNCHRONIZED"},
		{"one with an empty list", makes(eng.Caller, true, []string{}), "single default false: "},
		{"one in another Region", makes(eng.As(apc.Identity{Region: ireland}), true, nil), "single: "},
		{"one of another account", makes(eng.As(apc.Identity{Account: acquirer}), true, nil), "single: "},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.what, c.got, c.want)
		}
	}
	kek := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	block, err := exportBlock(eng.Caller, kek.KeyArn, before.KeyArn, nil)
	if err != nil {
		t.Fatal(err)
	}
	k, err := importBlock(eng.Caller, kek.KeyArn, block.KeyMaterial)
	if want := "PRIMARY default true: us-west-2 IN_PROGRESS"; err != nil || statuses(k) != want {
		t.Errorf("an imported key: got %s, %v, want %s", statuses(k), err, want)
	}
}

func TestReplicasCountInTheirRegion(t *testing.T) {
	eng := simtest.New(t, &engine.Options{Limits: apc.Limits{Keys: 2}})
	there := eng.As(apc.Identity{Region: west})
	create(t, there, kekAttributes(apc.KeyAlgorithmAES128))
	k := everywhere(t, eng.Caller, west)
	_, err := eng.CreateKey(
		ctx,
		&engine.CreateKeyInput{
			KeyAttributes:      kekAttributes(apc.KeyAlgorithmAES128),
			Exportable:         new(true),
			ReplicationRegions: []string{west},
		},
	)
	refused(t, "a replica beyond the quota", err, apc.ErrServiceQuotaExceeded, apc.RuleQuota)
	if list, err := eng.ListKeys(ctx, nil); err != nil || len(list.Keys) != 1 {
		t.Errorf("the primary was made without its replica: %+v, %v", list, err)
	}
	if _, err := eng.RemoveKeyReplicationRegions(ctx,
		&engine.RemoveKeyReplicationRegionsInput{KeyIdentifier: k.KeyArn, ReplicationRegions: []string{west}}); err != nil {
		t.Fatal(err)
	}
	everywhere(t, eng.Caller, west)
}

func TestKeyPairsReplicate(t *testing.T) {
	eng := simtest.New(t, nil)
	out, err := eng.CreateKey(
		ctx,
		&engine.CreateKeyInput{Exportable: new(true), ReplicationRegions: []string{west}, KeyAttributes: apc.KeyAttributes{
			KeyUsage: apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature, KeyClass: apc.KeyClassAsymmetricKeyPair,
			KeyAlgorithm: apc.KeyAlgorithmRSA2048, KeyModesOfUse: apc.KeyModesOfUse{Sign: true}}},
	)
	if err != nil {
		t.Fatal(err)
	}
	there := eng.As(apc.Identity{Region: west})
	r := got(t, there, inRegion(out.Key.KeyArn, west))
	cert, err := there.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: r.KeyArn})
	if err != nil || cert.KeyCertificate == "" || r.KeyCheckValue != out.Key.KeyCheckValue {
		t.Errorf("the replica of a key pair: %+v, %+v, %v", r, cert, err)
	}
}
