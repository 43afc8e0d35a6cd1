package engine_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// TestConditionsSeeTheRequest: the condition keys and their values.
func TestConditionsSeeTheRequest(t *testing.T) {
	clock := engine.NewClock(start)
	eng := simtest.New(t, &engine.Options{Now: clock.Now})
	k, err := eng.CreateKey(
		ctx,
		&engine.CreateKeyInput{
			KeyAttributes: kekAttributes(apc.KeyAlgorithmAES256),
			Exportable:    new(true),
			Tags:          []apc.Tag{{Key: "Team", Value: "pos"}},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	arn := k.Key.KeyArn
	if _, err := eng.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: "alias/pos", KeyArn: &arn}); err != nil {
		t.Fatal(err)
	}
	from := engine.WithSource(ctx, netip.MustParseAddr("::ffff:203.0.113.7"), true)
	get := func(ctx context.Context, identifier string) func(*engine.Caller) error {
		return func(c *engine.Caller) error {
			_, err := c.GetKey(ctx, &engine.GetKeyInput{KeyIdentifier: identifier})
			return err
		}
	}
	makes := func(c *engine.Caller) error {
		_, err := c.CreateKey(
			ctx,
			&engine.CreateKeyInput{
				KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128),
				Exportable:    new(true),
				Tags:          []apc.Tag{{Key: "Team", Value: "atm"}},
			},
		)
		return err
	}
	exports := func(c *engine.Caller) error { _, err := exportBlock(c, arn, arn, nil); return err }
	tags := func(c *engine.Caller) error {
		_, err := c.TagResource(ctx, &engine.TagResourceInput{ResourceArn: arn, Tags: []apc.Tag{{Key: "Cost", Value: "7"}}})
		return err
	}
	for _, c := range []struct {
		condition string
		call      func(*engine.Caller) error
		holds     bool
	}{
		{`{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/teller"}}`, get(ctx, arn), true},
		{`{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}`, get(ctx, arn), true},
		{`{"StringEquals":{"aws:PrincipalTag/Desk":"4"}}`, get(ctx, arn), true},
		{`{"StringEquals":{"aws:PrincipalTag/Desk":"5"}}`, get(ctx, arn), false},
		{`{"StringEquals":{"aws:ResourceTag/Team":"pos"}}`, get(ctx, arn), true},
		{`{"StringEquals":{"aws:resourcetag/team":"pos"}}`, get(ctx, arn), true},
		{`{"StringEquals":{"aws:ResourceTag/Team":"atm"}}`, get(ctx, arn), false},
		{`{"StringEquals":{"aws:RequestTag/Team":"atm"}}`, makes, true},
		{`{"StringEquals":{"aws:RequestTag/Team":"pos"}}`, makes, false},
		{`{"ForAllValues:StringEquals":{"aws:TagKeys":["Team","Cost"]}}`, makes, true},
		{`{"ForAllValues:StringEquals":{"aws:TagKeys":["Team"]}}`, tags, false},
		{`{"StringEquals":{"aws:RequestTag/Cost":"7"}}`, tags, true},
		{`{"DateLessThan":{"aws:CurrentTime":"2026-05-01T12:00:01Z"}}`, get(ctx, arn), true},
		{`{"DateGreaterThan":{"aws:CurrentTime":"2026-05-01T12:00:01Z"}}`, get(ctx, arn), false},
		{`{"NumericEquals":{"aws:EpochTime":"1777636800"}}`, get(ctx, arn), true},
		{`{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}`, get(ctx, arn), true},
		{`{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, get(from, arn), true},
		{`{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, get(ctx, arn), false},
		{`{"Bool":{"aws:SecureTransport":"true"}}`, get(from, arn), true},
		{`{"Null":{"aws:SecureTransport":"true"}}`, get(ctx, arn), true},
		{`{"StringEquals":{"payment-cryptography:RequestAlias":"alias/pos"}}`, get(ctx, "alias/pos"), true},
		{`{"StringEquals":{"payment-cryptography:RequestAlias":"alias/pos"}}`, get(ctx, arn), false},
		{`{"ForAnyValue:StringEquals":{"payment-cryptography:ResourceAliases":"alias/pos"}}`, get(ctx, arn), true},
		{`{"ForAnyValue:StringEquals":{"payment-cryptography:ResourceAliases":"alias/atm"}}`, get(ctx, arn), false},
		{`{"StringEquals":{"payment-cryptography:KeyAlgorithm":"AES_128","payment-cryptography:KeyClass":"SYMMETRIC_KEY"}}`, makes, true},
		{`{"StringLike":{"payment-cryptography:KeyUsage":"TR31_K1_*"}}`, makes, true},
		{`{"StringLike":{"payment-cryptography:KeyUsage":"TR31_P0_*"}}`, makes, false},
		{`{"Null":{"payment-cryptography:DeriveKeyUsage":"true"}}`, makes, true},
		{`{"StringEquals":{"payment-cryptography:ExportKeyMaterial":"Tr31KeyBlock"}}`, exports, true},
		{`{"StringEquals":{"payment-cryptography:ExportKeyMaterial":"Tr34KeyBlock"}}`, exports, false},
		{`{"ArnEquals":{"payment-cryptography:WrappingKeyIdentifier":"` + arn + `"}}`, exports, true},
		{`{"Null":{"payment-cryptography:ExportDukptInitialKey":"true"}}`, exports, true},
	} {
		who := eng.As(
			apc.Identity{
				Account:  issuer,
				ARN:      "arn:aws:sts::111122223333:assumed-role/teller/monday",
				Tags:     map[string]string{"Desk": "4"},
				Policies: []string{identityPolicy("Allow", `"*"`, `,"Condition":`+c.condition)},
			},
		)
		if err := c.call(who); (err == nil) != c.holds {
			t.Errorf("%s: got %v, want it to hold: %t", c.condition, err, c.holds)
		}
	}
}
