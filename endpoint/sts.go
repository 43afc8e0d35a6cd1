package endpoint

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/xml"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// The one operation of AWS's Security Token Service that tools ask whatever
// endpoint they are pointed at, for their account: GetCallerIdentity, in the AWS
// query protocol (a form in, XML out; API version 2011-06-15).

const (
	stsService   = "sts"
	stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"
	stsOperation = "GetCallerIdentity"
	formType     = "application/x-www-form-urlencoded"
)

// isQuery reports whether a request is one of the query protocol.
func isQuery(r *http.Request) bool {
	if headerOf(r, "X-Amz-Target") != "" || r.URL.Path != "/" && r.URL.Path != "" {
		return false
	}
	if r.Method == http.MethodPost {
		kind, _, err := mime.ParseMediaType(headerOf(r, "Content-Type"))
		return err == nil && kind == formType
	}
	return r.Method == http.MethodGet && r.URL.Query().Has("Action")
}

// callerIdentity is the output of GetCallerIdentity with what is around it.
type callerIdentity struct {
	XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
	ARN       string   `xml:"GetCallerIdentityResult>Arn"`
	UserID    string   `xml:"GetCallerIdentityResult>UserId"`
	Account   string   `xml:"GetCallerIdentityResult>Account"`
	RequestID string   `xml:"ResponseMetadata>RequestId"`
}

// queryFault is a refusal in the query protocol.
type queryFault struct {
	XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

// answerQuery is the answer to a request of the query protocol.
func (h *handler) answerQuery(r *http.Request, call *Call) (*callerIdentity, error) {
	sent, err := bodyOf(r)
	if err != nil {
		return nil, err
	}
	plain, err := plainBody(r, sent)
	if err != nil {
		return nil, err
	}
	form := r.URL.Query()
	if r.Method == http.MethodPost {
		if form, err = url.ParseQuery(string(plain)); err != nil {
			return nil, unreadable("The body is not a form.")
		}
	}
	switch action := form.Get("Action"); action {
	case stsOperation:
	case "":
		return nil, &protocolError{status: http.StatusBadRequest, code: "MissingAction", message: "The form names no Action."}
	default:
		return nil, &protocolError{
			status: http.StatusBadRequest, code: string(apc.ErrNotSimulated), message: "The Action is not simulated.",
			why: "of the query protocol only " + stsOperation + " of STS is simulated, not " + wording.Foreign(action),
		}
	}
	call.Operation = stsOperation
	who, err := h.identify(r, sent, stsService)
	if err != nil {
		return nil, err
	}
	call.Caller = h.engine.As(who).Identity()
	return &callerIdentity{ARN: call.Caller.ARN, UserID: userID(call.Caller), Account: call.Caller.Account, RequestID: call.RequestID}, nil
}

// userID is the unique id of a principal, as far as it follows from its ARN (IAM User Guide,
// "IAM identifiers"): of the root the account; of others the prefix of their kind
// and 17 characters, which here follow from the ARN.
func userID(who apc.Identity) string {
	_, resource, _ := strings.Cut(who.ARN, "::"+who.Account+":")
	kind, name, _ := strings.Cut(resource, "/")
	var prefix, session string
	switch kind {
	case "user":
		prefix = "AIDA"
	case "role":
		prefix = "AROA"
	case "assumed-role":
		name, session, _ = strings.Cut(name, "/")
		prefix, kind = "AROA", "role"
	case "federated-user":
		return who.Account + ":" + name
	default:
		return who.Account
	}
	sum := sha256.Sum256([]byte(who.Account + ":" + kind + "/" + name))
	id := prefix + base32.StdEncoding.EncodeToString(sum[:])[:17]
	if session != "" {
		id += ":" + session
	}
	return id
}

// queryCodes are the names that the query protocol has for refusals of the wire
// protocol, and their statuses.
var queryCodes = map[string]struct {
	code   string
	status int
}{
	"MissingAuthenticationTokenException": {"MissingAuthenticationToken", http.StatusForbidden},
	"IncompleteSignatureException":        {"IncompleteSignature", http.StatusBadRequest},
	"InvalidSignatureException":           {"SignatureDoesNotMatch", http.StatusForbidden},
	"UnrecognizedClientException":         {"InvalidClientTokenId", http.StatusForbidden},
	string(apc.ErrAccessDenied):           {"AccessDenied", http.StatusForbidden},
	"SerializationException":              {"MalformedInput", http.StatusBadRequest},
	"RequestEntityTooLargeException":      {"RequestEntityTooLarge", http.StatusRequestEntityTooLarge},
}

// refuseQuery writes a refusal and returns its name.
func (h *handler) refuseQuery(w http.ResponseWriter, err error, public bool, requestID string) string {
	e, ok := errors.AsType[*protocolError](err)
	if !ok { // there are no others
		e = &protocolError{status: http.StatusInternalServerError, code: "InternalFailure", message: "Internal server error."}
	}
	named := queryCodes[e.code]
	fault := &queryFault{Type: "Sender", Code: cmp.Or(named.code, e.code), RequestID: requestID}
	fault.Message = *explained(&e.message, h.reasonsInMessage(err, public))
	w.Header().Set(ReasonHeader, reasonValue(reasons(err, public)))
	respondXML(w, cmp.Or(named.status, e.status), fault)
	return fault.Code
}

func respondXML(w http.ResponseWriter, status int, v any) {
	body, err := xml.Marshal(v)
	if err != nil { // a mistake of ours: the shapes are two, of strings
		panic(err)
	}
	header := w.Header()
	header.Set("Content-Type", "text/xml")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}
