package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

var start = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// identity is a policy of one statement on everything.
func identityPolicy(effect, actions, more string) string {
	return statement(`"Effect":"` + effect + `","Action":` + actions + `,"Resource":"*"` + more)
}

// TestOwnAccountDecides: a Deny of either side wins; else the identity policy, or the key's where it
// names the caller itself, is enough.
func TestOwnAccountDecides(t *testing.T) {
	const all, none, get, other = `"*"`, `"s3:*"`, `"payment-cryptography:GetKey"`, `"payment-cryptography:ListKeys"`
	alice, account := "arn:aws:iam::"+issuer+":user/alice", issuer
	for _, c := range []struct {
		identity, key string
		rule          apc.Rule // "" where it is allowed
		found         string
	}{
		{"", "", "", ""},
		{identityPolicy("Allow", all, ""), "", "", ""},
		{identityPolicy("Allow", get, ""), "", "", ""},
		{identityPolicy("Allow", other, ""), "", apc.RuleIdentityPolicy, ""},
		{identityPolicy("Allow", none, ""), allow(alice, "*"), "", ""},
		{identityPolicy("Allow", none, ""), allow(account, "*"), apc.RuleIdentityPolicy, ""},
		{identityPolicy("Allow", none, ""), allow("arn:aws:iam::"+issuer+":root", "*"), apc.RuleIdentityPolicy, ""},
		{identityPolicy("Allow", none, ""),
			statement(`"Effect":"Allow","Principal":"*","Action":"*","Resource":"*",` +
				`"Condition":{"StringEquals":{"aws:PrincipalAccount":"` + issuer + `"}}`), "", ""},
		{identityPolicy("Deny", get, ""), allow(alice, "*"), apc.RuleIdentityPolicy, "Policies[0].Statement[0]"},
		{identityPolicy("Allow", all, ""), statement(`"Sid":"NotAlice","Effect":"Deny","Principal":{"AWS":"` + alice +
			`"},"Action":"*","Resource":"*"`), apc.RuleResourcePolicy, `Statement[0] "NotAlice"`},
		{"", allow(acquirer, "*"), "", ""},
		{identityPolicy("Allow", all, ""), allow(acquirer, "*"), "", ""},
		{`{"Statement":[]}`, "", apc.RuleIdentityPolicy, ""},
	} {
		arn, err := getUnder(t, apc.Identity{Account: issuer, ARN: alice}, c.identity, c.key)
		what := fmt.Sprintf("identity %s, key %s", c.identity, c.key)
		if c.rule == "" {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		got := refused(t, what, err, apc.ErrAccessDenied, c.rule)
		if r := got.Reasons[0]; r.Found != c.found {
			t.Errorf("%s: found %q, want %q", what, r.Found, c.found)
		}
		if want := "User: " + alice + " is not authorized to perform: payment-cryptography:GetKey on resource: " + arn; got.Message != want {
			t.Errorf("%s: got %q, want %q", what, got.Message, want)
		}
	}
}

// getUnder has a caller read a key, under a policy of the caller and one of the key where they are given.
func getUnder(t *testing.T, who apc.Identity, identity, key string) (arn string, err error) {
	t.Helper()
	eng := simtest.New(t, nil)
	arn = create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256)).KeyArn
	if key != "" {
		put(t, eng.Caller, arn, key)
	}
	if identity != "" {
		who.Policies = []string{identity}
	}
	_, err = eng.As(who).GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: arn})
	return arn, err
}

// TestOtherAccountNeedsBothPolicies: its own identity policy and the key's.
func TestOtherAccountNeedsBothPolicies(t *testing.T) {
	bob := "arn:aws:iam::" + acquirer + ":user/bob"
	for _, c := range []struct {
		identity, key string
		allowed       bool
	}{
		{"", "", false},
		{"", allow(bob, "*"), true},
		{"", allow(acquirer, "*"), true},
		{"", allow(issuer, "*"), false},
		{identityPolicy("Allow", `"*"`, ""), allow(bob, "payment-cryptography:GetKey"), true},
		{identityPolicy("Allow", `"*"`, ""), allow(bob, "payment-cryptography:ExportKey"), false},
		{identityPolicy("Allow", `"s3:*"`, ""), allow(bob, "*"), false},
		{identityPolicy("Deny", `"*"`, ""), allow(bob, "*"), false},
		{"", statement(`"Effect":"Deny","Principal":{"AWS":"` + bob + `"},"Action":"*","Resource":"*"`), false},
	} {
		_, err := getUnder(t, apc.Identity{Account: acquirer, ARN: bob}, c.identity, c.key)
		if (err == nil) != c.allowed {
			t.Errorf("identity %s, key %s: got %v, want allowed %t", c.identity, c.key, err, c.allowed)
		}
	}
}

