package engine

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/shape"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// LoadKeyInput is the request of LoadKey: what CreateKey takes, and the
// components.
type LoadKeyInput struct {
	KeyAttributes          apc.KeyAttributes
	KeyCheckValueAlgorithm *apc.KeyCheckValueAlgorithm
	Exportable             *bool
	Enabled                *bool
	Tags                   []apc.Tag

	// Components are one to three, each as long as the key, which is the XOR
	// of all of them. They stay the caller's, to be destroyed.
	Components []hsm.Secret

	// ComponentCheckValues are the check values that the ceremony's record has for the components,
	// in their order: at least the leftmost 4 hexadecimal digits, or "" where the record has none.
	// KeyCheckValue is that of the key. Where a value differs, nothing is loaded, and the
	// refusal names the component. Nil compares nothing.
	ComponentCheckValues []string
	KeyCheckValue        *string

	// KeyID is what the key's ARN ends in, 16 to 64 letters and digits; nil draws an
	// id. Loading the same key under the same id again returns the key that is there, so
	// that a load whose outcome is unknown can be repeated; another key under the id is a
	// ConflictException.
	KeyID *string
}

// LoadKeyOutput is the answer of LoadKey.
type LoadKeyOutput struct {
	Key Key
	// ComponentCheckValues are those of the components, in their order.
	ComponentCheckValues []string
}

func (in *LoadKeyInput) Shape(s *shape.Check) {
	shape.Inside(s, "KeyAttributes", &in.KeyAttributes, shapeKeyAttributes)
	shape.MaybeOneOf(s, "KeyCheckValueAlgorithm", in.KeyCheckValueAlgorithm, allKeyCheckValueAlgorithm)
	s.Given("Exportable", in.Exportable != nil)
	shape.Each(s, "Tags", in.Tags, core.MaxTagList, shapeTag)
	n := len(in.Components)
	if n < 1 || n > 3 {
		s.Fail("have 1 to 3 items", core.Because(apc.RuleLength, "Components", core.ProblemComponents, wording.Count(n, "component"), ""))
	}
	if values := len(in.ComponentCheckValues); values != 0 && values != n {
		s.Fail("have an item for each component", core.Because(apc.RuleLength, "ComponentCheckValues", core.ProblemCheckValues,
			wording.Count(values, "check value"), strconv.Itoa(n)))
	}
	for i, value := range in.ComponentCheckValues {
		if value != "" {
			s.Text(fmt.Sprintf("ComponentCheckValues[%d]", i), value, &textCheckValue)
		}
	}
	s.MaybeText("KeyCheckValue", in.KeyCheckValue, &textCheckValue)
	s.MaybeText("KeyID", in.KeyID, &core.KeyIDText)
}

var textCheckValue = shape.Text{Min: 4, Max: 10, Pattern: `[0-9a-fA-F]+`}

// LoadKey makes a symmetric key from clear components, as in a key ceremony, or from one
// component, which is the key itself. The service has no such operation; it is for tests that
// need a known key.
func (c *Caller) LoadKey(ctx context.Context, in *LoadKeyInput) (*LoadKeyOutput, error) {
	return core.Run(ctx, c.caller, "LoadKey", in, loadComponents)
}

func loadComponents(ctx context.Context, c *core.Call, in *LoadKeyInput) (*LoadKeyOutput, error) {
	tags, err := core.NewTags(in.Tags)
	if err != nil {
		return nil, err
	}
	spec, bits, check, err := checkLoad(in)
	if err != nil {
		return nil, err
	}
	if err := c.Settle(ctx); err != nil {
		return nil, err
	}
	answer := new(LoadKeyOutput)
	a := c.Attempts()
	if in.KeyID != nil {
		a.ID = *in.KeyID
	}
	for a.Next() {
		var made core.Key
		c.NewKey(&made, a.ID, spec, apc.KeyOriginExternal, in.Enabled, tags)
		made.Exportable, made.Bits, made.Check = *in.Exportable, bits, check.Name
		loaded, err := c.Cloud.HSM.LoadComponents(ctx, in.Components, made.HSMAttributes(), check.Method)
		if err != nil {
			return nil, core.HSMError(err)
		}
		if err := in.compareCheckValues(&loaded); err != nil {
			return nil, err
		}
		made.SetMaterial(&loaded.Made)
		a.Err = c.CommitNewKey(ctx, &made, &core.ReplicaPlan{}, nil)
		if in.KeyID != nil && errors.Is(a.Err, keystore.ErrExists) {
			a.Err = sameKey(ctx, c, &made)
		}
		if a.Err == nil {
			answer.describe(&made, loaded.Parts)
		}
	}
	if a.Err != nil {
		return nil, core.Refused(a.Err)
	}
	return answer, nil
}

