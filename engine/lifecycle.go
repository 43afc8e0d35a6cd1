package engine

import (
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
)

// act is what can happen to a key.
type act string

const (
	askDelete   act = "DeleteKey"
	askRestore  act = "RestoreKey"
	askStart    act = "StartKeyUsage"
	askStop     act = "StopKeyUsage"
	waitElapsed act = "the end of the waiting period"
)

// move is an act on a key in a state. Enabled is a flag beside the state;
// every move is allowed whatever it says.
type move struct {
	from apc.KeyState
	act  act
}

// lifecycle is every legal move of a key and where it leads (control-plane,
// section 7.2). A pair that is absent is refused with ValidationException
// (seen live for DeleteKey; GUESS for the others). Starting a key that runs
// and stopping one that is stopped succeed and refresh the time stamp (GUESS).
var lifecycle = map[move]apc.KeyState{
	{apc.KeyStateCreateComplete, askDelete}:  apc.KeyStateDeletePending,
	{apc.KeyStateDeletePending, askRestore}:  apc.KeyStateCreateComplete,
	{apc.KeyStateCreateComplete, askStart}:   apc.KeyStateCreateComplete,
	{apc.KeyStateCreateComplete, askStop}:    apc.KeyStateCreateComplete,
	{apc.KeyStateDeletePending, waitElapsed}: apc.KeyStateDeleteComplete,
}

// sources lists the states from which an act is legal, for its refusal.
func (a act) sources() string {
	for _, s := range keyStates {
		if _, ok := lifecycle[move{s, a}]; ok {
			return string(s) // each act has one
		}
	}
	return "no state"
}

// moved applies an act, or refuses it.
func (k key) moved(a act) (key, error) {
	to, ok := lifecycle[move{k.state, a}]
	if !ok {
		return key{}, stateError(k, a.sources())
	}
	k.state = to
	return k, nil
}

// stateError is the refusal seen live: its text ends so.
func stateError(k key, wanted string) error {
	return &apc.Error{
		Code:     apc.ErrValidation,
		Resource: k.arn.String(),
		Message:  "Key " + k.arn.String() + " is not in " + wanted + " state.",
		Reasons:  []apc.Reason{because(apc.RuleKeyState, "KeyState", problemKeyState, string(k.state), wanted)},
	}
}

// deleting schedules the deletion; Enabled stays as it is (GUESS, by the
// documentation's examples).
func (k key) deleting(now time.Time, days int) (key, error) {
	k, err := k.moved(askDelete)
	k.deletePending = now.AddDate(0, 0, days)
	return k, err
}

func (k key) restored() (key, error) {
	k, err := k.moved(askRestore)
	k.deletePending = time.Time{}
	return k, err
}

func (k key) started(now time.Time) (key, error) {
	k, err := k.moved(askStart)
	k.enabled, k.usageStart, k.usageStop = true, now, time.Time{}
	return k, err
}

func (k key) stopped(now time.Time) (key, error) {
	k, err := k.moved(askStop)
	k.enabled, k.usageStart, k.usageStop = false, time.Time{}, now
	return k, err
}

// settle makes the key what it is at a time: once the waiting period is over
// it is deleted, whether the store has been told or not. The moment of
// deletion is the due time, Enabled becomes false (GUESS), the material is
// gone.
func (k *key) settle(now time.Time) {
	if k.state != apc.KeyStateDeletePending || k.deletePending.After(now) {
		return
	}
	k.state = lifecycle[move{apc.KeyStateDeletePending, waitElapsed}]
	k.enabled = false
	k.deleted, k.deletePending = k.deletePending, time.Time{}
	k.sealed, k.certificate, k.certified = nil, "", time.Time{}
}

// checkUsable refuses a key that cannot take part in cryptography now.
func (k key) checkUsable(field string) error {
	if k.state != apc.KeyStateCreateComplete {
		err := stateError(k, string(apc.KeyStateCreateComplete)).(*apc.Error)
		err.Reasons[0].Field = field
		return err
	}
	if !k.enabled {
		return &apc.Error{
			Code: apc.ErrValidation, Resource: k.arn.String(),
			Message: "Key " + k.arn.String() + " is not enabled.",
			Reasons: []apc.Reason{because(apc.RuleKeyEnabled, field, problemNotEnabled, "", "StartKeyUsage before it is used")},
		}
	}
	return nil
}
