package policy

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParse: a text is refused with an Error whose place is in the text, or decides the same twice;
// with a Deny of everything it denies everything.
func FuzzParse(f *testing.F) {
	for _, c := range slices.Concat(refusalCases, accessRefusals) {
		f.Add(strings.Replace(c.text, "^", "", 1), "a", uint8(c.kind))
	}
	for i, c := range conditionCases {
		if i%5 == 0 {
			f.Add(allowing(`,"Condition":{"`+c.op+`":{"test:Key":`+c.values+`}}`), c.given, uint8(0))
		}
	}
	f.Add(
		statements(`{"Effect":"Deny","NotPrincipal":{"AWS":["111122223333"]},"NotAction":"a:b*","NotResource":"arn:aws:x"}`),
		"",
		uint8(1),
	)
	f.Fuzz(func(t *testing.T, text, value string, kind uint8) {
		p, err := Parse(Kind(kind%2), text)
		if err != nil {
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Offset < 0 || e.Offset > utf8.RuneCountInString(text) && utf8.ValidString(text) || e.Problem == "" ||
				e.Error() == "" {
				t.Fatalf("Parse(%q): %#v", text, err)
			}
			return
		}
		context := Values{}
		for key := range p.Keys {
			if key != strings.ToLower(key) {
				t.Fatalf("key %q is not in lower case", key)
			}
			context[key] = []string{value}
		}
		for _, who := range []Principal{alice, root, teller, bob} {
			r := &Request{Principal: who, Action: action, Resource: keyARN, Context: context}
			first := p.Evaluate(r)
			if again := p.Evaluate(r); first != again {
				t.Fatalf("Evaluate of %q: %v, then %v", text, first, again)
			}
			if first.Effect == "" != (first.Statement == -1) || first.Statement >= len(p.statements) {
				t.Fatalf("Evaluate of %q: %+v", text, first)
			}
			all := mustParse(
				t,
				Kind(kind%2),
				`{"Statement":{"Effect":"Deny",`+map[Kind]string{Identity: "",
					Resource: `"Principal":"*",`}[Kind(kind%2)]+`"Action":"*","Resource":"*"}}`,
			)
			all.statements = append(all.statements, p.statements...)
			if got := all.Evaluate(r); got.Effect != Deny {
				t.Fatalf("%q with a Deny of everything: %+v", text, got)
			}
		}
		p.Public()
		_ = p.CheckResource(keyARN)
	})
}
