package policy

import "testing"

func TestPublicPrincipalsAreFound(t *testing.T) {
	const everybody = `"Principal":"*"`
	for _, c := range []struct {
		principal, condition string
		public               bool
		rule                 string
	}{
		{everybody, ``, true, "everybody without a condition"},
		{`"Principal":{"AWS":"*"}`, ``, true, "in the other spelling"},
		{`"Principal":{"AWS":["111122223333","*"]}`, ``, true, "in a list"},
		{`"NotPrincipal":{"AWS":"111122223333"}`, ``, true, "everybody but some"},
		{`"Principal":{"AWS":"444455556666"}`, ``, false, "an account is not everybody"},
		{`"Principal":{"Service":"lambda.amazonaws.com"}`, ``, false, "nor is a service"},
		{everybody, `{"StringEquals":{"aws:PrincipalAccount":"444455556666"}}`, false, "an account closes"},
		{everybody, `{"StringEquals":{"aws:principalaccount":["444455556666","777788889999"]}}`, false, "several close"},
		{everybody, `{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}`, false, "an organization closes"},
		{everybody, `{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"}}`, false, "a unit of it closes"},
		{everybody, `{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-*"}}`, true, "with a wildcard it does not"},
		{everybody, `{"StringLike":{"aws:PrincipalAccount":"4444*"}}`, true, "an account with a wildcard does not close"},
		{everybody, `{"StringLike":{"aws:PrincipalAccount":"444455556666"}}`, false, "without one it does"},
		{everybody, `{"StringNotEquals":{"aws:PrincipalAccount":"444455556666"}}`, true, "a negated operator does not close"},
		{everybody, `{"StringEqualsIfExists":{"aws:PrincipalAccount":"444455556666"}}`, true, "IfExists does not close"},
		{everybody, `{"ForAllValues:StringEquals":{"aws:PrincipalAccount":"444455556666"}}`, true, "ForAllValues does not close"},
		{everybody, `{"Null":{"aws:PrincipalAccount":"false"}}`, true, "that there is an account does not close"},
		{everybody, `{"NumericEquals":{"aws:PrincipalAccount":"444455556666"}}`, true, "a number is no account"},
		{everybody, `{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/teller"}}`, false, "a principal closes"},
		{everybody, `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/*"}}`, false, "all of an account's roles close"},
		{everybody, `{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/teller"}}`, true, "roles of all accounts do not"},
		{everybody, `{"ArnLike":{"aws:PrincipalArn":"*"}}`, true, "every ARN does not"},
		{everybody, `{"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/teller"}}`, false, "as a text it closes too"},
		{everybody, `{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::44445555666?:role/teller"}}`, true, "a question mark opens the account"},
		{everybody, `{"StringLike":{"aws:PrincipalArn":"*"}}`, true, "a star opens all"},
		{everybody, `{"ArnLike":{"aws:PrincipalArn":["arn:aws:iam::444455556666:role/*","arn:aws:iam::*:root"]}}`, true, "one open value opens"},
		{everybody, `{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/teller"}}`, true, "a negated one does not close"},
		{everybody, `{"StringEquals":{"aws:SourceVpce":"vpce-1a2b3c4d"}}`, false, "an endpoint closes"},
		{everybody, `{"StringEquals":{"aws:SourceVpc":"vpc-111bbb22"}}`, false, "a network closes"},
		{everybody, `{"StringEquals":{"aws:SourceAccount":"444455556666"}}`, false, "the account of a source closes"},
		{everybody, `{"ArnLike":{"aws:SourceArn":"arn:aws:lambda:us-east-1:444455556666:function:*"}}`, false, "a source closes"},
		{everybody, `{"StringEquals":{"aws:userid":"AIDAEXAMPLE"}}`, false, "a user's id closes"},
		{everybody, `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, false, "a range of addresses closes"},
		{everybody, `{"IpAddress":{"aws:SourceIp":"8.0.0.0/8"}}`, false, "of eight bits"},
		{everybody, `{"IpAddress":{"aws:SourceIp":"8.0.0.0/7"}}`, true, "a wider one does not"},
		{everybody, `{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}`, true, "all addresses do not"},
		{everybody, `{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","0.0.0.0/0"]}}`, true, "one wide range opens"},
		{everybody, `{"IpAddress":{"aws:SourceIp":"2001:db8::/32"}}`, false, "of 32 bits in IPv6"},
		{everybody, `{"IpAddress":{"aws:SourceIp":"2001:db8::/31"}}`, true, "a wider one does not"},
		{everybody, `{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, true, "addresses that are left out do not close"},
		{everybody, `{"StringEquals":{"aws:SourceIp":"203.0.113.7"}}`, true, "an address as a text does not (GUESS G-public-conditions)"},
		{everybody, `{"Bool":{"aws:SecureTransport":"true"}}`, true, "how the request came does not close"},
		{everybody, `{"StringEquals":{"aws:PrincipalTag/team":"pos"}}`, true, "tags do not: anyone sets his own"},
		{everybody, `{"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}}`, true, "time does not close"},
		{everybody, `{"StringEquals":{"payment-cryptography:RequestAlias":"alias/pos"}}`, true, "keys of the service do not close"},
		{everybody, `{"Bool":{"aws:SecureTransport":"true"},"StringEquals":{"aws:PrincipalAccount":"444455556666"}}`, false,
			"one closing condition of several is enough"},
	} {
		more := ""
		if c.condition != "" {
			more = `,"Condition":` + c.condition
		}
		p := mustParse(t, Resource, statements(`{"Effect":"Allow",`+c.principal+`,"Action":"*","Resource":"*"`+more+`}`))
		if _, got := p.Public(); got != c.public {
			t.Errorf(
				"{%s} under %s is public: got %t, want %t: %s (%s; that this service checks the same is a GUESS G-public-conditions)",
				c.principal,
				c.condition,
				got,
				c.public,
				c.rule,
				pageS3,
			)
		}
	}
}

func TestDenyIsNeverPublic(t *testing.T) {
	p := mustParse(
		t,
		Resource,
		statements(
			`{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"},`+
				`{"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"Action":"*","Resource":"*"}`,
		),
	)
	if i, got := p.Public(); got {
		t.Errorf("statement %d is public, want none", i)
	}
}

func TestPublicNamesTheStatement(t *testing.T) {
	p := mustParse(
		t,
		Resource,
		statements(
			`{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"*","Resource":"*"},`+
				`{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`,
		),
	)
	if i, got := p.Public(); i != 1 || !got {
		t.Errorf("got %d, %t, want 1, true", i, got)
	}
}
