package sdktest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"
)

// What moto's published tests do with replication, policies and approval teams, and what Cloud Custodian asks about keys, over
// the wire. Moto is another simulator: what it answers itself is no evidence, and where the service's own documents or recorded
// answers differ, they are what is expected here.

// in asks in a Region.
func in(region string) func(*pc.Options) { return func(o *pc.Options) { o.Region = region } }

func inRegion(arn *string, region string) *string {
	return aws.String(strings.Replace(*arn, ":us-east-1:", ":"+region+":", 1))
}

func (r *replay) key(arn *string, region string) *types.Key {
	r.Helper()
	return must(r.GetKey(ctx, &pc.GetKeyInput{KeyIdentifier: arn}, in(region)))(r).Key
}

// statuses are the states of a key's replication by Region.
func statuses(k *types.Key) map[string]types.KeyReplicationState {
	out := map[string]types.KeyReplicationState{}
	for region, s := range k.ReplicationStatus {
		out[region] = s.Status
	}
	return out
}

func (r *replay) wantStatuses(k *types.Key, state types.KeyReplicationState, regions ...string) {
	r.Helper()
	want := map[string]types.KeyReplicationState{}
	for _, region := range regions {
		want[region] = state
	}
	if got := statuses(k); !maps.Equal(got, want) {
		r.Errorf("replication: got %v, want %v", got, want)
	}
}

// TestFlowMotoKeyWithReplicas: a key is made with replicas and read in each Region.
func TestFlowMotoKeyWithReplicas(t *testing.T) {
	r := newReplay(t, nil)
	made := r.create("P0", types.KeyAlgorithmTdes3key, "B", func(in *pc.CreateKeyInput) {
		in.Tags, in.ReplicationRegions = tagged("Environment", "Test"), []string{"us-west-2", "eu-west-1"}
	})
	// Recorded of the service: IN_PROGRESS in the answer, no PrimaryRegion on the primary.
	r.wantStatuses(made, types.KeyReplicationStateInProgress, "us-west-2", "eu-west-1")
	if made.MultiRegionKeyType != types.MultiRegionKeyTypePrimary || made.PrimaryRegion != nil || *made.UsingDefaultReplicationRegions {
		t.Errorf("the primary: %+v", made)
	}
	r.wantStatuses(r.key(made.KeyArn, "us-east-1"), types.KeyReplicationStateSynchronized, "us-west-2", "eu-west-1")
	for _, region := range []string{"us-west-2", "eu-west-1"} {
		replica := r.key(inRegion(made.KeyArn, region), region)
		if replica.MultiRegionKeyType != types.MultiRegionKeyTypeReplica || *replica.PrimaryRegion != "us-east-1" ||
			*replica.KeyCheckValue != *made.KeyCheckValue {
			t.Errorf("the replica in %s: %+v", region, replica)
		}
		tags := must(r.ListTagsForResource(ctx, &pc.ListTagsForResourceInput{ResourceArn: replica.KeyArn}, in(region)))(t).Tags
		if len(tags) != 0 { // tags are of each Region
			t.Errorf("the replica in %s has the tags %v", region, tags)
		}
	}
}

// TestFlowMotoRegionsOfAKey: the account's default list, and Regions added to one key and removed again.
func TestFlowMotoRegionsOfAKey(t *testing.T) {
	r := newReplay(t, nil)
	west := []string{"us-west-2"}
	list := func(got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("the default list is %v, want %v", got, want)
		}
	}
	list(must(r.EnableDefaultKeyReplicationRegions(ctx,
		&pc.EnableDefaultKeyReplicationRegionsInput{ReplicationRegions: west}))(t).EnabledReplicationRegions, west...)
	list(must(r.GetDefaultKeyReplicationRegions(ctx, nil))(t).EnabledReplicationRegions, west...)
	list(must(r.GetDefaultKeyReplicationRegions(ctx, nil, in("eu-west-1")))(t).EnabledReplicationRegions) // it is of one Region
	first := r.create("D0", types.KeyAlgorithmAes128, "B", nil)
	if !*first.UsingDefaultReplicationRegions {
		t.Error("a new key does not use the default list")
	}
	list(must(r.DisableDefaultKeyReplicationRegions(ctx,
		&pc.DisableDefaultKeyReplicationRegionsInput{ReplicationRegions: west}))(t).EnabledReplicationRegions)
	r.wantStatuses(r.key(first.KeyArn, "us-east-1"), types.KeyReplicationStateSynchronized, west...) // existing keys stay

	k := r.create("D0", types.KeyAlgorithmAes128, "B", nil)
	added := must(r.AddKeyReplicationRegions(ctx, &pc.AddKeyReplicationRegionsInput{KeyIdentifier: k.KeyArn, ReplicationRegions: west}))(t).Key
	r.wantStatuses(added, types.KeyReplicationStateInProgress, west...)
	there := inRegion(k.KeyArn, west[0])
	r.key(there, west[0])
	if _, err := r.DeleteKey(ctx, &pc.DeleteKeyInput{KeyIdentifier: there}, in(west[0])); !is[*types.ValidationException](err) {
		t.Errorf("DeleteKey of a replica: %v", err)
	}
	removed := must(r.RemoveKeyReplicationRegions(ctx,
		&pc.RemoveKeyReplicationRegionsInput{KeyIdentifier: k.KeyArn, ReplicationRegions: west}))(t).Key
	r.wantStatuses(removed, types.KeyReplicationStateDeleteInProgress, west...)
	if _, err := r.GetKey(ctx, &pc.GetKeyInput{KeyIdentifier: there}, in(west[0])); !is[*types.ResourceNotFoundException](err) {
		t.Errorf("GetKey of a replica that was removed: %v", err)
	}
	r.wantStatuses(r.key(k.KeyArn, "us-east-1"), "")
}

