package endpoint

import (
	"net/http"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
)

// TestExceptionsOfTheDataPlaneHaveTheirMembers, in the letters of the description (data-plane, section 1), and their own
// status.
func TestExceptionsOfTheDataPlaneHaveTheirMembers(t *testing.T) {
	fields := []apc.InvalidField{{Path: "A", Message: "b"}, {Path: "C.D", Message: "e"}}
	for _, c := range []struct {
		err    error
		status int
		body   string
	}{
		{&apc.Error{Code: apc.ErrValidation, Message: "no"}, 400, `{"__type":"ValidationException","message":"no"}`},
		{&apc.Error{Code: apc.ErrValidation, Message: "no", Fields: fields}, 400,
			`{"__type":"ValidationException","message":"no","fieldList":[{"path":"A","message":"b"},{"path":"C.D","message":"e"}]}`},
		{&apc.Error{Code: apc.ErrResourceNotFound, Resource: "alias/a", Message: "no"}, 404,
			`{"__type":"ResourceNotFoundException","ResourceId":"alias/a"}`},
		{&apc.Error{Code: apc.ErrVerificationFailed, Failed: apc.InvalidPIN, Message: "no"}, 400,
			`{"__type":"VerificationFailedException","Reason":"INVALID_PIN","Message":"no"}`},
		{&apc.Error{Code: apc.ErrAccessDenied, Message: "no"}, 403, `{"__type":"AccessDeniedException","Message":"no"}`},
		{&apc.Error{Code: apc.ErrThrottling, Message: "no"}, 429, `{"__type":"ThrottlingException","Message":"no"}`},
		{&apc.Error{Code: apc.ErrInternalServer, Message: "no"}, 500, `{"__type":"InternalServerException","Message":"no"}`},
		{&apc.Error{Code: "UnheardOfException", Message: "no"}, 400, `{"__type":"UnheardOfException","Message":"no"}`},
		{http.ErrAbortHandler, 500, `{"__type":"InternalServerException","Message":"Internal server error."}`},
		{errTooLong, 413, `{"__type":"RequestEntityTooLargeException","Message":"The body is longer than 1048576 bytes."}`},
	} {
		w := &answer{header: http.Header{}}
		code := new(handler).refuseData(w, c.err, false)
		if got := string(w.body); w.status != c.status || got != c.body {
			t.Errorf("%v:\n got %d %s\nwant %d %s", c.err, w.status, got, c.status, c.body)
		}
		if h := w.header; h.Get("X-Amzn-Errortype") != code || code == "" || h.Get("Content-Type") != "application/json" {
			t.Errorf("%v: %s with the header %v", c.err, code, h)
		}
	}
}
