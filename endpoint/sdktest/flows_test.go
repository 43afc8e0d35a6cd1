package sdktest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	pc "github.com/aws/aws-sdk-go-v2/service/paymentcryptography"
	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"

	"github.com/seed748fb4d1/apcsim/endpoint"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// The flows_*_test.go files replay what public customers of the service do with
// its control plane (customer-flows.md), call by call in their order, with the
// real SDK over a socket. [1] to [12] are the expectations that recur there:
//
//	[1]  GetAlias on an unknown name is a typed ResourceNotFoundException
//	[2]  CreateAlias needs no KeyArn, and its answer then has no such member
//	[3]  UpdateAlias without KeyArn clears the alias, and GetAlias shows it
//	[4]  DeleteKeyInDays 3 on a fresh key; a second DeleteKey is an error
//	[5]  ImportKey answers at once, CREATE_COMPLETE with check value and algorithm
//	[6]  Tags [] is fine, a check value algorithm next to a certificate too
//	[7]  KeyModesOfUse may name the true members alone
//	[8]  certificates are base64 of PEM with a line end, in and out
//	[9]  KeyIdentifier is an alias or an ARN
//	[10] ListKeys without filter shows keys that wait for their deletion
//	[11] one page of ListKeys and ListAliases is enough for the scripts
//	[12] an old key is deleted by the ARN of its alias, after that was cleared

// replay is a script at work: the SDK's client, and the test it runs in.
type replay struct {
	testing.TB
	*pc.Client
	wire *wire
	now  func() time.Time
}

func newReplay(t testing.TB, o *engine.Options) *replay {
	t.Helper()
	r := &replay{TB: t, wire: &wire{}, now: time.Now}
	if o != nil && o.Now != nil {
		r.now = o.Now
	}
	server := httptest.NewServer(endpoint.Handler(simtest.New(t, o), nil))
	t.Cleanup(server.Close)
	r.Client = client(func(to *pc.Options) { to.BaseEndpoint, to.HTTPClient = &server.URL, r.wire })
	return r
}

// wire is the transport. It keeps the last answer, and where a script spells
// all nine modes of use out it does so too: the SDK for Go cannot.
type wire struct {
	spellsModes bool
	answer      []byte
}

func (w *wire) Do(request *http.Request) (*http.Response, error) {
	if w.spellsModes {
		var body any
		if err := json.NewDecoder(request.Body).Decode(&body); err != nil {
			return nil, err
		}
		spellModes(body)
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	w.answer, err = io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(w.answer))
	return response, err
}

func spellModes(value any) {
	object, _ := value.(map[string]any)
	for name, member := range object {
		if modes, ok := member.(map[string]any); ok && name == "KeyModesOfUse" {
			for _, mode := range []string{"Encrypt", "Decrypt", "Wrap", "Unwrap", "Generate", "Sign", "Verify", "DeriveKey", "NoRestrictions"} {
				if modes[mode] == nil {
					modes[mode] = false
				}
			}
		}
		spellModes(member)
	}
}

// freeAlias is how the scripts begin: the alias is there and points to no key,
// and the key that it pointed to is on its way out.
func (r *replay) freeAlias(name string) {
	r.Helper()
	out, err := r.GetAlias(ctx, &pc.GetAliasInput{AliasName: &name})
	if is[*types.ResourceNotFoundException](err) { // [1]
		created := must(r.CreateAlias(ctx, &pc.CreateAliasInput{AliasName: &name}))(r)
		r.pointsNowhere("CreateAlias", created.Alias) // [2]
		return
	}
	if err != nil {
		r.Fatalf("GetAlias %s: %v", name, err)
	}
	if out.Alias.KeyArn != nil {
		r.retire(name, out.Alias.KeyArn)
	}
}

