package engine

import (
	"cmp"
	"context"
	"errors"
	"math"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// parameters are a request of GetParametersForImport or GetParametersForExport, and the algorithms
// that are allowed for each kind of key material.
type parameters struct {
	purpose  core.TokenPurpose
	material apc.KeyMaterialType
	alg      *core.Algorithm
	field    string // of the algorithm
	reuse    bool
	allowed  map[apc.KeyMaterialType]core.AlgorithmSet
}

// The kinds of key material that need a token, and the algorithms of its key pair (control-plane,
// section 11.1). For TR-34 the service's description has RSA_2048 only, both ways. Imports take
// RSA_3072 too, which the service's samples use. No sample signs an export with another algorithm
// than RSA_2048.
var (
	importMaterials = map[apc.KeyMaterialType]core.AlgorithmSet{
		apc.KeyMaterialTypeTR34KeyBlock:  core.AnyRSA,
		apc.KeyMaterialTypeKeyCryptogram: core.AnyRSA,
	}
	exportMaterials = map[apc.KeyMaterialType]core.AlgorithmSet{apc.KeyMaterialTypeTR34KeyBlock: core.AlgorithmsNamed(core.RSA2048)}
)

// check refuses a kind of key material that needs no token, and an algorithm that its tokens do not
// have (GUESS G-parameters-refusal: ValidationException).
func (p *parameters) check() error {
	set, ok := p.allowed[p.material]
	if !ok {
		var materials []apc.KeyMaterialType
		for _, m := range allKeyMaterialType {
			if _, ok := p.allowed[m]; ok {
				materials = append(materials, m)
			}
		}
		return core.Invalid(
			"The key material type is not supported.",
			core.Because(apc.RuleKeyMaterialType, "KeyMaterialType", core.ProblemMaterialToken, string(p.material),
				wording.Or(materials)),
		)
	}
	if !set.Has(p.alg) {
		return core.Invalid(
			"The key algorithm is not supported.",
			core.Because(apc.RuleKeyAlgorithm, p.field, core.ProblemTokenAlgorithm, string(p.alg.Name),
				wording.Or(set.Names())+" for "+string(p.material)),
		)
	}
	return nil
}

// parametersFor returns a token and the authority of its certificate: the last token where it may be
// used again, else a new one.
func parametersFor(ctx context.Context, c *core.Call, p *parameters) (core.Token, *core.Authority, error) {
	if err := p.check(); err != nil {
		return core.Token{}, nil, err
	}
	if err := c.Settle(ctx); err != nil {
		return core.Token{}, nil, err
	}
	ca, err := c.Authority(ctx, p.alg)
	if err != nil {
		return core.Token{}, nil, err
	}
	if index := core.TokenIndex(p.purpose, p.material, p.alg); p.reuse || !c.TokensOrdered(index) {
		last, newest, err := lastToken(ctx, c, index)
		if err != nil || p.reuse && last.ID != "" {
			return last, ca, err
		}
		c.OrderTokens(index, newest)
	}
	made, err := newToken(ctx, c, p, ca)
	return made, ca, err
}

// lastToken returns the newest token for the same kind of key material and algorithm that is valid for
// long enough, and when the newest of all was made. Where there is no such token, its ID is "".
func lastToken(ctx context.Context, c *core.Call, index string) (last core.Token, newest time.Time, err error) {
	filter := keystore.Filter{Index: &index}
	for after := ""; ; {
		page, err := c.Cloud.Store.Page(ctx, c.Home(), core.KindToken, filter, after, core.SettleBatch)
		if err != nil {
			return core.Token{}, newest, core.StoreError(err)
		}
		for i := range page {
			t, err := core.DecodeToken(&page[i])
			if err != nil {
				c.Cloud.ReportSkipped(&page[i], c.Now, err)
				continue
			}
			if !t.Expired(c.Now) && t.Expires.Sub(c.Now) >= c.Cloud.Limits.TokenReuse && t.Created.After(last.Created) {
				last = t
			}
			if t.Created.After(newest) {
				newest = t.Created
			}
		}
		if len(page) < core.SettleBatch {
			return last, newest, nil
		}
		after = page[len(page)-1].ID
	}
}

// newToken generates a key pair, certifies it and stores it as a new token.
func newToken(ctx context.Context, c *core.Call, p *parameters, ca *core.Authority) (core.Token, error) {
	t := c.NewToken(p.purpose, p.material, p.alg)
	made, err := c.Cloud.HSM.GenerateKey(ctx, t.HSMAttributes(), kcv.SHA1)
	if err != nil {
		return core.Token{}, core.HSMError(err)
	}
	t.SetMaterial(&made)
	if t.Certificate, err = c.Certify(ctx, ca, t.Public, &core.TokenProfile, t.Expires); err != nil {
		return core.Token{}, err
	}
	most := cmp.Or(c.Cloud.Limits.OpenTokens, math.MaxInt) // counted without a limit too: the next engine may have one
	err = core.Retry(func() error {
		err := c.CommitCounted(ctx, "open tokens", most, keystore.Create(t.Record()),
			keystore.Count(core.Counter(c.Home(), core.CountTokens), 1, int64(most)))
		if errors.Is(err, keystore.ErrExists) { // 80 random bits do not come twice
			return core.Internal(err)
		}
		return err
	})
	return t, err
}
