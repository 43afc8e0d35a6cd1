package engine

import (
	"context"
	"errors"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// parameters are what GetParametersForImport and GetParametersForExport share:
// what was asked for, and which algorithms each material takes.
type parameters struct {
	prefix   string // of the token
	material apc.KeyMaterialType
	alg      *algorithm
	field    string // of the algorithm
	reuse    bool
	allowed  map[apc.KeyMaterialType]algorithmSet
}

// The materials that need a token and the algorithms of its pair (control-plane,
// section 11.1). The description of the service wants RSA_2048 for TR-34; its
// samples use RSA_3072, which it takes.
var (
	importMaterials = map[apc.KeyMaterialType]algorithmSet{apc.KeyMaterialTypeTR34KeyBlock: anyRSA, apc.KeyMaterialTypeKeyCryptogram: anyRSA}
	exportMaterials = map[apc.KeyMaterialType]algorithmSet{apc.KeyMaterialTypeTR34KeyBlock: algorithmsNamed(rsa2048)}
)

// check refuses material that needs no token and algorithms that no pair of a
// token has (GUESS: ValidationException).
func (p *parameters) check() error {
	set, ok := p.allowed[p.material]
	if !ok {
		var materials []apc.KeyMaterialType
		for _, m := range allKeyMaterialType {
			if _, ok := p.allowed[m]; ok {
				materials = append(materials, m)
			}
		}
		return invalid("The key material type is not supported.",
			because(apc.RuleKeyMaterialType, "KeyMaterialType", problemMaterialToken, string(p.material), wording.Or(materials)))
	}
	if !set.has(p.alg) {
		return invalid("The key algorithm is not supported.",
			because(apc.RuleKeyAlgorithm, p.field, problemTokenAlgorithm, string(p.alg.name), wording.Or(set.names())+" for "+string(p.material)))
	}
	return nil
}

// parametersFor gives a token: the last one, if it may be used again, or a new
// one.
func (c *call) parametersFor(ctx context.Context, p *parameters) (token, *authority, error) {
	if err := p.check(); err != nil {
		return token{}, nil, err
	}
	if err := c.settle(ctx); err != nil {
		return token{}, nil, err
	}
	ca, err := c.authority(ctx)
	if err != nil {
		return token{}, nil, err
	}
	if p.reuse {
		if last, err := c.lastToken(ctx, p); last.id != "" || err != nil {
			return last, ca, err
		}
	}
	made, err := c.newToken(ctx, p, ca)
	return made, ca, err
}

// lastToken finds the one made last for the same material and algorithm that
// has enough of its life left.
func (c *call) lastToken(ctx context.Context, p *parameters) (last token, err error) {
	filter := keystore.Filter{Index: new(tokenIndex(p.prefix, p.material, p.alg))}
	for after := ""; ; {
		page, err := c.cloud.store.Page(ctx, c.home(), kindToken, filter, after, settleBatch)
		if err != nil {
			return token{}, storeError(err)
		}
		for i := range page {
			t, err := decodeToken(&page[i])
			if err != nil {
				c.cloud.reportSkipped(&page[i], c.now, err)
				continue
			}
			if !t.expired(c.now) && t.expires.Sub(c.now) >= c.cloud.limits.TokenReuse && t.created.After(last.created) {
				last = t
			}
		}
		if len(page) < settleBatch {
			return last, nil
		}
		after = page[len(page)-1].ID
	}
}

// newToken makes a pair, certifies it and stores it under a new id, with the
// counter raised.
func (c *call) newToken(ctx context.Context, p *parameters, ca *authority) (token, error) {
	t := token{place: c.home(), id: p.prefix + c.cloud.tokens.id(), material: p.material, alg: p.alg,
		created: c.now, expires: c.now.Add(c.cloud.limits.TokenLife)}
	made, err := c.cloud.hsm.GenerateKey(ctx, t.attributes(), kcv.SHA1)
	if err != nil {
		return token{}, hsmError(err)
	}
	t.sealed, t.public = made.Sealed, made.Public
	if t.certificate, err = c.certify(ctx, ca, t.public, &tokenProfile, t.expires); err != nil {
		return token{}, err
	}
	err = retry(func() error {
		err := c.commitCounted(ctx, "open tokens", c.cloud.limits.OpenTokens, keystore.Create(t.record()),
			keystore.Count(counter(c.home(), countTokens), 1, int64(c.cloud.limits.OpenTokens)))
		if errors.Is(err, keystore.ErrExists) { // 80 random bits say never
			return internal(err)
		}
		return err
	})
	return t, err
}
