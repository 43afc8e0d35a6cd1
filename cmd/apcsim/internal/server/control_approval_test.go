package server

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTheTeamDecidesUnderControl(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	const ask = `{"Action":"IMPORT_ROOT_PUBLIC_KEY_CERTIFICATE","MpaTeamArn":"arn:aws:mpa:us-east-1:111122223333:approval-team/TEAM"}`
	r.call(t, "AssociateMpaTeam", strings.Replace(ask, "TEAM", "a", 1))
	_, answer, _ := r.call(t, "AssociateMpaTeam", strings.Replace(ask, "TEAM", "b", 1))
	var got struct {
		MpaTeamAssociation struct {
			MpaTeamArn string
			MpaStatus  struct{ MpaSessionArn, Status string }
		}
	}
	if err := json.Unmarshal([]byte(answer), &got); err != nil || got.MpaTeamAssociation.MpaStatus.Status != "PENDING" {
		t.Fatalf("another team: %s, %v", answer, err)
	}
	session := got.MpaTeamAssociation.MpaStatus.MpaSessionArn
	for _, c := range []struct {
		body string
		want int
	}{
		{`{"session":"` + session + `","decision":"PERHAPS"}`, 400},
		{`{"session":"` + session + `x","decision":"APPROVE"}`, 404},
		{`{"session":"` + session + `","decision":"APPROVE"}`, 200},
		{`{"session":"` + session + `","decision":"DENY"}`, 409},
	} {
		if status, answer, _ := r.do(t, "POST", "/_apcsim/approvals", c.body, "Content-Type", "application/json"); status != c.want {
			t.Errorf("%s: %d %s, want %d", c.body, status, answer, c.want)
		}
	}
	_, answer, _ = r.call(t, "GetMpaTeamAssociation", `{"Action":"IMPORT_ROOT_PUBLIC_KEY_CERTIFICATE"}`)
	if json.Unmarshal([]byte(answer), &got); !strings.HasSuffix(got.MpaTeamAssociation.MpaTeamArn, "/b") {
		t.Errorf("approved: %s", answer)
	}
}
