package server

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
)

var (
	durationType = reflect.TypeFor[time.Duration]()
	secretType   = reflect.TypeFor[hsm.Secret]()
)

// bind reads JSON into what to points to, with an *inputError for what does not
// fit. Members go by the json tag or the name of a field, in their case; unknown
// ones and null are refused.
func bind(raw []byte, to any) error {
	v, err := parseTree(raw)
	if err != nil {
		return err
	}
	return assign("", reflect.ValueOf(to).Elem(), v)
}

func wrongType(path, wanted string, found value) error {
	return &inputError{path, fmt.Sprintf("found %s, wanted %s", kindOf(found), wanted)}
}

func assign(path string, to reflect.Value, v value) error {
	switch to.Type() {
	case durationType:
		return assignDuration(path, to, v)
	case secretType:
		return assignSecret(path, to, v)
	}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		return assign(path, to.Elem(), v)
	case reflect.Struct:
		return assignStruct(path, to, v)
	case reflect.Slice:
		return assignSlice(path, to, v)
	case reflect.Map:
		return assignMap(path, to, v)
	case reflect.String:
		s, ok := v.(string)
		if !ok {
			return wrongType(path, "a string", v)
		}
		to.SetString(s)
	case reflect.Bool:
		b, ok := v.(bool)
		if !ok {
			return wrongType(path, "a boolean", v)
		}
		to.SetBool(b)
	case reflect.Int:
		return assignCount(path, to, v)
	default:
		panic(fmt.Sprintf("server: no configuration has a %s", to.Kind())) // a mistake of ours, found by the tests
	}
	return nil
}

func assignStruct(path string, to reflect.Value, v value) error {
	members, ok := v.(object)
	if !ok {
		return wrongType(path, "an object", v)
	}
	for _, m := range members {
		at := below(path, m.name)
		field, ok := fieldNamed(to, m.name)
		if !ok {
			return &inputError{at, "there is no such member; there are " + strings.Join(namesOf(to.Type()), ", ")}
		}
		if err := assign(at, field, m.value); err != nil {
			return err
		}
	}
	return nil
}

func fieldNamed(v reflect.Value, name string) (reflect.Value, bool) {
	for i, known := range namesOf(v.Type()) {
		if known == name {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// namesOf are the members of a struct, all of whose fields are exported.
func namesOf(t reflect.Type) []string {
	var names []string
	for f := range t.Fields() {
		name := f.Tag.Get("json")
		if name == "" {
			name = f.Name
		}
		names = append(names, name)
	}
	return names
}

func assignSlice(path string, to reflect.Value, v value) error {
	items, ok := v.(list)
	if !ok {
		return wrongType(path, "a list", v)
	}
	to.Set(reflect.MakeSlice(to.Type(), len(items), len(items)))
	for i, item := range items {
		if err := assign(fmt.Sprintf("%s[%d]", path, i), to.Index(i), item); err != nil {
			return err
		}
	}
	return nil
}

func assignMap(path string, to reflect.Value, v value) error {
	members, ok := v.(object)
	if !ok {
		return wrongType(path, "an object", v)
	}
	to.Set(reflect.MakeMapWithSize(to.Type(), len(members)))
	for _, m := range members {
		item := reflect.New(to.Type().Elem()).Elem()
		if err := assign(below(path, m.name), item, m.value); err != nil {
			return err
		}
		to.SetMapIndex(reflect.ValueOf(m.name), item)
	}
	return nil
}

// maxCount is the largest number of anything.
const maxCount = 1<<31 - 1

func assignCount(path string, to reflect.Value, v value) error {
	n, ok := v.(json.Number)
	if !ok {
		return wrongType(path, "a number", v)
	}
	i, err := strconv.ParseInt(n.String(), 10, 64)
	if err != nil || i < 1 || i > maxCount {
		return &inputError{path, "wanted a whole number of 1 or more"}
	}
	to.SetInt(i)
	return nil
}

func assignDuration(path string, to reflect.Value, v value) error {
	s, ok := v.(string)
	if !ok {
		return wrongType(path, `a time like "36h" or "7d"`, v)
	}
	d, err := ParseDuration(s)
	if err != nil {
		return &inputError{path, err.Error()}
	}
	to.SetInt(int64(d))
	return nil
}

// assignSecret makes a secret of hexadecimal digits. An empty one is no secret.
func assignSecret(path string, to reflect.Value, v value) error {
	s, ok := v.(string)
	if !ok {
		return wrongType(path, "a string of hexadecimal digits", v)
	}
	b, err := hex.DecodeString(s)
	defer clear(b)
	if err != nil || len(b) == 0 {
		return &inputError{path, "wanted pairs of hexadecimal digits"}
	}
	to.Set(reflect.ValueOf(hsm.NewSecret(b)))
	return nil
}
