package main

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"
)

func TestTheVersionIsPrinted(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--version"}, {"-version"}} {
		got := apcsim(t, "", args...)
		if got.status != exitOK || !strings.Contains(got.out, runtime.Version()) || !strings.Contains(got.out, "commit") {
			t.Errorf("%q: %+v", args, got)
		}
	}
	got := apcsim(t, "", "version", "--json")
	var v programVersion
	if err := json.Unmarshal([]byte(got.out), &v); err != nil || v.Go != runtime.Version() ||
		v.Platform != runtime.GOOS+"/"+runtime.GOARCH {
		t.Errorf("%+v, %v", got, err)
	}
}
