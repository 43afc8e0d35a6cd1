package engine_test

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// Accounts of the tests about policies.
const (
	issuer   = "111122223333"
	acquirer = "444455556666"
)

// statement is a resource policy of one statement.
func statement(elements string) string {
	return `{"Version":"2012-10-17","Statement":[{` + elements + `}]}`
}

func allow(principal, action string) string {
	return statement(`"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"` + action + `","Resource":"*"`)
}

func put(t testing.TB, c *engine.Caller, arn, policy string) {
	t.Helper()
	if _, err := c.PutResourcePolicy(ctx, &engine.PutResourcePolicyInput{ResourceArn: arn, Policy: policy}); err != nil {
		t.Fatalf("PutResourcePolicy %s: %v", policy, err)
	}
}

func TestResourcePolicyIsKeptByteForByte(t *testing.T) {
	eng := simtest.New(t, nil)
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	get := func() string {
		t.Helper()
		out, err := eng.GetResourcePolicy(ctx, &engine.GetResourcePolicyInput{ResourceArn: k.KeyArn})
		if err != nil || out.ResourceArn != k.KeyArn {
			t.Fatalf("GetResourcePolicy: %+v, %v", out, err)
		}
		return out.Policy
	}
	if got := get(); got != "{}" {
		t.Errorf("without a policy: got %q, want {}", got)
	}
	first, second := "\t{ \"Id\":\"\u00fc\",\r\n"+allow(acquirer, "payment-cryptography:GetKey")[1:]+"\n", allow(
		issuer,
		"payment-cryptography:*",
	)
	for _, want := range []string{first, second} {
		out, err := eng.PutResourcePolicy(ctx, &engine.PutResourcePolicyInput{ResourceArn: k.KeyArn, Policy: want})
		if err != nil || out.ResourceArn != k.KeyArn || out.Policy != want {
			t.Errorf("PutResourcePolicy %q: %+v, %v", want, out, err)
		}
		if got := get(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for range 2 { // the second time there is none
		if _, err := eng.DeleteResourcePolicy(ctx, &engine.DeleteResourcePolicyInput{ResourceArn: k.KeyArn}); err != nil {
			t.Errorf("DeleteResourcePolicy: %v", err)
		}
	}
	if got := get(); got != "{}" {
		t.Errorf("after its deletion: got %q, want {}", got)
	}
}

func TestPutResourcePolicyNamesWhatIsWrong(t *testing.T) {
	eng := simtest.New(t, nil)
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	for _, c := range []struct {
		text   string
		code   apc.Code
		rule   apc.Rule
		reason string
	}{
		{`{"Version"}`, apc.ErrValidation, apc.RulePolicyText, "Policy: the text is not JSON (at character 10)"},
		{` []`, apc.ErrValidation, apc.RulePolicyText, "Policy: the value has the wrong type: found a list, wanted an object (at character 1)"},
		{`{"Statements":[]}`, apc.ErrValidation, apc.RulePolicyText,
			`Policy.Statements: the policy language has no such element here: found "Statements", wanted Version, Id, Statement (at character 1)`},
		{statement(`"Effect":"Allow","Action":"*","Resource":"*"`), apc.ErrValidation, apc.RulePolicyText,
			"Policy.Statement[0]: the element is missing: wanted Principal or NotPrincipal (at character 37)"},
		{statement(`"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"*",` +
			`"Resource":"arn:aws:payment-cryptography:us-east-1:111122223333:key/*"`), apc.ErrValidation, apc.RulePolicyText,
			"Policy.Statement[0].Resource: the resource is not the one that the policy belongs to"},
		{statement(`"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"*","Resource":"*",` +
			`"Condition":{"StringEquals":{"payment-cryptography:KeySize":"128"}}`), apc.ErrValidation, apc.RulePolicyText,
			"Policy: the service has no such condition key"},
		{statement(`"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"`), apc.ErrPublicPolicy, apc.RulePublicPolicy,
			"Policy.Statement[0]: the statement allows everyone: no condition restricts its principal"},
		{"{\"Id\":\"\u0100\"}", apc.ErrValidation, apc.RulePattern, "Policy: "},
		{strings.Repeat(" ", 20481), apc.ErrValidation, apc.RuleLength, "Policy: "},
	} {
		_, err := eng.PutResourcePolicy(ctx, &engine.PutResourcePolicyInput{ResourceArn: k.KeyArn, Policy: c.text})
		got := refused(t, c.text[:min(len(c.text), 200)], err, c.code, c.rule)
		if text := got.Reasons[0].String(); !strings.HasPrefix(text, c.reason) {
			t.Errorf("%.200s: got %q, want %q", c.text, text, c.reason)
		}
	}
}

// TestResourcePolicyOperationsByState: GUESS G-policy-by-state of the sheet, section 7.2.
func TestResourcePolicyOperationsByState(t *testing.T) {
	clock := engine.NewClock(start)
	eng := simtest.New(t, &engine.Options{Now: clock.Now})
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	calls := map[string]func() error{
		"Put": func() error {
			_, err := eng.PutResourcePolicy(ctx, &engine.PutResourcePolicyInput{ResourceArn: k.KeyArn, Policy: allow(acquirer, "*")})
			return err
		},
		"Get": func() error {
			_, err := eng.GetResourcePolicy(ctx, &engine.GetResourcePolicyInput{ResourceArn: k.KeyArn})
			return err
		},
		"Delete": func() error {
			_, err := eng.DeleteResourcePolicy(ctx, &engine.DeleteResourcePolicyInput{ResourceArn: k.KeyArn})
			return err
		},
	}
	if _, err := eng.DeleteKey(ctx, &engine.DeleteKeyInput{KeyIdentifier: k.KeyArn}); err != nil {
		t.Fatal(err)
	}
	for name, call := range calls {
		if err := call(); err != nil {
			t.Errorf("%s in DELETE_PENDING: %v", name, err)
		}
	}
	clock.Advance(7 * day)
	for name, call := range calls {
		refused(t, name+" in DELETE_COMPLETE", call(), apc.ErrValidation, apc.RuleKeyState)
	}
}

// TestPolicyDoesNotGovernThePolicyOperations: its owner cannot lock itself out.
func TestPolicyDoesNotGovernThePolicyOperations(t *testing.T) {
	eng := simtest.New(t, nil)
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	put(t, eng.Caller, k.KeyArn, statement(`"Effect":"Deny","Principal":{"AWS":"`+issuer+`"},"Action":"*","Resource":"*"`))
	_, err := eng.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k.KeyArn})
	got := refused(t, "GetKey", err, apc.ErrAccessDenied, apc.RuleResourcePolicy)
	if want := "the policy of the key denies the operation: found Statement[0]"; got.Reasons[0].String() != want {
		t.Errorf("got %q, want %q", got.Reasons[0].String(), want)
	}
	if _, err := eng.DeleteResourcePolicy(ctx, &engine.DeleteResourcePolicyInput{ResourceArn: k.KeyArn}); err != nil {
		t.Errorf("DeleteResourcePolicy: %v", err)
	}
	if _, err := eng.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: k.KeyArn}); err != nil {
		t.Errorf("GetKey without the policy: %v", err)
	}
}

// TestPolicyThatNamesItsKeyGovernsItsAliases: the ARN of the key as Resource means the same as *.
func TestPolicyThatNamesItsKeyGovernsItsAliases(t *testing.T) {
	eng := simtest.New(t, nil)
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES256))
	if _, err := eng.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: "alias/a", KeyArn: &k.KeyArn}); err != nil {
		t.Fatal(err)
	}
	for _, resource := range []string{"*", k.KeyArn} {
		put(t, eng.Caller, k.KeyArn, statement(
			`"Effect":"Deny","Principal":{"AWS":"`+issuer+`"},"Action":"payment-cryptography:GetAlias","Resource":"`+resource+`"`))
		_, err := eng.GetAlias(ctx, &engine.GetAliasInput{AliasName: "alias/a"})
		refused(t, "GetAlias under a policy for "+resource, err, apc.ErrAccessDenied, apc.RuleResourcePolicy)
	}
}
