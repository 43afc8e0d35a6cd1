package endpoint

import (
	"errors"
	"net/http"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
)

// protocolError is a refusal by the wire protocol, before any operation: an
// exception that all AWS services share.
type protocolError struct {
	status        int
	code, message string
	why           string // what AWS would not say; "": the message
	signing       bool   // it is about the signature
}

func (e *protocolError) Error() string { return e.code + ": " + e.message }

// exceptions are the statuses of the service's exceptions: by AWS JSON, and by
// the traits of an older description (control-plane, section 1.1).
var exceptions = map[apc.Code]struct{ plain, own int }{
	apc.ErrAccessDenied:         {400, 403},
	apc.ErrConflict:             {400, 409},
	apc.ErrInternalServer:       {500, 500},
	apc.ErrPublicPolicy:         {400, 400},
	apc.ErrResourceNotFound:     {400, 404},
	apc.ErrServiceQuotaExceeded: {400, 402},
	apc.ErrServiceUnavailable:   {500, 503},
	apc.ErrThrottling:           {400, 429},
	apc.ErrValidation:           {400, 400},
	apc.ErrVerificationFailed:   {400, 400},
	apc.ErrNotSimulated:         {400, 400}, // the simulator's own; clients ask again after 5xx
}

// refuse writes an exception: its name in the body and in a header, and the
// members that the service declares for it. Public is whether other machines may
// have asked. It returns the name.
func (h *handler) refuse(w http.ResponseWriter, err error, public bool) string {
	status, code, members := h.exception(err)
	members.Message = explained(members.Message, h.reasonsInMessage(err, public))
	setRefusal(w, code, err, public)
	if status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	if isSigning(err) {
		respond(w, status, contentType, &signingFault{code, *members.Message})
	} else {
		respond(w, status, contentType, members)
	}
	return code
}

// isSigning reports whether an error is a refusal of the signature.
func isSigning(err error) bool {
	e, ok := errors.AsType[*protocolError](err)
	return ok && e.signing
}

// setRefusal sets the headers of a refusal.
func setRefusal(w http.ResponseWriter, code string, err error, public bool) {
	if why := reasonValue(reasons(err, public)); why != "" {
		w.Header().Set(ReasonHeader, why)
	}
	w.Header().Set("X-Amzn-Errortype", code)
}

// faultBody is the body of an exception. ResourceNotFoundException has the
// resource and no message.
type faultBody struct {
	Type       string `wire:"__type"`
	Message    *string
	ResourceId *string
}

// signingFault is the body of a refusal of the signature, in both planes. Other AWS services write its
// member small, whatever their own exceptions have.
type signingFault struct {
	Type    string `wire:"__type"`
	Message string `wire:"message"`
}

func (h *handler) exception(err error) (status int, code string, members *faultBody) {
	if e, ok := errors.AsType[*protocolError](err); ok {
		return e.status, e.code, &faultBody{Type: e.code, Message: &e.message}
	}
	refusal := refusalOf(err)
	status = exceptions[refusal.Code].plain // GUESS G-http-status
	if h.options.ExceptionStatus {
		status = exceptions[refusal.Code].own
	}
	if status == 0 {
		status = http.StatusBadRequest
	}
	members = &faultBody{Type: string(refusal.Code)}
	if refusal.Code == apc.ErrResourceNotFound {
		members.ResourceId = &refusal.Resource
	} else {
		members.Message = &refusal.Message
	}
	return status, string(refusal.Code), members
}

// reasonsInMessage are the reasons that go into the message of an exception, if any do.
func (h *handler) reasonsInMessage(err error, public bool) []string {
	if !h.options.ReasonsInMessage {
		return nil
	}
	return reasons(err, public)
}

// explained is a message with reasons appended. An exception that has none, by its
// description, gets one.
func explained(message *string, reasons []string) *string {
	text := strings.Join(reasons, betweenReasons)
	switch {
	case text == "" || message != nil && *message == text:
		return message
	case message == nil:
		return &text
	}
	return new(*message + " [" + text + "]")
}

// refusalOf is an error of the engine, which returns nothing else.
func refusalOf(err error) *apc.Error {
	if refusal, ok := errors.AsType[*apc.Error](err); ok {
		return refusal
	}
	return &apc.Error{Code: apc.ErrInternalServer, Message: "Internal server error."}
}

// printableOnly replaces whatever is not printable ASCII.
func printableOnly(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7E {
			return '?'
		}
		return r
	}, s)
}
