package endpoint_test

import (
	"fmt"
	"regexp"
	"strings"

	"pgregory.net/rapid"
)

// drawer draws requests that fit the description. Half of what it draws or more
// is real, out of requests that succeed: those were recorded.
type drawer struct {
	d    *service
	real map[string][]any // by shape
}

func newDrawer(d *service, seen []goodRequest) *drawer {
	g := &drawer{d, map[string][]any{}}
	for _, r := range seen {
		g.learn(d.Operations[r.op].Input.Shape, r.body)
	}
	return g
}

// learn keeps a value and all its parts by their shapes.
func (g *drawer) learn(name string, v any) {
	s := g.d.Shapes[name]
	switch v := v.(type) {
	case object:
		for _, k := range sorted(v) {
			if s.Type == "map" {
				g.learn(s.Key.Shape, k)
				g.learn(s.Value.Shape, v[k])
			} else {
				g.learn(s.Members[k].Shape, v[k])
			}
		}
	case []any:
		for _, item := range v {
			g.learn(s.Member.Shape, item)
		}
	case string:
		if len(s.Enum) > 0 {
			return
		}
	default:
		return
	}
	g.real[name] = append(g.real[name], v)
}

// request draws one for an operation.
func (g *drawer) request(t *rapid.T, op string) object {
	return g.value(t, g.d.Operations[op].Input.Shape).(object)
}

func (g *drawer) value(t *rapid.T, name string) any {
	s := g.d.Shapes[name]
	if known := g.real[name]; len(known) > 0 && rapid.IntRange(0, 2).Draw(t, "real "+name) > 0 {
		return clone(rapid.SampledFrom(known).Draw(t, name))
	}
	switch s.Type {
	case "structure":
		return g.structure(t, name, s)
	case "list":
		out := make([]any, rapid.IntRange(s.low(), s.low()+3).Draw(t, name+" items"))
		for i := range out {
			out[i] = g.value(t, s.Member.Shape)
		}
		return out
	case "map":
		out := object{}
		for range rapid.IntRange(0, 3).Draw(t, name+" items") {
			out[g.value(t, s.Key.Shape).(string)] = g.value(t, s.Value.Shape)
		}
		return out
	case "boolean":
		return rapid.Bool().Draw(t, name)
	case "integer":
		return rapid.IntRange(*s.Min, *s.Max).Draw(t, name)
	case "string":
		if len(s.Enum) > 0 {
			return rapid.SampledFrom(s.Enum).Draw(t, name)
		}
		return s.drawText(t, name)
	}
	panic("no input has a " + s.Type) // a new edition of the description
}

// seldom are members that nothing simulates: a request with one is refused.
var seldom = map[string]bool{"ReplicationRegions": true, "RequesterComment": true}

func (g *drawer) structure(t *rapid.T, name string, s *shape) any {
	out := object{}
	if s.Union {
		arm := rapid.SampledFrom(s.names()).Draw(t, name)
		out[arm] = g.value(t, s.Members[arm].Shape)
		return out
	}
	for _, m := range s.names() {
		often := 3
		if seldom[m] {
			often = 16
		}
		switch n := rapid.IntRange(1, often).Draw(t, m); {
		case s.required(m) || n == often:
			out[m] = g.value(t, s.Members[m].Shape)
		case n == 1 && often > 2 && rapid.Bool().Draw(t, m+" null"):
			out[m] = nil
		}
	}
	if rapid.IntRange(0, 5).Draw(t, "unknown member") == 0 {
		out["Unheard"] = object{"KeyIdentifier": []any{1.5, nil, "]}\\\""}}
	}
	return out
}

var oneClass = regexp.MustCompile(`^(\[.*\])\+$`)

// drawText draws a string of a length and a pattern.
func (s *shape) drawText(t *rapid.T, name string) string {
	most := s.low() + 40
	if s.Max != nil && *s.Max < most {
		most = *s.Max
	}
	if s.fits == nil {
		return rapid.StringN(s.low(), most, -1).Draw(t, name)
	}
	expression := anchored(s.Pattern)
	if class := oneClass.FindStringSubmatch(s.Pattern); class != nil && !strings.Contains(class[1][1:], "[a") {
		expression = anchored(fmt.Sprintf("%s{%d,%d}", class[1], max(1, s.low()), most))
	} else if strings.HasPrefix(s.Pattern, "(?:[0-9a-fA-F][0-9a-fA-F])") {
		expression = anchored(fmt.Sprintf("(?:[0-9a-fA-F]{2}){%d,%d}", max(1, s.low()/2), most/2))
	}
	low, high := s.low(), s.Max
	return rapid.StringMatching(expression).Filter(func(text string) bool {
		n := len([]rune(text))
		return n >= low && (high == nil || n <= *high) && s.fits.MatchString(text)
	}).Draw(t, name)
}

// clone copies a JSON value as deep as it goes.
func clone(v any) any {
	switch v := v.(type) {
	case object:
		out := object{}
		for k, item := range v {
			out[k] = clone(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = clone(item)
		}
		return out
	}
	return v
}
