package engine_test

import (
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
	"github.com/seed748fb4d1/apcsim/keystore"
)

func parametersForImport(
	t testing.TB,
	c *engine.Caller,
	m apc.KeyMaterialType,
	a apc.KeyAlgorithm,
	reuse bool,
) *engine.GetParametersForImportOutput {
	t.Helper()
	out, err := c.GetParametersForImport(
		ctx,
		&engine.GetParametersForImportInput{KeyMaterialType: m, WrappingKeyAlgorithm: a, ReuseLastGeneratedToken: &reuse},
	)
	if err != nil {
		t.Fatalf("GetParametersForImport: %v", err)
	}
	return out
}

// TestLastTokenIsTheLastOneOfAMoment makes tokens while the clock does not move, and after it was set back.
func TestLastTokenIsTheLastOneOfAMoment(t *testing.T) {
	now := noon
	eng := simtest.New(t, &engine.Options{Now: func() time.Time { return now }})
	for i := range 8 {
		if i == 6 {
			now = noon.Add(-day)
		}
		made := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, false).ImportToken
		if last := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, true).ImportToken; last != made {
			t.Errorf("token %d: got %s, want the last one, %s", i, last, made)
		}
	}
}

// TestLastTokenIsThatOfTheLastEngine opens a store anew while the clock stands still, and after it was set back.
func TestLastTokenIsThatOfTheLastEngine(t *testing.T) {
	now := noon
	device, store := simtest.Backend(t, nil), simtest.Store(t)
	for i := range 3 {
		eng := simtest.On(t, device, store, &engine.Options{Now: func() time.Time { return now }})
		parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, false)
		made := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, false).ImportToken
		if last := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, true).ImportToken; last != made {
			t.Errorf("engine %d: got %s, want the last token, %s", i, last, made)
		}
		if i == 1 {
			now = noon.Add(-day)
		}
	}
}

// TestLastTokenMayBeOnAnyPage has more tokens before it in the store than are read at once: copies of one record.
func TestLastTokenMayBeOnAnyPage(t *testing.T) {
	now := noon
	store := simtest.Store(t)
	eng := simtest.On(t, simtest.Backend(t, nil), store, &engine.Options{Now: func() time.Time { return now }})
	parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, false)
	place := keystore.Partition{Account: engine.DefaultAccount, Region: engine.DefaultRegion}
	first, err := store.Page(ctx, place, core.KindToken, keystore.Filter{}, "", 1)
	if err != nil || len(first) != 1 {
		t.Fatalf("got %v, %v, want one token", first, err)
	}
	var copies []keystore.Change
	for i := range core.SettleBatch {
		rec := first[0]
		rec.ID, rec.Rev = fmt.Sprintf("import-token-%016d", i), keystore.CommitID{}
		copies = append(copies, keystore.Create(rec))
	}
	if err := store.Commit(ctx, keystore.CommitID{1}, copies...); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Second)
	made := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, false).ImportToken
	if last := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, true).ImportToken; last != made {
		t.Errorf("got %s, want the last token, %s", last, made)
	}
}

func TestTokensComeWithACertificateUnderTheAccountsRoot(t *testing.T) {
	eng, _ := clocked(t, engine.Options{})
	in := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeTR34KeyBlock, apc.KeyAlgorithmRSA2048, false)
	out := parametersForExport(t, eng.Caller)
	if in.WrappingKeyCertificateChain != out.SigningKeyCertificateChain {
		t.Error("two roots for one account")
	}
	if !strings.HasPrefix(in.ImportToken, "import-token-") || !strings.HasPrefix(out.ExportToken, "export-token-") ||
		len(in.ImportToken) != 29 {
		t.Errorf("tokens %s and %s", in.ImportToken, out.ExportToken)
	}
	root := testrig.Certificate(t, in.WrappingKeyCertificateChain)
	if bits := root.PublicKey.(*rsa.PublicKey).N.BitLen(); bits != 4096 || root.SignatureAlgorithm != x509.SHA512WithRSA {
		t.Errorf("a root of %d bits, %v", bits, root.SignatureAlgorithm)
	}
	var names []string
	for _, n := range root.Subject.Names {
		names = append(names, n.Value.(string))
	}
	if want := []string{"US", "AWS Cryptography", "AWS Payment Cryptography", "Virginia", "111122223333", "Arlington"}; !slices.Equal(
		names,
		want,
	) {
		t.Errorf("root %q, want %q", names, want)
	}
	for text, until := range map[string]time.Time{in.WrappingKeyCertificate: in.ParametersValidUntilTimestamp,
		out.SigningKeyCertificate: out.ParametersValidUntilTimestamp} {
		c := testrig.Certificate(t, text)
		pool := x509.NewCertPool()
		pool.AddCert(root)
		if _, err := c.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: noon}); err != nil {
			t.Errorf("%s: %v", c.Subject, err)
		}
		if !until.Equal(noon.Add(30*day)) || !c.NotAfter.Equal(until) || !c.NotBefore.Equal(noon.Add(-time.Hour)) {
			t.Errorf("valid from %s to %s, token until %s", c.NotBefore, c.NotAfter, until)
		}
		if c.KeyUsage != x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment || c.IsCA || c.Subject.CommonName != "111122223333" ||
			len(c.Subject.SerialNumber) != 10 || len(c.SerialNumber.Bytes()) != 16 || len(c.ExtKeyUsage) != 2 {
			t.Errorf("certificate %s, serial %x, usages %v %v", c.Subject, c.SerialNumber, c.KeyUsage, c.ExtKeyUsage)
		}
	}
	opensslVerifies(t, in.WrappingKeyCertificateChain, in.WrappingKeyCertificate)
	there := parametersForImport(t, eng.As(apc.Identity{Region: "eu-west-1"}), apc.KeyMaterialTypeKeyCryptogram,
		apc.KeyAlgorithmRSA2048, false)
	if there.WrappingKeyCertificateChain == in.WrappingKeyCertificateChain {
		t.Error("one root in two Regions")
	}
}