// TestFlowMotoDeletionOfAPrimary: its replicas are deleted at once.
func TestFlowMotoDeletionOfAPrimary(t *testing.T) {
	r := newReplay(t, nil)
	k := r.create("D0", types.KeyAlgorithmAes128, "B", func(in *pc.CreateKeyInput) { in.ReplicationRegions = []string{"us-west-2"} })
	must(r.StopKeyUsage(ctx, &pc.StopKeyUsageInput{KeyIdentifier: k.KeyArn}))(t)
	there := inRegion(k.KeyArn, "us-west-2")
	if *r.key(there, "us-west-2").Enabled {
		t.Error("the replica is enabled, its primary was stopped")
	}
	must(r.DeleteKey(ctx, &pc.DeleteKeyInput{KeyIdentifier: k.KeyArn}))(t)
	restored := must(r.RestoreKey(ctx, &pc.RestoreKeyInput{KeyIdentifier: k.KeyArn}))(t).Key
	r.wantStatuses(restored, "")
	if _, err := r.GetKey(ctx, &pc.GetKeyInput{KeyIdentifier: there}, in("us-west-2")); !is[*types.ResourceNotFoundException](err) {
		t.Errorf("GetKey of the replica: %v", err)
	}
}

const partnersPolicy = `{"Version": "2012-10-17", "Statement": [{"Sid": "AllowCrossAccountKeyUsage", "Effect": "Allow",
	"Principal": {"AWS": "arn:aws:iam::123456789012:role/PaymentProcessingRole"},
	"Action": ["payment-cryptography:GetKey", "payment-cryptography:EncryptData", "payment-cryptography:DecryptData"], "Resource": "ARN"}]}`

// TestFlowMotoResourcePolicy: a policy is put, read byte for byte, and deleted; the policy of a key that has none is {}.
func TestFlowMotoResourcePolicy(t *testing.T) {
	r := newReplay(t, nil)
	arn := r.create("P0", types.KeyAlgorithmTdes3key, "B", nil).KeyArn
	get := func() string {
		t.Helper()
		out := must(r.GetResourcePolicy(ctx, &pc.GetResourcePolicyInput{ResourceArn: arn}))(t)
		if *out.ResourceArn != *arn {
			t.Errorf("ResourceArn %s, want %s", *out.ResourceArn, *arn)
		}
		return *out.Policy
	}
	policy := strings.ReplaceAll(partnersPolicy, "ARN", *arn)
	if got := get(); got != "{}" {
		t.Errorf("without a policy: %s", got)
	}
	if out := must(r.PutResourcePolicy(ctx, &pc.PutResourcePolicyInput{ResourceArn: arn, Policy: &policy}))(t); *out.Policy != policy {
		t.Errorf("PutResourcePolicy answers %s", *out.Policy)
	}
	if got := get(); got != policy {
		t.Errorf("got %s, want %s", got, policy)
	}
	must(r.DeleteResourcePolicy(ctx, &pc.DeleteResourcePolicyInput{ResourceArn: arn}))(t)
	if got := get(); got != "{}" {
		t.Errorf("after DeleteResourcePolicy: %s", got)
	}
	missing := aws.String((*arn)[:strings.LastIndex(*arn, "/")] + "/doesnotexist1234")
	if _, err := r.PutResourcePolicy(ctx,
		&pc.PutResourcePolicyInput{ResourceArn: missing, Policy: &policy}); !is[*types.ResourceNotFoundException](err) {
		t.Errorf("PutResourcePolicy on no key: %v", err)
	}
	if _, err := r.GetResourcePolicy(ctx, &pc.GetResourcePolicyInput{ResourceArn: missing}); !is[*types.ResourceNotFoundException](err) {
		t.Errorf("GetResourcePolicy of no key: %v", err)
	}
}

