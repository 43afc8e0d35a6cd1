package endpoint_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seed748fb4d1/apcsim/internal/testrig/awsjson"
)

// reply is an answer as a client sees it.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r *reply) String() string {
	return fmt.Sprintf("%d %s [%s] %s", r.status, r.code(), r.reason(), r.body)
}

func (r *reply) code() string   { return r.header.Get("X-Amzn-Errortype") }
func (r *reply) reason() string { return r.header.Get("X-Apcsim-Reason") }

// findings are what is wrong with an answer or a request, each with its place.
type findings []string

func (f *findings) add(at, format string, args ...any) {
	*f = append(*f, strings.TrimPrefix(at+": ", ": ")+fmt.Sprintf(format, args...))
}

var (
	timestamp  = regexp.MustCompile(`^(0|[1-9][0-9]*)(\.[0-9]{1,3})?$`)
	wireErrors = map[string]int{"SerializationException": 400, "UnknownOperationException": 400}
)

// checkAnswer holds an answer to an operation against the description. Whether
// the request asks for what is not simulated is for the caller to say.
func (d *service) checkAnswer(op string, r *reply, unbuilt bool) (f findings) {
	d.checkHeaders(&f, r)
	value, err := oneJSON(r.body)
	if err != nil {
		f.add("body", "%v", err)
		return f
	}
	if r.status != http.StatusOK {
		d.checkException(&f, op, r, value, unbuilt)
		return f
	}
	if r.code() != "" || r.reason() != "" {
		f.add("header", "a success with X-Amzn-Errortype %q and a reason %q", r.code(), r.reason())
	}
	if unbuilt {
		f.add("status", "200 for what is not simulated")
	}
	(&checking{d, &f, true}).value("", d.Operations[op].Output.Shape, value)
	return f
}

func (d *service) checkHeaders(f *findings, r *reply) {
	if id := r.header.Get("X-Amzn-Requestid"); !awsjson.RequestID.MatchString(id) {
		f.add("header", "X-Amzn-Requestid %q", id)
	}
	if kind := r.header.Get("Content-Type"); kind != d.ContentType &&
		(d.ContentType != "" || kind != described().ContentType && kind != describedData().ContentType) {
		f.add("header", "Content-Type %q", kind)
	}
	for name, values := range r.header {
		if len(values) != 1 {
			f.add("header", "%s %d times", name, len(values))
		}
	}
	why := r.reason()
	if len(why) > 1<<10 {
		f.add("header", "a reason of %d bytes", len(why))
	}
	if strings.ContainsFunc(why, func(c rune) bool { return c < 0x20 || c > 0x7E }) {
		f.add("header", "a reason that is not printable: %q", why)
	}
}

func (d *service) checkException(f *findings, op string, r *reply, value any, unbuilt bool) {
	body, ok := value.(map[string]any)
	name, named := body["__type"].(string)
	if !ok || !named {
		f.add("body", "no __type in %s", r.body)
		return
	}
	if r.code() != name {
		f.add("header", "X-Amzn-Errortype %q for __type %q", r.code(), name)
	}
	declared := slices.Contains(d.Operations[op].Errors, shapeRef{name})
	want, ofWire := wireErrors[name]
	members := &shape{Type: "structure", Members: map[string]shapeRef{"Message": {"String"}}}
	switch {
	case declared:
		members = d.Shapes[name]
		want = http.StatusBadRequest
		if members.Fault {
			want = http.StatusInternalServerError
		}
		if d == describedData() && members.Status != 0 {
			want = members.Status
		}
	case name == "NotSimulatedException" && unbuilt:
		want = http.StatusBadRequest
	case !ofWire:
		f.add("__type", "%s is not declared for %s", name, op)
		return
	}
	if r.status != want {
		f.add("status", "%d for %s, want %d", r.status, name, want)
	}
	delete(body, "__type")
	(&checking{d, f, true}).structure(name, name, members, body)
}

// oneJSON reads a body that is one JSON value in which no object names a member
// twice.
func oneJSON(body []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	value, err := readJSON(dec)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return value, nil
}

func readJSON(dec *json.Decoder) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		out := map[string]any{}
		for dec.More() {
			name, err := dec.Token()
			if err != nil {
				return nil, err
			}
			if _, twice := out[name.(string)]; twice {
				return nil, fmt.Errorf("member %q twice", name)
			}
			if out[name.(string)], err = readJSON(dec); err != nil {
				return nil, err
			}
		}
		_, err := dec.Token()
		return out, err
	case json.Delim('['):
		out := []any{}
		for dec.More() {
			item, err := readJSON(dec)
			if err != nil {
				return nil, err
			}
			out = append(out, item)
		}
		_, err := dec.Token()
		return out, err
	}
	return token, nil
}

