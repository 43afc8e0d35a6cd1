package main

import (
	"strings"
	"testing"
)

func TestInspectExplainsEveryField(t *testing.T) {
	block := wrapTest(t, "--block", "KS=FFFF9876543210E00000")
	got := apcsim(t, "", "tr31", "inspect", block)
	if got.status != exitOK || got.err != "" {
		t.Fatalf("inspect: %+v", got)
	}
	for _, want := range []string{
		"version          D    AES protection key", "block length     176  characters", "key usage        P0   PIN encryption",
		"algorithm        A    AES", "mode of use      E    encrypt only", "key version      00   not used",
		"exportability    E    exportable in trusted", "optional blocks  2", "key context      0    decided",
		"optional KS           initial key serial number", "FFFF9876543210E00000", "optional PB           padding",
	} {
		if !strings.Contains(got.out, want) {
			t.Errorf("%q is not in\n%s", want, got.out)
		}
	}
	for line := range strings.Lines(got.out) {
		if strings.TrimRight(line, " \n")+"\n" != line {
			t.Errorf("%q ends in blanks", line)
		}
	}
}

func TestInspectForPrograms(t *testing.T) {
	block := wrapTest(t)
	got := apcsim(t, block+"\n", "tr31", "inspect", "-", "--json")
	want := result{exitOK, `{"ok":true,"header":"D0144P0AE00E0000","version":"D","length":144,"key_usage":"P0",` +
		`"algorithm":"A","mode_of_use":"E","key_version":"00","exportability":"E","key_context":"0","reserved":"0",` +
		`"optional_blocks":[]}` + "\n", ""}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestInspectNamesUnknownCodes(t *testing.T) {
	block := strings.Replace(wrapTest(t), "P0AE", "ZZ?9", 1)
	if got := apcsim(t, "", "tr31", "inspect", block); got.status != exitRefused {
		t.Errorf("strict: got %+v, want a refusal", got)
	}
	got := apcsim(t, "", "tr31", "inspect", "--lenient", block)
	if got.status != exitOK || strings.Count(got.out, "not known here") != 2 || !strings.Contains(got.out, "9    proprietary") {
		t.Errorf("lenient: got %+v", got)
	}
}
