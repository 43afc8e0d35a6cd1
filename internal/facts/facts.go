// Package facts holds what the service's two descriptions say of its operations,
// structures, enumerations and limits, in a text form of our own. Types are
// generated from it, and tests compare requests and answers with it.
//
// control.txt and data.txt are written by `go run ./internal/gen -spec DIR`. Where
// a test finds the descriptions, it compares them with the files.
package facts

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed control.txt
var controlText string

//go:embed data.txt
var dataText string

// Control returns the facts of the control plane, with our own amendments. They are parsed once and shared:
// a caller does not change them.
func Control() *Service { return control() }

// Data returns the facts of the data plane, likewise.
func Data() *Service { return data() }

var (
	control = sync.OnceValue(func() *Service { return amended(controlText) })
	data    = sync.OnceValue(func() *Service { return amended(dataText) })
)

// Service is one plane: its operations and shapes in the order of the description.
type Service struct {
	Operations []Operation
	Shapes     []*Shape

	named map[string]*Shape
}

// Operation is one operation and how it is reached over HTTP.
type Operation struct {
	Name          string
	Method, Path  string
	Input, Output string   // names of structures
	Errors        []string // names of exceptions
	ReadOnly      bool
}

// Kind is what a shape is.
type Kind string

// The kinds of shapes.
const (
	Structure Kind = "structure"
	Union     Kind = "union" // a structure of which exactly one member is set
	Exception Kind = "exception"
	Enum      Kind = "enum"
	String    Kind = "string"
	Integer   Kind = "integer"
	Boolean   Kind = "boolean"
	Timestamp Kind = "timestamp"
	List      Kind = "list"
	Map       Kind = "map"
)

// Shape is a type of the service and its limits. What a kind does not have is zero.
type Shape struct {
	Name      string
	Kind      Kind
	Members   []Member // of a structure, a union or an exception
	Values    []string // of an enumeration
	Min, Max  *int     // characters of a string, items of a list, or the value of an integer; nil is no limit
	Pattern   string   // of a string, as the description has it: the outer anchors are missing
	Key, Item string   // shapes of what a map and a list have
	Boxed     bool     // a boolean or an integer that can be absent
	Sensitive bool     // not to be logged
	Fault     bool     // an exception that is the service's fault
	Status    int      // HTTP status of an exception; 0 where none is given
}

// Member is a member of a structure.
type Member struct {
	Name     string
	Shape    string
	Required bool
	InPath   bool // taken from the path of the request, not from its body
}

// Shape returns the shape of that name, or nil.
func (s *Service) Shape(name string) *Shape { return s.named[name] }

// Operation returns the operation of that name, or nil.
func (s *Service) Operation(name string) *Operation {
	i := slices.IndexFunc(s.Operations, func(o Operation) bool { return o.Name == name })
	if i < 0 {
		return nil
	}
	return &s.Operations[i]
}

// Structural reports whether the shape has members.
func (s *Shape) Structural() bool {
	return s.Kind == Structure || s.Kind == Union || s.Kind == Exception
}

// Regexp returns the pattern of a string between anchors, or nil if it has none.
func (s *Shape) Regexp() (*regexp.Regexp, error) {
	if s.Pattern == "" {
		return nil, nil
	}
	return regexp.Compile("^(?:" + s.GoPattern() + ")$")
}

// GoPattern returns the pattern without what package regexp does not have: the
// possessive {2}+, the anchors that were left inside when the outer ones were cut,
// and Java's way to write a code point.
func (s *Shape) GoPattern() string {
	return strings.NewReplacer("{2}+", "{2}", "$|^", "|", `\u00`, `\x`).Replace(s.Pattern)
}

// amended reads the facts and corrects what the service does otherwise.
func amended(text string) *Service {
	s, err := parse(text)
	if err != nil {
		panic(fmt.Sprintf("facts: %v", err)) // the committed files are read by the tests
	}
	if v := s.Shape("TagValue"); v != nil {
		v.Min = nil // GUESS G-empty-tag-value: the prose allows the empty value, which the description forbids
	}
	return s
}