// checking holds a value against a shape. An answer is held to more than a
// request: it has nothing undeclared, and all modes of use.
type checking struct {
	d      *service
	f      *findings
	answer bool
}

func (c *checking) value(at, name string, v any) {
	s := c.d.Shapes[name]
	switch s.Type {
	case "structure":
		if object, ok := c.object(at, v); ok {
			c.structure(at, name, s, object)
		}
	case "map":
		object, _ := c.object(at, v)
		for k, item := range object {
			c.value(at+" key", s.Key.Shape, k)
			c.value(at+"."+k, s.Value.Shape, item)
		}
	case "list":
		list, ok := v.([]any)
		if !ok {
			c.f.add(at, "found %T, want a list", v)
		}
		c.within(at, "items", s, len(list))
		for i, item := range list {
			c.value(at+"["+strconv.Itoa(i)+"]", s.Member.Shape, item)
		}
	case "string":
		c.text(at, s, v)
	case "boolean":
		if _, ok := v.(bool); !ok {
			c.f.add(at, "found %T, want a boolean", v)
		}
	case "integer", "timestamp":
		c.number(at, s, v)
	default:
		c.f.add(at, "no rule for a %s", s.Type)
	}
}

func (c *checking) object(at string, v any) (map[string]any, bool) {
	object, ok := v.(map[string]any)
	if !ok {
		c.f.add(at, "found %T, want an object", v)
	}
	return object, ok
}

func (c *checking) structure(at, name string, s *shape, object map[string]any) {
	set := 0
	for _, m := range s.names() {
		v, there := object[m]
		if v == nil && !c.answer { // null in a request is as good as absent
			there = false
		}
		if there {
			set++
			c.value(strings.TrimPrefix(at+"."+m, "."), s.Members[m].Shape, v)
		} else if s.required(m) || c.answer && name == "KeyModesOfUse" {
			c.f.add(at, "no %s", m)
		}
	}
	if s.Union && set != 1 {
		c.f.add(at, "%d members of a union", set)
	}
	for m := range object {
		if _, ok := s.Members[m]; !ok && c.answer {
			c.f.add(at, "undeclared member %s", m)
		}
	}
}

func (c *checking) text(at string, s *shape, v any) {
	text, ok := v.(string)
	if !ok {
		c.f.add(at, "found %T, want a string", v)
		return
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, text) {
		c.f.add(at, "%q is not in the enumeration", text)
	}
	if s.fits != nil && !s.fits.MatchString(text) {
		c.f.add(at, "%q does not match %s", text, s.Pattern)
	}
	c.within(at, "characters", s, utf8.RuneCountInString(text))
}

func (c *checking) number(at string, s *shape, v any) {
	n, ok := v.(json.Number)
	switch {
	case !ok:
		c.f.add(at, "found %T, want a number", v)
	case s.Type == "timestamp":
		if !timestamp.MatchString(n.String()) {
			c.f.add(at, "%s is no time in milliseconds", n)
		}
	default:
		i, err := strconv.ParseInt(n.String(), 10, 32)
		if f, _ := n.Float64(); err != nil && !c.answer && f == float64(int32(f)) { // 1e1 in a request is 10
			i, err = int64(f), nil
		}
		if err != nil {
			c.f.add(at, "%s is no integer", n)
			return
		}
		c.within(at, "", s, int(i))
	}
}

func (c *checking) within(at, unit string, s *shape, n int) {
	if s.Min != nil && n < *s.Min || s.Max != nil && n > *s.Max {
		c.f.add(at, "%d %s, out of range", n, unit)
	}
}

// checkRequest holds a request against the description.
func (d *service) checkRequest(op string, in map[string]any) (f findings) {
	value, err := oneJSON(asJSON(in))
	if err != nil {
		f.add("", "%v", err)
		return f
	}
	return d.checkValue(d.Operations[op].Input.Shape, value)
}

// checkValue holds a value of a request against a shape.
func (d *service) checkValue(name string, v any) (f findings) {
	(&checking{d, &f, false}).value("", name, v)
	return f
}

func asJSON(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err) // what the tests make is JSON
	}
	return out
}
