package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A request in plain values: an object, a list, a text, a number or a truth value. Members that
// are absent are left out.
type (
	object []member
	member struct {
		name  string
		value any
	}
)

// longText is the longest text of a request that is shown.
const longText = 16 << 10

func plain(v reflect.Value) any {
	if !v.IsValid() {
		return nil
	}
	if x, ok := v.Interface().(time.Time); ok {
		return x.UTC().Format(time.RFC3339)
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return plain(v.Elem())
		}
	case reflect.Struct:
		return plainMembers(v)
	case reflect.Slice:
		if v.Len() == 0 {
			return nil
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(v.Index(i))
		}
		return list
	case reflect.Map:
		out := object{}
		for _, k := range v.MapKeys() {
			out = append(out, member{k.String(), plain(v.MapIndex(k))})
		}
		slices.SortFunc(out, func(a, b member) int { return strings.Compare(a.name, b.name) })
		return out
	case reflect.String:
		return shortened(v.String())
	case reflect.Bool, reflect.Int, reflect.Int32, reflect.Int64:
		return v.Interface()
	}
	return nil
}

func plainMembers(v reflect.Value) any {
	out := object{}
	for f, value := range v.Fields() {
		if !f.IsExported() {
			continue
		}
		if x := plain(value); x != nil && x != "" {
			out = append(out, member{f.Name, x})
		}
	}
	return out
}

func shortened(s string) string {
	if len(s) > longText {
		return "(" + strconv.Itoa(len(s)) + " characters)"
	}
	return s
}

// MarshalJSON keeps the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		name, _ := json.Marshal(m.name)
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%s:%s", name, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// arguments is an object as the arguments of a call in Python.
func arguments(o object) string {
	var b strings.Builder
	for _, m := range o {
		b.WriteString("\n    " + m.name + "=")
		python(&b, m.value)
		b.WriteByte(',')
	}
	if len(o) > 0 {
		b.WriteByte('\n')
	}
	return b.String()
}

func python(b *strings.Builder, v any) {
	switch v := v.(type) {
	case object:
		b.WriteByte('{')
		for i, m := range v {
			comma(b, i)
			python(b, m.name)
			b.WriteString(": ")
			python(b, m.value)
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, x := range v {
			comma(b, i)
			python(b, x)
		}
		b.WriteByte(']')
	case bool:
		b.WriteString(strings.ToUpper(strconv.FormatBool(v)[:1]) + strconv.FormatBool(v)[1:])
	default: // texts and numbers are as in JSON
		text, _ := json.Marshal(v)
		b.Write(text)
	}
}

func comma(b *strings.Builder, i int) {
	if i > 0 {
		b.WriteString(", ")
	}
}

// identifier is the name of a member that names a key or a resource.
var identifier = regexp.MustCompile(`(Identifier|KeyArn|ResourceArn|AliasName|ImportToken|ExportToken)$`)

// named is what names begin with. Other texts, which the client put there by mistake, may be keys.
var named = regexp.MustCompile(`^(alias/|arn:aws:|import-token-|export-token-)`)

// Identifiers are the names of keys in a request or an answer, each once, in its order.
func Identifiers(v any) (found []string) {
	walk(reflect.ValueOf(v), "", func(name, text string) {
		if identifier.MatchString(name) && named.MatchString(text) && len(text) <= 322 && utf8.ValidString(text) && len(found) < 32 &&
			!slices.Contains(found, text) {
			found = append(found, text)
		}
	})
	return found
}

// Size is how many bytes the texts of a request take, and a little for each.
func Size(v any) (n int) {
	walk(reflect.ValueOf(v), "", func(_, text string) { n += 32 + len(text) })
	return n
}

// walk visits every text, with the name of the member that it is in.
func walk(v reflect.Value, name string, visit func(name, text string)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		walk(v.Elem(), name, visit)
	case reflect.Struct:
		for f, value := range v.Fields() {
			if f.IsExported() {
				walk(value, f.Name, visit)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), name, visit)
		}
	case reflect.Map:
		for k, value := range v.Seq2() {
			walk(k, name, visit)
			walk(value, name, visit)
		}
	case reflect.String:
		visit(name, v.String())
	}
}