// TestFlowMotoApprovalTeam: a team is associated, read, and asked to let go.
func TestFlowMotoApprovalTeam(t *testing.T) {
	r := newReplay(t, nil)
	const action = types.MpaOperationImportRootPublicKeyCertificate
	team := aws.String("arn:aws:mpa:us-east-1:123456789012:approval-team/moto")
	made := must(r.AssociateMpaTeam(ctx, &pc.AssociateMpaTeamInput{Action: action, MpaTeamArn: team}))(t).MpaTeamAssociation
	read := must(r.GetMpaTeamAssociation(ctx, &pc.GetMpaTeamAssociationInput{Action: action}))(t).MpaTeamAssociation
	if made.AssociationState != types.AssociationStateActive || *made.MpaTeamArn != *team || *read.MpaTeamArn != *team ||
		read.AssociationState != made.AssociationState {
		t.Errorf("the association is %+v, read as %+v", made, read)
	}
	left := must(r.DisassociateMpaTeam(ctx, &pc.DisassociateMpaTeamInput{Action: action}))(t).MpaTeamAssociation
	if left.AssociationState != types.AssociationStateDeletePending || left.MpaStatus.Status != types.SessionStatusPending {
		t.Errorf("DisassociateMpaTeam: %+v", left)
	}
}

// custodian finds the keys that are CREATE_COMPLETE, with their details and tags, as Cloud Custodian does for each of its policies.
func (r *replay) custodian() (keys []*types.Key, tags map[string][]types.Tag) {
	r.Helper()
	tags = map[string][]types.Tag{}
	pages := pc.NewListKeysPaginator(r.Client, &pc.ListKeysInput{KeyState: types.KeyStateCreateComplete})
	for pages.HasMorePages() {
		for _, k := range must(pages.NextPage(ctx))(r).Keys {
			keys = append(keys, r.key(k.KeyArn, "us-east-1"))
			tags[*k.KeyArn] = must(r.ListTagsForResource(ctx, &pc.ListTagsForResourceInput{ResourceArn: k.KeyArn}))(r).Tags
		}
	}
	return keys, tags
}

// TestFlowCustodian: its filters for replicated keys and for access by other accounts, and its actions tag, remove-tag and delete.
func TestFlowCustodian(t *testing.T) {
	r := newReplay(t, nil)
	plain := r.create("P0", types.KeyAlgorithmTdes2key, "B", nil)
	replicated := r.create("P0", types.KeyAlgorithmTdes2key, "B",
		func(in *pc.CreateKeyInput) { in.ReplicationRegions = []string{"us-west-2"} })
	shared := r.create("P0", types.KeyAlgorithmTdes2key, "B", nil)
	policy := strings.ReplaceAll(partnersPolicy, "ARN", *shared.KeyArn)
	must(r.PutResourcePolicy(ctx, &pc.PutResourcePolicyInput{ResourceArn: shared.KeyArn, Policy: &policy}))(t)
	keys, _ := r.custodian()
	var present, crossing []string
	for _, k := range keys {
		if k.ReplicationStatus != nil {
			present = append(present, *k.KeyArn)
		}
		p := must(r.GetResourcePolicy(ctx, &pc.GetResourcePolicyInput{ResourceArn: k.KeyArn}))(t).Policy
		if strings.Contains(*p, "123456789012") {
			crossing = append(crossing, *k.KeyArn)
		}
	}
	if len(keys) != 3 || !slices.Equal(present, []string{*replicated.KeyArn}) || !slices.Equal(crossing, []string{*shared.KeyArn}) {
		t.Errorf("%d keys; replicated %v; open to other accounts %v", len(keys), present, crossing)
	}
	for _, k := range keys {
		must(r.TagResource(ctx, &pc.TagResourceInput{ResourceArn: k.KeyArn, Tags: tagged("Department", "International")}))(t)
	}
	must(r.UntagResource(ctx, &pc.UntagResourceInput{ResourceArn: plain.KeyArn, TagKeys: []string{"Department"}}))(t)
	keys, tags := r.custodian()
	for _, k := range keys {
		if len(tags[*k.KeyArn]) == 0 {
			continue
		}
		deleted := must(r.DeleteKey(ctx, &pc.DeleteKeyInput{KeyIdentifier: k.KeyArn}))(t).Key
		if deleted.KeyState != types.KeyStateDeletePending {
			t.Errorf("after delete: %s", deleted.KeyState)
		}
	}
	if keys, _ = r.custodian(); len(keys) != 1 || *keys[0].KeyArn != *plain.KeyArn {
		t.Errorf("%d keys are left, want the one without the tag", len(keys))
	}
}
