package console

import (
	"strings"
	"testing"
	"time"
)

func TestTheTimeToAMoment(t *testing.T) {
	now := time.Unix(0, 0)
	for d, want := range map[time.Duration]string{76*time.Hour + 10*time.Minute: "3 d 4 h", 90 * time.Minute: "1 h 30 min", 0: "0 min",
		-time.Hour: "past"} {
		if got := untilText(now, now.Add(d)); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

// TestEveryPageOfNothingIsMade, so that no page fails in front of a user.
func TestEveryPageOfNothingIsMade(t *testing.T) {
	for view, data := range map[string]any{
		"calls": &CallsPage{}, "call": &CallPage{}, "keys": &KeysPage{}, "key": &KeyPage{}, "time": TimePage{}, "graph": &Graph{},
		"tools": &ToolsPage{}, "limits": &LimitsPage{}, "faults": &FaultsPage{}, "approvals": &ApprovalsPage{}, "login": nil, "error": "x",
	} {
		if body, err := Render(&Page{View: view, Title: view, Offset: "0s", Data: data}); err != nil ||
			!strings.HasSuffix(string(body), "</html>\n") {
			t.Errorf("%s: %v\n%s", view, err, body)
		}
	}
}
