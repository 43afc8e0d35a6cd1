package core

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// Multi-party approval (user guide, mpa): a team is associated with an action of an account in a Region
// (GUESS G-team-per-region: that it is per Region), and what it guards waits in a session until the team
// decides or Limits.ApprovalTime is over.

// Records of approval. A session's record names the record that waits for it.
const (
	kindTeam       = keystore.Kind("team")
	kindSession    = keystore.Kind("mpa-session")
	teamVersion    = 1
	sessionVersion = 1
)

// sessionRegion is the Region of all sessions, whatever the Region of the key. Multi-party approval protects
// resources of the commercial Regions from there (its user guide, "Region support"), so that the partition is aws.
const sessionRegion = "us-east-1"

// notApproved is the message of a session that ended otherwise, as the user guide has it.
const notApproved = "Approval session expired or was denied"

// Team is the association of a team with an action. The zero value is none.
type Team struct {
	Partition keystore.Partition
	Action    apc.MpaOperation
	ARN       string
	State     apc.AssociationState
	Next      string   // the team that is to take over; "": none
	Session   Approval // the last one about the association
	rev       keystore.CommitID
}

// Exists reports whether a team is associated.
func (t *Team) Exists() bool { return t.rev != keystore.CommitID{} }

// Ref names the association's record.
func (t *Team) Ref() keystore.Ref { return teamRef(t.Partition, t.Action) }

func teamRef(p keystore.Partition, a apc.MpaOperation) keystore.Ref {
	return keystore.Ref{Partition: p, Kind: kindTeam, ID: string(a)}
}

// Unchanged requires that the association is as it was read.
func (t *Team) Unchanged() keystore.Change {
	return keystore.Change{Require: &keystore.Require{Ref: teamRef(t.Partition, t.Action), Expect: t.rev}}
}

// Put writes the association. A session that is pending makes it due.
func (t *Team) Put() keystore.Change {
	w := &writer{b: []byte{teamVersion}}
	w.text(t.ARN)
	w.text(string(t.State))
	w.text(t.Next)
	w.approval(&t.Session)
	return keystore.Replace(
		keystore.Record{
			Partition: t.Partition,
			Kind:      kindTeam,
			ID:        string(t.Action),
			Rev:       t.rev,
			Due:       t.Session.Deadline,
			Data:      w.record(),
		},
	)
}

// remove is the change that ends the association.
func (t *Team) remove() keystore.Change {
	return keystore.Change{Remove: &keystore.Remove{Ref: teamRef(t.Partition, t.Action), Expect: t.rev}}
}

func (w *writer) approval(a *Approval) {
	w.text(a.Session)
	w.text(string(a.Status))
	w.time(a.Initiated)
	w.text(a.Message)
	w.text(a.Comment)
	w.time(a.Deadline)
}

func decodeTeam(rec *keystore.Record) (Team, error) {
	r := newReader(rec.Data, string(kindTeam), teamVersion)
	t := Team{Partition: rec.Partition, Action: apc.MpaOperation(rec.ID), rev: rec.Rev}
	t.ARN, t.State, t.Next = r.text(), member(&r, apc.AssociationState("").Values()), r.text()
	t.Session = Approval{
		Session:   r.text(),
		Status:    member(&r, allSessionStatus),
		Initiated: r.time(),
		Message:   r.text(),
		Comment:   r.text(),
		Deadline:  r.time(),
	}
	return t, r.end()
}

// settle ends a session whose time is over.
func (t *Team) settle(now time.Time) {
	if t.Session.over(now) {
		t.decide(apc.Deny)
	}
}

// over reports whether no decision was made in time.
func (a *Approval) over(now time.Time) bool {
	return a.Status == apc.SessionStatusPending && !a.Deadline.IsZero() && !a.Deadline.After(now)
}

// decide ends the session about the association. It reports whether the association ends with it.
func (t *Team) decide(d apc.Decision) (ends bool) {
	t.Session.decide(d)
	if d == apc.Approve {
		if t.State == apc.AssociationStateDeletePending {
			return true
		}
		t.ARN = t.Next
	}
	t.State, t.Next = apc.AssociationStateActive, ""
	return false
}

// decide ends the session. One that is cancelled has no message, and what waited for it ends as if it were
// denied (GUESS G-session-cancelled).
func (a *Approval) decide(d apc.Decision) {
	a.Deadline = time.Time{}
	switch d {
	case apc.Approve:
		a.Status = apc.SessionStatusApproved
	case apc.Cancel:
		a.Status = apc.SessionStatusCancelled
	default:
		a.Status, a.Message = apc.SessionStatusFailed, notApproved
	}
}

