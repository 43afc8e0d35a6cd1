package console

import (
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// Call is an operation that was called, of either plane.
type Call struct {
	Number    int64 // from 1
	Time      time.Time
	Operation string
	Account   string
	Region    string
	Caller    string // ARN
	ReadOnly  bool
	Duration  time.Duration
	Keys      []string // identifiers of the request and ARNs of the answer
	Request   any      // a pointer to a masked copy of the input; nil where none was read
	Error     string   // the exception; "" when accepted
	Message   string
	Reasons   []apc.Reason

	names []string // of Keys, for people
}

// Refuse notes with what a call was refused; nil is no refusal.
func (c *Call) Refuse(err error) {
	if refusal, ok := errors.AsType[*apc.Error](err); ok {
		c.Error, c.Message, c.Reasons = string(refusal.Code), refusal.Message, refusal.Reasons
	} else if err != nil {
		c.Error, c.Message = string(apc.ErrInternalServer), "The operation failed."
	}
	if errors.Is(err, apc.ErrNoAnswer) {
		c.Error, c.Message = "no answer", "The connection was closed without an answer."
	}
}

// Name gives names to the keys of a call: a key's alias in place of its ARN.
func (c *Call) Name(nameOf func(identifier string) string) {
	c.names = nil
	for _, k := range c.Keys {
		if n := nameOf(k); !slices.Contains(c.names, n) {
			c.names = append(c.names, n)
		}
	}
}

// Why is the whole reason of a refusal: a line for each one, or the message where there is none.
func (c Call) Why() []string {
	var lines []string
	for _, r := range c.Reasons {
		lines = append(lines, r.String())
	}
	if lines == nil && c.Error != "" {
		lines = []string{c.Message}
	}
	return lines
}

// Names are the call's keys, by alias where they have one.
func (c Call) Names() string { return strings.Join(c.names, ", ") }

// Took is the duration for people.
func (c Call) Took() string { return c.Duration.Round(time.Microsecond).String() }

// Reason is an apc.Reason in JSON.
type Reason struct {
	Rule    apc.Rule `json:"rule"`
	Field   string   `json:"field,omitempty"`
	Problem string   `json:"problem,omitempty"`
	Found   string   `json:"found,omitempty"`
	Wanted  string   `json:"wanted,omitempty"`
	Offset  int      `json:"offset"` // in a key block; -1 where there is none
}

// Reasons are a refusal's reasons in JSON.
func Reasons(of []apc.Reason) (out []Reason) {
	for _, r := range of {
		out = append(out, Reason(r))
	}
	return out
}

// MarshalJSON writes the call as GET journal answers it.
func (c Call) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Number    int64     `json:"number"`
		Time      time.Time `json:"time"` // of the simulator
		Operation string    `json:"operation"`
		Account   string    `json:"account"`
		Region    string    `json:"region"`
		Caller    string    `json:"caller"`
		ReadOnly  bool      `json:"readOnly"`
		Took      string    `json:"took"`
		Keys      []string  `json:"keys,omitempty"`
		Names     string    `json:"names,omitempty"`
		Request   any       `json:"request,omitempty"`
		Error     string    `json:"error,omitempty"`
		Message   string    `json:"message,omitempty"`
		Reasons   []Reason  `json:"reasons,omitempty"`
		Why       []string  `json:"why,omitempty"`
	}{c.Number, c.Time, c.Operation, c.Account, c.Region, c.Caller, c.ReadOnly, c.Took(), c.Keys, c.Names(), plain(reflect.ValueOf(c.Request)),
		c.Error, c.Message, Reasons(c.Reasons), c.Why()})
}

// Code is the call as a program makes it, against the simulator at a URL. What the journal masks
// is a placeholder in it.
type Code struct{ CLI, Python, Go string }

// Code returns the call as the AWS CLI, boto3 and the AWS SDK for Go make it.
func (c Call) Code(url string) Code {
	request, _ := plain(reflect.ValueOf(c.Request)).(object)
	body, _ := json.Marshal(request)
	service := "payment-cryptography"
	if op, _ := engine.OperationNamed(c.Operation); op.DataPlane {
		service += "-data"
	}
	return Code{
		CLI: "aws " + service + " " + cased(c.Operation, "-") + " --region " + c.Region + " --endpoint-url " + url +
			" \\\n  --cli-input-json '" + strings.ReplaceAll(string(body), "'", `'\''`) + "'",
		Python: "import boto3\n\nclient = boto3.client(\"" + service + "\", region_name=\"" + c.Region + "\", endpoint_url=\"" + url + "\")\n" +
			"print(client." + cased(c.Operation, "_") + "(" + arguments(request) + "))",
		Go: c.sdkGo(service, url),
	}
}

var wordBegins = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// cased is "create-key" of "CreateKey".
func cased(operation, between string) string {
	return strings.ToLower(wordBegins.ReplaceAllString(operation, "${1}"+between+"${2}"))
}
