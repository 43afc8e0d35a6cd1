package draw

import (
	"bytes"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/enginetest/model"
	"github.com/seed748fb4d1/apcsim/hsm"
)

// Requests draws requests to a simulator whose state is in a model.
type Requests struct {
	World   *model.World
	Partner *enginetest.Partner // the other party of imports and exports
	Now     func() time.Time    // the simulator's clock

	form   *string // of the next request of the data plane; nil is any
	almost bool    // it names keys of the right usage that break another rule, if there are some
}

// operations are those that Any draws requests of, with their forms, each by a function. What undoes or verifies something
// follows the request that made it.
var operations = map[string]func(*Requests, *rapid.T, model.Place) any{
	"CreateKey":  (*Requests).createKey,
	"LoadKey":    (*Requests).loadKey,
	"DeleteKey":  (*Requests).deleteKey,
	"RestoreKey": (*Requests).restoreKey,
	"StartKeyUsage": func(r *Requests, t *rapid.T, p model.Place) any {
		return &engine.StartKeyUsageInput{KeyIdentifier: r.key(t, p, nil)}
	},
	"StopKeyUsage": func(r *Requests, t *rapid.T, p model.Place) any {
		return &engine.StopKeyUsageInput{KeyIdentifier: r.key(t, p, nil)}
	},
	"GetKey": func(r *Requests, t *rapid.T, p model.Place) any {
		return &engine.GetKeyInput{KeyIdentifier: r.key(t, p, nil)}
	},
	"CreateAlias": func(r *Requests, t *rapid.T, p model.Place) any {
		return &engine.CreateAliasInput{AliasName: alias(t), KeyArn: r.target(t, p)}
	},
	"UpdateAlias": func(r *Requests, t *rapid.T, p model.Place) any {
		return &engine.UpdateAliasInput{AliasName: r.known(t, p), KeyArn: r.target(t, p)}
	},
	"DeleteAlias": func(r *Requests, t *rapid.T, p model.Place) any {
		return &engine.DeleteAliasInput{AliasName: r.known(t, p)}
	},
	"GetAlias": func(r *Requests, t *rapid.T, p model.Place) any {
		return &engine.GetAliasInput{AliasName: r.known(t, p)}
	},
	"TagResource":            (*Requests).tagResource,
	"UntagResource":          (*Requests).untagResource,
	"GetParametersForImport": (*Requests).parametersForImport,
	"GetParametersForExport": (*Requests).parametersForExport,
	"EncryptData":            (*Requests).encryptData,
	"GenerateMac":            (*Requests).generateMAC,

	"ReEncryptData":                 (*Requests).reEncryptData,
	"GenerateCardValidationData":    (*Requests).generateCard,
	"GenerateAuthRequestCryptogram": (*Requests).generateCryptogram,
	"GeneratePinData":               (*Requests).generatePIN,
	"TranslatePinData":              (*Requests).translatePIN,
	"VerifyPinData":                 (*Requests).verifyPIN,
	"GenerateMacEmvPinChange":       (*Requests).changePIN,
	"GenerateAs2805KekValidation":   (*Requests).kekValidation,

	"ImportKey of a root":          (*Requests).importRoot,
	"ImportKey by TR-34":           (*Requests).importTR34,
	"ImportKey by RSA":             (*Requests).importRSA,
	"ExportKey by TR-31":           (*Requests).exportTR31,
	"ExportKey by TR-34":           (*Requests).exportTR34,
	"ExportKey by RSA":             (*Requests).exportRSA,
	"ExportKey by ECDH":            (*Requests).exportECDH,
	"ExportKey by AS 2805":         (*Requests).exportAS2805,
	"GetPublicKeyCertificate":      (*Requests).publicKeyCertificate,
	"GetCertificateSigningRequest": (*Requests).signingRequest,

	"AddKeyReplicationRegions":            (*Requests).addRegions,
	"RemoveKeyReplicationRegions":         (*Requests).removeRegions,
	"EnableDefaultKeyReplicationRegions":  (*Requests).enableDefaults,
	"DisableDefaultKeyReplicationRegions": (*Requests).disableDefaults,
	"PutResourcePolicy":                   (*Requests).putPolicy,
	"GetResourcePolicy":                   (*Requests).getPolicy,
	"DeleteResourcePolicy":                (*Requests).deletePolicy,
	"AssociateMpaTeam":                    (*Requests).associateTeam,
	"DisassociateMpaTeam":                 (*Requests).disassociateTeam,
	"DecideApproval":                      (*Requests).decide,
}