// describe is the answer about a key and its components.
func (out *LoadKeyOutput) describe(k *core.Key, parts []kcv.Value) {
	describeKey(&out.Key, k)
	for _, p := range parts {
		out.ComponentCheckValues = append(out.ComponentCheckValues, core.ShownCheckValue(p))
	}
}

// checkLoad checks what the key is to be, and returns its attributes, its length in bits and the
// method of its check value.
func checkLoad(in *LoadKeyInput) (spec core.Attributes, bits int, check core.CheckMethod, err error) {
	spec = core.ParseAttributes(in.KeyAttributes)
	if err = checkAttributes(spec, imported, "KeyAttributes."); err != nil {
		return spec, 0, check, err
	}
	if bits, err = componentBits(spec, in.Components); err != nil {
		return spec, 0, check, err
	}
	check, err = chooseCheck(spec.Alg, in.KeyCheckValueAlgorithm, "KeyCheckValueAlgorithm")
	return spec, bits, check, err
}

// compareCheckValues compares the check values of the request with the computed ones: of the
// components or, if they are right, of the key.
func (in *LoadKeyInput) compareCheckValues(loaded *hsm.Components) error {
	var wrong []apc.Reason
	message := ""
	for i, wanted := range in.ComponentCheckValues {
		if wanted == "" || hasCheckValue(loaded.Parts[i], wanted) {
			continue
		}
		message = cmp.Or(message, fmt.Sprintf("Component %d does not have the check value given for it.", i+1))
		wrong = append(wrong, otherCheckValue(fmt.Sprintf("Components[%d]", i), core.ProblemComponentKCV, loaded.Parts[i], wanted))
	}
	if wanted := in.KeyCheckValue; wrong == nil && wanted != nil && !hasCheckValue(loaded.CheckValue, *wanted) {
		message = "The key does not have the check value given for it."
		wrong = append(wrong, otherCheckValue("KeyCheckValue", core.ProblemLoadedKCV, loaded.CheckValue, *wanted))
	}
	if wrong == nil {
		return nil
	}
	return core.Invalid(message, wrong...)
}

// hasCheckValue reports whether a check value begins with digits.
func hasCheckValue(v kcv.Value, digits string) bool {
	full := v.String()
	return len(digits) <= len(full) && subtle.ConstantTimeCompare([]byte(full[:len(digits)]), []byte(strings.ToUpper(digits))) == 1
}

func otherCheckValue(field, problem string, v kcv.Value, wanted string) apc.Reason {
	full := v.String()
	found := full[:min(len(full), len(wanted))]
	if strings.EqualFold(found, wanted[:len(found)]) { // the first digits are right
		return core.Because(apc.RuleKeyCheckValue, field, core.ProblemKCVLength, wording.Count(len(wanted), "digit"),
			fmt.Sprintf("4 to %d", len(full)))
	}
	return core.Because(apc.RuleKeyCheckValue, field, problem, found, strings.ToUpper(wanted))
}

// sameKey replaces a key that could not be stored by the one of the store that has its id,
// and refuses one that was not made of the same components for the same use. What can
// change in the life of a key is not compared.
func sameKey(ctx context.Context, c *core.Call, made *core.Key) error {
	var there core.Key
	if err := c.Key(ctx, core.Need{Field: "KeyID", Identifier: made.ARN.String()}, &there); err != nil {
		return err
	}
	if there.Attributes != made.Attributes || there.Bits != made.Bits || there.Check != made.Check ||
		there.CheckValue != made.CheckValue ||
		there.Exportable != made.Exportable ||
		there.Origin != made.Origin {
		return &apc.Error{
			Code: apc.ErrConflict, Resource: made.ARN.String(), Message: "Key " + made.ARN.String() + " already exists.",
			Reasons: []apc.Reason{
				core.Because(apc.RuleKeyExists, "KeyID", core.ProblemKeyExists, made.ARN.Key, "another id, or the key that has this one"),
			},
		}
	}
	*made = there
	return nil
}

// componentBits is the key's length, which all components have.
func componentBits(spec core.Attributes, components []hsm.Secret) (int, error) {
	bits := components[0].Len() * 8
	if spec.Class != apc.KeyClassSymmetricKey {
		return 0, attributeError(
			core.Because(apc.RuleKeyClass, "KeyAttributes.KeyClass", core.ProblemLoadSymmetric, string(spec.Class),
				string(apc.KeyClassSymmetricKey)),
		)
	}
	for i, c := range components {
		if c.Len()*8 != bits || algorithmOfLength([]*core.Algorithm{spec.Alg}, c.Len()*8) == nil {
			return 0, core.Invalid("The components do not have the length of the key.", core.Because(apc.RuleKeyLength,
				fmt.Sprintf("Components[%d]", i), core.ProblemComponentBits, wording.Count(c.Len()*8, "bit"),
				core.LengthsOf([]*core.Algorithm{spec.Alg})))
		}
	}
	return bits, nil
}
