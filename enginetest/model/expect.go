package model

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// Expect is the exception that a request must be refused with now, or "" where it must be accepted.
// The request's members have the forms that the service asks for; certificates, key blocks and tokens are
// taken as valid but for who issued them. It panics on a request of another operation than
// the package's documentation lists.
func (w *World) Expect(now time.Time, who apc.Identity, in any) apc.Code {
	p := w.at(now, who)
	switch in := in.(type) {
	case *engine.CreateKeyInput:
		return first(attributesRefused(in.KeyAttributes, in.DeriveKeyUsage), w.quota(p))
	case *engine.LoadKeyInput:
		return first(attributesRefused(in.KeyAttributes, nil), w.quota(p))
	case *engine.DeleteKeyInput:
		return p.inState(in.KeyIdentifier, apc.KeyStateCreateComplete)
	case *engine.RestoreKeyInput:
		return p.inState(in.KeyIdentifier, apc.KeyStateDeletePending)
	case *engine.StartKeyUsageInput:
		return p.inState(in.KeyIdentifier, apc.KeyStateCreateComplete)
	case *engine.StopKeyUsageInput:
		return p.inState(in.KeyIdentifier, apc.KeyStateCreateComplete)
	case *engine.GetKeyInput:
		_, code := p.find(in.KeyIdentifier)
		return code
	case *engine.CreateAliasInput:
		return w.createAlias(p, in)
	case *engine.UpdateAliasInput:
		if _, ok := p.aliases[in.AliasName]; !ok {
			return apc.ErrResourceNotFound
		}
		return p.target(in.KeyArn)
	case *engine.DeleteAliasInput:
		return p.hasAlias(in.AliasName)
	case *engine.GetAliasInput:
		return p.hasAlias(in.AliasName)
	case *engine.TagResourceInput:
		return w.tagResource(p, in)
	case *engine.UntagResourceInput:
		_, code := p.taggable(in.ResourceArn)
		return code
	case *engine.GetParametersForImportInput:
		return w.parameters(p, now, false, in.KeyMaterialType, in.ReuseLastGeneratedToken)
	case *engine.GetParametersForExportInput:
		return w.parameters(p, now, true, in.KeyMaterialType, in.ReuseLastGeneratedToken)
	case *engine.ImportKeyInput:
		return first(p.importKey(now, &in.KeyMaterial), w.quota(p))
	case *engine.ExportKeyInput:
		return p.exportKey(now, in.ExportKeyIdentifier, &in.KeyMaterial)
	case *engine.GetPublicKeyCertificateInput:
		return p.isPair(in.KeyIdentifier)
	case *engine.GetCertificateSigningRequestInput:
		return p.isPair(in.KeyIdentifier)
	}
	if code, known := p.expectData(in); known {
		return code
	}
	panic(fmt.Sprintf("model: a request of type %T", in))
}

// attributesRefused: of the user guide's table only what a drawn defect breaks. A key that
// encrypts alone is none that a symmetric key can be, and only key pairs for agreement derive.
func attributesRefused(a apc.KeyAttributes, derive *apc.KeyUsage) apc.Code {
	one := apc.KeyModesOfUse{Encrypt: true}
	if a.KeyModesOfUse == one || derive != nil && a.KeyUsage != apc.KeyUsageTR31K3AsymmetricKeyForKeyAgreement {
		return apc.ErrValidation
	}
	return ""
}

func (p *place) inState(id string, legal apc.KeyState) apc.Code {
	k, code := p.find(id)
	if code == "" && k.State != legal {
		return apc.ErrValidation
	}
	return code
}

func (p *place) hasAlias(name string) apc.Code {
	if _, ok := p.aliases[name]; !ok {
		return apc.ErrResourceNotFound
	}
	return ""
}

// target is the refusal of what an alias is pointed to.
func (p *place) target(arn *string) apc.Code {
	if arn == nil {
		return ""
	}
	k, code := p.find(*arn)
	if code == "" && k.State == apc.KeyStateDeleteComplete {
		return apc.ErrValidation
	}
	return code
}

func (w *World) createAlias(p *place, in *engine.CreateAliasInput) apc.Code {
	code := p.target(in.KeyArn)
	if _, taken := p.aliases[in.AliasName]; taken {
		code = first(code, apc.ErrConflict)
	}
	if len(p.aliases) >= w.limits.Aliases {
		code = first(code, apc.ErrServiceQuotaExceeded)
	}
	return code
}

// taggable: tags are of key ARNs, and of keys that are not deleted or about to be.
func (p *place) taggable(id string) (*Key, apc.Code) {
	if strings.Contains(id, "alias/") {
		return nil, apc.ErrValidation
	}
	k, code := p.find(id)
	if code == "" && k.State != apc.KeyStateCreateComplete {
		code = apc.ErrValidation
	}
	return k, code
}

func (w *World) tagResource(p *place, in *engine.TagResourceInput) apc.Code {
	k, code := p.taggable(in.ResourceArn)
	if code != "" {
		return code
	}
	n := len(k.tags)
	for _, t := range in.Tags {
		if _, there := k.tags[t.Key]; !there {
			n++
		}
	}
	if n > w.limits.Tags {
		return apc.ErrServiceQuotaExceeded
	}
	return ""
}

func (p *place) isPair(id string) apc.Code {
	k, code := p.find(id)
	if code == "" && (k.State != apc.KeyStateCreateComplete || k.Attributes.KeyClass != apc.KeyClassAsymmetricKeyPair) {
		return apc.ErrValidation
	}
	return code
}

func (w *World) parameters(p *place, now time.Time, export bool, m apc.KeyMaterialType, reuse *bool) apc.Code {
	switch {
	case m == apc.KeyMaterialTypeTR31KeyBlock, export && m == apc.KeyMaterialTypeKeyCryptogram:
		return apc.ErrValidation
	case reuse != nil && *reuse && len(w.reusable(p, now, export, m)) > 0, w.limits.OpenTokens == 0:
		return ""
	}
	open := 0
	for _, k := range p.tokens {
		if k.expires.After(now) {
			open++
		}
	}
	if open >= w.limits.OpenTokens {
		return apc.ErrServiceQuotaExceeded
	}
	return ""
}

// reusable are the tokens made last of those that are valid for long enough.
func (w *World) reusable(p *place, now time.Time, export bool, m apc.KeyMaterialType) (ids []string) {
	var last time.Time
	for id, k := range p.tokens {
		switch {
		case k.Export != export || k.Material != m || k.expires.Sub(now) < w.limits.TokenReuse:
		case k.created.After(last):
			last, ids = k.created, []string{id}
		case k.created.Equal(last):
			ids = append(ids, id)
		}
	}
	return ids
}

// token is how a token is refused to a caller of the place.
func (p *place) token(now time.Time, id string, m apc.KeyMaterialType) apc.Code {
	k := p.tokens[id]
	switch {
	case p.anyToken:
		return ""
	case k == nil || !k.expires.Add(365*day).After(now):
		return apc.ErrResourceNotFound
	case !k.expires.After(now) || k.Material != m:
		return apc.ErrValidation
	}
	return ""
}
