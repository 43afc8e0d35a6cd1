package endpoint_test

import (
	"regexp"
	"slices"
	"sync"

	"github.com/seed748fb4d1/apcsim/internal/facts"
)

// service is what is known of the service's operations and shapes.
type service struct {
	Operations  map[string]operation
	Shapes      map[string]*shape
	ContentType string // of answers; "" is that of either plane
}

type operation struct {
	Input, Output shapeRef
	Errors        []shapeRef
}

type shapeRef struct{ Shape string }

type shape struct {
	Type       string // that of the description: a union is a structure, an enumeration a string
	Required   []string
	Members    map[string]shapeRef
	Member     shapeRef // of a list
	Key, Value shapeRef // of a map
	Enum       []string
	Min, Max   *int
	Pattern    string
	Union      bool
	Fault      bool
	Status     int // of an exception of the data plane

	fits *regexp.Regexp // Pattern between anchors; nil: none
}

// described returns the facts of the control plane, read once.
var described = sync.OnceValue(func() *service { return describedBy(facts.Control(), "application/x-amz-json-1.0") })

// describedData returns those of the data plane.
var describedData = sync.OnceValue(func() *service { return describedBy(facts.Data(), "application/json") })

func describedBy(plane *facts.Service, contentType string) *service {
	d := &service{Operations: map[string]operation{}, Shapes: map[string]*shape{}, ContentType: contentType}
	for _, o := range plane.Operations {
		out := operation{Input: shapeRef{o.Input}, Output: shapeRef{o.Output}}
		for _, e := range o.Errors {
			out.Errors = append(out.Errors, shapeRef{e})
		}
		d.Operations[o.Name] = out
	}
	for _, s := range plane.Shapes {
		d.Shapes[s.Name] = describedShape(s)
	}
	return d
}

func describedShape(s *facts.Shape) *shape {
	out := &shape{Type: string(s.Kind), Members: map[string]shapeRef{}, Enum: s.Values, Min: s.Min, Max: s.Max,
		Pattern: s.GoPattern(), Union: s.Kind == facts.Union, Fault: s.Fault, Status: s.Status}
	switch {
	case s.Structural():
		out.Type = "structure"
	case s.Kind == facts.Enum:
		out.Type = "string"
	case s.Kind == facts.Map:
		out.Key, out.Value = shapeRef{s.Key}, shapeRef{s.Item}
	case s.Kind == facts.List:
		out.Member = shapeRef{s.Item}
	}
	for _, m := range s.Members {
		out.Members[m.Name] = shapeRef{m.Shape}
		if m.Required {
			out.Required = append(out.Required, m.Name)
		}
	}
	out.fits, _ = s.Regexp() // the facts' own test compiles every pattern
	return out
}

func anchored(pattern string) string { return "^(?:" + pattern + ")$" }

func (s *shape) required(member string) bool { return slices.Contains(s.Required, member) }

func (s *shape) low() int {
	if s.Min == nil {
		return 0
	}
	return *s.Min
}

// names are the members of a structure in an order that does not change.
func (s *shape) names() []string { return sorted(s.Members) }

// known are the names of all operations in an order that does not change.
func (d *service) known() []string { return sorted(d.Operations) }