// fixed are the operations whose requests are all the same.
var fixed = map[string]any{
	"GetDefaultKeyReplicationRegions": &engine.GetDefaultKeyReplicationRegionsInput{},
	"GetMpaTeamAssociation":           &engine.GetMpaTeamAssociationInput{Action: guarded},
}

// Request is a drawn request. It prints on one line.
type Request struct {
	Operation string
	Input     any // a pointer to the operation's input: *engine.CreateKeyInput
}

// GoString is the operation and the members that are set.
func (r Request) GoString() string { return r.Operation + " " + enginetest.Text(r.Input) }

// Operations are the names that Any takes: those of operations, LoadKey, and of imports and exports with their
// forms ("ImportKey of a root", "ImportKey by TR-34", "ExportKey by ECDH", ...).
func Operations() []string {
	return slices.Sorted(slices.Values(slices.AppendSeq(slices.Collect(maps.Keys(operations)), maps.Keys(fixed))))
}

// Any draws a request of an operation by a caller of a place: mostly one that is accepted, and
// otherwise one whose refusal [model.World.Expect] predicts.
func (r *Requests) Any(p model.Place, op string) *rapid.Generator[Request] {
	if in := fixed[op]; in != nil {
		return rapid.Just(Request{op, in})
	}
	return rapid.Custom(func(t *rapid.T) Request {
		in := operations[op](r, t, p)
		return Request{operationOf(in), in}
	})
}

// Accepted draws a request of an operation that must be accepted now. Where the state allows none, drawing
// fails.
func (r *Requests) Accepted(p model.Place, op string) *rapid.Generator[Request] {
	who := apc.Identity{Account: p.Account, Region: p.Region}
	return r.Any(p, op).Filter(func(q Request) bool { return r.World.Expect(r.now(), who, q.Input) == (model.Refusal{}) })
}

func (r *Requests) now() time.Time { return r.Now().UTC().Truncate(time.Millisecond) }

// key draws what a caller names a key by: mostly a key of its place that fits, nil fits all; or one of its place in
// another state, or any of its place; or any.
func (r *Requests) key(t *rapid.T, p model.Place, fits func(*model.Key) bool) string {
	n := rapid.IntRange(0, 9).Draw(t, "fitting")
	switch n {
	case 7:
		fits = func(k *model.Key) bool { return !k.Usable() || k.Replica() || k.Replicated() }
	case 8:
		fits = nil
	}
	if fitting := r.World.Keys(p, fits); len(fitting) > 0 && n < 9 {
		return even(fitting).Draw(t, "key").ARN
	}
	var shared []*model.Key // of other accounts
	for _, at := range r.World.Places() {
		if at.Region == p.Region && at.Account != p.Account {
			shared = append(shared, r.World.Keys(at, (*model.Key).HasPolicy)...)
		}
	}
	if len(shared) > 0 && rapid.Bool().Draw(t, "shared") {
		return even(shared).Draw(t, "key").ARN
	}
	return even(r.World.Identifiers(p)).Draw(t, "identifier")
}

func inState(s apc.KeyState) func(*model.Key) bool {
	return func(k *model.Key) bool { return k.State == s }
}

func alias(t *rapid.T) string {
	return even([]string{"alias/a", "alias/b", "alias/c", "alias/d", "alias/e"}).Draw(t, "alias")
}

