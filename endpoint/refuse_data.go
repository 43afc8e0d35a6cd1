package endpoint

import (
	"errors"
	"net/http"

	"github.com/seed748fb4d1/apcsim/apc"
)

// refuseData writes an exception of the data plane, with its own status and members
// (data-plane, section 1), and returns its name.
func (h *handler) refuseData(w http.ResponseWriter, err error, public bool) string {
	status, code, members := dataException(err, h.reasonsInMessage(err, public))
	setRefusal(w, code, err, public)
	respond(w, status, dataContentType, members)
	return code
}

// dataException is an exception with reasons in its message.
func dataException(err error, why []string) (status int, code string, members any) {
	if e, ok := errors.AsType[*protocolError](err); ok && e.signing {
		return http.StatusForbidden, e.code, &signingFault{e.code, *explained(&e.message, why)} // GUESS G-unsigned-status
	} else if ok {
		return e.status, e.code, &dataFault{Type: e.code, Message: explained(&e.message, why)}
	}
	refusal := refusalOf(err)
	status, code = exceptions[refusal.Code].own, string(refusal.Code)
	if status == 0 {
		status = http.StatusBadRequest
	}
	message := explained(&refusal.Message, why)
	switch refusal.Code {
	case apc.ErrValidation:
		members = &invalidFault{Type: code, Message: *message, FieldList: fieldList(refusal.Fields)}
	case apc.ErrResourceNotFound:
		members = &dataFault{Type: code, Message: explained(nil, why), ResourceId: &refusal.Resource}
	case apc.ErrVerificationFailed:
		members = &dataFault{Type: code, Reason: (*string)(&refusal.Failed), Message: message}
	default:
		members = &dataFault{Type: code, Message: message}
	}
	return status, code, members
}

// dataFault is the body of an exception but for ValidationException, whose members are written
// small.
type dataFault struct {
	Type       string `wire:"__type"`
	Reason     *string
	Message    *string
	ResourceId *string
}

type invalidFault struct {
	Type      string          `wire:"__type"`
	Message   string          `wire:"message"`
	FieldList *[]invalidField `wire:"fieldList"` // absent where it is not the shape that is wrong
}

type invalidField struct {
	Path    string `wire:"path"`
	Message string `wire:"message"`
}

func fieldList(fields []apc.InvalidField) *[]invalidField {
	if len(fields) == 0 {
		return nil
	}
	out := make([]invalidField, len(fields))
	for i, f := range fields {
		out[i] = invalidField{f.Path, f.Message}
	}
	return &out
}