// Team reads the association of the caller's account and Region with an action.
func (c *Call) Team(ctx context.Context, a apc.MpaOperation) (Team, error) {
	none := Team{Partition: c.Home(), Action: a}
	found, err := c.Cloud.Read(ctx, teamRef(c.Home(), a))
	if err != nil {
		return none, StoreError(err)
	}
	if !found[0].Record.Exists() {
		return none, nil
	}
	t, err := decodeTeam(&found[0].Record)
	if err != nil {
		return none, unreadable(&found[0].Record, err)
	}
	t.settle(c.Now)
	return t, nil
}

// Refusal is any error as an *Error of its own.
func Refusal(err error) *apc.Error {
	refusal := *asRefusal(err)
	return &refusal
}

// Commit makes the changes of an operation on an association.
func (c *Call) Commit(ctx context.Context, changes ...keystore.Change) error {
	return c.Cloud.Commit(ctx, changes...)
}

// CheckTeam refuses a team that is none of those of Options.Teams (GUESS G-team-unknown: the exception).
func (c *Call) CheckTeam(arn string) error {
	if len(c.Cloud.teams) == 0 {
		return nil
	}
	for _, known := range c.Cloud.teams {
		if arn == known {
			return nil
		}
	}
	return notFound(arn, Because(apc.RuleTeam, "MpaTeamArn", problemNoTeam, wording.Foreign(arn), "a team of Options.Teams"))
}

// NoTeam is the refusal where no team is associated (GUESS G-team-none: the exception).
func NoTeam(a apc.MpaOperation) error {
	return notFound(string(a), Because(apc.RuleTeam, "Action", problemNotAssociated, "", "AssociateMpaTeam before"))
}

// TeamBusy is the refusal of a change while one waits for its approval, or of one that changes nothing (GUESS G-team-busy:
// the exception).
func TeamBusy(found, wanted string) error {
	return &apc.Error{Code: apc.ErrConflict, Message: "The team association cannot be changed now.",
		Reasons: []apc.Reason{Because(apc.RuleTeam, "Action", problemTeamBusy, found, wanted)}}
}

// NewSession begins a session of a team about a record, and returns the change that stores which record
// that is. The session is the caller's, also where the team is another account's (GUESS G-session-account).
func (c *Call) NewSession(team string, comment *string, about keystore.Ref) (Approval, keystore.Change) {
	var b [16]byte
	c.Cloud.tokens.Read(b[:])
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80 // RFC 9562, version 4
	h := hex.EncodeToString(b[:])
	id := h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
	_, name, _ := strings.Cut(team, "approval-team/")
	a := Approval{Session: "arn:aws:mpa:" + sessionRegion + ":" + c.Identity.Account + ":session/" + name + "/" + id,
		Status: apc.SessionStatusPending, Initiated: c.Now, Deadline: c.Now.Add(c.Cloud.Limits.ApprovalTime)}
	if comment != nil {
		a.Comment = *comment
	}
	w := &writer{b: []byte{sessionVersion}}
	w.text(about.Partition.Region)
	w.text(string(about.Kind))
	w.text(about.ID)
	return a, keystore.Create(
		keystore.Record{
			Partition: keystore.Partition{Account: c.Identity.Account, Region: sessionRegion},
			Kind:      kindSession,
			ID:        id,
			Data:      w.record(),
		},
	)
}

// Await makes a new key wait for a session's decision.
func (k *Key) Await(a Approval) {
	k.State, k.Approval, k.Ready = apc.KeyStateCreateInProgress, a, time.Time{}
}

// decide ends the session about the import of the key.
func (k *Key) decide(d apc.Decision) {
	act := Approved
	if d != apc.Approve {
		act = NotApproved
	}
	k.State = lifecycle[transition{k.State, act}]
	k.Approval.decide(d)
}

// Decide is the decision of a team in a session. A session that has ended, or that does not exist, is refused.
func (cloud *Cloud) Decide(ctx context.Context, session string, d apc.Decision) error {
	now := cloud.moment()
	if err := checkClock(now); err != nil {
		return err
	}
	about, err := cloud.aboutSession(ctx, session)
	if err != nil {
		return err
	}
	if !slices.Contains(d.Values(), d) {
		return Invalid(
			"The decision is not valid.",
			Because(apc.RuleEnum, "Decision", problemDecision, wording.Foreign(string(d)), "APPROVE, DENY or CANCEL"),
		)
	}
	return Retry(func() error {
		found, err := cloud.Read(ctx, about)
		if err != nil {
			return StoreError(err)
		}
		rec := &found[0].Record
		if !rec.Exists() {
			return sessionEnded(session)
		}
		if about.Kind == kindTeam {
			return cloud.decideTeam(ctx, rec, session, d, now)
		}
		return cloud.decideKey(ctx, rec, session, d, now)
	})
}

