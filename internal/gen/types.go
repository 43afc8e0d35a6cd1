package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/facts"
	"github.com/seed748fb4d1/apcsim/internal/masked"
)

const module = "github.com/seed748fb4d1/apcsim/"

func (p *plane) printf(format string, args ...any) { fmt.Fprintf(&p.out, format, args...) }

// enum writes an enumeration: its type, its constants and the list of them.
func (p *plane) enum(s *facts.Shape) {
	p.printf("// %s\ntype %s string\n\n", p.comment(s), s.Name)
	p.printf("// Values of %s.\nconst (\n", s.Name)
	for _, v := range s.Values {
		p.printf("%s %s = %q\n", constName(s.Name, v), s.Name, v)
	}
	p.printf(")\n\n")
	p.printf("// Values returns every value, in the order of the service's description.\n")
	p.printf("func (%s) Values() []%s {\nreturn []%s{\n%s,\n}\n}\n\n", s.Name, s.Name, s.Name,
		strings.Join(constants("", s.Name, s.Values), ",\n"))
}

func constants(qualifier, typeName string, values []string) (out []string) {
	for _, v := range values {
		out = append(out, qualifier+constName(typeName, v))
	}
	return out
}

// structure writes a structure with its limits next to its members.
func (p *plane) structure(s *facts.Shape) {
	p.printf("// %s\ntype %s struct {\n", p.comment(s), s.Name)
	for _, m := range s.Members {
		p.printf("%s %s", m.Name, p.memberType(s, m))
		if p.masks(m) {
			p.printf(" `%s:\"true\"`", masked.Tag)
		}
		if limits := p.limits(s, m); limits != "" {
			p.printf(" // %s", limits)
		}
		p.printf("\n")
	}
	p.printf("}\n\n")
	if p.reachesMasked(s.Name, map[string]bool{}) {
		p.imports["fmt"], p.imports["log/slog"], p.imports[module+"internal/masked"] = true, true, true
		p.printf("// Format prints the value without its sensitive members, whatever the verb.\n")
		p.printf("func (in %s) Format(w fmt.State, _ rune) { masked.Format(w, in) }\n\n", s.Name)
		p.printf("// LogValue returns the value for a log, without its sensitive members.\n")
		p.printf("func (in %s) LogValue() slog.Value { return masked.LogValue(in) }\n\n", s.Name)
	}
}

// masks reports whether a member is sensitive, in a plane whose types do not print such.
func (p *plane) masks(m facts.Member) bool { return p.masked && p.facts.Shape(m.Shape).Sensitive }

// reachesMasked reports whether a structure has a sensitive member, however deep.
func (p *plane) reachesMasked(name string, seen map[string]bool) bool {
	if seen[name] {
		return false
	}
	seen[name] = true
	return slices.ContainsFunc(p.facts.Shape(name).Members, func(m facts.Member) bool {
		return p.masks(m) || p.reachesMasked(m.Shape, seen)
	})
}

// limits are those of a member of a request, in words: "required; 7 to 322
// characters".
func (p *plane) limits(s *facts.Shape, m facts.Member) string {
	if !p.requests()[s.Name] {
		return ""
	}
	var words []string
	if m.Required {
		words = append(words, "required")
	}
	t := p.facts.Shape(m.Shape)
	if m.InPath {
		words = append(words, "in the path of the HTTP request")
	}
	if text := between(t); text != "" {
		words = append(words, text)
	}
	return strings.Join(words, "; ")
}

func between(s *facts.Shape) string {
	unit := map[facts.Kind]string{facts.String: " characters", facts.List: " items"}[s.Kind]
	switch {
	case s.Max == nil:
		return ""
	case s.Min == nil || *s.Min == 0 && s.Kind != facts.Integer:
		return fmt.Sprintf("at most %d%s", *s.Max, unit)
	case *s.Min == *s.Max:
		return strings.TrimSuffix(fmt.Sprintf("%d%s", *s.Min, unit), when(*s.Min == 1, "s"))
	}
	return fmt.Sprintf("%d to %d%s", *s.Min, *s.Max, unit)
}

func when(on bool, text string) string {
	if on {
		return text
	}
	return ""
}

// memberType is the Go type of a member. What may be absent is a pointer, except
// lists and maps, which are nil; so are booleans and integers of requests, whose
// zero value is a value.
func (p *plane) memberType(s *facts.Shape, m facts.Member) string {
	t := p.facts.Shape(m.Shape)
	name := p.typeName(t)
	switch {
	case t.Kind == facts.List, t.Kind == facts.Map:
		return name
	case t.Kind == facts.Boolean && !t.Boxed:
		return name
	case !m.Required, s.Kind == facts.Union:
		return "*" + name
	case (t.Kind == facts.Boolean || t.Kind == facts.Integer) && p.requests()[s.Name]:
		return "*" + name
	}
	return name
}

// typeName is the Go type of a shape.
func (p *plane) typeName(s *facts.Shape) string {
	switch s.Kind {
	case facts.Boolean:
		return "bool"
	case facts.Integer:
		return "int"
	case facts.Timestamp:
		p.imports["time"] = true
		return "time.Time"
	case facts.String:
		return "string"
	case facts.List:
		return "[]" + p.typeName(p.facts.Shape(s.Item))
	case facts.Map:
		return "map[string]" + p.typeName(p.facts.Shape(s.Item))
	}
	name := s.Name
	if other := sameAs[name]; other != "" {
		name = other
	}
	return p.qualifier(name) + name
}

// qualifier is "apc." for what the shared package has.
func (p *plane) qualifier(name string) string {
	if !p.inShared(name) {
		return ""
	}
	p.imports[module+p.shared.pkg] = true
	return p.shared.pkg + "."
}

// comment is the documentation of a type.
func (p *plane) comment(s *facts.Shape) string {
	if text := docs[s.Name]; text != "" {
		return s.Name + " " + text
	}
	for _, o := range p.facts.Operations {
		switch s.Name {
		case o.Input:
			return s.Name + " is the request of " + o.Name + "."
		case o.Output:
			return s.Name + " is the answer of " + o.Name + "."
		}
	}
	switch {
	case s.Kind == facts.Union && len(s.Members) == 1:
		return s.Name + " is a union with one member, which must be set."
	case s.Kind == facts.Union:
		return s.Name + " is a union: exactly one member must be set."
	case s.Kind == facts.Enum:
		return s.Name + " is an enumeration of the service."
	}
	return s.Name + " is " + p.place(s) + "."
}

// place names the members that have a structure's type: "the member Amex of A", "the member Amex of A and B".
func (p *plane) place(s *facts.Shape) string {
	in := map[string][]string{} // structures by the name of the member
	for _, other := range p.facts.Shapes {
		for _, m := range other.Members {
			if m.Shape == s.Name {
				in[m.Name] = append(in[m.Name], other.Name)
			}
		}
	}
	var places []string
	for _, name := range slices.Sorted(maps.Keys(in)) {
		places = append(places, "the member "+name+" of "+strings.Join(in[name], " and "))
	}
	return strings.Join(places, ", and ")
}
