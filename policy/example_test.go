package policy_test

import (
	"fmt"

	"github.com/seed748fb4d1/apcsim/policy"
)

func ExamplePolicy_Evaluate() {
	p, err := policy.Parse(policy.Resource, `{
		"Version": "2012-10-17",
		"Statement": [{
			"Sid": "acquirer",
			"Effect": "Allow",
			"Principal": {"AWS": "arn:aws:iam::444455556666:role/acquirer"},
			"Action": "payment-cryptography:ExportKey",
			"Resource": "*"
		}]
	}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, action := range []string{"payment-cryptography:ExportKey", "payment-cryptography:DeleteKey"} {
		d := p.Evaluate(&policy.Request{
			Principal: policy.Principal{Account: "444455556666", ARN: "arn:aws:sts::444455556666:assumed-role/acquirer/monday"},
			Action:    action,
			Resource:  "arn:aws:payment-cryptography:us-east-1:111122223333:key/kwapwa6qaifllw2h",
		})
		fmt.Printf("%s: %q %s\n", action, d.Effect, d.Sid)
	}
	// Output:
	// payment-cryptography:ExportKey: "Allow" acquirer
	// payment-cryptography:DeleteKey: ""
}

func ExampleParse() {
	_, err := policy.Parse(policy.Identity, `{"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}`)
	fmt.Println(err)
	// Output:
	// policy: Statement.Effect: the effect is neither Allow nor Deny: found "allow", wanted Allow or Deny (at character 25)
}