// opensslVerifies holds that OpenSSL takes a certificate under its root.
func opensslVerifies(t *testing.T, root, leaf string) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("no openssl here")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"root.pem": root, "leaf.pem": leaf} {
		writePEM(t, filepath.Join(dir, name), text)
	}
	out, err := exec.Command("openssl", "verify", "-attime", fmt.Sprint(noon.Unix()), "-CAfile", filepath.Join(dir, "root.pem"),
		filepath.Join(dir, "leaf.pem")).
		CombinedOutput()
	if err != nil {
		t.Errorf("openssl verify: %v\n%s", err, out)
	}
}

func TestTokensAreReusedExpireAndAreCounted(t *testing.T) {
	eng, clock := clocked(t, engine.Options{Limits: apc.Limits{OpenTokens: 3}})
	get := func(reuse bool) string {
		return parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, reuse).ImportToken
	}
	first := get(true)
	clock.Advance(time.Hour)
	second := get(false)
	if first == second || get(true) != second {
		t.Error("the last token is not given again, or always")
	}
	clock.Advance(23 * day) // the second has exactly 7 days left
	if get(true) != second {
		t.Error("a token with 7 days left is not given again")
	}
	clock.Advance(time.Second)
	third := get(true)
	if third == second {
		t.Error("a token with less than 7 days left is given again")
	}
	_, err := eng.GetParametersForImport(
		ctx,
		&engine.GetParametersForImportInput{
			KeyMaterialType:      apc.KeyMaterialTypeKeyCryptogram,
			WrappingKeyAlgorithm: apc.KeyAlgorithmRSA2048,
		},
	)
	refused(t, "a fourth open token", err, apc.ErrServiceQuotaExceeded, "quota")
	clock.Advance(8 * day) // the first two expire
	get(false)
	for _, c := range []struct {
		what, material string
		a              apc.KeyAlgorithm
		rule           apc.Rule
	}{
		{"a token for TR-31", "TR31_KEY_BLOCK", apc.KeyAlgorithmRSA2048, "key-material-type"},
		{"a token for a root", "ROOT_PUBLIC_KEY_CERTIFICATE", apc.KeyAlgorithmRSA2048, "key-material-type"},
		{"a token for a trusted certificate", "TRUSTED_PUBLIC_KEY_CERTIFICATE", apc.KeyAlgorithmRSA2048, "key-material-type"},
		{"a token with an EC pair", "TR34_KEY_BLOCK", apc.KeyAlgorithmECCNISTP256, "key-algorithm"},
		{"a token with an AES key", "KEY_CRYPTOGRAM", apc.KeyAlgorithmAES128, "key-algorithm"},
	} {
		_, err := eng.GetParametersForImport(
			ctx,
			&engine.GetParametersForImportInput{KeyMaterialType: apc.KeyMaterialType(c.material), WrappingKeyAlgorithm: c.a},
		)
		refused(t, c.what, err, apc.ErrValidation, c.rule)
		_, err = eng.GetParametersForExport(
			ctx,
			&engine.GetParametersForExportInput{KeyMaterialType: apc.KeyMaterialType(c.material), SigningKeyAlgorithm: c.a},
		)
		if c.material == "KEY_CRYPTOGRAM" { // an export that needs no token
			c.rule = "key-material-type"
		}
		refused(t, c.what+" for exports", err, apc.ErrValidation, c.rule)
	}
	_, err = eng.GetParametersForExport(
		ctx,
		&engine.GetParametersForExportInput{
			KeyMaterialType:     apc.KeyMaterialTypeTR34KeyBlock,
			SigningKeyAlgorithm: apc.KeyAlgorithmRSA3072,
		},
	)
	refused(t, "a signing key of RSA_3072", err, apc.ErrValidation, "key-algorithm")
}

// TestOpenTokensHaveNoLimitUnlessConfigured: the store of the first engine counts more open
// tokens than any number that has been a default.
func TestOpenTokensHaveNoLimitUnlessConfigured(t *testing.T) {
	backend, store := simtest.Backend(t, nil), simtest.Store(t)
	counter := keystore.Ref{
		Partition: keystore.Partition{Account: engine.DefaultAccount, Region: engine.DefaultRegion},
		Kind:      "counter",
		ID:        "tokens",
	}
	if err := store.Commit(ctx, keystore.CommitID{1}, keystore.Count(counter, 1_000_000, 1_000_000)); err != nil {
		t.Fatal(err)
	}
	in := &engine.GetParametersForImportInput{
		KeyMaterialType:      apc.KeyMaterialTypeKeyCryptogram,
		WrappingKeyAlgorithm: apc.KeyAlgorithmRSA2048,
	}
	if _, err := simtest.On(t, backend, store, nil).GetParametersForImport(ctx, in); err != nil {
		t.Errorf("a token beside 1,000,000 others: %v", err)
	}
	limited := simtest.On(t, backend, store, &engine.Options{Limits: apc.Limits{OpenTokens: 1_000_001}})
	_, err := limited.GetParametersForImport(ctx, in)
	refused(t, "one more token than the configured limit", err, apc.ErrServiceQuotaExceeded, apc.RuleQuota)
}
