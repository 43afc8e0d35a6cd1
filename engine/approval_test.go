package engine_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

const (
	guarded = apc.MpaOperationImportRootPublicKeyCertificate
	team    = "arn:aws:mpa:us-east-1:111122223333:approval-team/custodians"
	team2   = "arn:aws:mpa:us-east-1:111122223333:approval-team/board"
)

// approvals is a simulator with a clock, an imported root to be, and what the tests ask.
type approvals struct {
	*testing.T
	*engine.Engine
	clock  *engine.Clock
	root   certified
	events []apc.Event
}

func newApprovals(t *testing.T, o engine.Options) *approvals {
	a := &approvals{T: t, clock: engine.NewClock(noon), root: issue(t, rsaKey(t, 2048, 0), "root", nil, nil)}
	o.Now, o.Observe = a.clock.Now, func(e apc.Event) { a.events = append(a.events, e) }
	a.Engine = simtest.New(t, &o)
	return a
}

func (a *approvals) associate(arn string) (engine.MpaTeamAssociation, error) {
	out, err := a.AssociateMpaTeam(ctx, &engine.AssociateMpaTeamInput{Action: guarded, MpaTeamArn: arn, RequesterComment: new("please")})
	if err != nil {
		return engine.MpaTeamAssociation{}, err
	}
	return out.MpaTeamAssociation, nil
}

func (a *approvals) importRoot(comment *string) (engine.Key, error) {
	out, err := a.ImportKey(ctx, &engine.ImportKeyInput{RequesterComment: comment, KeyMaterial: engine.ImportKeyMaterial{
		RootCertificatePublicKey: &engine.RootCertificatePublicKey{
			KeyAttributes:        publicAttributes(apc.KeyAlgorithmRSA2048),
			PublicKeyCertificate: a.root.text(),
		}}})
	if err != nil {
		return engine.Key{}, err
	}
	return out.Key, nil
}

// association is the present one on a line.
func (a *approvals) association() string {
	out, err := a.GetMpaTeamAssociation(ctx, &engine.GetMpaTeamAssociationInput{Action: guarded})
	if err != nil {
		return "none"
	}
	return shownTeam(out.MpaTeamAssociation)
}

func shownTeam(t engine.MpaTeamAssociation) string {
	return fmt.Sprint(t.MpaTeamArn[len(team)-len("custodians"):], " ", t.AssociationState, shownApproval(t.MpaStatus))
}

func shownApproval(m *engine.MpaStatus) string {
	switch {
	case m == nil:
		return ""
	case m.StatusMessage != nil:
		return fmt.Sprint(" ", m.Status, " (", *m.StatusMessage, ")")
	}
	return fmt.Sprint(" ", m.Status)
}

func (a *approvals) decide(session string, d apc.Decision) {
	a.Helper()
	if err := a.DecideApproval(ctx, session, d); err != nil {
		a.Fatalf("DecideApproval %s: %v", d, err)
	}
}

