package core

import (
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
)

// Act is what can happen to a key.
type Act string

const (
	AskDelete   Act = "DeleteKey"
	AskRestore  Act = "RestoreKey"
	AskStart    Act = "StartKeyUsage"
	AskStop     Act = "StopKeyUsage"
	WaitElapsed Act = "the end of the waiting period"
	Finished    Act = "the end of its creation"
	Approved    Act = "the approval of its import"
	NotApproved Act = "the denial of its import"
)

// transition is an act on a key in a state. Enabled is a flag next to the state;
// it forbids no transition.
type transition struct {
	from apc.KeyState
	act  Act
}

// lifecycle is every legal transition of a key and the state after it (control-plane,
// section 7.2). A transition that is absent is refused with ValidationException
// (LIVE L-delete-state; GUESS G-state-refusal for the others). Starting an enabled
// key and stopping a stopped one succeed and change nothing (GUESS G-start-again).
var lifecycle = map[transition]apc.KeyState{
	{apc.KeyStateCreateComplete, AskDelete}:  apc.KeyStateDeletePending,
	{apc.KeyStateDeletePending, AskRestore}:  apc.KeyStateCreateComplete,
	{apc.KeyStateCreateComplete, AskStart}:   apc.KeyStateCreateComplete,
	{apc.KeyStateCreateComplete, AskStop}:    apc.KeyStateCreateComplete,
	{apc.KeyStateDeletePending, WaitElapsed}: apc.KeyStateDeleteComplete,

	{apc.KeyStateCreateInProgress, Finished}:    apc.KeyStateCreateComplete,
	{apc.KeyStateCreateInProgress, Approved}:    apc.KeyStateCreateComplete,
	{apc.KeyStateCreateInProgress, NotApproved}: apc.KeyStateCreateFailed,
}

// sources lists the states from which an act is legal, for its refusal.
func (a Act) sources() string {
	for _, s := range keyStates {
		if _, ok := lifecycle[transition{s, a}]; ok {
			return string(s) // each act has one
		}
	}
	return "no state"
}

// Apply applies an act, or refuses it.
func (k Key) Apply(a Act) (Key, error) {
	if k.isReplica() {
		return Key{}, replicaError(k)
	}
	to, ok := lifecycle[transition{k.State, a}]
	if !ok {
		return Key{}, StateError(k, a.sources())
	}
	k.State = to
	return k, nil
}

// StateError is a refusal of a state with the text that was seen live.
func StateError(k Key, wanted string) error {
	return &apc.Error{
		Code:     apc.ErrValidation,
		Resource: k.ARN.String(),
		Message:  "Key " + k.ARN.String() + " is not in " + wanted + " state.",
		Reasons:  []apc.Reason{Because(apc.RuleKeyState, "KeyState", problemKeyState, string(k.State), wanted)},
	}
}

// Deleting schedules the deletion. Enabled stays as it is (LIVE L-delete-enabled).
func (k Key) Deleting(now time.Time, days int) (Key, error) {
	k, err := k.Apply(AskDelete)
	k.DeletePending = now.AddDate(0, 0, days)
	return k, err
}

// Restored cancels the deletion.
func (k Key) Restored() (Key, error) {
	k, err := k.Apply(AskRestore)
	k.DeletePending = time.Time{}
	return k, err
}

// Started enables the key.
func (k Key) Started(now time.Time) (Key, error) {
	enabled := k.Enabled
	k, err := k.Apply(AskStart)
	if err != nil || enabled {
		return k, err
	}
	k.Enabled, k.UsageStart, k.UsageStop = true, now, time.Time{}
	return k, nil
}

// Stopped disables the key.
func (k Key) Stopped(now time.Time) (Key, error) {
	enabled := k.Enabled
	k, err := k.Apply(AskStop)
	if err != nil || !enabled {
		return k, err
	}
	k.Enabled, k.UsageStart, k.UsageStop = false, time.Time{}, now
	return k, nil
}

// settle makes the key what it is at a time: once the waiting period is over it is deleted,
// whether this has been stored or not. The time of deletion is the due time (GUESS G-deletion-time), Enabled becomes
// false (GUESS G-deleted-enabled), the material is erased.
func (k *Key) settle(now time.Time) {
	k.settleReplicas(now)
	switch {
	case k.State != apc.KeyStateCreateInProgress:
	case k.Approval.over(now):
		k.decide(apc.Deny)
	case !k.Ready.IsZero() && !k.Ready.After(now):
		k.State, k.Ready = lifecycle[transition{k.State, Finished}], time.Time{}
	}
	if k.State != apc.KeyStateDeletePending || k.DeletePending.After(now) {
		return
	}
	k.State = lifecycle[transition{apc.KeyStateDeletePending, WaitElapsed}]
	k.Enabled = false
	k.Deleted, k.DeletePending = k.DeletePending, time.Time{}
	k.sealed, k.bound, k.Certificate, k.Certified, k.Authority = nil, nil, "", time.Time{}, ""
}

// checkUsable refuses a key that cannot take part in cryptography now (GUESS G-unusable-key: the exception).
func (k Key) checkUsable(field string) error {
	if k.State != apc.KeyStateCreateComplete {
		err := StateError(k, string(apc.KeyStateCreateComplete)).(*apc.Error)
		err.Reasons[0].Field = field
		return err
	}
	if !k.Enabled {
		return &apc.Error{
			Code: apc.ErrValidation, Resource: k.ARN.String(),
			Message: "Key " + k.ARN.String() + " is not enabled.",
			Reasons: []apc.Reason{Because(apc.RuleKeyEnabled, field, problemNotEnabled, "", "StartKeyUsage before it is used")},
		}
	}
	return nil
}