// TestStrangersCannotProbe: an absent key, an absent alias, a key without a policy, one whose policy
// denies, one that is deleted and no longer shown, and an operation that cannot cross accounts are one refusal.
func TestStrangersCannotProbe(t *testing.T) {
	var events []apc.Event
	clock := engine.NewClock(start)
	eng := simtest.New(
		t,
		&engine.Options{
			Now:     clock.Now,
			Limits:  apc.Limits{DeletedVisible: day},
			Observe: func(e apc.Event) { events = append(events, e) },
		},
	)
	keys := make([]string, 4)
	for i := range keys {
		keys[i] = create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256)).KeyArn
	}
	put(t, eng.Caller, keys[1], statement(`"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"`))
	put(t, eng.Caller, keys[2], allow(acquirer, "payment-cryptography:ExportKey"))
	put(t, eng.Caller, keys[3], allow(acquirer, "*"))
	if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: keys[3], DeleteKeyInDays: new(3)}); err != nil {
		t.Fatal(err)
	}
	clock.Advance(5 * day)
	absent := keys[0][:len(keys[0])-16] + "aaaaaaaaaaaaaaaa"
	alias := strings.Replace(absent, "key/aaaaaaaaaaaaaaaa", "alias/pos", 1)

	otherAccount := eng.As(apc.Identity{Account: acquirer})
	shapeless := func(arn string, err error) string { // the refusal without the resource
		refusal, ok := errors.AsType[*apc.Error](err)
		if !ok {
			t.Fatalf("%s: got %v, want a refusal", arn, err)
		}
		return strings.ReplaceAll(fmt.Sprintf("%+v %+v", *refusal, refusal.Reasons), arn, "ARN")
	}
	_, err := otherAccount.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: absent})
	want := shapeless(absent, err)
	if !strings.Contains(want, "AccessDeniedException") {
		t.Fatalf("got %s, want AccessDeniedException", want)
	}
	events = nil
	for _, arn := range append(keys, alias) {
		_, err := otherAccount.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: arn})
		if got := shapeless(arn, err); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", arn, got, want)
		}
	}
	// The owner is given which policy was missing; of the key that is no longer shown there is no event.
	var toOwner []string
	for _, e := range events {
		if e.RecipientAccountID == issuer {
			toOwner = append(toOwner, fmt.Sprint(e.EventName, " by ", e.AccountID, ": ", e.Reasons[0]))
		} else if len(e.Resources) != 0 || fmt.Sprint(e.Reasons) != fmt.Sprint(events[0].Reasons) {
			t.Errorf("the event of the other account has %v %v", e.Resources, e.Reasons)
		}
	}
	wantEvents := []string{
		"GetKey by 444455556666: the policy of the key does not allow the operation to the caller: wanted an Allow statement for " +
			"payment-cryptography:GetKey",
		"GetKey by 444455556666: the policy of the key denies the operation: found Statement[0]",
		"GetKey by 444455556666: the policy of the key does not allow the operation to the caller: wanted an Allow statement for " +
			"payment-cryptography:GetKey",
	}
	if diff := cmp.Diff(wantEvents, toOwner); diff != "" {
		t.Errorf("the owner's events (-want +got):\n%s", diff)
	}
}

// TestOwnersAreNotGivenTheReasonsOfAnAllowedUse that is refused for what the caller asked.
func TestOwnersAreNotGivenTheReasonsOfAnAllowedUse(t *testing.T) {
	var events []apc.Event
	eng := simtest.New(t, &engine.Options{Observe: func(e apc.Event) { events = append(events, e) }})
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256)).KeyArn
	put(t, eng.Caller, k, allow(acquirer, "*"))
	events = nil
	_, err := eng.As(apc.Identity{Account: acquirer}).RestoreKey(ctx, &engine.RestoreKeyInput{KeyIdentifier: k})
	refused(t, "RestoreKey of a key that is in use", err, apc.ErrValidation, apc.RuleKeyState)
	var got []string
	for _, e := range events {
		got = append(got, fmt.Sprint(e.RecipientAccountID, " ", e.ErrorCode, " ", len(e.Reasons)))
	}
	if diff := cmp.Diff([]string{acquirer + " ValidationException 1", issuer + " ValidationException 0"}, got); diff != "" {
		t.Errorf("events: recipient, code and number of reasons (-want +got):\n%s", diff)
	}
}

