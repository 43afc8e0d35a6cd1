package endpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// encode writes an output in AWS JSON: members by their names in their order,
// absent ones left out, a list that is there and empty as [], times as seconds
// since 1970 with milliseconds. What it is given are the shapes of engine, whose
// kinds it has all.
func encode(v any) []byte {
	return appendValue(make([]byte, 0, 704), reflect.ValueOf(v)) // bytes: a little more than the answer to CreateKey
}

func appendValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Pointer:
		return appendValue(b, v.Elem())
	case reflect.Struct:
		if v.Type() == timeType {
			if v.CanAddr() { // nearly always, and nothing is copied
				return appendTime(b, *v.Addr().Interface().(*time.Time))
			}
			return appendTime(b, v.Interface().(time.Time))
		}
		return appendStruct(b, v, fieldsOf(v.Type()))
	case reflect.Slice:
		return appendList(b, v)
	case reflect.Map:
		return appendMap(b, v)
	case reflect.String:
		return appendString(b, v.String())
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case reflect.Int:
		return strconv.AppendInt(b, v.Int(), 10)
	default:
		panic(fmt.Sprintf("endpoint: no shape has a %s", v.Kind())) // a mistake of ours, found by the tests
	}
}

var timeType = reflect.TypeFor[time.Time]()

// appendTime writes a time as a JSON number: 1698245002.065, zeros at the end
// left out. No record has one of before 1970.
func appendTime(b []byte, t time.Time) []byte {
	milli := max(t.UnixMilli(), 0)
	b = strconv.AppendInt(b, milli/1000, 10)
	part := milli % 1000
	if part == 0 {
		return b
	}
	b = append(b, '.', '0'+byte(part/100))
	if part%100 != 0 {
		b = append(b, '0'+byte(part/10%10))
	}
	if part%10 != 0 {
		b = append(b, '0'+byte(part%10))
	}
	return b
}

func appendStruct(b []byte, v reflect.Value, fields []field) []byte {
	opening := byte('{')
	for i := range fields {
		f := &fields[i]
		value := v.Field(f.index)
		if f.optional && value.IsNil() {
			continue
		}
		b = append(append(b, opening), f.quoted...)
		if f.within != nil {
			b = appendStruct(b, reflect.Indirect(value), f.within)
		} else {
			b = appendValue(b, value)
		}
		opening = ','
	}
	if opening == '{' {
		b = append(b, '{')
	}
	return append(b, '}')
}

func appendList(b []byte, v reflect.Value) []byte {
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendValue(b, v.Index(i))
	}
	return append(b, ']')
}

func appendMap(b []byte, v reflect.Value) []byte {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, k.String()), ':')
		b = appendValue(b, v.MapIndex(k))
	}
	return append(b, '}')
}

// appendString writes a JSON string; most need no escape. What needs none in
// JSON gets none.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7E || c == '"' || c == '\\' {
			out := bytes.NewBuffer(b)
			e := json.NewEncoder(out)
			e.SetEscapeHTML(false)
			e.Encode(s) // a string always encodes
			return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// field is a member of a shape.
type field struct {
	name     string
	quoted   string // `"Name":`
	index    int
	optional bool    // left out when nil
	required bool    // of a request, where its Go value does not show that it is absent
	within   []field // the members of a shape; else nil
}

var shapes sync.Map // of reflect.Type to []field

// fieldsOf are the members of a shape, in their order. A list of an output is
// there even when it is nil: all lists of outputs are required.
func fieldsOf(t reflect.Type) []field {
	if known, ok := shapes.Load(t); ok {
		return known.([]field)
	}
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Name
		if wire := f.Tag.Get("wire"); wire != "" {
			name = wire
		}
		kind := f.Type.Kind()
		out = append(out, field{
			name, strconv.Quote(name) + ":", i, kind == reflect.Pointer || kind == reflect.Map,
			kind == reflect.String || kind == reflect.Struct, within(f.Type),
		})
	}
	known, _ := shapes.LoadOrStore(t, out)
	return known.([]field)
}

func within(t reflect.Type) []field {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == timeType {
		return nil
	}
	return fieldsOf(t)
}
