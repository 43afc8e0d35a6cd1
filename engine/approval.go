package engine

import (
	"context"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
)

// AssociateMpaTeam associates an approval team with an action: at once if there was none
// (GUESS G-team-first), else when the present team approves.
func (c *Caller) AssociateMpaTeam(ctx context.Context, in *AssociateMpaTeamInput) (*AssociateMpaTeamOutput, error) {
	return core.Run(ctx, c.caller, "AssociateMpaTeam", in, associateMpaTeam)
}

func associateMpaTeam(ctx context.Context, c *core.Call, in *AssociateMpaTeamInput) (*AssociateMpaTeamOutput, error) {
	if err := c.CheckTeam(in.MpaTeamArn); err != nil {
		return nil, err
	}
	if err := c.Settle(ctx); err != nil {
		return nil, err
	}
	var t core.Team
	err := core.Retry(func() (err error) {
		if t, err = c.Team(ctx, in.Action); err != nil {
			return err
		}
		switch {
		case !t.Exists():
			t.ARN, t.State = in.MpaTeamArn, apc.AssociationStateActive
			return c.Commit(ctx, t.Put())
		case t.State != apc.AssociationStateActive:
			return core.TeamBusy(string(t.State), string(apc.AssociationStateActive))
		case t.ARN == in.MpaTeamArn:
			return core.TeamBusy("the same team", "another team")
		}
		t.State, t.Next = apc.AssociationStateUpdatePending, in.MpaTeamArn
		return commitWithSession(ctx, c, &t, in.RequesterComment)
	})
	if err != nil {
		return nil, err
	}
	return &AssociateMpaTeamOutput{MpaTeamAssociation: describeTeam(&t)}, nil
}

// commitWithSession stores a change of an association that waits for the present team.
func commitWithSession(ctx context.Context, c *core.Call, t *core.Team, comment *string) error {
	session, created := c.NewSession(t.ARN, comment, t.Ref())
	t.Session = session
	return c.Commit(ctx, t.Put(), created)
}

// DisassociateMpaTeam ends an association when the team approves.
func (c *Caller) DisassociateMpaTeam(ctx context.Context, in *DisassociateMpaTeamInput) (*DisassociateMpaTeamOutput, error) {
	return core.Run(ctx, c.caller, "DisassociateMpaTeam", in, disassociateMpaTeam)
}

func disassociateMpaTeam(ctx context.Context, c *core.Call, in *DisassociateMpaTeamInput) (*DisassociateMpaTeamOutput, error) {
	if err := c.Settle(ctx); err != nil {
		return nil, err
	}
	var t core.Team
	err := core.Retry(func() (err error) {
		if t, err = c.Team(ctx, in.Action); err != nil {
			return err
		}
		switch {
		case !t.Exists():
			return core.NoTeam(in.Action)
		case t.State != apc.AssociationStateActive:
			return core.TeamBusy(string(t.State), string(apc.AssociationStateActive))
		}
		t.State = apc.AssociationStateDeletePending
		return commitWithSession(ctx, c, &t, in.RequesterComment)
	})
	if err != nil {
		return nil, err
	}
	return &DisassociateMpaTeamOutput{MpaTeamAssociation: describeTeam(&t)}, nil
}

// GetMpaTeamAssociation returns the team that is associated with an action.
func (c *Caller) GetMpaTeamAssociation(ctx context.Context, in *GetMpaTeamAssociationInput) (*GetMpaTeamAssociationOutput, error) {
	return core.Run(ctx, c.caller, "GetMpaTeamAssociation", in, getMpaTeamAssociation)
}

func getMpaTeamAssociation(ctx context.Context, c *core.Call, in *GetMpaTeamAssociationInput) (*GetMpaTeamAssociationOutput, error) {
	t, err := c.Team(ctx, in.Action)
	if err != nil {
		return nil, err
	}
	if !t.Exists() {
		return nil, core.NoTeam(in.Action)
	}
	return &GetMpaTeamAssociationOutput{MpaTeamAssociation: describeTeam(&t)}, nil
}

// describeTeam is what the service says of an association: the present team, and the last session about it.
func describeTeam(t *core.Team) MpaTeamAssociation {
	return MpaTeamAssociation{Action: t.Action, MpaTeamArn: t.ARN, AssociationState: t.State, MpaStatus: describeApproval(&t.Session)}
}

// planApproval makes the import of a root certificate wait for the team that guards it. A comment without a
// team is taken and not used, and an empty one is a comment (GUESS G-team-comment).
func planApproval(ctx context.Context, c *core.Call, p *importPlan) error {
	if p.in.KeyMaterial.RootCertificatePublicKey == nil {
		return nil
	}
	t, err := c.Team(ctx, apc.MpaOperationImportRootPublicKeyCertificate)
	if err != nil {
		return err
	}
	p.requires = append(p.requires, t.Unchanged())
	if !t.Exists() {
		return nil
	}
	if p.in.RequesterComment == nil {
		return core.Invalid(
			"RequesterComment is required.",
			core.Because(apc.RuleRequired, "RequesterComment", core.ProblemComment, "", "a comment"),
		)
	}
	session, created := c.NewSession(t.ARN, p.in.RequesterComment, p.key.ARN.KeyRef())
	p.key.Await(session)
	p.requires = append(p.requires, created)
	return nil
}

// DecideApproval decides for an approval team in a session, the MpaSessionArn of an answer, or cancels
// it as the administrator of multi-party approval does. The service has no such operation: there the
// members of a team vote, and sessions are cancelled, in another AWS service. It fails with
// [apc.ErrResourceNotFound] where there is no such session, and with [apc.ErrConflict] where it has
// ended. A session that is not decided fails after Limits.ApprovalTime.
func (e *Engine) DecideApproval(ctx context.Context, session string, d apc.Decision) error {
	if err := e.cloud.Decide(ctx, session, d); err != nil {
		refusal := core.Refusal(err)
		refusal.Op = "DecideApproval"
		return refusal
	}
	return nil
}
