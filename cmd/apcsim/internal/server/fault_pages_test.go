package server

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestFaultsAreArmedAndDisarmedByForm(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	own := []string{"Origin", r.origin()}
	if status, body, _ := r.form(t, "console/faults", "operation=CreateKey&effect=ServiceUnavailable&nth=1&times=1&delay=",
		own...); status != http.StatusSeeOther {
		t.Fatalf("arm: got %d\n%s", status, body)
	}
	if status, answer, _ := r.call(t, "CreateKey", createAES); status != 500 {
		t.Errorf("CreateKey: got %d, %s", status, answer)
	}
	_, body, _ := r.page(t, "/_apcsim/console/faults")
	if !strings.Contains(body, `aria-label="Disarm fault 1"`) ||
		!strings.Contains(body, "<td>ServiceUnavailable </td><td>1</td><td>1</td><td>1</td><td>1</td>") {
		t.Errorf("got\n%s", body)
	}
	var journal journalView
	if r.own(t, "GET", "journal", "", &journal); len(journal.Calls) != 1 || journal.Calls[0].Error != "ServiceUnavailableException" {
		t.Errorf("the journal has %+v", journal)
	}
	for values, want := range map[string]int{
		"operation=Fly&effect=Internal&nth=1&times=1": 400, "effect=None&nth=1&times=1": 400, "effect=Hang&nth=0&times=1": 400,
		"effect=Hang&nth=1&times=x": 400, "effect=Hang&nth=1&times=1&delay=2s": 400,
	} {
		if status, body, _ := r.form(t, "console/faults", values, own...); status != want {
			t.Errorf("%s: got %d, want %d\n%s", values, status, want, body)
		}
	}
	if status, _, _ := r.form(t, "console/disarm", "id=1", own...); status != http.StatusSeeOther {
		t.Errorf("disarm: got %d", status)
	}
	if status, _, _ := r.form(t, "console/disarm", "id=1", own...); status != 404 {
		t.Errorf("disarm again: got %d", status)
	}
	if status, _, _ := r.form(t, "console/faults", "effect=Internal&nth=1&times=1", "Origin", "http://attacker.example"); status != 403 {
		t.Errorf("another page arms a fault: got %d", status)
	}
}

const aTeam = "arn:aws:mpa:us-east-1:111122223333:approval-team/keys"

func TestApprovalsAreDecidedByForm(t *testing.T) {
	r := start(t, "127.0.0.1", Options{Control: true, Anonymous: true})
	own := []string{"Origin", r.origin()}
	associate := `{"Action":"IMPORT_ROOT_PUBLIC_KEY_CERTIFICATE","MpaTeamArn":"` + aTeam + `"}`
	if status, answer, _ := r.call(t, "AssociateMpaTeam", associate); status != 200 {
		t.Fatalf("AssociateMpaTeam: %d, %s", status, answer)
	}
	if status, answer, _ := r.call(t, "DisassociateMpaTeam",
		`{"Action":"IMPORT_ROOT_PUBLIC_KEY_CERTIFICATE","RequesterComment":"the <team> goes"}`); status != 200 {
		t.Fatalf("DisassociateMpaTeam: %d, %s", status, answer)
	}
	_, body, _ := r.page(t, "/_apcsim/console/approvals")
	_, rest, ok := strings.Cut(body, `name="session" value="`)
	session, _, _ := strings.Cut(rest, `"`)
	if !ok || !strings.Contains(body, aTeam) {
		t.Fatalf("got\n%s", body)
	}
	values := "session=" + url.QueryEscape(session)
	if status, _, _ := r.form(t, "console/approvals", values+"&decision=MAYBE", own...); status != 400 {
		t.Errorf("MAYBE: got %d", status)
	}
	if status, body, _ := r.form(t, "console/approvals", values+"&decision=APPROVE", own...); status != http.StatusSeeOther {
		t.Errorf("APPROVE: got %d\n%s", status, body)
	}
	if _, body, _ := r.page(t, "/_apcsim/console/approvals"); strings.Contains(body, session) || strings.Contains(body, aTeam) {
		t.Errorf("after the decision:\n%s", body)
	}
	if status, _, _ := r.form(t, "console/approvals", values+"&decision=DENY", own...); status != 409 && status != 404 {
		t.Errorf("decided twice: got %d", status)
	}
}
