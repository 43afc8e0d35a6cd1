package testrig

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"
)

// ReadJSON decodes a file.
func ReadJSON[T any](t testing.TB, path string) (out T) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return out
}

// ReadLines decodes a file that has a value on each line.
func ReadLines[T any](t testing.TB, path string) (out []T) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = append(out, v)
	}
	return out
}

// WriteLines writes a file that has a value on each line, and its folder.
func WriteLines[T any](t testing.TB, path string, values []T) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(Lines(t, values)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Lines encodes values, one on each line.
func Lines[T any](t testing.TB, values []T) string {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	for _, v := range values {
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// Vectors decodes a file of the folder of published vectors that APCSIM_VECTORS names; it is the zero
// value where no folder is named.
func Vectors[T any](t testing.TB, name string) T {
	t.Helper()
	return besides[T](t, "APCSIM_VECTORS", name)
}

// Facts decodes a fact sheet of the folder that APCSIM_SPEC names; it is the zero value where no folder
// is named.
func Facts[T any](t testing.TB, name string) T {
	t.Helper()
	return besides[T](t, "APCSIM_SPEC", name)
}

// besides decodes a file that is not of the repository. One without what the test reads fails it: it would pass as
// where no folder is named.
func besides[T any](t testing.TB, variable, name string) (out T) {
	t.Helper()
	folder := os.Getenv(variable)
	if folder == "" {
		return out
	}
	path := filepath.Join(folder, name)
	out = ReadJSON[T](t, path)
	if v := reflect.ValueOf(out); v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 {
		t.Fatalf("%s has nothing that is a %T", path, out)
	}
	return out
}

// Payref is the path of the independent implementation of the payment algorithms, in the folder that
// APCSIM_ORACLES names; "" where no folder is named.
func Payref() string {
	if folder := os.Getenv("APCSIM_ORACLES"); folder != "" {
		return filepath.Join(folder, "payref.py")
	}
	return ""
}

// RandomCases are n requests of these operations, or of all, that the independent implementation draws
// and answers.
func RandomCases[T any](t testing.TB, seed uint64, n int, operations ...string) []T {
	t.Helper()
	program := Payref()
	if program == "" {
		t.Fatal("APCSIM_ORACLES does not name the folder of the independent implementation")
	}
	arguments := append([]string{program, "random", strconv.FormatUint(seed, 10), strconv.Itoa(n)}, operations...)
	text, err := exec.CommandContext(t.Context(), "/usr/bin/python3", arguments...).Output()
	if err != nil {
		t.Fatalf("%q: %v", arguments, err)
	}
	var file struct{ Vectors []T }
	if err := json.Unmarshal(text, &file); err != nil || len(file.Vectors) != n {
		t.Fatalf("%q: %d cases, %v", arguments, len(file.Vectors), err)
	}
	return file.Vectors
}