// retire clears an alias and deletes its key, in that order [12].
func (r *replay) retire(name string, arn *string) {
	r.Helper()
	r.pointsNowhere("UpdateAlias", must(r.UpdateAlias(ctx, &pc.UpdateAliasInput{AliasName: &name}))(r).Alias)
	r.pointsNowhere("GetAlias", must(r.GetAlias(ctx, &pc.GetAliasInput{AliasName: &name}))(r).Alias) // [3]
	old := must(r.GetKey(ctx, &pc.GetKeyInput{KeyIdentifier: arn}))(r).Key
	if old.KeyState == types.KeyStateCreateComplete {
		r.deleteIn3Days(*arn)
	}
}

func (r *replay) pointsNowhere(operation string, a *types.Alias) {
	r.Helper()
	if a.KeyArn != nil || bytes.Contains(r.wire.answer, []byte("KeyArn")) {
		r.Errorf("%s: an alias without key answers %s", operation, r.wire.answer)
	}
}

// deleteIn3Days schedules a deletion [4].
func (r *replay) deleteIn3Days(id string) {
	r.Helper()
	out := must(r.DeleteKey(ctx, &pc.DeleteKeyInput{KeyIdentifier: &id, DeleteKeyInDays: aws.Int32(3)}))(r)
	if left := out.Key.DeletePendingTimestamp.Sub(r.now()); out.Key.KeyState != types.KeyStateDeletePending || left > 72*time.Hour ||
		left < 71*time.Hour {
		r.Errorf("DeleteKey: %s until %s", out.Key.KeyState, out.Key.DeletePendingTimestamp)
	}
}

// pointAlias is how the scripts end: the alias points to the new key.
func (r *replay) pointAlias(name string, key *types.Key) {
	r.Helper()
	var alias *types.Alias
	if _, err := r.GetAlias(ctx, &pc.GetAliasInput{AliasName: &name}); is[*types.ResourceNotFoundException](err) {
		alias = must(r.CreateAlias(ctx, &pc.CreateAliasInput{AliasName: &name, KeyArn: key.KeyArn}))(r).Alias
	} else if err != nil {
		r.Fatalf("GetAlias %s: %v", name, err)
	} else {
		alias = must(r.UpdateAlias(ctx, &pc.UpdateAliasInput{AliasName: &name, KeyArn: key.KeyArn}))(r).Alias
	}
	byAlias := must(r.GetKey(ctx, &pc.GetKeyInput{KeyIdentifier: &name}))(r).Key // [9]
	if aws.ToString(alias.KeyArn) != *key.KeyArn || *byAlias.KeyArn != *key.KeyArn {
		r.Errorf("%s points to %s, want %s", name, aws.ToString(byAlias.KeyArn), *key.KeyArn)
	}
}

// create makes a key; the mode is the letter that TR-31 has for it [7].
func (r *replay) create(usage string, a types.KeyAlgorithm, mode string, change func(*pc.CreateKeyInput)) *types.Key {
	r.Helper()
	in := &pc.CreateKeyInput{Exportable: aws.Bool(true), KeyAttributes: attributesOf(usage, a, mode)}
	if change != nil {
		change(in)
	}
	key := must(r.CreateKey(ctx, in))(r).Key
	if key.KeyState != types.KeyStateCreateComplete || key.KeyAttributes.KeyAlgorithm != a ||
		*key.KeyAttributes.KeyModesOfUse != *modesOf(mode) ||
		!*key.Enabled {
		r.Errorf("CreateKey %s %s %s: %+v", usage, a, mode, key)
	}
	return key
}

// imported brings a key in, and holds what the scripts take for granted [5].
func (r *replay) imported(in *pc.ImportKeyInput) *types.Key {
	r.Helper()
	out, err := r.ImportKey(ctx, in)
	if err != nil {
		r.Fatalf("ImportKey %T: %v", in.KeyMaterial, err)
	}
	k := out.Key
	if k.KeyState != types.KeyStateCreateComplete || k.KeyOrigin != types.KeyOriginExternal || *k.KeyCheckValue == "" ||
		k.KeyAttributes.KeyAlgorithm == "" ||
		!*k.Enabled {
		r.Errorf("ImportKey %T: %+v", in.KeyMaterial, k)
	}
	return k
}

