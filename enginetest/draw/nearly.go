package draw

import (
	"strings"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/enginetest/model"
)

// Defective is a request with one defect.
type Defective struct {
	Request
	Code apc.Code // by which it must be refused
	Rule apc.Rule // that the first reason must have
}

// GoString is the request, the exception and the rule.
func (d Defective) GoString() string {
	return d.Request.GoString() + ", refused with " + string(d.Code) + " by the rule " + string(d.Rule)
}

// nearly are requests with one defect, which no state of the simulator makes valid.
var nearly = []struct {
	op   string
	code apc.Code
	rule apc.Rule
	in   func(*Requests, *rapid.T, model.Place) any
}{
	{"CreateKey", apc.ErrValidation, apc.RuleKeyModesOfUse, func(_ *Requests, t *rapid.T, _ model.Place) any {
		return &engine.CreateKeyInput{
			KeyAttributes: withModes(Symmetric().Draw(t, "attributes"), apc.KeyModesOfUse{Wrap: true, Generate: true}),
			Exportable:    new(true),
		}
	}},
	{"CreateKey", apc.ErrValidation, apc.RuleKeyAlgorithm, func(_ *Requests, t *rapid.T, _ model.Place) any {
		a := enginetest.KeyKind("M3 TDES_2KEY").Attributes()
		a.KeyAlgorithm = rapid.SampledFrom([]apc.KeyAlgorithm{apc.KeyAlgorithmAES128, apc.KeyAlgorithmAES256, apc.KeyAlgorithmHMACSHA256}).
			Draw(t, "algorithm")
		return &engine.CreateKeyInput{KeyAttributes: a, Exportable: new(true)}
	}},
	{"CreateKey", apc.ErrValidation, apc.RuleRequired, func(_ *Requests, t *rapid.T, _ model.Place) any {
		return &engine.CreateKeyInput{KeyAttributes: Symmetric().Draw(t, "attributes")}
	}},
	{"DeleteKey", apc.ErrValidation, apc.RuleRange, func(r *Requests, t *rapid.T, p model.Place) any {
		return &engine.DeleteKeyInput{
			KeyIdentifier:   r.key(t, p, nil),
			DeleteKeyInDays: new(rapid.SampledFrom([]int{2, 181, 0, -1}).Draw(t, "days")),
		}
	}},
	{"GetKey", apc.ErrResourceNotFound, apc.RuleKey, func(_ *Requests, _ *rapid.T, p model.Place) any {
		return &engine.GetKeyInput{KeyIdentifier: "arn:aws:payment-cryptography:" + p.Region + ":" + p.Account + ":key/bbbbbbbbbbbbbbbb"}
	}},
	{"GetKey", apc.ErrResourceNotFound, apc.RuleAlias, func(*Requests, *rapid.T, model.Place) any {
		return &engine.GetKeyInput{KeyIdentifier: "alias/never"}
	}},
	{"CreateAlias", apc.ErrValidation, apc.RulePattern, func(_ *Requests, t *rapid.T, _ model.Place) any {
		return &engine.CreateAliasInput{AliasName: rapid.SampledFrom([]string{"alias/a b", "alias/é", "name/abc"}).Draw(t, "alias")}
	}},
	{"TagResource", apc.ErrValidation, apc.RuleLength, func(r *Requests, t *rapid.T, p model.Place) any {
		return &engine.TagResourceInput{ResourceArn: r.key(t, p, nil), Tags: []apc.Tag{{Key: strings.Repeat("k", 129), Value: "x"}}}
	}},
}

// Nearly draws a nearly valid request by a caller of a place.
func (r *Requests) Nearly(p model.Place) *rapid.Generator[Defective] {
	return rapid.Custom(func(t *rapid.T) Defective {
		n := nearly[rapid.IntRange(0, len(nearly)-1).Draw(t, "defect")]
		return Defective{Request{n.op, n.in(r, t, p)}, n.code, n.rule}
	})
}