// known draws an alias of a place, or any.
func (r *Requests) known(t *rapid.T, p model.Place) string {
	if all := r.World.Aliases(p); len(all) > 0 && rapid.IntRange(0, 3).Draw(t, "known") < 3 {
		return even(all).Draw(t, "alias")
	}
	return alias(t)
}

// target draws what an alias is pointed to.
func (r *Requests) target(t *rapid.T, p model.Place) *string {
	id := r.key(t, p, func(*model.Key) bool { return true })
	if len(id) < 70 || rapid.IntRange(0, 3).Draw(t, "no key") == 3 { // an alias's name
		return nil
	}
	if i := bytes.Index([]byte(id), []byte(":alias/")); i >= 0 {
		return nil
	}
	return &id
}

// made are the attributes of keys that a machine makes: such as exchange with each other, besides any.
var made = []apc.KeyAttributes{
	enginetest.P0TDES2.Attributes(), enginetest.D0AES128.Attributes(), enginetest.M6AES128.Attributes(), enginetest.K1AES256.Attributes(),
	enginetest.K1TDES3.Attributes(), enginetest.K0TDES3.Attributes(),
	enginetest.KeyKind("K1 TDES_2KEY").Attributes(),
	enginetest.B0AES128.Attributes(), enginetest.KeyKind("M7 HMAC_SHA384").Attributes(), enginetest.K3P256.Attributes(),
	withModes(enginetest.KeyKind("K0 AES_192").Attributes(), apc.KeyModesOfUse{Decrypt: true, Unwrap: true}),
	withModes(enginetest.K1AES256.Attributes(), apc.KeyModesOfUse{Encrypt: true, Wrap: true}),
	withModes(enginetest.K0TDES3.Attributes(), apc.KeyModesOfUse{Decrypt: true, Unwrap: true}),
	withModes(enginetest.M6AES128.Attributes(), apc.KeyModesOfUse{Generate: true}),
	withModes(enginetest.C0TDES2.Attributes(), apc.KeyModesOfUse{Generate: true}),
	withModes(enginetest.P0AES128.Attributes(), apc.KeyModesOfUse{Encrypt: true}), // refused
}

func withModes(a apc.KeyAttributes, m apc.KeyModesOfUse) apc.KeyAttributes {
	a.KeyModesOfUse = m
	return a
}

func (r *Requests) createKey(t *rapid.T, p model.Place) any {
	in := &engine.CreateKeyInput{Exportable: new(!rapid.Bool().Draw(t, "kept")), Enabled: new(!rapid.Bool().Draw(t, "stopped"))}
	switch rapid.IntRange(0, 7).Draw(t, "any attributes") {
	case 6:
		in.KeyAttributes = Attributes().Draw(t, "attributes")
	case 7:
		in.KeyAttributes = odd(t)
		in.KeyCheckValueAlgorithm = new(rapid.SampledFrom(apc.KeyCheckValueAlgorithm("").Values()).Draw(t, "check value"))
	default:
		in.KeyAttributes = even(made).Draw(t, "attributes")
	}
	if in.KeyAttributes.KeyClass == apc.KeyClassAsymmetricKeyPair && !rapid.Bool().Draw(t, "for no keys") {
		in.DeriveKeyUsage = new(apc.KeyUsageTR31K1KeyBlockProtectionKey)
	}
	in.Tags, in.ReplicationRegions = r.newTags(t), r.newRegions(t)
	return in
}

// odd draws attributes of which one, or none, is another key's.
func odd(t *rapid.T) apc.KeyAttributes {
	a, b := Attributes().Draw(t, "attributes"), Attributes().Draw(t, "others")
	switch rapid.IntRange(0, 3).Draw(t, "odd") {
	case 0:
		a.KeyUsage = b.KeyUsage
	case 1:
		a.KeyAlgorithm = b.KeyAlgorithm
	case 2:
		a.KeyClass = b.KeyClass
	default:
		a.KeyModesOfUse = b.KeyModesOfUse
	}
	return a
}

