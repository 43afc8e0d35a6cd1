package server

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// inputError is what is wrong with a file or a body: the member at fault and what was
// wanted. It never repeats a value, which may be a key.
type inputError struct{ path, message string }

func (e *inputError) Error() string {
	if e.path == "" {
		return e.message
	}
	return e.path + ": " + e.message
}

// decode reads JSON text into what to points to. Unlike encoding/json, which does the work,
// it takes names in their case only, refuses null, unknown members, a member that is there
// twice and text after the value, and takes numbers from 1 on. What does not fit is an
// *inputError.
func decode(raw []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := checkValue(d, "", reflect.TypeOf(to).Elem()); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return &inputError{"", "there is more than one JSON value"}
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return errUnchecked
	}
	return nil
}

// errUnchecked is what encoding/json refuses and checkValue does not; the fuzz target finds
// none.
var errUnchecked = &inputError{"", "the JSON does not have the form that is wanted"}

// readToken reports only where the JSON is broken: the decoder's error would quote it.
func readToken(d *json.Decoder) (json.Token, error) {
	token, err := d.Token()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, &inputError{"", "the JSON ends too soon"}
	}
	if err != nil {
		return nil, &inputError{"", fmt.Sprintf("is not JSON after byte %d", d.InputOffset())}
	}
	return token, nil
}

// checkValue reads one value, which must fit a type. Members that are not of the type are
// not read: what it descends into is no deeper than the type.
func checkValue(d *json.Decoder, path string, t reflect.Type) error {
	token, err := readToken(d)
	if err != nil {
		return err
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[Document]() {
		return checkDocument(d, path, token)
	}
	if text, ok := reflect.New(t).Interface().(encoding.TextUnmarshaler); ok {
		return checkText(path, token, text)
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		if token == json.Delim('{') {
			return checkObject(d, path, t)
		}
		return wrongKind(path, token, "an object")
	case reflect.Slice:
		if token == json.Delim('[') {
			return checkList(d, path, t.Elem())
		}
		return wrongKind(path, token, "a list")
	case reflect.String:
		if _, ok := token.(string); !ok {
			return wrongKind(path, token, "a string")
		}
	case reflect.Bool:
		if _, ok := token.(bool); !ok {
			return wrongKind(path, token, "a boolean")
		}
	case reflect.Int:
		return checkCount(path, token)
	}
	return nil
}

// checkDocument reads an object of whatever members.
func checkDocument(d *json.Decoder, path string, token json.Token) error {
	if token != json.Delim('{') {
		return wrongKind(path, token, "an object")
	}
	for depth := 1; depth > 0; {
		token, err := readToken(d)
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
	return nil
}

// checkText reads a string as a type does that has a form of its own, and drops the result:
// a secret is destroyed.
func checkText(path string, token json.Token, text encoding.TextUnmarshaler) error {
	s, ok := token.(string)
	err := text.UnmarshalText([]byte(s))
	if secret, is := text.(interface{ Destroy() }); is && err == nil {
		secret.Destroy()
	}
	switch {
	case !ok && err != nil:
		return wrongKind(path, token, strings.TrimPrefix(err.Error(), "wanted "))
	case !ok:
		return wrongKind(path, token, "a string")
	case err != nil:
		return &inputError{path, err.Error()}
	}
	return nil
}

func checkList(d *json.Decoder, path string, item reflect.Type) error {
	for i := 0; d.More(); i++ {
		if err := checkValue(d, fmt.Sprintf("%s[%d]", path, i), item); err != nil {
			return err
		}
	}
	_, err := readToken(d) // the end
	return err
}

func checkObject(d *json.Decoder, path string, t reflect.Type) error {
	for seen := map[string]bool{}; d.More(); {
		token, err := readToken(d)
		if err != nil {
			return err
		}
		name, _ := token.(string) // the decoder lets nothing else through
		at := below(path, name)
		if seen[name] {
			return &inputError{at, "is there twice"}
		}
		seen[name] = true
		member, err := memberType(at, name, t)
		if err != nil {
			return err
		}
		if err := checkValue(d, at, member); err != nil {
			return err
		}
	}
	_, err := readToken(d) // the end
	return err
}

// memberType is the type of a member: any name of a map, a field of a struct.
func memberType(path, name string, t reflect.Type) (reflect.Type, error) {
	if t.Kind() == reflect.Map {
		return t.Elem(), nil
	}
	var known []string
	for f := range t.Fields() {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == "" {
			tag = f.Name
		}
		if tag == name {
			return f.Type, nil
		}
		known = append(known, tag)
	}
	return nil, &inputError{path, "there is no such member; there are " + strings.Join(known, ", ")}
}

// maxCount is the largest number of anything.
const maxCount = 1<<31 - 1

func checkCount(path string, token json.Token) error {
	n, ok := token.(json.Number)
	if !ok {
		return wrongKind(path, token, "a number")
	}
	if i, err := strconv.ParseInt(n.String(), 10, 64); err != nil || i < 1 || i > maxCount {
		return &inputError{path, "wanted a whole number of 1 or more"}
	}
	return nil
}

// wrongKind names the kind of a value without repeating it.
func wrongKind(path string, token json.Token, wanted string) error {
	found := "null"
	switch token := token.(type) {
	case bool:
		found = "a boolean"
	case json.Number:
		found = "a number"
	case string:
		found = "a string"
	case json.Delim:
		found = map[json.Delim]string{'[': "a list", '{': "an object"}[token]
	}
	return &inputError{path, "found " + found + ", wanted " + wanted}
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,39}$`)

// below is the path of a member. A name that does not look like one is not
// repeated: it may be a secret in the wrong place.
func below(path, name string) string {
	if whole := path + "." + name; !plainName.MatchString(name) || wording.LooksLikeKey(name) || wording.WithoutKeys(whole) != whole {
		name = fmt.Sprintf("(a name of %d bytes)", len(name))
	}
	if path == "" {
		return name
	}
	return path + "." + name
}
