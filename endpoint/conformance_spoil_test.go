package endpoint_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// spoiling is one way to make a good request bad: where, how, and the request
// that comes of it.
type spoiling struct {
	what, at string
	code     string // the exception that must come
	late     bool   // where the engine cannot tell absence from a value
	body     object
}

// late are members whose absence is the same to the engine as their zero value,
// so that it is found later, with the rest of the request checked before it.
var late = map[string]bool{
	"KeyModesOfUse": true, // no modes: no table has such a row
	"Value":         true, // of a tag: the empty one, which the engine takes
	"ImportToken":   true, // the empty one fits its pattern
}

// spoilings are all ways to spoil a request.
func (d *service) spoilings(op string, body object) []spoiling {
	s := &spoiler{d: d, whole: body}
	s.value("", d.Operations[op].Input.Shape, body, func(v any) { s.whole, _ = v.(object) })
	return s.out
}

// spoiler walks a request. Each spoiling is put into the request, copied with
// it, and taken out again.
type spoiler struct {
	d     *service
	whole object
	out   []spoiling
}

func (s *spoiler) add(what, at, code string) {
	s.out = append(s.out, spoiling{what: what, at: at, code: code, body: clone(s.whole).(object)})
}

// with spoils one value.
func (s *spoiler) with(v, bad any, set func(any), what, at, code string) {
	set(bad)
	s.add(what, at, code)
	set(v)
}

const (
	refusedByShape = "ValidationException"
	refusedByType  = "SerializationException"
)

func (s *spoiler) value(at, name string, v any, set func(any)) {
	shape := s.d.Shapes[name]
	if at != "" {
		s.types(at, shape, v, set)
	}
	switch v := v.(type) {
	case object:
		if shape.Type == "map" {
			s.entries(at, shape, v)
		} else {
			s.members(at, shape, v)
		}
	case []any:
		s.items(at, shape, v, set)
	case string:
		s.texts(at, shape, v, set)
	case int:
		s.with(v, *shape.Min-1, set, "too small", at, refusedByShape)
		s.with(v, *shape.Max+1, set, "too large", at, refusedByShape)
		s.with(v, 1.5, set, "a fraction", at, refusedByType)
		s.with(v, 1e300, set, "far too large", at, refusedByType)
	}
}

// types puts values of every other type in the place of one.
func (s *spoiler) types(at string, shape *shape, v any, set func(any)) {
	kind := map[string]string{"structure": "object", "map": "object"}[shape.Type]
	if kind == "" {
		kind = shape.Type
	}
	others := map[string]any{"object": object{}, "list": []any{}, "string": "text", "boolean": true, "integer": 7}
	for _, other := range sorted(others) {
		if other != kind {
			s.with(v, others[other], set, other+" for "+kind, at, refusedByType)
		}
	}
}

func (s *spoiler) members(at string, shape *shape, v object) {
	for _, m := range sorted(v) {
		ref, declared := shape.Members[m]
		if !declared || v[m] == nil {
			continue
		}
		there := strings.TrimPrefix(at+"."+m, ".")
		old := v[m]
		s.value(there, ref.Shape, old, func(bad any) { v[m] = bad })
		if !shape.required(m) {
			continue
		}
		before := len(s.out)
		s.with(old, nil, func(bad any) { v[m] = bad }, "null", there, refusedByShape)
		delete(v, m)
		s.add("absent", there, refusedByShape)
		v[m] = old
		for i := range s.out[before:] {
			s.out[before+i].late = late[m]
		}
	}
	if shape.Union {
		s.union(at, shape, v)
	}
}

// union empties a union, and gives it two members.
func (s *spoiler) union(at string, shape *shape, v object) {
	arm := sorted(v)[0]
	old := v[arm]
	delete(v, arm)
	s.add("empty union", at, refusedByShape)
	v[arm] = old
	for _, other := range shape.names() {
		if other != arm {
			v[other] = object{}
			if values := s.d.Shapes[shape.Members[other].Shape].Enum; len(values) > 0 {
				v[other] = values[0]
			}
			s.add("two members of a union", at, refusedByShape)
			delete(v, other)
		}
	}
}

func (s *spoiler) items(at string, shape *shape, v []any, set func(any)) {
	for i := range v {
		old := v[i]
		there := at + "[" + strconv.Itoa(i) + "]"
		s.value(there, shape.Member.Shape, old, func(bad any) { v[i] = bad })
		s.with(old, nil, func(bad any) { v[i] = bad }, "null item", there, refusedByShape)
	}
	if shape.Max != nil && len(v) > 0 {
		s.with(v, slices.Repeat(v[:1], *shape.Max+1), set, "too many items", at, refusedByShape)
	}
}

// entries spoils the keys and the values of a map.
func (s *spoiler) entries(at string, shape *shape, v object) {
	for _, k := range sorted(v) {
		old := v[k]
		s.value(at+"."+k, shape.Value.Shape, old, func(bad any) { v[k] = bad })
		s.with(old, nil, func(bad any) { v[k] = bad }, "null in a map", at+"."+k, refusedByShape)
		now := k
		s.texts(at, s.d.Shapes[shape.Key.Shape], k, func(bad any) {
			delete(v, now)
			now = bad.(string)
			v[now] = old
		})
	}
}

// texts breaks the length, the pattern and the enumeration of a string.
func (s *spoiler) texts(at string, shape *shape, v string, set func(any)) {
	for _, c := range []struct{ what, bad string }{
		{"empty", ""}, {"too short", v[:max(0, min(len(v), shape.low()-1))]}, {"a line more", v + "\n"}, {"one more", v + "0"},
		{"spoilt at the start", "[" + v}, {"spoilt at the end", v + ";"}, {"a letter of elsewhere", v + "é"}, {"a zero byte", v + "\x00"},
		{"another case", strings.ToLower(v)}, {"an unknown value", "UNHEARD_OF"},
	} {
		if !shape.takes(c.bad) {
			s.with(v, c.bad, set, c.what, at, refusedByShape)
		}
	}
	if shape.Max != nil {
		long := v + strings.Repeat("0", max(0, *shape.Max+1-len([]rune(v))))
		s.with(v, long, set, "too long", at, refusedByShape)
	}
}

// takes reports whether a string fits.
func (s *shape) takes(text string) bool {
	var f findings
	(&checking{nil, &f, false}).text("", s, text)
	return len(f) == 0
}
