package server

import (
	"encoding/json"
	"strconv"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/cmd/apcsim/internal/console"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/keystore"
)

func (q *request) faultsPage() (*console.Page, error) {
	p := &console.FaultsPage{}
	for op := range engine.Operations() {
		p.Operations = append(p.Operations, op.Name)
	}
	for _, e := range engine.FaultEffects() {
		p.Effects = append(p.Effects, string(e))
	}
	for _, a := range q.world.faults.List() {
		p.Faults = append(p.Faults, console.FaultRow(viewFault(&a)))
	}
	return &console.Page{View: "faults", Title: "Faults", Data: p}, nil
}

// armByForm arms a fault as POST faults does.
func (q *request) armByForm() (*console.Page, error) {
	in := map[string]any{"operation": q.PostForm.Get("operation"), "effect": q.PostForm.Get("effect")}
	for _, name := range []string{"nth", "times"} {
		n, err := strconv.Atoi(q.PostForm.Get(name))
		if err != nil || n < 1 {
			return nil, &inputError{name, "wanted a number from 1"}
		}
		in[name] = n
	}
	if delay := q.PostForm.Get("delay"); delay != "" {
		in["delay"] = delay
	}
	q.body, _ = json.Marshal(in) // it has texts and numbers alone
	_, err := q.armFault()
	return nil, err
}

func (q *request) disarmByForm() (*console.Page, error) {
	q.id = q.PostForm.Get("id")
	_, err := q.disarmFault()
	return nil, err
}

// approvalsPage shows the sessions that wait for a team's decision: about imports of all accounts, and
// about the associations of teams in the server's own account and Region.
func (q *request) approvalsPage() (*console.Page, error) {
	p := &console.ApprovalsPage{}
	records, err := q.world.store.Due(q.Context(), keystore.Partition{}, q.world.clock.now().Add(maxDuration), maxDue)
	if err != nil {
		return nil, err
	}
	for i := range records {
		var k core.Key
		if records[i].Kind == core.KindKey && k.Decode(&records[i]) == nil && k.Approval.Status == apc.SessionStatusPending {
			p.Sessions = append(
				p.Sessions,
				console.ApprovalRow{
					Session: k.Approval.Session,
					About:   "import of " + k.ARN.String(),
					Comment: k.Approval.Comment,
					Since:   k.Approval.Initiated,
				},
			)
		}
	}
	c := q.world.engine.As(owner("", "", q.server.home))
	for _, action := range apc.MpaOperation("").Values() {
		out, err := c.GetMpaTeamAssociation(q.Context(), &engine.GetMpaTeamAssociationInput{Action: action})
		if err != nil { // no team
			continue
		}
		p.Teams = append(
			p.Teams,
			console.TeamRow{
				Action: string(action),
				Team:   out.MpaTeamAssociation.MpaTeamArn,
				State:  string(out.MpaTeamAssociation.AssociationState),
			},
		)
		if s := out.MpaTeamAssociation.MpaStatus; s != nil && s.Status == apc.SessionStatusPending {
			p.Sessions = append(
				p.Sessions,
				console.ApprovalRow{Session: s.MpaSessionArn, About: "change of the team for " + string(action), Since: s.InitiationDate},
			)
		}
	}
	return &console.Page{View: "approvals", Title: "Approvals", Data: p}, nil
}

func (q *request) decideByForm() (*console.Page, error) {
	q.body, _ = json.Marshal(map[string]string{"session": q.PostForm.Get("session"), "decision": q.PostForm.Get("decision")})
	_, err := q.decide()
	return nil, err
}
