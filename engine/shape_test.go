package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

func TestAllViolationsOfTheShapeAreReportedInOrder(t *testing.T) {
	eng := simtest.New(t, nil)
	_, err := eng.CreateKey(ctx, &engine.CreateKeyInput{
		KeyAttributes:          apc.KeyAttributes{KeyClass: "WOODEN_KEY", KeyAlgorithm: apc.KeyAlgorithmAES128},
		KeyCheckValueAlgorithm: new(apc.KeyCheckValueAlgorithm("MD5")),
		Tags:                   []apc.Tag{{Key: "", Value: "v"}, {Key: strings.Repeat("k", 129), Value: strings.Repeat("ü", 257)}},
		ReplicationRegions:     []string{"moon"},
	})
	refusal := refused(t, "a bad request", err, apc.ErrValidation, "required")
	want := []string{"KeyAttributes.KeyUsage", "KeyAttributes.KeyClass", "KeyCheckValueAlgorithm", "Exportable",
		"Tags[0].Key", "Tags[1].Key", "Tags[1].Value", "ReplicationRegions[0]"}
	if len(refusal.Reasons) != len(want) {
		t.Fatalf("got %v, want %v", refusal.Reasons, want)
	}
	for i, r := range refusal.Reasons {
		if r.Field != want[i] || r.Offset != -1 {
			t.Errorf("reason %d: %s, want %s", i, r.Field, want[i])
		}
	}
	if !strings.HasPrefix(
		refusal.Message,
		"8 validation errors detected: Value at 'KeyAttributes.KeyUsage' failed to satisfy constraint:",
	) {
		t.Errorf("message %q", refusal.Message)
	}
}

func TestEmptyRequestsAreRefusedNotPanicked(t *testing.T) {
	c := simtest.New(t, nil).Caller
	for name, do := range map[string]func() error{
		"CreateKey":           func() error { _, err := c.CreateKey(ctx, nil); return err },
		"GetKey":              func() error { _, err := c.GetKey(ctx, nil); return err },
		"DeleteKey":           func() error { _, err := c.DeleteKey(ctx, &engine.DeleteKeyInput{}); return err },
		"RestoreKey":          func() error { _, err := c.RestoreKey(ctx, nil); return err },
		"StartKeyUsage":       func() error { _, err := c.StartKeyUsage(ctx, nil); return err },
		"StopKeyUsage":        func() error { _, err := c.StopKeyUsage(ctx, nil); return err },
		"CreateAlias":         func() error { _, err := c.CreateAlias(ctx, nil); return err },
		"GetAlias":            func() error { _, err := c.GetAlias(ctx, nil); return err },
		"UpdateAlias":         func() error { _, err := c.UpdateAlias(ctx, nil); return err },
		"DeleteAlias":         func() error { _, err := c.DeleteAlias(ctx, nil); return err },
		"TagResource":         func() error { _, err := c.TagResource(ctx, nil); return err },
		"UntagResource":       func() error { _, err := c.UntagResource(ctx, nil); return err },
		"ListTagsForResource": func() error { _, err := c.ListTagsForResource(ctx, nil); return err },
		"ImportKey":           func() error { _, err := c.ImportKey(ctx, nil); return err },
		"ExportKey":           func() error { _, err := c.ExportKey(ctx, nil); return err },
		"LoadKey":             func() error { _, err := c.LoadKey(ctx, nil); return err },
	} {
		if refusal := refused(t, name, do(), apc.ErrValidation,
			map[bool]apc.Rule{true: apc.RuleUnion, false: apc.RuleRequired}[name == "ImportKey" || name == "ExportKey"]); refusal.Op != name {
			t.Errorf("%s: reported as %q", name, refusal.Op)
		}
	}
}

func TestAccountsAndRegionsAreApart(t *testing.T) {
	eng := simtest.New(t, nil)
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	in := &engine.GetKeyInput{KeyIdentifier: k.KeyArn}
	_, err := eng.As(apc.Identity{Account: "444455556666"}).GetKey(ctx, in)
	refused(t, "from another account", err, apc.ErrAccessDenied, "account")
	_, err = eng.As(apc.Identity{Region: "eu-west-1"}).GetKey(ctx, in)
	refused(t, "from another Region", err, apc.ErrResourceNotFound, "region")
	if _, err := eng.As(apc.Identity{}).GetKey(ctx, in); err != nil {
		t.Errorf("as the same caller: %v", err)
	}
}

func TestTagsHaveTheirLimits(t *testing.T) {
	eng := simtest.New(t, nil)
	k := create(t, eng.Caller, kekAttributes(apc.KeyAlgorithmAES128))
	for what, tags := range map[string][]apc.Tag{
		"a reserved key": {{Key: "aws:x", Value: "v"}},
		"the same twice": {{Key: "a", Value: "1"}, {Key: "a", Value: "2"}},
	} {
		_, err := eng.TagResource(ctx, &engine.TagResourceInput{ResourceArn: k.KeyArn, Tags: tags})
		refused(t, what, err, apc.ErrValidation, "tag-key")
	}
	_, err := eng.TagResource(ctx, &engine.TagResourceInput{ResourceArn: k.KeyArn, Tags: make([]apc.Tag, 201)})
	refused(t, "201 tags", err, apc.ErrValidation, "length")
	if _, err := eng.TagResource(ctx, &engine.TagResourceInput{ResourceArn: k.KeyArn, Tags: []apc.Tag{}}); err != nil {
		t.Errorf("an empty list: %v", err)
	}
}

// TestAKeyInPlaceOfAWordIsNotRepeated: reasons are in headers and logs.
func TestAKeyInPlaceOfAWordIsNotRepeated(t *testing.T) {
	const key = "0123456789ABCDEFFEDCBA9876543210"
	attributes := kekAttributes(apc.KeyAlgorithmAES128)
	attributes.KeyAlgorithm = key
	eng := simtest.New(t, nil)
	_, wrong := eng.CreateKey(ctx, &engine.CreateKeyInput{KeyAttributes: attributes})
	_, twice := eng.CreateKey(
		ctx,
		&engine.CreateKeyInput{
			KeyAttributes: kekAttributes(apc.KeyAlgorithmAES128),
			Exportable:    new(true),
			Tags:          []apc.Tag{{Key: key}, {Key: key}},
		},
	)
	for _, err := range []error{wrong, twice} {
		if text := fmt.Sprintf("%v %+v", err, err); err == nil || strings.Contains(text, key[:8]) ||
			!strings.Contains(text, "32 characters") {
			t.Errorf("%s", text)
		}
	}
}
