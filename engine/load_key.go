package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/shape"
	"github.com/seed748fb4d1/apcsim/internal/wording"
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

	// Components are two or three, each as long as the key, which is the XOR
	// of all of them. They stay the caller's, to be destroyed.
	Components []hsm.Secret

	// KeyID is what the key's ARN ends in, 16 to 64 letters and digits; nil draws an
	// id. Loading the same key under the same id again returns the key that is there, so
	// that a load whose outcome is unknown can be repeated; another key under the id is a
	// ConflictException.
	KeyID *string
}

// LoadKeyOutput is the answer of LoadKey.
type LoadKeyOutput struct {
	Key Key
	// ComponentCheckValues are those of the components, in their order: what
	// each custodian compares with the one on paper.
	ComponentCheckValues []string
}

func (in *LoadKeyInput) Shape(s *shape.Check) {
	shape.Inside(s, "KeyAttributes", &in.KeyAttributes, shapeKeyAttributes)
	shape.MaybeOneOf(s, "KeyCheckValueAlgorithm", in.KeyCheckValueAlgorithm, allKeyCheckValueAlgorithm)
	s.Given("Exportable", in.Exportable != nil)
	shape.Each(s, "Tags", in.Tags, maxTagList, shapeTag)
	if n := len(in.Components); n < 2 || n > 3 {
		s.Fail("have 2 or 3 items", because(apc.RuleLength, "Components", problemComponents, wording.Count(n, "component"), ""))
	}
	s.MaybeText("KeyID", in.KeyID, &textKeyID)
}

var textKeyID = shape.Text{Min: 16, Max: 64, Pattern: `[0-9a-zA-Z]+`}

// LoadKey makes a symmetric key from clear components, as a key ceremony
// would. It is the simulator's own: the service has no such operation. A test
// that starts from a known key starts here.
func (c *Caller) LoadKey(ctx context.Context, in *LoadKeyInput) (*LoadKeyOutput, error) {
	return run(ctx, c.caller, "LoadKey", in, (*call).loadComponents)
}

func (c *call) loadComponents(ctx context.Context, in *LoadKeyInput) (*LoadKeyOutput, error) {
	spec := parseAttributes(in.KeyAttributes)
	if err := checkAttributes(spec, imported, "KeyAttributes."); err != nil {
		return nil, err
	}
	bits, err := componentBits(spec, in.Components)
	if err != nil {
		return nil, err
	}
	check, err := chooseCheck(spec.alg, in.KeyCheckValueAlgorithm, "KeyCheckValueAlgorithm")
	if err != nil {
		return nil, err
	}
	tags, err := c.newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	if err := c.settle(ctx); err != nil {
		return nil, err
	}
	var loaded hsm.Components
	var made key
	var a attempts
	if in.KeyID != nil {
		a = attempts{c: c, id: *in.KeyID}
	} else {
		a = c.attempts()
	}
	for a.next() {
		c.newKey(&made, a.id, spec, apc.KeyOriginExternal, in.Enabled, tags)
		made.exportable, made.bits, made.check = *in.Exportable, bits, check.name
		loaded, err = c.cloud.hsm.LoadComponents(ctx, in.Components, made.hsmAttributes(), check.method)
		if err != nil {
			return nil, hsmError(err)
		}
		made.setMaterial(&loaded.Made)
		a.err = c.commitNewKey(ctx, &made, nil)
		if in.KeyID != nil && errors.Is(a.err, keystore.ErrExists) {
			a.err = c.sameKey(ctx, &made)
		}
	}
	if a.err != nil {
		return nil, refused(a.err)
	}
	answer := &LoadKeyOutput{}
	describeKey(&made, &answer.Key)
	for _, p := range loaded.Parts {
		answer.ComponentCheckValues = append(answer.ComponentCheckValues, shownCheckValue(p))
	}
	return answer, nil
}

// sameKey replaces a key that could not be stored by the one of the store that has its id,
// and refuses one that was not made of the same components for the same use. What can
// change in the life of a key is not compared.
func (c *call) sameKey(ctx context.Context, made *key) error {
	var there key
	if err := c.key(ctx, need{field: "KeyID", identifier: made.arn.String()}, &there); err != nil {
		return err
	}
	if there.attributes != made.attributes || there.bits != made.bits || there.check != made.check || there.checkValue != made.checkValue ||
		there.exportable != made.exportable || there.origin != made.origin {
		return &apc.Error{
			Code: apc.ErrConflict, Resource: made.arn.String(), Message: "Key " + made.arn.String() + " already exists.",
			Reasons: []apc.Reason{because(apc.RuleKeyExists, "KeyID", problemKeyExists, made.arn.key, "another id, or the key that has this one")},
		}
	}
	*made = there
	return nil
}

// componentBits is the key's length, which all components have.
func componentBits(spec attributes, components []hsm.Secret) (int, error) {
	bits := components[0].Len() * 8
	if spec.class != apc.KeyClassSymmetricKey {
		return 0, attributeError(because(apc.RuleKeyClass, "KeyAttributes.KeyClass", problemLoadSymmetric, string(spec.class), string(apc.KeyClassSymmetricKey)))
	}
	for i, c := range components {
		if c.Len()*8 != bits || algorithmOfLength([]*algorithm{spec.alg}, c.Len()*8) == nil {
			return 0, invalid("The components do not have the length of the key.", because(apc.RuleKeyLength,
				fmt.Sprintf("Components[%d]", i), problemComponentBits, wording.Count(c.Len()*8, "bit"), lengthsOf([]*algorithm{spec.alg})))
		}
	}
	return bits, nil
}