// TestOperationsCrossAccountsByTheTable: every operation on a key of another account whose policy allows
// everything is allowed where the table says so, and else refused as if there were no key.
func TestOperationsCrossAccountsByTheTable(t *testing.T) {
	eng := simtest.New(t, nil)
	bob := eng.As(apc.Identity{Account: acquirer})
	shared := func() string {
		k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
		put(t, eng.Caller, k.KeyArn, allow(acquirer, "*"))
		return k.KeyArn
	}
	pair, err := eng.CreateKey(
		ctx,
		&engine.CreateKeyInput{
			Exportable: new(false),
			KeyAttributes: apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature,
				KeyClass: apc.KeyClassAsymmetricKeyPair, KeyAlgorithm: apc.KeyAlgorithmRSA2048, KeyModesOfUse: apc.KeyModesOfUse{Sign: true}},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	put(t, eng.Caller, pair.Key.KeyArn, allow(acquirer, "*"))
	own := create(t, bob, kekAttributes(apc.KeyAlgorithmAES256)).KeyArn
	for name, c := range map[string]struct {
		crosses bool
		call    func(arn string) error
	}{
		"GetKey": {true, func(arn string) error { _, err := bob.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: arn}); return err }},
		"DeleteKey": {true, func(arn string) error {
			if _, err := bob.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: arn}); err != nil {
				return err
			}
			_, err := bob.RestoreKey(ctx, &engine.RestoreKeyInput{KeyIdentifier: arn})
			return err
		}},
		"StopKeyUsage": {true, func(arn string) error {
			if _, err := bob.StopKeyUsage(ctx, &engine.StopKeyUsageInput{KeyIdentifier: arn}); err != nil {
				return err
			}
			_, err := bob.StartKeyUsage(ctx, &engine.StartKeyUsageInput{KeyIdentifier: arn})
			return err
		}},
		"ExportKey": {true, func(arn string) error { _, err := exportBlock(bob, own, arn, nil); return err }},
		"ImportKey": {true, func(arn string) error {
			out, err := exportBlock(eng.Caller, arn, shared(), nil)
			if err != nil {
				return err
			}
			k, err := importBlock(bob, arn, out.KeyMaterial)
			if err == nil && !strings.Contains(k.KeyArn, acquirer) {
				return fmt.Errorf("the key is %s, not the importer's", k.KeyArn)
			}
			return err
		}},
		"TagResource": {true, func(arn string) error {
			_, err := bob.TagResource(ctx, &engine.TagResourceInput{ResourceArn: arn, Tags: []apc.Tag{{Key: "a", Value: "b"}}})
			return err
		}},
		"UntagResource": {true, func(arn string) error {
			_, err := bob.UntagResource(ctx, &engine.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}})
			return err
		}},
		"ListTagsForResource": {true, func(arn string) error {
			_, err := bob.ListTagsForResource(ctx, &engine.ListTagsForResourceInput{ResourceArn: arn})
			return err
		}},
		"GetPublicKeyCertificate": {true, func(string) error {
			theirs, err := bob.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: pair.Key.KeyArn})
			if err != nil {
				return err
			}
			ours, err := eng.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: pair.Key.KeyArn})
			if err == nil && *theirs != *ours {
				return errors.New("the owner has another certificate")
			}
			return err
		}},
		"GetCertificateSigningRequest": {false, func(string) error {
			_, err := bob.GetCertificateSigningRequest(ctx, &engine.GetCertificateSigningRequestInput{KeyIdentifier: pair.Key.KeyArn,
				SigningAlgorithm: apc.SigningAlgorithmTypeSHA256, CertificateSubject: engine.CertificateSubjectType{CommonName: "x"}})
			return err
		}},
		"CreateAlias": {false, func(arn string) error {
			_, err := bob.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: "alias/x", KeyArn: &arn})
			return err
		}},
		"ListAliases": {false, func(arn string) error {
			_, err := bob.ListAliases(ctx, &engine.ListAliasesInput{KeyArn: &arn})
			return err
		}},
		"PutResourcePolicy": {false, func(arn string) error {
			_, err := bob.PutResourcePolicy(ctx, &engine.PutResourcePolicyInput{ResourceArn: arn, Policy: allow(acquirer, "*")})
			return err
		}},
		"GetResourcePolicy": {false, func(arn string) error {
			_, err := bob.GetResourcePolicy(ctx, &engine.GetResourcePolicyInput{ResourceArn: arn})
			return err
		}},
		"DeleteResourcePolicy": {false, func(arn string) error {
			_, err := bob.DeleteResourcePolicy(ctx, &engine.DeleteResourcePolicyInput{ResourceArn: arn})
			return err
		}},
	} {
		err := c.call(shared())
		if c.crosses && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !c.crosses {
			refused(t, name, err, apc.ErrAccessDenied, apc.RuleAccount)
		}
	}
}

