package canary

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
)

// Check reports an error where a value that holds a secret shows it in print: by
// any verb of fmt, in JSON or in a log, by itself or as a part of another value.
func Check(t *testing.T, name string, value any, secret []byte) {
	t.Helper()
	text := Printed(value)
	if v := reflect.ValueOf(value); v.Kind() == reflect.Struct {
		pointer := reflect.New(v.Type())
		pointer.Elem().Set(v)
		text += Printed(pointer.Interface())
	}
	for _, form := range Forms(secret) {
		if i := strings.Index(text, form); i >= 0 {
			t.Errorf("%s shows its secret: %.200q", name, text[max(0, i-80):])
			return
		}
	}
}

// Printed is everything that a careless caller might print of a value.
func Printed(v any) string {
	var out bytes.Buffer
	for _, value := range []any{v, struct{ Field any }{v}, []any{v}, map[string]any{"member": v}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "value", value)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "value", value)
		raw, err := json.Marshal(value)
		fmt.Fprintln(&out, string(raw), err)
	}
	return out.String()
}

// Forms are the ways in which bytes appear in print, as words of 32 bits too: a
// prepared cipher begins with those of its key.
func Forms(secret []byte) (all []string) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if len(secret) >= 8 {
			first, second := order.Uint32(secret), order.Uint32(secret[4:])
			all = append(all, fmt.Sprint(first, " ", second), fmt.Sprintf("%#x, %#x", first, second), fmt.Sprintf("%x %x", first, second))
		}
	}
	digits := hex.EncodeToString(secret)
	return append(all,
		string(secret), digits, strings.ToUpper(digits), hex.EncodeToString([]byte(digits)),
		strings.Trim(fmt.Sprint(secret), "[]"), strings.ReplaceAll(strings.Trim(fmt.Sprint(secret), "[]"), " ", ","),
		base64.StdEncoding.EncodeToString(secret), strings.Trim(fmt.Sprintf("%#v", secret)[6:], "{}"))
}
