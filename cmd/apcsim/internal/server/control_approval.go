package server

import (
	"errors"
	"net/http"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
)

// decide is the vote of an approval team, or the cancelling of its session.
func (q *request) decide() (any, error) {
	var in struct {
		Session  string `json:"session"`
		Decision string `json:"decision"`
	}
	if err := q.read(&in); err != nil {
		return nil, err
	}
	d := apc.Decision(in.Decision)
	if !slices.Contains(d.Values(), d) {
		return nil, &inputError{"decision", "wanted APPROVE, DENY or CANCEL"}
	}
	err := q.world.engine.DecideApproval(q.Context(), in.Session, d)
	switch {
	case errors.Is(err, apc.ErrResourceNotFound):
		return nil, &ownError{http.StatusNotFound, "there is no such approval session"}
	case errors.Is(err, apc.ErrConflict):
		return nil, &ownError{http.StatusConflict, "the approval session has ended"}
	case err != nil:
		return nil, err
	}
	return struct{}{}, nil
}
