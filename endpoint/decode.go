package endpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
)

// decode reads a request into an input of engine. Member names are those of the
// shape, in their case; members that nobody knows and nulls are ignored. What
// cannot be read is a SerializationException.
func decode(body []byte, in any) error {
	if len(bytes.TrimSpace(body)) == 0 { // as good as {}
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return unreadable("The body is not JSON.")
	}
	if _, err := d.Token(); err != io.EOF {
		return unreadable("There is more than one JSON value in the body.")
	}
	return assign("the body", reflect.ValueOf(in).Elem(), value)
}

func unreadable(message string) error {
	return &protocolError{http.StatusBadRequest, "SerializationException", message}
}

func wrongType(at, wanted string, value any) error {
	found := map[reflect.Kind]string{reflect.String: "a string", reflect.Bool: "a boolean", reflect.Slice: "a list", reflect.Map: "an object"}[reflect.ValueOf(value).Kind()]
	if _, ok := value.(json.Number); ok {
		found = "a number"
	}
	return unreadable(printableOnly(fmt.Sprintf("%s: found %s, wanted %s.", at, found, wanted)))
}

// assign puts a JSON value into a member.
func assign(at string, to reflect.Value, value any) error {
	if value == nil {
		return nil
	}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		return assign(at, to.Elem(), value)
	case reflect.Struct:
		return assignStruct(at, to, value)
	case reflect.Slice:
		return assignList(at, to, value)
	case reflect.String:
		s, ok := value.(string)
		if !ok {
			return wrongType(at, "a string", value)
		}
		to.SetString(s)
	case reflect.Bool:
		b, ok := value.(bool)
		if !ok {
			return wrongType(at, "a boolean", value)
		}
		to.SetBool(b)
	case reflect.Int:
		return assignInteger(at, to, value)
	default:
		panic(fmt.Sprintf("endpoint: no input has a %s", to.Kind())) // a mistake of ours, found by the tests
	}
	return nil
}

func assignStruct(at string, to reflect.Value, value any) error {
	object, ok := value.(map[string]any)
	if !ok {
		return wrongType(at, "an object", value)
	}
	for _, f := range fieldsOf(to.Type()) {
		if member, ok := object[f.name]; ok {
			if err := assign(f.name, to.Field(f.index), member); err != nil {
				return err
			}
		}
	}
	return nil
}

func assignList(at string, to reflect.Value, value any) error {
	list, ok := value.([]any)
	if !ok {
		return wrongType(at, "a list", value)
	}
	out := reflect.MakeSlice(to.Type(), len(list), len(list))
	for i, item := range list {
		if err := assign(fmt.Sprintf("%s[%d]", at, i), out.Index(i), item); err != nil {
			return err
		}
	}
	to.Set(out)
	return nil
}

// maxInteger is the largest integer that AWS JSON has.
const maxInteger = 1<<31 - 1

// assignInteger takes whole numbers in whatever notation.
func assignInteger(at string, to reflect.Value, value any) error {
	n, ok := value.(json.Number)
	if !ok {
		return wrongType(at, "an integer", value)
	}
	f, err := strconv.ParseFloat(n.String(), 64)
	if err != nil || f != float64(int64(f)) || f > maxInteger || f < -maxInteger {
		return unreadable(at + ": found a number that is no 32-bit integer, wanted an integer.")
	}
	to.SetInt(int64(f))
	return nil
}
