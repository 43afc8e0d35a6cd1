package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/facts"
)

// checks writes the limits of strings, the values of enumerations and, for every
// structure that a request reaches and that has something to check, the check of
// its shape.
func (p *plane) checks(shapes []*facts.Shape) error {
	p.imports[module+"internal/shape"] = true
	requests := p.requests()
	p.printf("// Limits of the strings and values of the enumerations that a request can have.\nvar (\n")
	for _, s := range shapes {
		switch {
		case !requests[s.Name] || !p.checked(s):
		case s.Kind == facts.String:
			p.printf("text%s = shape.Text{%s}\n", s.Name, textLimits(s))
		case s.Kind == facts.Enum:
			p.printf("all%s = %s\n", s.Name, p.values(s))
		}
	}
	p.printf(")\n\n")
	for _, s := range shapes {
		if !requests[s.Name] || !s.Structural() || !p.checked(s) && !p.isInput(s) {
			continue
		}
		if err := p.structureCheck(s); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return nil
}

// isInput reports whether a shape is the request of an operation, which has a check even where there is
// nothing to check.
func (p *plane) isInput(s *facts.Shape) bool {
	return slices.ContainsFunc(p.operations, func(name string) bool { return p.facts.Operation(name).Input == s.Name })
}

func textLimits(s *facts.Shape) string {
	var parts []string
	if s.Min != nil && *s.Min > 0 {
		parts = append(parts, fmt.Sprintf("Min: %d", *s.Min))
	}
	if s.Max != nil {
		parts = append(parts, fmt.Sprintf("Max: %d", *s.Max))
	}
	if s.Pattern != "" {
		pattern := s.GoPattern()
		quoted := "`" + pattern + "`"
		if strings.Contains(pattern, "`") {
			quoted = fmt.Sprintf("%q", pattern)
		}
		parts = append(parts, "Pattern: "+quoted)
	}
	return strings.Join(parts, ", ")
}

// values is the list of an enumeration's values.
func (p *plane) values(s *facts.Shape) string {
	name := sameAs[s.Name]
	if name == "" {
		return fmt.Sprintf("%s%s(\"\").Values()", p.qualifier(s.Name), s.Name)
	}
	q := p.qualifier(name)
	return fmt.Sprintf("[]%s%s{%s}", q, name, strings.Join(constants(q, name, s.Values), ", "))
}

// checked reports whether a shape has anything to check.
func (p *plane) checked(s *facts.Shape) bool {
	switch s.Kind {
	case facts.Enum, facts.Union:
		return true
	case facts.String, facts.Integer:
		return s.Min != nil && *s.Min > 0 || s.Max != nil || s.Pattern != ""
	case facts.List, facts.Map:
		return s.Max != nil || p.checked(p.facts.Shape(s.Item))
	case facts.Structure:
		return slices.ContainsFunc(s.Members, func(m facts.Member) bool { return p.check(s, m) != "" })
	}
	return false
}

// structureCheck writes the check of a structure: a method of an own type, a
// function for one of the shared package.
func (p *plane) structureCheck(s *facts.Shape) error {
	if p.inShared(s.Name) {
		p.printf("func shape%s(in *%s, s *shape.Check) {\n", s.Name, p.typeName(s))
	} else {
		p.printf("// Shape checks lengths, patterns, values and required members. The operations call it.\n")
		p.printf("func (in *%s) Shape(s *shape.Check) {\n", s.Name)
	}
	if s.Kind == facts.Union {
		p.printf("s.ExactlyOne(\n")
		for _, m := range s.Members {
			p.printf("shape.Arm{Name: %q, Set: in.%s != nil},\n", m.Name, m.Name)
		}
		p.printf(")\n")
	}
	for _, m := range s.Members {
		if t := p.facts.Shape(m.Shape); t.Kind == facts.List && t.Min != nil && *t.Min > 0 || t.Kind == facts.Timestamp {
			return fmt.Errorf("%s: no check is written for a %s with these limits", m.Name, t.Kind)
		}
		p.printf("%s", p.check(s, m))
	}
	p.printf("}\n\n")
	return nil
}

// check is the statements that check a member, or "".
func (p *plane) check(s *facts.Shape, m facts.Member) string {
	t := p.facts.Shape(m.Shape)
	field := "in." + m.Name
	given := ""
	if m.Required && (strings.HasPrefix(p.memberType(s, m), "*") || t.Kind == facts.List || t.Kind == facts.Map) {
		given = fmt.Sprintf("s.Given(%q, %s != nil)\n", m.Name, field)
	}
	if !p.checked(t) {
		return given
	}
	maybe := when(strings.HasPrefix(p.memberType(s, m), "*"), "Maybe")
	switch t.Kind {
	case facts.String:
		return fmt.Sprintf("s.%sText(%q, %s, &text%s)\n", maybe, m.Name, field, t.Name)
	case facts.Enum:
		return fmt.Sprintf("shape.%sOneOf(s, %q, %s, all%s)\n", maybe, m.Name, field, t.Name)
	case facts.Integer:
		return given + fmt.Sprintf("s.MaybeNumber(%q, %s, %d, %d)\n", m.Name, field, *t.Min, *t.Max)
	case facts.List:
		return given + p.listCheck(m, t)
	case facts.Map:
		return given + fmt.Sprintf("s.Map(%q, %s, &text%s, &text%s)\n", m.Name, field, t.Key, t.Item)
	}
	address := when(maybe == "", "&")
	return fmt.Sprintf("shape.Inside(s, %q, %s%s, %s)\n", m.Name, address, field, p.checkOf(t))
}

func (p *plane) listCheck(m facts.Member, t *facts.Shape) string {
	most := 0
	if t.Max != nil {
		most = *t.Max
	}
	item := p.facts.Shape(t.Item)
	if item.Kind == facts.String {
		return fmt.Sprintf("s.Texts(%q, in.%s, %d, &text%s)\n", m.Name, m.Name, most, item.Name)
	}
	return fmt.Sprintf("shape.Each(s, %q, in.%s, %d, %s)\n", m.Name, m.Name, most, p.checkOf(item))
}

// checkOf names the check of a structure.
func (p *plane) checkOf(s *facts.Shape) string {
	if p.inShared(s.Name) {
		return "shape" + s.Name
	}
	return "(*" + s.Name + ").Shape"
}
