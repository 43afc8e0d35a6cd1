package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// inputError is what is wrong with a file or a body: where, and what was wanted.
// It never repeats a value, which may be a key.
type inputError struct{ path, message string }

func (e *inputError) Error() string {
	if e.path == "" {
		return e.message
	}
	return e.path + ": " + e.message
}

// value is a JSON value: nil, bool, json.Number, string, list or object.
type value any

type list []value

// object has its members in their order.
type object []member

type member struct {
	name  string
	value value
}

// kindOf names a value without telling it.
func kindOf(v value) string {
	switch v.(type) {
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case list:
		return "a list"
	case object:
		return "an object"
	}
	return "null"
}

// maxDepth is how deep values may nest; what is known here nests 6 deep.
const maxDepth = 16

// parseTree reads one JSON value and nothing after it.
func parseTree(raw []byte) (value, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	v, err := readValue(d, "", 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, &inputError{"", "there is more than one JSON value"}
	}
	return v, nil
}

// readToken tells only where the JSON is broken: the decoder's error would
// quote it.
func readToken(d *json.Decoder) (json.Token, error) {
	t, err := d.Token()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, &inputError{"", "the JSON ends too soon"}
	}
	if err != nil {
		return nil, &inputError{"", fmt.Sprintf("is not JSON after byte %d", d.InputOffset())}
	}
	return t, nil
}

func readValue(d *json.Decoder, path string, depth int) (value, error) {
	t, err := readToken(d)
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, &inputError{"", "the JSON nests too deep"}
	}
	switch t {
	case json.Delim('['):
		return readList(d, path, depth)
	case json.Delim('{'):
		return readObject(d, path, depth)
	}
	return t, nil
}

func readList(d *json.Decoder, path string, depth int) (value, error) {
	out := list{}
	for d.More() {
		item, err := readValue(d, fmt.Sprintf("%s[%d]", path, len(out)), depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, item)
	}
	_, err := readToken(d) // the end
	return out, err
}

func readObject(d *json.Decoder, path string, depth int) (value, error) {
	out, seen := object{}, map[string]bool{}
	for d.More() {
		t, err := readToken(d)
		if err != nil {
			return nil, err
		}
		name, _ := t.(string) // the decoder lets nothing else through
		at := below(path, name)
		if seen[name] {
			return nil, &inputError{at, "is there twice"}
		}
		seen[name] = true
		v, err := readValue(d, at, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, member{name, v})
	}
	_, err := readToken(d) // the end
	return out, err
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,39}$`)

// below is the path of a member. A name that does not look like one is not
// repeated: it may be a secret in the wrong place.
func below(path, name string) string {
	if !plainName.MatchString(name) || wording.LooksLikeKey(name) || wording.WithoutKeys(path+"."+name) != path+"."+name {
		name = fmt.Sprintf("(a name of %d bytes)", len(name))
	}
	if path == "" {
		return name
	}
	return path + "." + name
}
