package endpoint

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/shape"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// decode reads a request into an input of engine, and notes in sent what the input does not show. Member
// names are those of the shape, in their case; unknown members and nulls are ignored. What
// cannot be read is a SerializationException (GUESS G-unreadable-body).
func decode(body []byte, in any, sent *shape.Sent) error {
	if text := bytes.TrimSpace(body); len(text) == 0 || string(text) == "null" { // as good as {}
		body = []byte("{}")
	}
	sent.Begin(in)
	r := reader{rest: string(body), long: len(body) > longBody, sent: sent}
	to := reflect.ValueOf(in).Elem()
	err := r.assign(to, fieldsOf(to.Type()))
	if err == nil {
		r.end()
	}
	if err == nil && !r.bad {
		return nil
	}
	if wrong, ok := errors.AsType[*memberError](err); ok {
		return unreadable(fmt.Sprintf("%s: found %s, wanted %s.", cmp.Or(wrong.path, "the body"), wrong.found, wrong.wanted))
	}
	return unreadable(fmt.Sprintf("The body is not one JSON value (at byte %d).", len(body)-r.left))
}

func unreadable(message string) error {
	return &protocolError{status: http.StatusBadRequest, code: "SerializationException", message: message}
}

var errSyntax = errors.New("the body is not one JSON value")

// memberError is a member with a value of the wrong kind.
type memberError struct{ path, found, wanted string }

func (e *memberError) Error() string { return e.path + " is not " + e.wanted }

// under puts the name of a member in front of the path of what is wrong in it.
// Paths are only put together on failure.
func under(name string, err error) error {
	if wrong, ok := errors.AsType[*memberError](err); ok {
		if wrong.path != "" && wrong.path[0] != '[' {
			name += "."
		}
		wrong.path = name + wrong.path
	}
	return err
}

// assign puts the next value into a member, of a shape with the fields.
func (r *reader) assign(to reflect.Value, fields []field) error {
	c := r.next()
	switch {
	case r.bad:
		return errSyntax
	case c == 'n':
		r.word()
		return nil
	case to.Kind() == reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		return r.assign(to.Elem(), fields)
	}
	if form := &forms[to.Kind()]; strings.IndexByte(form.begins, c) < 0 {
		return r.wrongType(form.name, c)
	}
	switch to.Kind() {
	case reflect.Struct:
		return r.assignStruct(to, fields)
	case reflect.Slice:
		return r.assignList(to)
	case reflect.Map:
		return r.assignMap(to)
	case reflect.String:
		text := r.text()
		if text == "" && !r.bad {
			r.sent.Empty("")
		}
		to.SetString(text)
	case reflect.Bool:
		to.SetBool(len(r.word()) == len("true"))
	case reflect.Int:
		number := r.word()
		if r.bad {
			return errSyntax
		}
		return assignInteger(to, number)
	}
	return nil
}

// forms are what the value of a member is in JSON, by its kind in Go, and the characters that it may
// begin with. No request has a member of another kind.
var forms = [...]struct{ name, begins string }{
	reflect.Struct: {"an object", "{"},
	reflect.Map:    {"an object", "{"},
	reflect.Slice:  {"a list", "["},
	reflect.String: {"a string", `"`},
	reflect.Bool:   {"a boolean", "tf"},
	reflect.Int:    {"an integer", "-0123456789"},
}

func (r *reader) wrongType(wanted string, first byte) error {
	var found string
	switch {
	case first == '"':
		found = "a string"
	case first == 't' || first == 'f':
		found = "a boolean"
	case first == '[':
		found = "a list"
	case first == '{':
		found = "an object"
	case first == '-' || first >= '0' && first <= '9':
		found = "a number"
	default:
		r.fail()
		return errSyntax
	}
	return &memberError{"", found, wanted}
}

// assignStruct takes an object. Of a member that is there twice the last counts.
func (r *reader) assignStruct(to reflect.Value, fields []field) error {
	var given uint64 // a bit for each field
	before, i := r.sent.Len(), -1
	for r.take('{'); r.more('}'); {
		if i = r.member(fields, i); i < 0 {
			r.skip()
			continue
		}
		name, member := fields[i].name, to.Field(fields[i].index)
		if given&(1<<i) != 0 {
			member.SetZero()
			r.sent.Forget(name, before)
		}
		if given |= 1 << i; r.next() == 'n' {
			given &^= 1 << i
		}
		noted := r.sent.Len()
		if err := r.assign(member, fields[i].within); err != nil {
			return under(name, err)
		}
		r.sent.Within(name, noted)
	}
	for i := range fields {
		if fields[i].required && given&(1<<i) == 0 {
			r.sent.Absent(fields[i].name)
		}
	}
	return nil
}

// member takes the name of a member and its colon, and returns its place, or -1. It first tries those
// behind the member that was read last: clients send most members in the order of the shape.
func (r *reader) member(fields []field, last int) int {
	r.next()
	for i := range fields {
		at := last + 1 + i
		if at >= len(fields) {
			at -= len(fields)
		}
		if rest, ok := strings.CutPrefix(r.rest, fields[at].quoted); ok {
			r.rest = rest
			return at
		}
	}
	name := r.name() // unknown, or with white space or escapes
	return slices.IndexFunc(fields, func(f field) bool { return f.name == name })
}

func (r *reader) assignList(to reflect.Value) error {
	out := reflect.MakeSlice(to.Type(), 0, 4)
	for r.take('['); r.more(']'); {
		at, noted := out.Len(), r.sent.Len()
		out = reflect.Append(out, reflect.Zero(to.Type().Elem()))
		if r.next() == 'n' {
			r.sent.Absent("")
		}
		if err := r.assign(out.Index(at), within(to.Type().Elem())); err != nil {
			return under(place(at), err)
		}
		if r.sent.Len() > noted {
			r.sent.Item(at, place(at), noted)
		}
	}
	to.Set(out)
	return nil
}

// place is how an item of a list is named behind the name of the list.
func place(at int) string { return "[" + strconv.Itoa(at) + "]" }

// assignMap takes an object whose members have names of the caller's: the
// optional blocks of ExportKey.
func (r *reader) assignMap(to reflect.Value) error {
	out := reflect.MakeMap(to.Type())
	for r.take('{'); r.more('}'); {
		name := r.name()
		value, noted := reflect.New(to.Type().Elem()).Elem(), r.sent.Len()
		if err := r.assign(value, within(value.Type())); err != nil {
			return under(fmt.Sprintf("[%s]", wording.Foreign(name)), err)
		}
		r.sent.Item(out.Len(), name, noted)
		out.SetMapIndex(reflect.ValueOf(name), value)
	}
	to.Set(out)
	return nil
}

// The integers that AWS JSON has.
const minInteger, maxInteger = -1 << 31, 1<<31 - 1

// assignInteger takes whole numbers in whatever notation.
func assignInteger(to reflect.Value, number string) error {
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || f != float64(int64(f)) || f > maxInteger || f < minInteger {
		return &memberError{"", "a number that is not an integer of 32 bits", "an integer"}
	}
	to.SetInt(int64(f))
	return nil
}
