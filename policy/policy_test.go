package policy

import "testing"

// elementCase is an identity policy's statement, without Effect, and a request.
type elementCase struct {
	elements, action, resource string
	applies                    bool
	rule, page                 string
}

const (
	s3ARN    = "arn:aws:s3:::bucket/a/b"
	aliasARN = "arn:aws:payment-cryptography:us-east-1:111122223333:alias/pos"
)

var elementCases = []elementCase{
	// Actions.
	{`"Action":"payment-cryptography:GetKey","Resource":"*"`, action, keyARN, true, "an action by its name", pageAction},
	{`"Action":"payment-cryptography:getkey","Resource":"*"`, action, keyARN, true, "case does not count in a name", pageAction},
	{`"Action":"PAYMENT-CRYPTOGRAPHY:GetKey","Resource":"*"`, action, keyARN, true, "nor in the service prefix", pageAction},
	{`"Action":"payment-cryptography:GetKeys","Resource":"*"`, action, keyARN, false, "all of the name counts", pageAction},
	{`"Action":"payment-cryptography:Get","Resource":"*"`, action, keyARN, false, "a prefix is not enough", pageAction},
	{`"Action":"payment-cryptography:*","Resource":"*"`, action, keyARN, true, "a star for all actions of a service", pageAction},
	{`"Action":"payment-cryptography:Get*","Resource":"*"`, action, keyARN, true, "a star at the end", pageAction},
	{`"Action":"payment-cryptography:*Key","Resource":"*"`, action, keyARN, true, "a star at the beginning", pageAction},
	{
		`"Action":"payment-cryptography:*Key*","Resource":"*"`,
		"payment-cryptography:StartKeyUsage",
		keyARN,
		true,
		"stars on both sides",
		pageAction,
	},
	{`"Action":"payment-cryptography:G?tKey","Resource":"*"`, action, keyARN, true, "a question mark", pageAction},
	{`"Action":"payment-cryptography:?GetKey","Resource":"*"`, action, keyARN, false, "is one character", pageAction},
	{`"Action":"*","Resource":"*"`, action, keyARN, true, "a star for all services", pageAction},
	{`"Action":"s3:*","Resource":"*"`, action, keyARN, false, "another service", pageAction},
	{`"Action":"payment:*","Resource":"*"`, action, keyARN, false, "the prefix is not cut", pageAction},
	{`"Action":["s3:GetObject","payment-cryptography:GetKey"],"Resource":"*"`, action, keyARN, true, "one of a list", pageAction},
	{`"Action":["s3:GetObject","s3:PutObject"],"Resource":"*"`, action, keyARN, false, "none of a list", pageAction},
	{
		`"Action":"payment-cryptography:EncryptData","Resource":"*"`,
		"payment-cryptography:EncryptData",
		keyARN,
		true,
		"actions of the data plane have the same prefix",
		pageAction,
	},
	{`"NotAction":"payment-cryptography:GetKey","Resource":"*"`, action, keyARN, false, "NotAction leaves it out", pageNotAction},
	{
		`"NotAction":"payment-cryptography:GetKey","Resource":"*"`,
		"payment-cryptography:ExportKey",
		keyARN,
		true,
		"and takes every other",
		pageNotAction,
	},
	{`"NotAction":"payment-cryptography:GetKey","Resource":"*"`, "s3:GetObject", keyARN, true, "of other services too", pageNotAction},
	{
		`"NotAction":["payment-cryptography:Delete*","payment-cryptography:Export*"],"Resource":"*"`,
		"payment-cryptography:ExportKey",
		keyARN,
		false,
		"each of a list is left out",
		pageNotAction,
	},
	{
		`"NotAction":["payment-cryptography:Delete*","payment-cryptography:Export*"],"Resource":"*"`,
		action,
		keyARN,
		true,
		"what matches none is taken",
		pageNotAction,
	},
	{`"NotAction":"*","Resource":"*"`, action, keyARN, false, "NotAction * takes nothing", pageNotAction},

	// Resources.
	{`"Action":"*","Resource":"` + keyARN + `"`, action, keyARN, true, "a resource by its ARN", pageResource},
	{
		`"Action":"*","Resource":"arn:aws:payment-cryptography:us-east-1:111122223333:key/other"`,
		action,
		keyARN,
		false,
		"another key",
		pageResource,
	},
	{
		`"Action":"*","Resource":"arn:aws:payment-cryptography:us-east-1:111122223333:key/*"`,
		action,
		keyARN,
		true,
		"all keys of a Region",
		pageResource,
	},
	{
		`"Action":"*","Resource":"arn:aws:payment-cryptography:us-east-1:111122223333:key/*"`,
		action,
		aliasARN,
		false,
		"which are no aliases",
		pageResource,
	},
	{
		`"Action":"*","Resource":"arn:aws:payment-cryptography:*:111122223333:key/*"`,
		action,
		keyARN,
		true,
		"a star in the Region",
		pageResource,
	},
	{
		`"Action":"*","Resource":"arn:aws:payment-cryptography:us-*-1:111122223333:key/*"`,
		action,
		keyARN,
		true,
		"a star in a part of it",
		pageResource,
	},
	{
		`"Action":"*","Resource":"arn:aws:payment-cryptography:eu-*:111122223333:key/*"`,
		action,
		keyARN,
		false,
		"another Region",
		pageResource,
	},
	{
		`"Action":"*","Resource":"arn:aws:payment-cryptography:us-east-?:111122223333:key/*"`,
		action,
		keyARN,
		true,
		"a question mark",
		pageResource,
	},
	{
		`"Action":"*","Resource":"arn:aws:payment-cryptography:us-east-1:444455556666:key/*"`,
		action,
		keyARN,
		false,
		"another account",
		pageResource,
	},
	{
		`"Action":"*","Resource":"arn:aws:payment-cryptography:*:key/*"`,
		action,
		keyARN,
		false,
		"a star does not reach beyond its part",
		pageResource,
	},
	{
		`"Action":"*","Resource":"arn:aws:payment-cryptography"`,
		action,
		keyARN,
		true,
		"parts that are missing at the end are stars",
		pageResource,
	},
	{`"Action":"*","Resource":"arn:aws:payment-cryptography:us-east-1"`, action, keyARN, true, "from any part on", pageResource},
	{`"Action":"*","Resource":"arn:aws:s3"`, action, keyARN, false, "of another service they match nothing here", pageResource},
	{
		`"Action":"*","Resource":"arn:aws:s3:::bucket/*"`,
		action,
		s3ARN,
		true,
		"a star reaches over slashes in the last part",
		pageResource,
	},
	{
		`"Action":"*","Resource":"arn:aws:payment-cryptography:us-east-1:111122223333:KEY/*"`,
		action,
		keyARN,
		false,
		"case counts",
		pageResource,
	},
	{`"Action":"*","Resource":["arn:aws:s3:::x","` + keyARN + `"]`, action, keyARN, true, "one of a list", pageResource},
	{`"Action":"*","Resource":["arn:aws:s3:::x","arn:aws:s3:::y"]`, action, keyARN, false, "none of a list", pageResource},
	{`"Action":"*","Resource":"*"`, "payment-cryptography:ListKeys", "*", true, "an action without a resource has *", pageResource},
	{`"Action":"*","Resource":"` + keyARN + `"`, "payment-cryptography:ListKeys", "*", false, "which no ARN matches", pageResource},
	{
		`"Action":"*","Resource":"arn:aws:payment-cryptography"`,
		"payment-cryptography:ListKeys",
		"*",
		false,
		"not even one that is all wildcards",
		pageResource,
	},
	{`"Action":"*","NotResource":"` + keyARN + `"`, action, keyARN, false, "NotResource leaves it out", pageNotRes},
	{`"Action":"*","NotResource":"` + keyARN + `"`, action, aliasARN, true, "and takes every other", pageNotRes},
	{
		`"Action":"*","NotResource":["arn:aws:s3:::x","arn:aws:payment-cryptography:*:*:key/*"]`,
		action,
		keyARN,
		false,
		"each of a list is left out",
		pageNotRes,
	},
	{`"Action":"*","NotResource":"*"`, action, keyARN, false, "NotResource * takes nothing", pageNotRes},
	{
		`"Action":"*","NotResource":"` + keyARN + `"`,
		"payment-cryptography:ListKeys",
		"*",
		true,
		"no resource is none of them",
		pageNotRes,
	},
}

