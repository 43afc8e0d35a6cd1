package policy

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// node is a JSON value with its place in the document.
type node struct {
	parent  *node  // nil for the document
	step    string // from the parent: a name, or "[2]"
	offset  int    // in characters
	form    form
	text    string // of a string, a number, a boolean
	members []member
	items   []*node
}

// path is made when it is needed: those of all values of a long list under a long name are much longer than the text.
func (n *node) path() string {
	if n.parent == nil {
		return ""
	}
	path := n.parent.path()
	if path != "" && n.parent.form == isObject {
		path += "."
	}
	return path + n.step
}

// member is one member of an object, in the order of the text.
type member struct {
	name   string
	offset int
	value  *node
}

// form is what a JSON value is.
type form uint8

const (
	isNull form = iota
	isBool
	isNumber
	isString
	isArray
	isObject
)

var formNames = [...]string{"null", "a boolean", "a number", "a string", "a list", "an object"}

// maxDepth is that of a list of values in a condition, and one more.
const maxDepth = 9

// readJSON makes a tree of a text.
func readJSON(text string) (*node, error) {
	if !utf8.ValidString(text) {
		return nil, &Error{Offset: characters(text, notUTF8(text)), Problem: problemUTF8}
	}
	var whole json.RawMessage
	if err := json.Unmarshal([]byte(text), &whole); err != nil {
		at := len(text)
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			at = int(syntax.Offset) - 1
			if strings.TrimSpace(text) == "" || syntax.Error() == "unexpected end of JSON input" {
				at = len(text)
			}
		}
		return nil, &Error{Offset: characters(text, at), Problem: problemSyntax}
	}
	r := &jsonReader{text: text, d: json.NewDecoder(strings.NewReader(text))}
	r.d.UseNumber()
	return r.value(nil, "", 0)
}

// notUTF8 is the place of the first byte that is not UTF-8; the character U+FFFD itself is.
func notUTF8(text string) int {
	for at, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[at:], "\uFFFD") {
			return at
		}
	}
	return len(text)
}

// jsonReader reads a text that is known to be JSON.
type jsonReader struct {
	text   string
	d      *json.Decoder
	at     int // of the newest token, in bytes
	offset int // of the same, in characters
}

// next is the next token and the position where it begins, in characters.
func (r *jsonReader) next() (json.Token, int) {
	at := int(r.d.InputOffset())
	for at < len(r.text) && strings.IndexByte(" \t\r\n,:", r.text[at]) >= 0 {
		at++
	}
	token, _ := r.d.Token() // the text has been checked
	r.offset += characters(r.text[r.at:], at-r.at)
	r.at = at
	return token, r.offset
}

func (r *jsonReader) value(parent *node, step string, depth int) (*node, error) {
	token, offset := r.next()
	n := &node{parent: parent, step: step, offset: offset}
	switch t := token.(type) {
	case nil:
	case bool:
		n.form, n.text = isBool, strconv.FormatBool(t)
	case json.Number:
		n.form, n.text = isNumber, t.String()
	case string:
		n.form, n.text = isString, t
	case json.Delim:
		if depth == maxDepth {
			return nil, n.refuse(problemDepth, "", "")
		}
		if t == '[' {
			n.form = isArray
			return n, r.list(n, depth)
		}
		n.form = isObject
		return n, r.object(n, depth)
	}
	return n, nil
}

func (r *jsonReader) list(n *node, depth int) error {
	for r.d.More() {
		item, err := r.value(n, "["+strconv.Itoa(len(n.items))+"]", depth+1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	r.next()
	return nil
}

func (r *jsonReader) object(n *node, depth int) error {
	known := map[string]bool{}
	for r.d.More() {
		token, offset := r.next()
		name, _ := token.(string)
		if known[name] {
			twice := &node{parent: n, step: name, offset: offset}
			return twice.refuse(problemTwice, name, "")
		}
		known[name] = true
		value, err := r.value(n, name, depth+1)
		if err != nil {
			return err
		}
		n.members = append(n.members, member{name, offset, value})
	}
	r.next()
	return nil
}

// member is the value of a member; nil where there is none.
func (n *node) member(name string) *node {
	for i := range n.members {
		if n.members[i].name == name {
			return n.members[i].value
		}
	}
	return nil
}

// is refuses a value of another form.
func (n *node) is(f form) error {
	if n.form != f {
		return n.refuseForm(formNames[f])
	}
	return nil
}

// values are a single value or those of a list, which has at least one.
func (n *node) values() ([]*node, error) {
	if n.form != isArray {
		return []*node{n}, nil
	}
	if len(n.items) == 0 {
		return nil, n.refuse(problemEmpty, "", "at least one value")
	}
	return n.items, nil
}

// texts are values that are strings.
func (n *node) texts() ([]*node, error) {
	values, err := n.values()
	if err != nil {
		return nil, err
	}
	for _, v := range values {
		if err := v.is(isString); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// only refuses the first member that is none of those named.
func (n *node) only(names ...string) error {
	for i := range n.members {
		m := &n.members[i]
		known := false
		for _, name := range names {
			known = known || m.name == name
		}
		if !known {
			return &Error{Path: m.value.path(), Offset: m.offset, Problem: problemElement, Found: m.name, Wanted: strings.Join(names, ", ")}
		}
	}
	return nil
}