// newTags draws the tags of a new key: mostly none.
func (r *Requests) newTags(t *rapid.T) (tags []apc.Tag) {
	for range max(0, rapid.IntRange(-6, 3).Draw(t, "tags")) {
		tags = append(tags, apc.Tag{Key: tagKeys.Draw(t, "tag"), Value: "x"})
	}
	return tags
}

func (r *Requests) loadKey(t *rapid.T, p model.Place) any {
	key := Key(apc.KeyAlgorithmAES128).Draw(t, "component")
	return &engine.LoadKeyInput{KeyAttributes: enginetest.K1AES128.Attributes(), Exportable: new(true),
		Components: []hsm.Secret{hsm.NewSecret(key), hsm.NewSecret(make([]byte, len(key)))}}
}

func (r *Requests) deleteKey(t *rapid.T, p model.Place) any {
	in := &engine.DeleteKeyInput{KeyIdentifier: r.key(t, p, inState(apc.KeyStateCreateComplete))}
	if days := rapid.IntRange(2, 180).Draw(t, "days"); days > 2 {
		in.DeleteKeyInDays = &days
	}
	return in
}

func (r *Requests) restoreKey(t *rapid.T, p model.Place) any {
	return &engine.RestoreKeyInput{KeyIdentifier: r.key(t, p, inState(apc.KeyStateDeletePending))}
}

var tagKeys = rapid.SampledFrom([]string{"a", "b", "c", "d"})

func (r *Requests) tagResource(t *rapid.T, p model.Place) any {
	return &engine.TagResourceInput{ResourceArn: r.key(t, p, inState(apc.KeyStateCreateComplete)),
		Tags: []apc.Tag{{Key: tagKeys.Draw(t, "tag"), Value: rapid.StringN(0, 5, 20).Draw(t, "value")}}}
}

func (r *Requests) untagResource(t *rapid.T, p model.Place) any {
	return &engine.UntagResourceInput{
		ResourceArn: r.key(t, p, inState(apc.KeyStateCreateComplete)),
		TagKeys:     []string{tagKeys.Draw(t, "tag"), "never"},
	}
}

var materials = rapid.SampledFrom(
	[]apc.KeyMaterialType{apc.KeyMaterialTypeTR34KeyBlock, apc.KeyMaterialTypeKeyCryptogram, apc.KeyMaterialTypeTR31KeyBlock},
)

func (r *Requests) parametersForImport(t *rapid.T, p model.Place) any {
	return &engine.GetParametersForImportInput{
		KeyMaterialType:         materials.Draw(t, "material"),
		WrappingKeyAlgorithm:    apc.KeyAlgorithmRSA2048,
		ReuseLastGeneratedToken: new(rapid.Bool().Draw(t, "reuse")),
	}
}

func (r *Requests) parametersForExport(t *rapid.T, p model.Place) any {
	return &engine.GetParametersForExportInput{
		KeyMaterialType:         materials.Draw(t, "material"),
		SigningKeyAlgorithm:     apc.KeyAlgorithmRSA2048,
		ReuseLastGeneratedToken: new(rapid.Bool().Draw(t, "reuse")),
	}
}

func isPair(k *model.Key) bool { return k.Attributes.KeyClass == apc.KeyClassAsymmetricKeyPair }

func (r *Requests) publicKeyCertificate(t *rapid.T, p model.Place) any {
	return &engine.GetPublicKeyCertificateInput{KeyIdentifier: r.key(t, p, isPair)}
}

func (r *Requests) signingRequest(t *rapid.T, p model.Place) any {
	return &engine.GetCertificateSigningRequestInput{KeyIdentifier: r.key(t, p, isPair), SigningAlgorithm: apc.SigningAlgorithmTypeSHA256,
		CertificateSubject: engine.CertificateSubjectType{CommonName: "x"}}
}

var knownKey = func() []byte { b, _ := hex.DecodeString("5D3A5D3A5D3A5D3A5D3A5D3A5D3A5D3B"); return b }()