func TestStatementsApplyAsTheGuideSays(t *testing.T) {
	for _, c := range elementCases {
		p := mustParse(t, Identity, statements(`{"Effect":"Allow",`+c.elements+`}`))
		got := p.Evaluate(&Request{Principal: alice, Action: c.action, Resource: c.resource}).Effect == Allow
		if got != c.applies {
			t.Errorf("{%s} applies to %s on %s: got %t, want %t: %s (%s)", c.elements, c.action, c.resource, got,
				c.applies, c.rule, c.page)
		}
	}
}

// TestDenyWins: how statements of one policy are joined.
func TestDenyWins(t *testing.T) {
	const (
		allow    = `{"Effect":"Allow","Action":"*","Resource":"*"}`
		deny     = `{"Effect":"Deny","Action":"*","Resource":"*"}`
		denyS3   = `{"Effect":"Deny","Action":"s3:*","Resource":"*"}`
		allowS3  = `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`
		denyIf   = `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`
		denyElse = `{"Effect":"Deny","NotAction":"payment-cryptography:Get*","Resource":"*"}`
	)
	for _, c := range []struct{ list, want, rule, page string }{
		{allow, "Allow 0", "an Allow that applies allows", pageLogic},
		{deny, "Deny 0", "a Deny that applies denies", pageLogic},
		{allow + "," + deny, "Deny 1", "a Deny wins over an Allow", pageLogic},
		{deny + "," + allow, "Deny 0", "whatever their order", pageLogic},
		{allow + "," + denyS3, "Allow 0", "a Deny that does not apply denies nothing", pageLogic},
		{allowS3, "none", "without a statement that applies nothing is decided", pageLogic},
		{denyS3, "none", "a Deny of something else allows nothing", pageLogic},
		{allowS3 + "," + allow, "Allow 1", "one Allow is enough", pageLogic},
		{allow + "," + allow, "Allow 0", "the first one decides", pageLogic},
		{allow + "," + denyIf, "Allow 0", "a Deny whose condition fails does not apply", pageLogic},
		{allow + "," + denyElse, "Allow 0", "NotAction leaves the action out of the Deny", pageNotAction},
		{denyIf + "," + denyS3, "none", "Denies that do not apply decide nothing", pageLogic},
	} {
		p := mustParse(t, Identity, statements(c.list))
		if got := show(p.Evaluate(&Request{Principal: alice, Action: action, Resource: keyARN,
			Context: Values{"aws:securetransport": {"true"}}})); got != c.want {
			t.Errorf("%s: got %s, want %s: %s (%s)", c.list, got, c.want, c.rule, c.page)
		}
	}
}

func TestCheckResourceTakesOnlyTheOne(t *testing.T) {
	for _, c := range []struct{ resource, path string }{
		{`"*"`, ""}, {`"` + keyARN + `"`, ""}, {`["*","` + keyARN + `"]`, ""},
		{`"arn:aws:payment-cryptography:us-east-1:111122223333:key/*"`, "Statement[0].Resource"},
		{`["*","arn:aws:payment-cryptography:eu-west-1:111122223333:key/kwapwa6qaifllw2h"]`, "Statement[0].Resource[1]"},
		{`"arn:aws:s3:::x"`, "Statement[0].Resource"},
	} {
		p := mustParse(t, Resource, statements(`{"Effect":"Allow","Principal":"*","Action":"*","Resource":`+c.resource+`}`))
		err, _ := p.CheckResource(keyARN).(*Error)
		if c.path == "" && err != nil || c.path != "" && (err == nil || err.Path != c.path || err.Problem != problemForeign) {
			t.Errorf("Resource %s: got %v, want the path %q", c.resource, err, c.path)
		}
	}
}
