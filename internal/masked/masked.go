// Package masked prints structures without their sensitive members: account numbers, PINs,
// clear data and what else the service's description marks so. Such a member has the tag
// `sensitive:"true"`; of its value the length is printed.
package masked

import (
	"fmt"
	"log/slog"
	"reflect"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Tag is the struct tag of a sensitive member.
const Tag = "sensitive"

// Format prints a structure, whatever the verb.
func Format(w fmt.State, v any) { fmt.Fprint(w, text(v)) }

// LogValue is a structure in a log.
func LogValue(v any) slog.Value { return slog.StringValue(text(v)) }

// text is a structure on one line: "GenerateMacInput{KeyIdentifier: alias/mac, MessageData: 16
// characters}". Members that are absent are left out.
func text(v any) string {
	var b strings.Builder
	write(&b, reflect.ValueOf(v), false)
	return b.String()
}

func write(b *strings.Builder, v reflect.Value, sensitive bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			b.WriteString("nil")
			return
		}
		write(b, v.Elem(), sensitive)
	case reflect.Struct:
		writeMembers(b, v)
	default:
		if sensitive {
			b.WriteString(wording.Count(len(v.String()), "character"))
			return
		}
		fmt.Fprint(b, v.Interface())
	}
}

func writeMembers(b *strings.Builder, v reflect.Value) {
	b.WriteString(v.Type().Name() + "{")
	separator := ""
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			continue
		}
		member := v.Type().Field(i)
		b.WriteString(separator + member.Name + ": ")
		write(b, v.Field(i), member.Tag.Get(Tag) != "")
		separator = ", "
	}
	b.WriteByte('}')
}
