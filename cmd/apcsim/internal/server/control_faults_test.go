package server

import (
	"fmt"
	"strings"
	"testing"
)

func TestFaultsAreArmedListedAndDisarmed(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	var armed struct{ ID int }
	r.own(t, "POST", "faults", `{"operation":"ListKeys","nth":2,"times":1,"effect":"Throttling"}`, &armed)
	var got []int
	for range 3 {
		status, _, _ := r.call(t, "ListKeys", "{}")
		got = append(got, status)
	}
	if fmt.Sprint(got) != "[200 400 200]" {
		t.Errorf("got %v, want the second call to be throttled", got)
	}
	var list struct{ Faults []faultView }
	r.own(t, "GET", "faults", "", &list)
	if want := (faultView{ID: armed.ID, Operation: "ListKeys", Nth: 2, Times: 1, Effect: "Throttling", Seen: 3, Applied: 1}); len(
		list.Faults,
	) != 1 ||
		list.Faults[0] != want {
		t.Errorf("got %+v, want %+v", list.Faults, want)
	}
	r.own(t, "DELETE", fmt.Sprint("faults/", armed.ID), "", &struct{}{})
	if r.own(t, "GET", "faults", "", &list); len(list.Faults) != 0 {
		t.Errorf("disarmed: got %+v", list.Faults)
	}
	var before, after timeView
	r.own(t, "GET", "now", "", &before)
	r.own(t, "POST", "faults", `{"effect":"Delay","delay":"36h"}`, &armed)
	if status, answer, _ := r.call(t, "ListKeys", "{}"); status != 200 {
		t.Errorf("delayed: %d %s", status, answer)
	}
	if r.own(t, "GET", "now", "", &after); after.Now.Sub(before.Now).Hours() < 36 {
		t.Errorf("a delay passes on the simulator's clock: from %s to %s", before.Now, after.Now)
	}
	for body, want := range map[string]string{
		`{"effect":"Fire"}`: "effect", `{"operation":"Fly","effect":"Conflict"}`: "operation", `{"effect":"Delay"}`: "delay",
		`{"effect":"Hang","delay":"1s"}`: "delay", `{}`: "effect",
	} {
		if status, answer, _ := r.do(t, "POST", "/_apcsim/faults", body); status != 400 || !strings.Contains(answer, want) {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
	for _, id := range []string{"x", "999"} {
		if status, _, _ := r.do(t, "DELETE", "/_apcsim/faults/"+id, ""); status != 404 {
			t.Errorf("disarming %s: %d, want 404", id, status)
		}
	}
}
