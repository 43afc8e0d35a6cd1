package sdktest

import (
	"errors"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// policiesOverTheWire are the calls of Cloud Custodian and Terraform, and a policy that is refused.
func policiesOverTheWire(t *testing.T, c *pc.Client, eng *engine.Engine, key string) {
	if out := must(c.GetResourcePolicy(ctx, &pc.GetResourcePolicyInput{ResourceArn: &key}))(t); *out.Policy != "{}" ||
		*out.ResourceArn != key {
		t.Errorf("a key without a policy: %s %s", *out.ResourceArn, *out.Policy)
	}
	const cross = `{"Version":"2012-10-17","Statement":[{"Sid":"cross account","Effect":"Allow",` +
		`"Principal":{"AWS":["arn:aws:iam::444455556666:root"]},"Action":["payment-cryptography:*"],"Resource":"*"}]}`
	must(c.PutResourcePolicy(ctx, &pc.PutResourcePolicyInput{ResourceArn: &key, Policy: aws.String(cross)}))(t)
	got := must(c.GetResourcePolicy(ctx, &pc.GetResourcePolicyInput{ResourceArn: &key}))(t)
	alike(
		t,
		"GetResourcePolicy",
		reflect.ValueOf(got),
		reflect.ValueOf(must(eng.GetResourcePolicy(ctx, &engine.GetResourcePolicyInput{ResourceArn: key}))(t)),
	)
	if *got.Policy != cross {
		t.Errorf("the policy came back as %s", *got.Policy)
	}
	_, err := c.PutResourcePolicy(ctx, &pc.PutResourcePolicyInput{ResourceArn: &key,
		Policy: aws.String(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`)})
	if public, ok := errors.AsType[*types.PublicPolicyException](err); !ok || public.ErrorMessage() == "" {
		t.Errorf("a public policy: %v", err)
	}
	must(c.DeleteResourcePolicy(ctx, &pc.DeleteResourcePolicyInput{ResourceArn: &key}))(t)
}

// regionsOverTheWire replicates a key, and reads it and the defaults back.
func regionsOverTheWire(t *testing.T, c *pc.Client, eng *engine.Engine, key string) {
	regions := []string{"us-west-2"}
	if out := must(c.GetDefaultKeyReplicationRegions(ctx,
		&pc.GetDefaultKeyReplicationRegionsInput{}))(t); out.EnabledReplicationRegions == nil ||
		len(out.EnabledReplicationRegions) != 0 {
		t.Errorf("without defaults: %#v", out.EnabledReplicationRegions)
	}
	if out := must(c.EnableDefaultKeyReplicationRegions(ctx,
		&pc.EnableDefaultKeyReplicationRegionsInput{ReplicationRegions: regions}))(t); !reflect.DeepEqual(
		out.EnabledReplicationRegions,
		regions,
	) {
		t.Errorf("defaults: %v", out.EnabledReplicationRegions)
	}
	if out := must(c.DisableDefaultKeyReplicationRegions(ctx,
		&pc.DisableDefaultKeyReplicationRegionsInput{ReplicationRegions: regions}))(t); len(
		out.EnabledReplicationRegions,
	) != 0 {
		t.Errorf("defaults: %v", out.EnabledReplicationRegions)
	}
	added := must(c.AddKeyReplicationRegions(ctx, &pc.AddKeyReplicationRegionsInput{KeyIdentifier: &key, ReplicationRegions: regions}))(t)
	if added.Key.ReplicationStatus["us-west-2"].Status != types.KeyReplicationStateInProgress ||
		added.Key.MultiRegionKeyType != types.MultiRegionKeyTypePrimary {
		t.Errorf("AddKeyReplicationRegions: %+v", added.Key)
	}
	if got := getAlike(t, c, eng, key); got.ReplicationStatus["us-west-2"].Status != types.KeyReplicationStateSynchronized ||
		*got.UsingDefaultReplicationRegions {
		t.Errorf("a primary: %+v", got)
	}
	removed := must(
		c.RemoveKeyReplicationRegions(ctx, &pc.RemoveKeyReplicationRegionsInput{KeyIdentifier: &key, ReplicationRegions: regions}),
	)(t)
	if removed.Key.ReplicationStatus["us-west-2"].Status != types.KeyReplicationStateDeleteInProgress {
		t.Errorf("RemoveKeyReplicationRegions: %+v", removed.Key)
	}
}

// approvalsOverTheWire associates a team, changes it and ends that.
func approvalsOverTheWire(t *testing.T, c *pc.Client, eng *engine.Engine) {
	const action = types.MpaOperationImportRootPublicKeyCertificate
	team, other := aws.String("arn:aws:mpa:us-east-1:111122223333:approval-team/custodians"), aws.String(
		"arn:aws:mpa:us-east-1:111122223333:approval-team/board",
	)
	if out := must(c.AssociateMpaTeam(ctx, &pc.AssociateMpaTeamInput{Action: action,
		MpaTeamArn: team}))(t); out.MpaTeamAssociation.AssociationState != types.AssociationStateActive {
		t.Errorf("AssociateMpaTeam: %+v", out.MpaTeamAssociation)
	}
	changing := must(
		c.AssociateMpaTeam(ctx, &pc.AssociateMpaTeamInput{Action: action, MpaTeamArn: other, RequesterComment: aws.String("please")}),
	)(t).MpaTeamAssociation
	if changing.AssociationState != types.AssociationStateUpdatePending || *changing.MpaTeamArn != *team ||
		changing.MpaStatus.Status != types.SessionStatusPending {
		t.Errorf("another team: %+v", changing)
	}
	if err := eng.DecideApproval(ctx, *changing.MpaStatus.MpaSessionArn, apc.Approve); err != nil {
		t.Fatal(err)
	}
	got := must(c.GetMpaTeamAssociation(ctx, &pc.GetMpaTeamAssociationInput{Action: action}))(t)
	alike(
		t,
		"GetMpaTeamAssociation",
		reflect.ValueOf(got),
		reflect.ValueOf(
			must(
				eng.GetMpaTeamAssociation(
					ctx,
					&engine.GetMpaTeamAssociationInput{Action: apc.MpaOperationImportRootPublicKeyCertificate},
				),
			)(t),
		),
	)
	ending := must(c.DisassociateMpaTeam(ctx, &pc.DisassociateMpaTeamInput{Action: action}))(t).MpaTeamAssociation
	if ending.AssociationState != types.AssociationStateDeletePending || *ending.MpaTeamArn != *other {
		t.Errorf("DisassociateMpaTeam: %+v", ending)
	}
}