// custodiansSession is the form of a session's ARN: its id is a UUID of version 4.
var custodiansSession = regexp.MustCompile(`^arn:aws:mpa:us-east-1:111122223333:session/custodians/` +
	`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestRootImportWaitsForItsTeam(t *testing.T) {
	a := newApprovals(t, engine.Options{})
	if k, err := a.importRoot(nil); err != nil || k.MpaStatus != nil || k.KeyState != apc.KeyStateCreateComplete {
		t.Errorf("without a team: %+v, %v", k, err)
	}
	if got, err := a.associate(team); err != nil || shownTeam(got) != "custodians ACTIVE" {
		t.Errorf("AssociateMpaTeam: %s, %v", shownTeam(got), err)
	}
	_, err := a.importRoot(nil)
	refused(t, "without a comment", err, apc.ErrValidation, apc.RuleRequired)
	if k, err := a.importRoot(new("")); err != nil || shownApproval(k.MpaStatus) != " PENDING" {
		t.Errorf("with an empty comment: got %s, %v", shownApproval(k.MpaStatus), err)
	} else {
		a.decide(k.MpaStatus.MpaSessionArn, apc.Approve)
	}
	if diff := cmp.Diff([]string{"true ImportKey APPROVED"}, a.importEnds()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// importEnds are the events of the sessions of imports that have ended.
func (a *approvals) importEnds() (ends []string) {
	for _, e := range a.events {
		if e.EventType == apc.ServiceEvent && e.EventName == "ImportKey" {
			d := e.ServiceEventDetails
			ends = append(ends, fmt.Sprint(d["keyArn"] == e.Resources[0], " ", d["operation"], " ", d["sessionStatus"]))
		}
	}
	return ends
}

// pendingRoot is an import of a root that waits for its team.
func (a *approvals) pendingRoot() engine.Key {
	a.Helper()
	k, err := a.importRoot(new("the acquirer's root"))
	if err != nil || k.KeyState != apc.KeyStateCreateInProgress || shownApproval(k.MpaStatus) != " PENDING" || !k.Enabled ||
		k.KeyOrigin != apc.KeyOriginExternal ||
		!k.MpaStatus.InitiationDate.Equal(a.clock.Now()) {
		a.Fatalf("an import that waits: %+v, %v", k, err)
	}
	if !custodiansSession.MatchString(k.MpaStatus.MpaSessionArn) {
		a.Errorf("the session is %s", k.MpaStatus.MpaSessionArn)
	}
	return k
}

// useRoot imports a certificate that the root issued.
func (a *approvals) useRoot(leaf certified, root string) error {
	_, err := a.ImportKey(
		ctx,
		&engine.ImportKeyInput{KeyMaterial: engine.ImportKeyMaterial{TrustedCertificatePublicKey: &engine.TrustedCertificatePublicKey{
			CertificateAuthorityPublicKeyIdentifier: root, PublicKeyCertificate: leaf.text(),
			KeyAttributes: apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31D1AsymmetricKeyForDataEncryption,
				KeyClass: apc.KeyClassPublicKey, KeyAlgorithm: apc.KeyAlgorithmRSA2048,
				KeyModesOfUse: apc.KeyModesOfUse{Encrypt: true, Wrap: true}}}}},
	)
	return err
}

func TestRootsAreUsedOnceTheirTeamHasApprovedThem(t *testing.T) {
	a := newApprovals(t, engine.Options{})
	if _, err := a.associate(team); err != nil {
		t.Fatal(err)
	}
	k := a.pendingRoot()
	leaf := issue(t, rsaKey(t, 2048, 1), "leaf", &a.root, nil)
	refused(t, "the use of a root that waits", a.useRoot(leaf, k.KeyArn), apc.ErrValidation, apc.RuleKeyState)
	a.clock.Advance(time.Hour)
	a.decide(k.MpaStatus.MpaSessionArn, apc.Approve)
	approved := got(t, a.Caller, k.KeyArn)
	if approved.KeyState != apc.KeyStateCreateComplete || shownApproval(approved.MpaStatus) != " APPROVED" ||
		!approved.CreateTimestamp.Equal(k.CreateTimestamp) ||
		!approved.UsageStartTimestamp.Equal(*k.UsageStartTimestamp) {
		t.Errorf("approved: %+v", approved)
	}
	if err := a.useRoot(leaf, k.KeyArn); err != nil {
		t.Errorf("the use of an approved root: %v", err)
	}
	refused(t, "a second decision", a.DecideApproval(ctx, k.MpaStatus.MpaSessionArn, apc.Deny), apc.ErrConflict, apc.RuleSession)
	denied, late := a.pendingRoot(), a.pendingRoot()
	a.decide(denied.MpaStatus.MpaSessionArn, apc.Deny)
	a.clock.Advance(day)
	for what, k := range map[string]engine.Key{"denied": denied, "too late": late} {
		failed := got(t, a.Caller, k.KeyArn)
		if failed.KeyState != apc.KeyStateCreateFailed ||
			shownApproval(failed.MpaStatus) != " FAILED (Approval session expired or was denied)" {
			t.Errorf("%s: %+v", what, failed)
		}
		refused(t, what+": its use", a.useRoot(leaf, k.KeyArn), apc.ErrValidation, apc.RuleKeyState)
		_, err := a.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: k.KeyArn})
		refused(t, what+": DeleteKey", err, apc.ErrValidation, apc.RuleKeyState)
		if alias, err := newAlias(a.Caller, "alias/"+strings.ReplaceAll(what, " ", "-"), &k.KeyArn); err != nil || *alias.KeyArn != k.KeyArn {
			t.Errorf("%s: an alias of it: got %+v, %v", what, alias, err)
		}
		refused(t, what+": a decision", a.DecideApproval(ctx, k.MpaStatus.MpaSessionArn, apc.Approve), apc.ErrConflict, apc.RuleSession)
	}
	if err := a.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	want := []string{"true ImportKey APPROVED", "true ImportKey FAILED", "true ImportKey FAILED"}
	if diff := cmp.Diff(want, a.importEnds()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestCancelledSessionsChangeNothing: the key has failed, and the association is as it was.
func TestCancelledSessionsChangeNothing(t *testing.T) {
	a := newApprovals(t, engine.Options{Limits: apc.Limits{Keys: 1}})
	if _, err := a.associate(team); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the quota has room for the second only if the first does not count
		k, err := a.importRoot(new("by mistake"))
		if err != nil {
			t.Fatal(err)
		}
		a.decide(k.MpaStatus.MpaSessionArn, apc.Cancel)
		if k := got(t, a.Caller, k.KeyArn); k.KeyState != apc.KeyStateCreateFailed || shownApproval(k.MpaStatus) != " CANCELLED" {
			t.Errorf("a cancelled import: got %s%s, want CREATE_FAILED CANCELLED", k.KeyState, shownApproval(k.MpaStatus))
		}
		refused(t, "a second decision", a.DecideApproval(ctx, k.MpaStatus.MpaSessionArn, apc.Approve), apc.ErrConflict, apc.RuleSession)
	}
	change, err := a.associate(team2)
	if err != nil {
		t.Fatal(err)
	}
	a.decide(change.MpaStatus.MpaSessionArn, apc.Cancel)
	end, err := a.DisassociateMpaTeam(ctx, &engine.DisassociateMpaTeamInput{Action: guarded})
	if err != nil {
		t.Fatal(err)
	}
	a.decide(end.MpaTeamAssociation.MpaStatus.MpaSessionArn, apc.Cancel)
	if got, want := a.association(), "custodians ACTIVE CANCELLED"; got != want {
		t.Errorf("a cancelled change and a cancelled end: got %s, want %s", got, want)
	}
}

func TestFailedImportsDoNotCount(t *testing.T) {
	a := newApprovals(t, engine.Options{Limits: apc.Limits{Keys: 1, ApprovalTime: time.Hour}})
	if _, err := a.associate(team); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := a.importRoot(new("again")); err != nil {
			t.Fatal(err)
		}
		_, err := a.importRoot(new("and again"))
		refused(t, "a second import that waits", err, apc.ErrServiceQuotaExceeded, apc.RuleQuota)
		a.clock.Advance(time.Hour)
	}
}

func (a *approvals) disassociate() (engine.MpaTeamAssociation, error) {
	out, err := a.DisassociateMpaTeam(ctx, &engine.DisassociateMpaTeamInput{Action: guarded})
	if err != nil {
		return engine.MpaTeamAssociation{}, err
	}
	return out.MpaTeamAssociation, nil
}

// changeTeam begins a change of the team and returns its session.
func (a *approvals) changeTeam() string {
	a.Helper()
	got, err := a.associate(team2)
	if err != nil || shownTeam(got) != "custodians UPDATE_PENDING PENDING" {
		a.Fatalf("another team: %s, %v", shownTeam(got), err)
	}
	return got.MpaStatus.MpaSessionArn
}

// endTeam begins the end of the association and returns its session.
func (a *approvals) endTeam() string {
	a.Helper()
	got, err := a.disassociate()
	if err != nil || got.AssociationState != apc.AssociationStateDeletePending || shownApproval(got.MpaStatus) != " PENDING" {
		a.Fatalf("DisassociateMpaTeam: %s, %v", shownTeam(got), err)
	}
	return got.MpaStatus.MpaSessionArn
}

// at checks the association.
func (a *approvals) at(what, want string) {
	a.Helper()
	if got := a.association(); got != want {
		a.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func TestTeamGuardsItsOwnAssociation(t *testing.T) {
	a := newApprovals(t, engine.Options{})
	_, err := a.disassociate()
	refused(t, "DisassociateMpaTeam without a team", err, apc.ErrResourceNotFound, apc.RuleTeam)
	_, err = a.GetMpaTeamAssociation(ctx, &engine.GetMpaTeamAssociationInput{Action: guarded})
	refused(t, "GetMpaTeamAssociation without a team", err, apc.ErrResourceNotFound, apc.RuleTeam)
	if _, err := a.associate(team); err != nil {
		t.Fatal(err)
	}
	_, err = a.associate(team)
	refused(t, "the same team again", err, apc.ErrConflict, apc.RuleTeam)
	session := a.changeTeam()
	_, err = a.associate(team2)
	refused(t, "a change while one waits", err, apc.ErrConflict, apc.RuleTeam)
	_, err = a.disassociate()
	refused(t, "DisassociateMpaTeam while a change waits", err, apc.ErrConflict, apc.RuleTeam)
	if k, err := a.importRoot(new("meanwhile")); err != nil || shownApproval(k.MpaStatus) != " PENDING" {
		t.Errorf("an import while a change waits: %+v, %v", k, err)
	}
	a.decide(session, apc.Deny)
	a.at("denied", "custodians ACTIVE FAILED (Approval session expired or was denied)")
	a.changeTeam()
	a.clock.Advance(day)
	a.at("too late", "custodians ACTIVE FAILED (Approval session expired or was denied)")
	a.decide(a.changeTeam(), apc.Approve)
	a.at("approved", "board ACTIVE APPROVED")
	a.decide(a.endTeam(), apc.Deny)
	a.at("its end denied", "board ACTIVE FAILED (Approval session expired or was denied)")
	a.endTeam()
	a.clock.Advance(day)
	a.at("its end too late", "board ACTIVE FAILED (Approval session expired or was denied)")
	last := a.endTeam()
	a.decide(last, apc.Approve)
	a.at("its end approved", "none")
	refused(t, "a decision about an association that has ended", a.DecideApproval(ctx, last, apc.Approve),
		apc.ErrConflict, apc.RuleSession)
	if k, err := a.importRoot(nil); err != nil || k.MpaStatus != nil {
		t.Errorf("an import without a team: %+v, %v", k, err)
	}
	var ends []string
	for _, e := range a.events {
		if d := e.ServiceEventDetails; e.EventType == apc.ServiceEvent && d["keyArn"] == "" {
			ends = append(ends, fmt.Sprint(d["operation"] == e.EventName, " ", e.EventName, " ", e.AccountID, " ", e.AWSRegion, " ",
				d["mpaTeamArn"][len(team)-len("custodians"):], " ", d["sessionStatus"], " ", d["mpaSessionArn"] == last))
		}
	}
	const changed, ended = "true AssociateMpaTeam 111122223333 us-east-1 ", "true DisassociateMpaTeam 111122223333 us-east-1 "
	if diff := cmp.Diff([]string{
		changed + "custodians FAILED false",
		changed + "custodians FAILED false", // too late
		changed + "board APPROVED false",
		ended + "board FAILED false",
		ended + "board FAILED false", // too late
		ended + "board APPROVED true",
	}, ends); diff != "" {
		t.Errorf("events of the sessions (-want +got):\n%s", diff)
	}
}

// TestADecisionThatComesTooLateIsRefused although no caller has read the key or the association since.
func TestADecisionThatComesTooLateIsRefused(t *testing.T) {
	a := newApprovals(t, engine.Options{})
	if _, err := a.associate(team); err != nil {
		t.Fatal(err)
	}
	for what, session := range map[string]string{"an import": a.pendingRoot().MpaStatus.MpaSessionArn, "another team": a.changeTeam()} {
		a.clock.Advance(day)
		refused(t, what, a.DecideApproval(ctx, session, apc.Approve), apc.ErrConflict, apc.RuleSession)
	}
}

func TestTeamsAndSessionsThatDoNotExist(t *testing.T) {
	a := newApprovals(t, engine.Options{Teams: []string{team}})
	_, err := a.associate(team2)
	refused(t, "a team that is not in Options.Teams", err, apc.ErrResourceNotFound, apc.RuleTeam)
	if _, err := a.associate(team); err != nil {
		t.Errorf("one that is: %v", err)
	}
	for _, arn := range []string{"", "x", "arn:aws:mpa:us-east-1:111122223333:session/custodians/",
		"arn:aws:mpa:us-east-1:111122223333:session/custodians/6ba7b810-9dad-41d1-80b4-00c04fd430c8"} {
		refused(t, "the session "+arn, a.DecideApproval(ctx, arn, apc.Approve), apc.ErrResourceNotFound, apc.RuleSession)
	}
	k, err := a.importRoot(new("c"))
	if err != nil {
		t.Fatal(err)
	}
	refused(t, "another decision", a.DecideApproval(ctx, k.MpaStatus.MpaSessionArn, "PERHAPS"), apc.ErrValidation, apc.RuleEnum)
}

func TestCreationTakesItsTime(t *testing.T) {
	clock := engine.NewClock(noon)
	eng := simtest.New(t, &engine.Options{Now: clock.Now, Limits: apc.Limits{CreationTime: time.Minute}})
	k := everywhere(t, eng.Caller, west)
	there := eng.As(apc.Identity{Region: west})
	for _, c := range []struct {
		after time.Duration
		want  apc.KeyState
	}{{0, apc.KeyStateCreateInProgress}, {time.Minute - time.Millisecond, apc.KeyStateCreateInProgress},
		{time.Minute, apc.KeyStateCreateComplete}} {
		clock.Set(noon.Add(c.after))
		if here, replica := state(t, eng.Caller, k.KeyArn), state(t, there, inRegion(k.KeyArn, west)); here != c.want ||
			replica != c.want {
			t.Errorf("after %s: got %s and its replica %s, want %s", c.after, here, replica, c.want)
		}
		_, err := exportBlock(eng.Caller, k.KeyArn, k.KeyArn, nil)
		if (err == nil) != (c.want == apc.KeyStateCreateComplete) {
			t.Errorf("after %s: its use: %v", c.after, err)
		}
	}
	if err := eng.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	clock.Set(noon)
	if got := state(t, eng.Caller, k.KeyArn); got != apc.KeyStateCreateComplete {
		t.Errorf("with the clock set back: %s", got)
	}
}

func TestRequestsBeyondTheRateAreThrottled(t *testing.T) {
	clock := engine.NewClock(noon)
	eng := simtest.New(t, &engine.Options{Now: clock.Now, Limits: apc.Limits{Requests: 5}})
	list := func(c *engine.Caller) error { _, err := c.ListKeys(ctx, nil); return err }
	for i := range 12 {
		err := list(eng.Caller)
		if i < 5 && err != nil {
			t.Errorf("request %d: %v", i+1, err)
		}
		if i >= 5 {
			refused(t, fmt.Sprint("request ", i+1), err, apc.ErrThrottling, apc.RuleRate)
		}
	}
	for what, c := range map[string]*engine.Caller{"another account": eng.As(apc.Identity{Account: acquirer}),
		"another Region": eng.As(apc.Identity{Region: west})} {
		if err := list(c); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	clock.Advance(time.Second)
	if err := list(eng.Caller); err != nil {
		t.Errorf("the next second: %v", err)
	}
}
