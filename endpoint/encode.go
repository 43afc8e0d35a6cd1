package endpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"
)

// encode writes an output in AWS JSON: members by their names in their order,
// absent ones left out, a list that is there and empty as [], times as seconds
// since 1970 with milliseconds. What it is given are the shapes of engine, whose
// kinds it knows all.
func encode(v any) []byte {
	var b bytes.Buffer
	b.Grow(1024)
	appendValue(&b, reflect.ValueOf(v))
	return b.Bytes()
}

func appendValue(b *bytes.Buffer, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		appendValue(b, v.Elem())
	case reflect.Struct:
		if at, ok := v.Interface().(time.Time); ok {
			b.Write(appendTime(b.AvailableBuffer(), at))
			return
		}
		appendStruct(b, v)
	case reflect.Slice:
		appendList(b, v)
	case reflect.Map:
		appendMap(b, v)
	case reflect.String:
		appendString(b, v.String())
	case reflect.Bool:
		b.Write(strconv.AppendBool(b.AvailableBuffer(), v.Bool()))
	case reflect.Int:
		b.Write(strconv.AppendInt(b.AvailableBuffer(), v.Int(), 10))
	default:
		panic(fmt.Sprintf("endpoint: no shape has a %s", v.Kind())) // a mistake of ours, found by the tests
	}
}

// appendTime writes a time as a JSON number: 1698245002.065, zeros at the end
// left out.
func appendTime(b []byte, t time.Time) []byte {
	milli := t.UnixMilli()
	if milli%1000 == 0 {
		return strconv.AppendInt(b, milli/1000, 10)
	}
	return strconv.AppendFloat(b, float64(milli)/1000, 'f', -1, 64)
}

func appendStruct(b *bytes.Buffer, v reflect.Value) {
	b.WriteByte('{')
	first := true
	for _, f := range fieldsOf(v.Type()) {
		value := v.Field(f.index)
		if f.optional && value.IsNil() {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.WriteString(f.quoted)
		appendValue(b, value)
	}
	b.WriteByte('}')
}

func appendList(b *bytes.Buffer, v reflect.Value) {
	b.WriteByte('[')
	for i := range v.Len() {
		if i > 0 {
			b.WriteByte(',')
		}
		appendValue(b, v.Index(i))
	}
	b.WriteByte(']')
}

func appendMap(b *bytes.Buffer, v reflect.Value) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int { return bytes.Compare([]byte(x.String()), []byte(y.String())) })
	b.WriteByte('{')
	for i, k := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		appendString(b, k.String())
		b.WriteByte(':')
		appendValue(b, v.MapIndex(k))
	}
	b.WriteByte('}')
}

// appendString writes a JSON string; most need no escape. What needs none in
// JSON gets none.
func appendString(b *bytes.Buffer, s string) {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7E || c == '"' || c == '\\' {
			e := json.NewEncoder(b)
			e.SetEscapeHTML(false)
			e.Encode(s) // a string always encodes
			b.Truncate(b.Len() - len("\n"))
			return
		}
	}
	b.WriteByte('"')
	b.WriteString(s)
	b.WriteByte('"')
}

// field is a member of a shape.
type field struct {
	name     string
	quoted   string // `"Name":`
	index    int
	optional bool // left out when nil
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
		out = append(out, field{name, strconv.Quote(name) + ":", i, kind == reflect.Pointer || kind == reflect.Map})
	}
	known, _ := shapes.LoadOrStore(t, out)
	return known.([]field)
}
