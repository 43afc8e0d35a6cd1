package endpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// decode reads a request into an input of engine. Member names are those of the
// shape, in their case; members that nobody knows and nulls are ignored. What
// cannot be read is a SerializationException.
func decode(body []byte, in any) error {
	if len(bytes.TrimSpace(body)) == 0 { // as good as {}
		return nil
	}
	if !json.Valid(body) {
		return unreadable("The body is not one JSON value.")
	}
	r := reader{string(body), len(body) > longBody}
	return r.assign("the body", reflect.ValueOf(in).Elem())
}

func unreadable(message string) error {
	return &protocolError{http.StatusBadRequest, "SerializationException", message}
}

// reader is what is left of a text that is known to be valid JSON: it looks at
// the first byte of a value and believes the rest. Strings are parts of that
// text, or copies where somebody might keep one of a text that is long.
type reader struct {
	rest string
	long bool
}

// longBody is how much a string may keep in memory beside itself, in bytes.
const longBody = 4 << 10

// next is the first byte of what comes, behind the white space.
func (r *reader) next() byte {
	i := 0
	for r.rest[i] == ' ' || r.rest[i] == '\t' || r.rest[i] == '\n' || r.rest[i] == '\r' {
		i++
	}
	r.rest = r.rest[i:]
	return r.rest[0]
}

// more takes the byte before the next member of a list or an object, or the one
// that closes it.
func (r *reader) more(closing byte) bool {
	c := r.next()
	if c == ',' {
		r.rest = r.rest[1:]
		c = r.next()
	}
	if c == closing {
		r.rest = r.rest[1:]
		return false
	}
	return true
}

// word takes a string with its quotes, a number, true, false or null.
func (r *reader) word() string {
	n := 1
	if r.next() == '"' {
		n += strings.IndexByte(r.rest[1:], '"')
		if strings.IndexByte(r.rest[1:n], '\\') >= 0 { // that quote may be a part of the string
			for n = 1; r.rest[n] != '"'; n++ {
				if r.rest[n] == '\\' {
					n++
				}
			}
		}
		n++
	} else {
		for n < len(r.rest) && strings.IndexByte(" \t\r\n,]}", r.rest[n]) < 0 {
			n++
		}
	}
	word := r.rest[:n]
	r.rest = r.rest[n:]
	return word
}

// text takes a string.
func (r *reader) text() string {
	word := r.word()
	if plain := word[1 : len(word)-1]; strings.IndexByte(plain, '\\') < 0 && utf8.ValidString(plain) {
		if r.long {
			return strings.Clone(plain)
		}
		return plain
	}
	var s string
	json.Unmarshal([]byte(word), &s) // it is valid
	return s
}

// skip takes a value of whatever kind.
func (r *reader) skip() {
	for depth := 0; ; {
		switch r.next() {
		case '{', '[':
			depth++
			r.rest = r.rest[1:]
		case '}', ']':
			depth--
			r.rest = r.rest[1:]
		case ',', ':':
			r.rest = r.rest[1:]
		default:
			r.word()
		}
		if depth == 0 {
			return
		}
	}
}

// assign puts the next value into a member.
func (r *reader) assign(at string, to reflect.Value) error {
	c := r.next()
	if c == 'n' {
		r.word()
		return nil
	}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		return r.assign(at, to.Elem())
	case reflect.Struct:
		if c != '{' {
			return wrongType(at, "an object", c)
		}
		return r.assignStruct(to)
	case reflect.Slice:
		if c != '[' {
			return wrongType(at, "a list", c)
		}
		return r.assignList(at, to)
	case reflect.Map:
		if c != '{' {
			return wrongType(at, "an object", c)
		}
		return r.assignMap(at, to)
	case reflect.String:
		if c != '"' {
			return wrongType(at, "a string", c)
		}
		to.SetString(r.text())
	case reflect.Bool:
		if c != 't' && c != 'f' {
			return wrongType(at, "a boolean", c)
		}
		to.SetBool(len(r.word()) == len("true"))
	case reflect.Int:
		if c != '-' && (c < '0' || c > '9') {
			return wrongType(at, "an integer", c)
		}
		return assignInteger(at, to, r.word())
	default:
		panic(fmt.Sprintf("endpoint: no input has a %s", to.Kind())) // a mistake of ours, found by the tests
	}
	return nil
}

func wrongType(at, wanted string, first byte) error {
	found := "a number"
	switch first {
	case '"':
		found = "a string"
	case 't', 'f':
		found = "a boolean"
	case '[':
		found = "a list"
	case '{':
		found = "an object"
	}
	return unreadable(fmt.Sprintf("%s: found %s, wanted %s.", at, found, wanted))
}

// assignStruct takes an object. Of a member that is there twice the last counts.
func (r *reader) assignStruct(to reflect.Value) error {
	fields := fieldsOf(to.Type())
	for r.rest = r.rest[1:]; r.more('}'); {
		name := r.text()
		r.next()
		r.rest = r.rest[1:] // the colon
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if i < 0 {
			r.skip()
			continue
		}
		member := to.Field(fields[i].index)
		member.SetZero()
		if err := r.assign(name, member); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) assignList(at string, to reflect.Value) error {
	out := reflect.MakeSlice(to.Type(), 0, 4)
	for r.rest = r.rest[1:]; r.more(']'); {
		out = reflect.Append(out, reflect.Zero(to.Type().Elem()))
		if err := r.assign(at+"[]", out.Index(out.Len()-1)); err != nil {
			return err
		}
	}
	to.Set(out)
	return nil
}

// assignMap takes an object whose members have names of the caller's: the
// optional blocks of ExportKey.
func (r *reader) assignMap(at string, to reflect.Value) error {
	out := reflect.MakeMap(to.Type())
	for r.rest = r.rest[1:]; r.more('}'); {
		name := r.text()
		r.next()
		r.rest = r.rest[1:] // the colon
		value := reflect.New(to.Type().Elem()).Elem()
		if err := r.assign(at, value); err != nil {
			return err
		}
		out.SetMapIndex(reflect.ValueOf(name), value)
	}
	to.Set(out)
	return nil
}

// maxInteger is the largest integer that AWS JSON has.
const maxInteger = 1<<31 - 1

// assignInteger takes whole numbers in whatever notation.
func assignInteger(at string, to reflect.Value, number string) error {
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || f != float64(int64(f)) || f > maxInteger || f < -maxInteger {
		return unreadable(at + ": found a number that is no 32-bit integer, wanted an integer.")
	}
	to.SetInt(int64(f))
	return nil
}
