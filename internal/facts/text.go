package facts

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The text form has one line for each operation and shape, with indented lines for
// its parts:
//
//	operation GetKey POST / GetKeyInput GetKeyOutput readonly
//		errors AccessDeniedException ThrottlingException
//	structure GetKeyInput
//		KeyIdentifier KeyArnOrKeyAliasType required
//	string AliasName 7..256
//		pattern alias/[a-zA-Z0-9/_-]+
//	enum KeyClass
//		SYMMETRIC_KEY
//	list Tags of Tag 0..200
//	map OptionalBlocks of OptionalBlockId OptionalBlockValue

// String returns the text form, which Parse reads.
func (s *Service) String() string {
	var b strings.Builder
	for _, o := range s.Operations {
		line(&b, "operation", o.Name, o.Method, o.Path, o.Input, o.Output, when(o.ReadOnly, "readonly"))
		line(&b, append([]string{"\terrors"}, o.Errors...)...)
	}
	for _, shape := range s.Shapes {
		shape.print(&b)
	}
	return b.String()
}

func (s *Shape) print(b *strings.Builder) {
	status := ""
	if s.Status != 0 {
		status = strconv.Itoa(s.Status)
	}
	line(b, string(s.Kind), s.Name, when(s.Item != "", "of"), s.Key, s.Item, limits(s.Min, s.Max),
		when(s.Boxed, "boxed"), when(s.Sensitive, "sensitive"), when(s.Fault, "fault"), status)
	for _, m := range s.Members {
		line(b, "\t"+m.Name, m.Shape, when(m.Required, "required"), when(m.InPath, "path"))
	}
	for _, v := range s.Values {
		line(b, "\t"+v)
	}
	if s.Pattern != "" {
		line(b, "\tpattern", s.Pattern)
	}
}

// line writes the words that are not empty.
func line(b *strings.Builder, words ...string) {
	for i, w := range words {
		if i > 0 && w != "" {
			b.WriteByte(' ')
		}
		b.WriteString(w)
	}
	b.WriteByte('\n')
}

func when(on bool, word string) string {
	if on {
		return word
	}
	return ""
}

// limits is "7..256"; a side without a limit is empty.
func limits(low, high *int) string {
	if low == nil && high == nil {
		return ""
	}
	var text [2]string
	for i, n := range []*int{low, high} {
		if n != nil {
			text[i] = strconv.Itoa(*n)
		}
	}
	return text[0] + ".." + text[1]
}

// parse reads the text form. Every name that a part refers to must be there.
func parse(text string) (*Service, error) {
	s := &Service{named: map[string]*Shape{}}
	for i, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		part, indented := strings.CutPrefix(l, "\t")
		var err error
		switch {
		case !indented:
			err = s.begin(strings.Fields(l))
		case len(s.Shapes) > 0:
			err = s.Shapes[len(s.Shapes)-1].part(part)
		case len(s.Operations) > 0:
			s.Operations[len(s.Operations)-1].Errors = strings.Fields(part)[1:]
		default:
			err = errors.New("a part of nothing")
		}
		if err != nil {
			return nil, fmt.Errorf("line %d, %q: %w", i+1, l, err)
		}
	}
	return s, s.check()
}

func (s *Service) begin(words []string) error {
	switch {
	case len(words) < 2:
		return errors.New("no name")
	case words[0] != "operation":
		shape := &Shape{Kind: Kind(words[0]), Name: words[1]}
		s.add(shape)
		return shape.attributes(words[2:])
	case len(words) < 6:
		return errors.New("an operation has a method, a path, an input and an output")
	}
	s.Operations = append(s.Operations, Operation{Name: words[1], Method: words[2], Path: words[3],
		Input: words[4], Output: words[5], ReadOnly: len(words) > 6})
	return nil
}

func (s *Service) add(shape *Shape) {
	s.Shapes = append(s.Shapes, shape)
	s.named[shape.Name] = shape
}

func (s *Shape) attributes(words []string) (err error) {
	for i := 0; i < len(words); i++ {
		low, high, isLimits := strings.Cut(words[i], "..")
		status, notStatus := strconv.Atoi(words[i])
		switch {
		case words[i] == "of" && s.Kind == Map && i+2 < len(words):
			s.Key, s.Item = words[i+1], words[i+2]
			i += 2
		case words[i] == "of" && i+1 < len(words):
			s.Item = words[i+1]
			i++
		case words[i] == "boxed":
			s.Boxed = true
		case words[i] == "sensitive":
			s.Sensitive = true
		case words[i] == "fault":
			s.Fault = true
		case isLimits:
			s.Min, s.Max = number(low, &err), number(high, &err)
		case notStatus == nil:
			s.Status = status
		default:
			return fmt.Errorf("unknown word %q", words[i])
		}
	}
	return err
}

func number(text string, err *error) *int {
	if text == "" {
		return nil
	}
	n, e := strconv.Atoi(text)
	*err = cmp.Or(*err, e)
	return &n
}

func (s *Shape) part(text string) error {
	switch {
	case s.Structural():
		words := strings.Fields(text)
		if len(words) < 2 {
			return errors.New("a member has a name and a shape")
		}
		m := Member{Name: words[0], Shape: words[1]}
		for _, w := range words[2:] {
			switch w {
			case "required":
				m.Required = true
			case "path":
				m.InPath = true
			default:
				return fmt.Errorf("unknown word %q", w)
			}
		}
		s.Members = append(s.Members, m)
	case s.Kind == Enum:
		s.Values = append(s.Values, text)
	case s.Kind == String:
		s.Pattern = strings.TrimPrefix(text, "pattern ")
	default:
		return fmt.Errorf("a %s has no parts", s.Kind)
	}
	return nil
}

// check looks every reference up and compiles every pattern.
func (s *Service) check() error {
	for _, o := range s.Operations {
		for _, name := range append([]string{o.Input, o.Output}, o.Errors...) {
			if s.named[name] == nil {
				return fmt.Errorf("%s: no shape %s", o.Name, name)
			}
		}
	}
	for _, shape := range s.Shapes {
		names := []string{shape.Key, shape.Item}
		for _, m := range shape.Members {
			names = append(names, m.Shape)
		}
		for _, name := range names {
			if name != "" && s.named[name] == nil {
				return fmt.Errorf("%s: no shape %s", shape.Name, name)
			}
		}
		if _, err := shape.Regexp(); err != nil {
			return fmt.Errorf("%s: %w", shape.Name, err)
		}
	}
	return nil
}