// TestOperationsWithoutAKeyAskTheIdentityPolicy: on * or on a new key.
func TestOperationsWithoutAKeyAskTheIdentityPolicy(t *testing.T) {
	eng := simtest.New(t, nil)
	target := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	as := func(policies ...string) *engine.Caller {
		return eng.As(apc.Identity{Account: issuer, ARN: "arn:aws:iam::" + issuer + ":user/alice", Policies: policies})
	}
	on := func(action, resource string) string {
		return statement(`"Effect":"Allow","Action":"payment-cryptography:` + action + `","Resource":"` + resource + `"`)
	}
	const keys, aliases = "arn:aws:payment-cryptography:us-east-1:111122223333:key/*",
		"arn:aws:payment-cryptography:us-east-1:111122223333:alias/pos*"
	makes := func(c *engine.Caller, tags ...apc.Tag) error {
		_, err := c.CreateKey(
			ctx,
			&engine.CreateKeyInput{KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128), Exportable: new(true), Tags: tags},
		)
		return err
	}
	named := 0
	names := func(c *engine.Caller, key *string) error {
		named++
		_, err := c.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: fmt.Sprintf("alias/pos%d", named), KeyArn: key})
		return err
	}
	lists := func(c *engine.Caller) error { _, err := c.ListKeys(ctx, nil); return err }
	aliasesOf := func(c *engine.Caller, key string) error {
		_, err := c.ListAliases(ctx, &engine.ListAliasesInput{KeyArn: &key})
		return err
	}
	notOnKeys := statement(`"Effect":"Deny","Action":"*","Resource":"` + keys + `"`)
	for _, c := range []struct {
		what    string
		err     error
		allowed bool
	}{
		{"ListKeys on *", lists(as(on("ListKeys", "*"))), true},
		{"ListKeys on keys alone", lists(as(on("ListKeys", keys))), false},
		{"ListAliases of a key, which is a filter", aliasesOf(as(on("ListAliases", "*"), notOnKeys), target.KeyArn), true},
		{"CreateKey on key/*", makes(as(on("CreateKey", keys))), true},
		{"CreateKey on a key of another Region", makes(as(on("CreateKey", strings.Replace(keys, "us-east-1", "eu-west-1", 1)))), false},
		{"CreateKey with tags, without TagResource", makes(as(on("CreateKey", keys)), apc.Tag{Key: "a", Value: "b"}), false},
		{"CreateKey with tags", makes(as(on("CreateKey", keys), on("TagResource", keys)), apc.Tag{Key: "a", Value: "b"}), true},
		{"CreateAlias without a key", names(as(on("CreateAlias", aliases)), nil), true},
		{"CreateAlias without the permission for its key", names(as(on("CreateAlias", aliases)), &target.KeyArn), false},
		{"CreateAlias with both", names(as(on("CreateAlias", aliases), on("CreateAlias", keys)), &target.KeyArn), true},
		{"CreateAlias on keys alone", names(as(on("CreateAlias", keys)), nil), false},
	} {
		if c.allowed && c.err != nil {
			t.Errorf("%s: %v", c.what, c.err)
		}
		if !c.allowed {
			refused(t, c.what, c.err, apc.ErrAccessDenied, apc.RuleIdentityPolicy)
		}
	}
}
