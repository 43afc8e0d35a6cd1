package engine_test

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
)

// TestImpliedPermissionsAreDecidedWithThoseForTheKeys: the caller may import keys and neither tag nor replicate
// them. That is reported once all that the request names resolves, and before the state of a key.
func TestImpliedPermissionsAreDecidedWithThoseForTheKeys(t *testing.T) {
	w := newOrderWorld(t)
	who := w.As(apc.Identity{ARN: "arn:aws:iam::111122223333:user/importer", Policies: []string{
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"payment-cryptography:ImportKey","Resource":"*"}]}`}})
	block := func(kek string) engine.ImportKeyMaterial {
		m := &engine.ImportTr31KeyBlock{WrappingKeyIdentifier: kek, WrappedKeyBlock: "D0112K0TB00E0000" + strings.Repeat("0", 96)}
		return engine.ImportKeyMaterial{Tr31KeyBlock: m}
	}
	spec := kekAttributes(apc.KeyAlgorithmAES128)
	cryptogram := engine.ImportKeyMaterial{KeyCryptogram: &engine.ImportKeyCryptogram{KeyAttributes: spec, Exportable: new(true),
		WrappedKeyCryptogram: "0123456789ABCDEF", ImportToken: "import-token-aaaaaaaaaaaaaaaa"}}
	root := engine.ImportKeyMaterial{RootCertificatePublicKey: &engine.RootCertificatePublicKey{
		KeyAttributes: publicAttributes(apc.KeyAlgorithmRSA2048), PublicKeyCertificate: "MIIB"}}
	for _, implies := range []struct {
		what string
		in   engine.ImportKeyInput
	}{
		{"tags", engine.ImportKeyInput{Tags: []apc.Tag{{Key: "a", Value: "b"}}}},
		{"replicas", engine.ImportKeyInput{ReplicationRegions: []string{west}}},
	} {
		for _, c := range []struct {
			what     string
			material engine.ImportKeyMaterial
			code     apc.Code
			rule     apc.Rule
		}{
			{"a wrapping key that does not resolve", block(w.absent), apc.ErrResourceNotFound, apc.RuleKey},
			{"a wrapping key that is not enabled", block(w.stopped), apc.ErrAccessDenied, apc.RuleIdentityPolicy},
			{"an import token that does not resolve", cryptogram, apc.ErrResourceNotFound, apc.RuleToken},
			{"a certificate that is none", root, apc.ErrAccessDenied, apc.RuleIdentityPolicy},
		} {
			in := implies.in
			in.KeyMaterial = c.material
			_, err := who.ImportKey(ctx, &in)
			refused(t, c.what+", with "+implies.what+" that are not permitted", err, c.code, c.rule)
		}
	}
	_, err := who.ImportKey(ctx, &engine.ImportKeyInput{KeyMaterial: block(w.stopped)})
	refused(t, "a wrapping key that is not enabled, alone", err, apc.ErrValidation, apc.RuleKeyEnabled)
}
