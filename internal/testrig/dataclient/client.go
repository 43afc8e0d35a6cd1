// Package dataclient is a client of the data plane for tests, as an SDK would be: it has the
// service's shapes and REST-JSON, and nothing of the simulator.
package dataclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
)

// Client asks one endpoint.
type Client struct {
	Endpoint string // "http://127.0.0.1:8080"
	HTTP     interface {
		Do(*http.Request) (*http.Response, error)
	}
	// Sign signs a request with its body; nil leaves it unsigned.
	Sign func(r *http.Request, body []byte) error
}

// Operation is an operation by name.
type Operation struct {
	Call func(ctx context.Context, c *Client, in any) (any, error)
	New  func() any // an empty request
}

// Error is an exception of the service.
type Error struct {
	Status   int
	Name     string // "VerificationFailedException", from the header
	Message  string
	Reason   string // of VerificationFailedException
	Resource string // of ResourceNotFoundException
	Fields   []struct{ Path, Message string }
}

func (e *Error) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Name, e.Message) }

// call sends a request and reads the answer, which must have the members of out and no others.
func (c *Client) call(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Endpoint+pathOf(path, in), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if c.Sign != nil {
		if err := c.Sign(r, body); err != nil {
			return err
		}
	}
	answer, err := c.HTTP.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return refusal(answer, text)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(out); err != nil {
		return fmt.Errorf("%s: %w: %s", path, err, text)
	}
	return nil
}

// pathOf fills a path in, of which a member is one segment.
func pathOf(path string, in any) string {
	v := reflect.ValueOf(in).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("path")
		if value, ok := v.Field(i).Interface().(*string); ok && name != "" && value != nil {
			path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(*value))
		}
	}
	return path
}

func refusal(answer *http.Response, text []byte) error {
	e := &Error{Status: answer.StatusCode}
	e.Name, _, _ = strings.Cut(answer.Header.Get("x-amzn-ErrorType"), ":")
	var body struct {
		Message            string `json:"message"`
		Reason, ResourceID string
		FieldList          []struct{ Path, Message string }
	}
	if err := json.Unmarshal(text, &body); err != nil { // names in any case
		return fmt.Errorf("%d %s: %w: %s", e.Status, e.Name, err, text)
	}
	e.Message, e.Reason, e.Resource, e.Fields = body.Message, body.Reason, body.ResourceID, body.FieldList
	return e
}