// aboutSession is the record that a session is about.
func (cloud *Cloud) aboutSession(ctx context.Context, session string) (keystore.Ref, error) {
	unknown := notFound(session, Because(apc.RuleSession, "", problemNoSession, "", "the MpaSessionArn of an answer"))
	parts := strings.Split(session, ":")
	id := session[strings.LastIndexByte(session, '/')+1:]
	if len(parts) != 6 || parts[2] != "mpa" || id == "" || len(id) > keystore.MaxID {
		return keystore.Ref{}, unknown
	}
	found, err := cloud.Read(
		ctx,
		keystore.Ref{Partition: keystore.Partition{Account: parts[4], Region: sessionRegion}, Kind: kindSession, ID: id},
	)
	if err != nil {
		return keystore.Ref{}, StoreError(err)
	}
	rec := &found[0].Record
	if !rec.Exists() {
		return keystore.Ref{}, unknown
	}
	r := newReader(rec.Data, string(kindSession), sessionVersion)
	about := keystore.Ref{Partition: keystore.Partition{Account: parts[4], Region: r.text()}, Kind: keystore.Kind(r.text()), ID: r.text()}
	if err := r.end(); err != nil {
		return keystore.Ref{}, unreadable(rec, err)
	}
	return about, nil
}

func sessionEnded(session string) error {
	return &apc.Error{Code: apc.ErrConflict, Resource: session, Message: "The approval session has ended.",
		Reasons: []apc.Reason{Because(apc.RuleSession, "", problemSessionEnded, "", "a session that is PENDING")}}
}

func (cloud *Cloud) decideTeam(ctx context.Context, rec *keystore.Record, session string, d apc.Decision, now time.Time) error {
	t, err := decodeTeam(rec)
	if err != nil {
		return unreadable(rec, err)
	}
	if t.Session.Session != session || t.Session.Status != apc.SessionStatusPending || t.Session.over(now) {
		return sessionEnded(session)
	}
	name, change := t.asked(), keystore.Change{}
	if t.decide(d) {
		change = t.remove()
	} else {
		change = t.Put()
	}
	if err := cloud.Commit(ctx, change); err != nil {
		return err
	}
	cloud.reportTeam(&t, name, now)
	return nil
}

func (cloud *Cloud) decideKey(ctx context.Context, rec *keystore.Record, session string, d apc.Decision, now time.Time) error {
	k, err := decodeKey(rec)
	if err != nil {
		return unreadable(rec, err)
	}
	if k.Approval.Session != session || k.Approval.Status != apc.SessionStatusPending || k.Approval.over(now) {
		return sessionEnded(session)
	}
	k.decide(d)
	changes := []keystore.Change{keystore.Replace(k.Record(k.Due(&cloud.Limits)))}
	if k.State == apc.KeyStateCreateFailed {
		changes = append(changes, keystore.Count(Counter(k.Partition(), countKeys), -1, int64(cloud.Limits.Keys)))
	}
	if err := cloud.Commit(ctx, changes...); err != nil {
		return err
	}
	cloud.reportApproval(&k, now)
	return nil
}

// reportApproval passes the end of an approval to the observer, in the Region of the key (GUESS G-session-event-region).
func (cloud *Cloud) reportApproval(k *Key, now time.Time) {
	if cloud.observe == nil {
		return
	}
	ev := serviceEvent(k.Partition(), "ImportKey", now)
	ev.Resources = []string{k.ARN.String()}
	ev.ServiceEventDetails = approvalDetails(ev.EventName, &k.Approval)
	ev.ServiceEventDetails["keyArn"] = k.ARN.String()
	cloud.observe(ev)
}

// approvalDetails are those that the user guide lists; the operation is the one that was requested.
func approvalDetails(operation string, a *Approval) map[string]string {
	return map[string]string{"operation": operation, "mpaSessionArn": a.Session, "sessionStatus": string(a.Status)}
}

// asked is the operation that the pending session is about.
func (t *Team) asked() string {
	if t.State == apc.AssociationStateDeletePending {
		return "DisassociateMpaTeam"
	}
	return "AssociateMpaTeam"
}

// reportTeam passes the end of a session about an association to the observer, under the operation
// that asked for it, with the team that was associated (GUESS G-team-event: published for ImportKey alone).
func (cloud *Cloud) reportTeam(t *Team, operation string, now time.Time) {
	if cloud.observe == nil {
		return
	}
	ev := serviceEvent(t.Partition, operation, now)
	ev.ServiceEventDetails = approvalDetails(operation, &t.Session)
	ev.ServiceEventDetails["mpaTeamArn"] = t.ARN
	cloud.observe(ev)
}

// settleTeam ends a session about an association whose time is over.
func (cloud *Cloud) settleTeam(ctx context.Context, rec *keystore.Record, now time.Time) error {
	t, err := decodeTeam(rec)
	if err != nil {
		return &skipError{err}
	}
	name, ended := t.asked(), t.Session.over(now)
	t.settle(now)
	done, err := cloud.commitSettled(ctx, []keystore.Change{t.Put()}, nil)
	if done && ended {
		cloud.reportTeam(&t, name, now)
	}
	return err
}
