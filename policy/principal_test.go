package policy

import "testing"

func TestPrincipalsAreNamedAsTheGuideSays(t *testing.T) {
	const (
		aliceARN   = "arn:aws:iam::111122223333:user/alice"
		rootARN    = "arn:aws:iam::111122223333:root"
		roleARN    = "arn:aws:iam::111122223333:role/teller"
		sessionARN = "arn:aws:sts::111122223333:assumed-role/teller/monday"
	)
	aws := func(values string) string { return `"Principal":{"AWS":` + values + `}` }
	not := func(values string) string { return `"NotPrincipal":{"AWS":` + values + `}` }
	for _, c := range []struct {
		element    string
		who        Principal
		want       string
		rule, page string
	}{
		{`"Principal":"*"`, alice, "Allow 0 named", "* is everybody", pagePrincipal},
		{`"Principal":"*"`, bob, "Allow 0 named", "of every account", pagePrincipal},
		{aws(`"*"`), bob, "Allow 0 named", `{"AWS": "*"} is the same`, pagePrincipal},
		{aws(`"111122223333"`), alice, "Allow 0", "an account delegates to its identity policies", pagePrincipal},
		{aws(`"` + rootARN + `"`), alice, "Allow 0", "its root's ARN is the account", pagePrincipal},
		{aws(`"111122223333"`), teller, "Allow 0", "a session is of its role's account", pagePrincipal},
		{aws(`"111122223333"`), root, "Allow 0 named", "the root user is named with its account (GUESS G-policy-root-named)", pagePrincipal},
		{aws(`"111122223333"`), bob, "none", "another account is not named", pagePrincipal},
		{aws(`"444455556666"`), bob, "Allow 0", "a foreign account delegates as well", pageCrossLogic},
		{aws(`"` + aliceARN + `"`), alice, "Allow 0 named", "a user by its ARN", pagePrincipal},
		{aws(`"` + aliceARN + `"`), bob, "none", "another user", pagePrincipal},
		{aws(`"` + aliceARN + `"`), root, "none", "a user is not its account", pagePrincipal},
		{aws(`"arn:aws:iam::444455556666:user/alice"`), alice, "none", "a user of that name in another account", pagePrincipal},
		{aws(`"arn:aws:iam::111122223333:user/Alice"`), alice, "none", "case counts", pagePrincipal},
		{aws(`"arn:aws:iam::111122223333:user/finance/alice"`), alice, "none", "a user with a path is another", pagePrincipal},
		{aws(`"` + roleARN + `"`), teller, "Allow 0 named", "a role names its sessions", pagePrincipal},
		{aws(`"` + roleARN + `"`), Principal{owner, roleARN}, "Allow 0 named", "and itself", pagePrincipal},
		{aws(`"arn:aws:iam::111122223333:role/finance/teller"`), teller, "Allow 0 named", "a role's path is not in its sessions' ARN",
			pagePrincipal},
		{aws(`"arn:aws:iam::111122223333:role/clerk"`), teller, "none", "another role", pagePrincipal},
		{aws(`"arn:aws:iam::444455556666:role/teller"`), teller, "none", "a role of that name in another account", pagePrincipal},
		{aws(`"` + sessionARN + `"`), teller, "Allow 0 named", "a session by its ARN", pagePrincipal},
		{aws(`"` + sessionARN + `"`), sessionOf(owner, "teller", "tuesday"), "none", "another session of the role", pagePrincipal},
		{aws(`"` + sessionARN + `"`), Principal{owner, roleARN}, "none", "a session is not its role", pagePrincipal},
		{aws(`"arn:aws:sts::111122223333:federated-user/carol"`), Principal{owner, "arn:aws:sts::111122223333:federated-user/carol"},
			"Allow 0 named", "a federated user by its ARN", pagePrincipal},
		{aws(`["444455556666","` + aliceARN + `"]`), alice, "Allow 0 named", "one of a list", pagePrincipal},
		{aws(`["111122223333","` + aliceARN + `"]`), alice, "Allow 0 named", "named itself and by its account: itself", pagePrincipal},
		{aws(`["444455556666","arn:aws:iam::444455556666:user/bob"]`), alice, "none", "none of a list", pagePrincipal},
		{`"Principal":{"Service":"lambda.amazonaws.com"}`, alice, "none", "a service is no caller here", pagePrincipal},
		{`"Principal":{"Federated":"cognito-identity.amazonaws.com"}`, alice, "none", "nor is a federation", pagePrincipal},
		{`"Principal":{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}`, alice, "none",
			"nor a canonical user", pagePrincipal},
		{`"Principal":{"Service":"lambda.amazonaws.com","AWS":"111122223333"}`, alice, "Allow 0", "several types stand beside each other",
			pagePrincipal},
		{not(`["` + rootARN + `","` + aliceARN + `"]`), alice, "none", "NotPrincipal leaves out a user named with its account", pageNot},
		{not(`["` + rootARN + `","` + aliceARN + `"]`), bob, "Allow 0 named", "and takes everybody else", pageNot},
		{not(`["` + rootARN + `","` + aliceARN + `"]`), teller, "Allow 0 named", "of the account too", pageNot},
		{not(`"` + aliceARN + `"`), alice, "Allow 0 named",
			"without its account the user is not left out (GUESS G-policy-not-principal)", pageNot},
		{not(`"` + rootARN + `"`), root, "none", "the root user is left out with its account", pageNot},
		{not(`"111122223333"`), alice, "Allow 0 named", "an account does not leave out its users", pageNot},
		{not(`["` + rootARN + `","` + roleARN + `","` + sessionARN + `"]`), teller, "none",
			"a session needs its role and its account beside it", pageNot},
		{not(`["` + rootARN + `","` + sessionARN + `"]`), teller, "Allow 0 named", "the role is missing", pageNot},
		{not(`["` + rootARN + `","` + roleARN + `"]`), teller, "Allow 0 named", "the session is missing", pageNot},
		{not(`["` + rootARN + `","` + roleARN + `"]`), Principal{owner, roleARN}, "none", "the role itself is left out", pageNot},
		{`"NotPrincipal":"*"`, alice, "none", "NotPrincipal * matches no caller", pageNot},
	} {
		p := mustParse(t, Resource, statements(`{"Effect":"Allow",`+c.element+`,"Action":"*","Resource":"*"}`))
		if got := show(p.Evaluate(&Request{Principal: c.who, Action: action, Resource: keyARN})); got != c.want {
			t.Errorf("{%s} for %s: got %s, want %s: %s (%s)", c.element, c.who.ARN, got, c.want, c.rule, c.page)
		}
	}
}

// TestNamedStatementWinsOverDelegation: the statement that names the caller is the one that counts.
func TestNamedStatementWinsOverDelegation(t *testing.T) {
	const byAccount = `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"*","Resource":"*"}`
	const byName = `{"Sid":"alice","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/alice"},"Action":"*","Resource":"*"}`
	p := mustParse(t, Resource, statements(byAccount+","+byName))
	got := p.Evaluate(&Request{Principal: alice, Action: action, Resource: keyARN})
	if want := (Decision{Effect: Allow, Statement: 1, Sid: "alice", Named: true}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestRoleIsThatOfTheSession(t *testing.T) {
	for arn, want := range map[string]string{
		teller.ARN: "arn:aws:iam::111122223333:role/teller", alice.ARN: "", root.ARN: "", "": "",
		"arn:aws:sts::111122223333:assumed-role/teller": "", "assumed-role/teller/x": "",
	} {
		if got := (Principal{owner, arn}).Role(); got != want {
			t.Errorf("role of %q: got %q, want %q", arn, got, want)
		}
	}
}
