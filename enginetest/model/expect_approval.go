package model

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// team is the approval team that guards the import of root certificates in a place.
type team struct {
	arn     string
	state   apc.AssociationState
	next    string   // that is to take over
	session *session // the last one about the association
}

// session is in which a team decides.
type session struct {
	arn             string
	status          apc.SessionStatus
	begun, deadline time.Time
	key             *Key   // whose import waits
	at              *place // whose association waits
}

// DecideApprovalInput is the request of engine.DecideApproval, which has none of its own.
type DecideApprovalInput struct {
	Session  string
	Decision apc.Decision
}

// Sessions are those of all places, by ARN.
func (w *World) Sessions() (all []string) {
	for arn := range w.sessions {
		all = append(all, arn)
	}
	slices.Sort(all)
	return all
}

// Pending reports whether an approval session can still be decided.
func (w *World) Pending(arn string) bool {
	return w.sessions[arn] != nil && w.sessions[arn].status == apc.SessionStatusPending
}

// expectApproval expects the operations on approval.
func (q *request) expectApproval(in any) (Refusal, bool) {
	t := q.p.team
	switch in := in.(type) {
	case *engine.AssociateMpaTeamInput:
		busy := t != nil && (t.state != apc.AssociationStateActive || t.arn == in.MpaTeamArn)
		return q.team(!busy), true
	case *engine.DisassociateMpaTeamInput:
		if t == nil {
			return notFound(apc.RuleTeam), true
		}
		return q.team(t.state == apc.AssociationStateActive), true
	case *engine.GetMpaTeamAssociationInput:
		if t == nil {
			return notFound(apc.RuleTeam), true
		}
		return Refusal{}, true
	case *DecideApprovalInput:
		s := q.w.sessions[in.Session]
		switch {
		case s == nil:
			return notFound(apc.RuleSession), true
		case s.status != apc.SessionStatusPending:
			return conflict(apc.RuleSession), true
		}
		return Refusal{}, true
	}
	return Refusal{}, false
}

func (q *request) team(free bool) Refusal {
	if !free {
		return conflict(apc.RuleTeam)
	}
	return Refusal{}
}

// begin is a new session as an answer describes it.
func (q *request) begin(got *engine.MpaStatus, team string) (*session, error) {
	_, name, _ := strings.Cut(team, "approval-team/")
	if got == nil || q.w.sessions[got.MpaSessionArn] != nil ||
		!strings.HasPrefix(got.MpaSessionArn, "arn:aws:mpa:us-east-1:"+q.who.Account+":session/"+name+"/") {
		return nil, fmt.Errorf("got %v, want a new session of team %s", got, team)
	}
	s := &session{arn: got.MpaSessionArn, status: apc.SessionStatusPending, begun: q.now, deadline: q.now.Add(q.w.limits.ApprovalTime)}
	q.w.sessions[s.arn] = s
	return s, s.compare(got)
}

// decide ends a session.
func (s *session) decide(d apc.Decision) {
	s.status = map[apc.Decision]apc.SessionStatus{
		apc.Approve: apc.SessionStatusApproved,
		apc.Deny:    apc.SessionStatusFailed,
		apc.Cancel:  apc.SessionStatusCancelled,
	}[d]
	if s.key != nil {
		s.key.State = apc.KeyStateCreateFailed
		if d == apc.Approve {
			s.key.State = apc.KeyStateCreateComplete
		}
		return
	}
	t := s.at.team
	switch {
	case d != apc.Approve:
	case t.state == apc.AssociationStateDeletePending:
		s.at.team = nil
		return
	default:
		t.arn = t.next
	}
	t.state, t.next = apc.AssociationStateActive, ""
}

// compare compares the session with what an answer says of it.
func (s *session) compare(got *engine.MpaStatus) error {
	if s == nil {
		if got != nil {
			return fmt.Errorf("got MpaStatus %+v, want none", got)
		}
		return nil
	}
	message := ""
	if s.status == apc.SessionStatusFailed {
		message = "Approval session expired or was denied"
	}
	if got == nil || got.MpaSessionArn != s.arn || got.Status != s.status || !got.InitiationDate.Equal(s.begun) ||
		text(got.StatusMessage) != message {
		return fmt.Errorf("got MpaStatus %+v, want %s in %s since %s", got, s.arn, s.status, s.begun)
	}
	return nil
}

// compare compares the association with what an answer says of it.
func (t *team) compare(got *engine.MpaTeamAssociation) error {
	if got.Action != apc.MpaOperationImportRootPublicKeyCertificate || got.MpaTeamArn != t.arn || got.AssociationState != t.state {
		return fmt.Errorf("got the association %+v, want %s in %s", got, t.arn, t.state)
	}
	return t.session.compare(got.MpaStatus)
}

// didApproval takes over the effect of an operation on approval.
func (q *request) didApproval(in, out any) (err error) {
	switch in := in.(type) {
	case *engine.AssociateMpaTeamInput:
		got := &out.(*engine.AssociateMpaTeamOutput).MpaTeamAssociation
		if q.p.team == nil {
			q.p.team = &team{arn: in.MpaTeamArn, state: apc.AssociationStateActive}
			return q.p.team.compare(got)
		}
		q.p.team.next = in.MpaTeamArn
		return q.awaits(apc.AssociationStateUpdatePending, got)
	case *engine.DisassociateMpaTeamInput:
		return q.awaits(apc.AssociationStateDeletePending, &out.(*engine.DisassociateMpaTeamOutput).MpaTeamAssociation)
	case *engine.GetMpaTeamAssociationInput:
		return q.p.team.compare(&out.(*engine.GetMpaTeamAssociationOutput).MpaTeamAssociation)
	case *DecideApprovalInput:
		q.w.sessions[in.Session].decide(in.Decision)
	}
	return nil
}

// awaits makes the association wait for its team.
func (q *request) awaits(state apc.AssociationState, got *engine.MpaTeamAssociation) error {
	t := q.p.team
	s, err := q.begin(got.MpaStatus, t.arn)
	if err != nil {
		return err
	}
	s.at, t.session, t.state = q.p, s, state
	return t.compare(got)
}
