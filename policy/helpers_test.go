package policy

import (
	"errors"
	"fmt"
	"testing"
)

// The pages of the IAM User Guide that the cases are from.
const (
	pageLogic      = "Policy evaluation logic"
	pageVersion    = "JSON policy elements: Version"
	pageID         = "JSON policy elements: Id"
	pageStatement  = "JSON policy elements: Statement"
	pageSid        = "JSON policy elements: Sid"
	pageEffect     = "JSON policy elements: Effect"
	pagePrincipal  = "JSON policy elements: Principal"
	pageNot        = "JSON policy elements: NotPrincipal"
	pageAction     = "JSON policy elements: Action"
	pageNotAction  = "JSON policy elements: NotAction"
	pageResource   = "JSON policy elements: Resource"
	pageNotRes     = "JSON policy elements: NotResource"
	pageCondition  = "JSON policy elements: Condition"
	pageOperators  = "JSON policy elements: Condition operators"
	pageSets       = "Single-valued vs. multivalued context keys"
	pageSeveral    = "Conditions with multiple context keys or values"
	pageVariables  = "IAM policy elements: Variables and tags"
	pageGrammar    = "Grammar of the IAM JSON policy language"
	pageS3         = "Amazon S3 User Guide, The meaning of public"
	pageCrossLogic = "Cross-account policy evaluation logic"
)

const (
	owner   = "111122223333"
	foreign = "444455556666"
	keyARN  = "arn:aws:payment-cryptography:us-east-1:111122223333:key/kwapwa6qaifllw2h"
	action  = "payment-cryptography:GetKey"
)

var (
	alice  = Principal{owner, "arn:aws:iam::111122223333:user/alice"}
	root   = Principal{owner, "arn:aws:iam::111122223333:root"}
	teller = sessionOf(owner, "teller", "monday")
	bob    = Principal{foreign, "arn:aws:iam::444455556666:user/bob"}
)

func sessionOf(account, role, name string) Principal {
	return Principal{account, "arn:aws:sts::" + account + ":assumed-role/" + role + "/" + name}
}

// statements is a policy of these statements.
func statements(list string) string { return `{"Version":"2012-10-17","Statement":[` + list + `]}` }

// allowing is an identity policy that allows everything under more elements.
func allowing(more string) string {
	return statements(`{"Effect":"Allow","Action":"*","Resource":"*"` + more + `}`)
}

func mustParse(t *testing.T, kind Kind, text string) *Policy {
	t.Helper()
	p, err := Parse(kind, text)
	if err != nil {
		t.Fatalf("Parse(%s): %v", text, err)
	}
	return p
}

// show is a decision on one line.
func show(d Decision) string {
	switch {
	case d.Effect == "":
		return "none"
	case d.Named:
		return fmt.Sprintf("%s %d named", d.Effect, d.Statement)
	}
	return fmt.Sprintf("%s %d", d.Effect, d.Statement)
}

// refusal is what Parse refuses a text with.
func refusal(t *testing.T, kind Kind, text string) *Error {
	t.Helper()
	_, err := Parse(kind, text)
	if err == nil {
		t.Fatalf("Parse(%s) accepts it", text)
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("Parse(%s): a %T: %v", text, err, err)
	}
	return e
}
