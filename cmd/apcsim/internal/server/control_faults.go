package server

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/engine"
)

// faultView is a fault in JSON.
type faultView struct {
	ID        int    `json:"id"`
	Operation string `json:"operation,omitempty"` // absent: any
	Nth       int    `json:"nth"`
	Times     int    `json:"times"`
	Effect    string `json:"effect"`
	Delay     string `json:"delay,omitempty"`
	Seen      int    `json:"seen"`    // calls of the operation since it was armed
	Applied   int    `json:"applied"` // calls that it made go wrong
}

func viewFault(a *engine.ArmedFault) faultView {
	v := faultView{ID: a.ID, Operation: a.Operation, Nth: a.Nth, Times: a.Times, Effect: string(a.Effect), Seen: a.Seen, Applied: a.Applied}
	if a.Delay > 0 {
		v.Delay = a.Delay.String()
	}
	return v
}

// armFault makes calls go wrong from now on.
func (q *request) armFault() (any, error) {
	var in struct {
		Operation string    `json:"operation"`
		Nth       int       `json:"nth"`
		Times     int       `json:"times"`
		Effect    string    `json:"effect"`
		Delay     *duration `json:"delay"`
	}
	if err := q.read(&in); err != nil {
		return nil, err
	}
	f := engine.Fault{Operation: in.Operation, Nth: in.Nth, Times: in.Times, Effect: engine.FaultEffect(in.Effect)}
	if _, known := engine.OperationNamed(f.Operation); f.Operation != "" && !known {
		return nil, &inputError{"operation", "the service has no such operation"}
	}
	if !slices.Contains(engine.FaultEffects(), f.Effect) {
		return nil, &inputError{"effect", "wanted one of " + effectNames()}
	}
	if in.Delay != nil {
		f.Delay = time.Duration(*in.Delay)
	}
	if (f.Effect == engine.FaultDelay) != (in.Delay != nil) {
		return nil, &inputError{"delay", "belongs to the effect Delay, and to that alone"}
	}
	return map[string]int{"id": q.world.faults.Arm(f)}, nil
}

func effectNames() string {
	var names []string
	for _, e := range engine.FaultEffects() {
		names = append(names, string(e))
	}
	return strings.Join(names, ", ")
}

// listFaults shows the faults that are armed, with their outcomes.
func (q *request) listFaults() (any, error) {
	out := struct {
		Faults []faultView `json:"faults"`
	}{[]faultView{}}
	for _, a := range q.world.faults.List() {
		out.Faults = append(out.Faults, viewFault(&a))
	}
	return out, nil
}

// disarmFault takes a fault back.
func (q *request) disarmFault() (any, error) {
	id, err := strconv.Atoi(q.id)
	if err != nil || !q.world.faults.Disarm(id) {
		return nil, &ownError{http.StatusNotFound, "there is no such fault"}
	}
	return struct{}{}, nil
}
