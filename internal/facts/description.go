package facts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Names of the descriptions in their folder.
const (
	controlFile = "service-2.json"
	DataFile    = "data-service-2.json"
)

// Write writes the two files of facts into a folder, from the descriptions in another.
func Write(descriptions, folder string) error {
	for file, text := range map[string]string{controlFile: "control.txt", DataFile: "data.txt"} {
		s, err := readDescription(descriptions, file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, text), []byte(s.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// readDescription reads a description of the service in the form of the AWS SDKs
// (service-2.json). Its sentences are not taken over.
func readDescription(dir, file string) (*Service, error) {
	raw, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return nil, err
	}
	var d struct {
		Operations ordered[describedOperation]
		Shapes     ordered[describedShape]
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	s := &Service{named: map[string]*Shape{}}
	for _, o := range d.Operations {
		s.Operations = append(s.Operations, o.value.facts(o.name))
	}
	for _, shape := range d.Shapes {
		s.add(shape.value.facts(shape.name))
	}
	return s, s.check()
}

type describedOperation struct {
	HTTP          struct{ Method, RequestURI string }
	Input, Output reference
	Errors        []reference
	ReadOnly      bool
}

type reference struct{ Shape, Location string }

func (o *describedOperation) facts(name string) Operation {
	out := Operation{
		Name:     name,
		Method:   o.HTTP.Method,
		Path:     o.HTTP.RequestURI,
		Input:    o.Input.Shape,
		Output:   o.Output.Shape,
		ReadOnly: o.ReadOnly,
	}
	for _, e := range o.Errors {
		out.Errors = append(out.Errors, e.Shape)
	}
	return out
}

type describedShape struct {
	Type                                    string
	Members                                 ordered[reference]
	Required, Enum                          []string
	Member, Key, Value                      reference
	Min, Max                                *int
	Pattern                                 string
	Box, Sensitive, Union, Exception, Fault bool
	Error                                   struct{ HTTPStatusCode int }
}

func (d *describedShape) facts(name string) *Shape {
	s := &Shape{Name: name, Kind: Kind(d.Type), Values: d.Enum, Min: d.Min, Max: d.Max, Pattern: d.Pattern,
		Key: d.Key.Shape, Item: d.Member.Shape + d.Value.Shape, Boxed: d.Box, Sensitive: d.Sensitive, Fault: d.Fault,
		Status: d.Error.HTTPStatusCode}
	switch {
	case d.Union:
		s.Kind = Union
	case d.Exception:
		s.Kind = Exception
	case len(d.Enum) > 0:
		s.Kind = Enum
	}
	for _, m := range d.Members {
		s.Members = append(s.Members, Member{Name: m.name, Shape: m.value.Shape,
			Required: slices.Contains(d.Required, m.name), InPath: m.value.Location == "uri"})
	}
	return s
}

// ordered is a JSON object whose members keep their order.
type ordered[T any] []named[T]

type named[T any] struct {
	name  string
	value T
}

func (o *ordered[T]) UnmarshalJSON(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	begin, err := d.Token()
	if err != nil {
		return err
	}
	if begin != json.Delim('{') {
		return fmt.Errorf("found %v, wanted an object", begin)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		m := named[T]{name: name.(string)}
		if err := d.Decode(&m.value); err != nil {
			return err
		}
		*o = append(*o, m)
	}
	return nil
}