// trusted imports a certificate authority of the script's.
func (r *replay) trusted(ca local, a types.KeyAlgorithm, change func(*pc.ImportKeyInput)) *types.Key {
	r.Helper()
	in := &pc.ImportKeyInput{KeyMaterial: &types.ImportKeyMaterialMemberRootCertificatePublicKey{Value: types.RootCertificatePublicKey{
		KeyAttributes: authorityOf(a), PublicKeyCertificate: aws.String(ca.text())}}}
	if change != nil {
		change(in)
	}
	k := r.imported(in)
	if k.KeyAttributes.KeyAlgorithm != a || len(*k.KeyCheckValue) != 8 {
		r.Errorf("the authority of %s came in as %+v", a, k)
	}
	return k
}

// untagged is how several scripts ask: Enabled, an algorithm for the check
// value, and no tags, but a list of them [6].
func untagged(check types.KeyCheckValueAlgorithm) func(*pc.ImportKeyInput) {
	return func(in *pc.ImportKeyInput) {
		in.Enabled, in.KeyCheckValueAlgorithm, in.Tags = aws.Bool(true), check, []types.Tag{}
	}
}

func tagged(pairs ...string) (tags []types.Tag) {
	for i := 0; i < len(pairs); i += 2 {
		tags = append(tags, types.Tag{Key: &pairs[i], Value: &pairs[i+1]})
	}
	return tags
}

// forImport and forExport ask for a token.
func (r *replay) forImport(m types.KeyMaterialType, a types.KeyAlgorithm) *pc.GetParametersForImportOutput {
	r.Helper()
	return must(r.GetParametersForImport(ctx, &pc.GetParametersForImportInput{KeyMaterialType: m, WrappingKeyAlgorithm: a}))(r)
}

func (r *replay) forExport(a types.KeyAlgorithm) *pc.GetParametersForExportOutput {
	r.Helper()
	return must(
		r.GetParametersForExport(
			ctx,
			&pc.GetParametersForExportInput{KeyMaterialType: types.KeyMaterialTypeTr34KeyBlock, SigningKeyAlgorithm: a},
		),
	)(r)
}

// exported takes a key out, in the form that the format names.
func (r *replay) exported(id *string, m types.ExportKeyMaterial, format types.WrappedKeyMaterialFormat) *types.WrappedKey {
	r.Helper()
	out, err := r.ExportKey(ctx, &pc.ExportKeyInput{ExportKeyIdentifier: id, KeyMaterial: m})
	if err != nil {
		r.Fatalf("ExportKey %T: %v", m, err)
	}
	if out.WrappedKey.WrappedKeyMaterialFormat != format {
		r.Errorf("ExportKey %T: format %s, want %s", m, out.WrappedKey.WrappedKeyMaterialFormat, format)
	}
	return out.WrappedKey
}

// matches compares a check value with that of the clear key.
func (r *replay) matches(k *types.Key, clear []byte) {
	r.Helper()
	if want := checkValue(r, k.KeyAttributes.KeyAlgorithm, clear); *k.KeyCheckValue != want {
		r.Errorf("%s %s: check value %s, want %s", k.KeyAttributes.KeyUsage, k.KeyAttributes.KeyAlgorithm, *k.KeyCheckValue, want)
	}
}

// certificateIn reads what the service gives: base64 of one PEM certificate
// with a line end [8].
func certificateIn(t testing.TB, text *string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(*text)
	block, rest := pem.Decode(raw)
	if err != nil || block == nil || block.Type != "CERTIFICATE" || len(rest) > 0 || !strings.HasSuffix(string(raw), "-----\n") {
		t.Fatalf("not base64 of one PEM certificate with a line end: %q, %v", raw, err)
	}
	return block.Bytes
}
