package main

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// printed is what go test -json says of one package with every kind of end.
const printed = `{"Action":"start","Package":"x/engine"}
{"Action":"run","Package":"x/engine","Test":"TestA"}
{"Action":"output","Package":"x/engine","Test":"TestA","Output":"quiet\n"}
{"Action":"pass","Package":"x/engine","Test":"TestA"}
{"Action":"output","Package":"x/engine","Test":"TestB/one","Output":"loud\n"}
{"Action":"fail","Package":"x/engine","Test":"TestB/one"}
{"Action":"fail","Package":"x/engine","Test":"TestB"}
{"Action":"skip","Package":"x/engine","Test":"TestC"}
{"Action":"output","Package":"x/engine","Output":"FAIL\tx/engine\n"}
{"Action":"fail","Package":"x/engine"}
{"Action":"build-output","ImportPath":"x/endpoint","Output":"no such thing\n"}
{"Action":"output","Package":"x/kcv","Output":"ok\n"}
{"Action":"pass","Package":"x/kcv"}
not JSON`

func TestEventsBecomeAListAndFailuresAreTold(t *testing.T) {
	var told bytes.Buffer
	got, err := readEvents(strings.NewReader(printed), &told)
	want := list{"engine TestA": "pass", "engine TestB": "fail", "engine TestB/one": "fail", "engine TestC": "skip"}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %#v, %v, want %#v", got, err, want)
	}
	if want := "loud\nFAIL\tx/engine\nno such thing\nnot JSON"; told.String() != want {
		t.Errorf("told %q, want %q", told.String(), want)
	}
	if want := "3 tests ran, 1 skipped, 2 failed"; got.String() != want {
		t.Errorf("counted %q, want %q", got.String(), want)
	}
}

func TestListsAreCompared(t *testing.T) {
	base := list{"engine A": "pass", "engine B": "pass", "engine B/one": "pass", "engine C": "skip", "hsm A": "pass"}
	table, err := parseExceptions(strings.NewReader("# backend package test reason\n\nnss engine B one key alone # a note\nsofthsm hsm A not for nss\n"))
	if err != nil || len(table) != 2 || table[0].reason != "one key alone" {
		t.Fatalf("the table is %q, %v", table, err)
	}
	for _, c := range []struct {
		name  string
		other list
		want  []string
	}{
		{"nothing is wrong", list{"engine A": "pass", "engine B": "skip", "hsm A": "pass"}, nil},
		{"one fails, and go test says so", list{"engine A": "fail", "engine B": "skip", "hsm A": "pass"}, nil},
		{"skipped", list{"engine A": "skip", "hsm A": "pass"}, []string{"engine A is skipped"}},
		{"missing", list{"engine A": "pass"}, []string{"hsm A is missing"}},
		{"a row for nothing", list{"engine A": "pass", "engine B": "pass", "engine B/one": "pass", "hsm A": "pass"}, []string{"engine B has a row"}},
	} {
		got := base.compare("nss", c.other, table)
		if !slices.EqualFunc(got, c.want, strings.HasPrefix) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTableWithoutReasonsIsRefused(t *testing.T) {
	for _, text := range []string{"nss engine TestA", "nss engine TestA # later", "nss engine TestA why\nnss engine TestA/one again"} {
		if table, err := parseExceptions(strings.NewReader(text)); err == nil {
			t.Errorf("%q: got %q, want an error", text, table)
		}
	}
}

func TestTheTableOfThisTreeIsReadable(t *testing.T) {
	file, err := os.Open("../simtest/exceptions.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := parseExceptions(file); err != nil {
		t.Error(err)
	}
}

func TestEveryBackendIsHeldToTheList(t *testing.T) {
	lists := map[string]list{
		"software": {"engine A": "pass", "engine B": "pass"},
		"good":     {"engine A": "pass", "engine B": "pass"},
		"lazy":     {"engine A": "pass", "engine B": "skip"},
		"broken":   {"engine A": "pass", "engine B": "fail"},
	}
	run := func(backend string, _ ...string) (list, error) {
		if backend == "broken" {
			return lists[backend], errors.New("go test failed")
		}
		return lists[backend], nil
	}
	for _, c := range []struct {
		others string
		well   bool
		told   string
	}{
		{"good", true, "on good: 2 tests ran, 0 skipped; on software: 2 tests ran, 0 skipped\n"},
		{"lazy good", false, "on lazy: engine B is skipped"},
		{"broken good", false, "on broken: go test failed\non good: 2"},
	} {
		var told bytes.Buffer
		if well := sameEverywhere(&told, run, strings.Fields(c.others), nil); well != c.well || !strings.Contains(told.String(), c.told) {
			t.Errorf("%s: %t, want %t, with %q in\n%s", c.others, well, c.well, c.told, told.String())
		}
	}
	broken := func(string, ...string) (list, error) { return nil, errors.New("it does not build") }
	if sameEverywhere(&bytes.Buffer{}, broken, nil, nil) {
		t.Error("software fails, and all is well")
	}
}
