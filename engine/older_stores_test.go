package engine_test

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore/boltstore"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// olderStore is a store file of an earlier version and what the engine of that version said of it; see
// testdata/stores/README.md.
type olderStore struct {
	name        string
	MasterKey   string
	Written     time.Time
	KEK         string // in the clear
	KEKArn      string
	Keys        map[string]string    // by ARN: describeOlder of GetKey
	Tags        map[string]string    // by ARN: "key=value key=value"
	Aliases     map[string]string    // the ARN of each; "" has no key
	Certificate map[string][2]string // by ARN of a key pair: its certificate and chain
	ImportToken struct {
		Token, Authority, SigningCertificate, Block, Nonce, CheckValue string
		Expires                                                        time.Time
	}
	ExportToken struct {
		Token, SigningCertificate string
		Expires                   time.Time
	}
}

func olderStores(t *testing.T) (out []*olderStore) {
	t.Helper()
	names, err := filepath.Glob("testdata/stores/*.json")
	if err != nil || len(names) != 2 {
		t.Fatalf("%q, %v, want 2 stores", names, err)
	}
	for _, name := range names {
		s := testrig.ReadJSON[olderStore](t, name)
		s.name = strings.TrimSuffix(name, ".json")
		out = append(out, &s)
	}
	return out
}

// open opens a copy of the store, some time after it was written.
func (s *olderStore) open(t *testing.T, later time.Duration) (*engine.Engine, *engine.Clock) {
	t.Helper()
	store, err := boltstore.Open(ctx, testrig.Unpack(t, s.name+".db.gz"), nil)
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	t.Cleanup(func() { store.Close() })
	clock := engine.NewClock(s.Written.Add(later))
	device := hsm.NewSoftware(&hsm.SoftwareOptions{MasterKey: (*[32]byte)(testrig.Hex(s.MasterKey))})
	eng, err := engine.Open(ctx, device, store, &engine.Options{Now: clock.Now})
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	t.Cleanup(func() { eng.Close() })
	return eng, clock
}

// describeOlder is a key as the listings have it.
func describeOlder(k engine.Key) string {
	var modes []string
	m := reflect.ValueOf(k.KeyAttributes.KeyModesOfUse)
	for i := range m.NumField() {
		if m.Field(i).Bool() {
			modes = append(modes, m.Type().Field(i).Name)
		}
	}
	derive := "-"
	if k.DeriveKeyUsage != nil {
		derive = string(*k.DeriveKeyUsage)
	}
	at := func(t *time.Time) string {
		if t == nil {
			return "-"
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	a := k.KeyAttributes
	return fmt.Sprintf("%s %s %s {%s} %s %s enabled=%t exportable=%t %s %s created=%s start=%s stop=%s pending=%s deleted=%s derive=%s",
		a.KeyUsage, a.KeyClass, a.KeyAlgorithm, strings.Join(modes, " "), k.KeyCheckValueAlgorithm, k.KeyCheckValue, k.Enabled, k.Exportable,
		k.KeyState, k.KeyOrigin, at(&k.CreateTimestamp), at(k.UsageStartTimestamp), at(k.UsageStopTimestamp), at(k.DeletePendingTimestamp),
		at(k.DeleteTimestamp), derive)
}

// TestStoresOfEarlierVersionsOpen: every key, tag, alias and issued certificate is what it was.
func TestStoresOfEarlierVersionsOpen(t *testing.T) {
	for _, s := range olderStores(t) {
		eng, _ := s.open(t, time.Hour)
		keys, tags, aliases := map[string]string{}, map[string]string{}, map[string]string{}
		list, err := eng.ListKeys(ctx, nil)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		for _, k := range list.Keys {
			keys[k.KeyArn] = describeOlder(got(t, eng.Caller, k.KeyArn))
			if all := tagsOf(t, eng.Caller, k.KeyArn); all != "" {
				tags[k.KeyArn] = all
			}
		}
		named, err := eng.ListAliases(ctx, nil)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		for _, a := range named.Aliases {
			aliases[a.AliasName] = ""
			if a.KeyArn != nil {
				aliases[a.AliasName] = *a.KeyArn
			}
		}
		for _, c := range []struct {
			what      string
			got, want map[string]string
		}{{"keys", keys, s.Keys}, {"tags", tags, s.Tags}, {"aliases", aliases, s.Aliases}} {
			if diff := cmp.Diff(c.want, c.got); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", s.name, c.what, diff)
			}
		}
		for arn, want := range s.Certificate {
			s.checkCertificate(t, eng.Caller, arn, want)
		}
	}
}

// checkCertificate compares the certificate of a key pair and its chain with those of before. Before there
// were authorities on P-521, ECC key pairs had certificates of the RSA authority: they get new ones.
func (s *olderStore) checkCertificate(t *testing.T, c *engine.Caller, arn string, want [2]string) {
	t.Helper()
	out, err := c.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: arn})
	if err != nil {
		t.Errorf("%s: %s: %v", s.name, arn, err)
		return
	}
	leaf, ca := testrig.Certificate(t, out.KeyCertificate), testrig.Certificate(t, out.KeyCertificateChain)
	if err := leaf.CheckSignatureFrom(ca); err != nil {
		t.Errorf("%s: %s: the certificate does not verify under its chain: %v", s.name, arn, err)
	}
	isNew := leaf.PublicKeyAlgorithm == x509.ECDSA && testrig.Certificate(t, want[1]).PublicKeyAlgorithm == x509.RSA
	if same := (out.KeyCertificate == want[0] && out.KeyCertificateChain == want[1]); same == isNew {
		t.Errorf("%s: %s: the certificate and chain are those of before: %t, want %t", s.name, arn, same, !isNew)
	}
	if string(leaf.RawSubjectPublicKeyInfo) != string(testrig.Certificate(t, want[0]).RawSubjectPublicKeyInfo) {
		t.Errorf("%s: %s: another public key", s.name, arn)
	}
}

func tagsOf(t *testing.T, c *engine.Caller, arn string) string {
	t.Helper()
	out, err := c.ListTagsForResource(ctx, &engine.ListTagsForResourceInput{ResourceArn: arn})
	if err != nil {
		return "" // of a key that is deleted
	}
	var all []string
	for _, tag := range out.Tags {
		all = append(all, tag.Key+"="+tag.Value)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// TestKeysOfEarlierVersionsAreExported opens the key blocks of all that can be exported.
func TestKeysOfEarlierVersionsAreExported(t *testing.T) {
	for _, s := range olderStores(t) {
		eng, _ := s.open(t, time.Hour)
		kbpk, err := tr31.NewKBPK(testrig.Hex(s.KEK))
		if err != nil {
			t.Fatal(err)
		}
		exported := 0
		for _, arn := range slices.Sorted(maps.Keys(s.Keys)) {
			k := got(t, eng.Caller, arn)
			if k.KeyAttributes.KeyClass != apc.KeyClassSymmetricKey || !k.Exportable || !k.Enabled ||
				k.KeyState != apc.KeyStateCreateComplete || arn == s.KEKArn {
				continue
			}
			w, err := exportBlock(eng.Caller, s.KEKArn, arn, nil)
			if err != nil {
				t.Errorf("%s: exporting %s: %v", s.name, arn, err)
				continue
			}
			block, err := tr31.Parse(w.KeyMaterial, tr31.Strict)
			if err != nil {
				t.Fatalf("%s: %s: %v", s.name, arn, err)
			}
			key, err := kbpk.Unwrap(ctx, block)
			if err != nil {
				t.Fatalf("%s: %s: %v", s.name, arn, err)
			}
			if have := checkValueOf(t, k.KeyAttributes.KeyAlgorithm, key); have != k.KeyCheckValue {
				t.Errorf("%s: %s: the block has a key with check value %s, want %s", s.name, arn, have, k.KeyCheckValue)
			}
			exported++
		}
		if exported < 4 {
			t.Errorf("%s: %d keys were exported, want TDES, AES, HMAC and the imported one", s.name, exported)
		}
	}
}

// TestKeyPairsOfEarlierVersionsSign: so does the authority of the account, which issues a certificate for a
// new key pair.
func TestKeyPairsOfEarlierVersionsSign(t *testing.T) {
	for _, s := range olderStores(t) {
		eng, _ := s.open(t, time.Hour)
		pair := apc.KeyAttributes{KeyUsage: apc.KeyUsageTR31S0AsymmetricKeyForDigitalSignature, KeyClass: apc.KeyClassAsymmetricKeyPair,
			KeyAlgorithm: apc.KeyAlgorithmRSA2048, KeyModesOfUse: apc.KeyModesOfUse{Sign: true}}
		made := create(t, eng.Caller, pair)
		crt, err := eng.GetPublicKeyCertificate(ctx, &engine.GetPublicKeyCertificateInput{KeyIdentifier: made.KeyArn})
		for arn, want := range s.Certificate {
			k := got(t, eng.Caller, arn)
			if k.KeyAttributes == pair {
				signs(t, eng.Caller, arn)
				if err != nil || crt.KeyCertificateChain != want[1] {
					t.Errorf("%s: another authority issued the certificate of a new key pair, %v", s.name, err)
				}
			}
		}
	}
}

func checkValueOf(t *testing.T, a apc.KeyAlgorithm, key []byte) string {
	t.Helper()
	method := kcv.TDESZero
	switch {
	case strings.HasPrefix(string(a), "AES"):
		method = kcv.AESCMAC
	case a == apc.KeyAlgorithmHMACSHA256:
		method = kcv.HMACSHA256
	}
	v, err := method.Compute(key)
	if err != nil {
		t.Fatal(err)
	}
	return v.Short(3)
}

// TestTokensOfEarlierVersionsAreUsedOrExpire imports with the import token and exports with the export token,
// and tries both when they have expired.
func TestTokensOfEarlierVersionsAreUsedOrExpire(t *testing.T) {
	for _, s := range olderStores(t) {
		in, out := &s.ImportToken, &s.ExportToken
		eng, _ := s.open(t, time.Hour)
		late, _ := s.open(t, max(in.Expires.Sub(s.Written), out.Expires.Sub(s.Written))+time.Second)
		arm := func() *engine.ImportTr34KeyBlock {
			return &engine.ImportTr34KeyBlock{CertificateAuthorityPublicKeyIdentifier: in.Authority, ImportToken: &in.Token,
				SigningKeyCertificate: in.SigningCertificate, WrappedKeyBlock: in.Block, RandomNonce: &in.Nonce,
				KeyBlockFormat: apc.Tr34KeyBlockFormatX9TR342012}
		}
		k, err := importToken(eng.Caller, arm())
		if err != nil || k.KeyCheckValue != in.CheckValue {
			t.Errorf("%s: with the import token: %v, %v, want check value %s", s.name, k, err, in.CheckValue)
		}
		_, err = importToken(late.Caller, arm())
		refused(t, s.name+": with the import token that has expired", err, apc.ErrValidation, apc.RuleTokenExpired)

		root := issue(t, rsaKey(t, 4096, 0), "KRD CA", nil, nil)
		krd := issue(t, rsaKey(t, 3072, 0), "KRD", &root, nil)
		byToken := func(c *engine.Caller) (*engine.WrappedKey, error) {
			ca := trust(t, c, root, apc.KeyAlgorithmRSA4096)
			key := load(t, c, attributes(apc.KeyUsageTR31B0BaseDerivationKey, apc.KeyAlgorithmTDES2Key, deriveModes), tdesKey)
			return exportToken(c, key.KeyArn, &engine.ExportTr34KeyBlock{CertificateAuthorityPublicKeyIdentifier: ca.KeyArn,
				WrappingKeyCertificate: krd.text(), ExportToken: &out.Token})
		}
		w, err := byToken(eng.Caller)
		if err != nil {
			t.Errorf("%s: with the export token: %v", s.name, err)
			continue
		}
		if w.KeyCheckValue == nil || *w.KeyCheckValue != "08D7B4" || !strings.Contains(w.KeyMaterial, signerOf(t, out.SigningCertificate)) {
			t.Errorf("%s: with the export token: %+v, want check value 08D7B4 and the signer of the token", s.name, w)
		}
		_, err = byToken(late.Caller)
		refused(t, s.name+": with the export token that has expired", err, apc.ErrValidation, apc.RuleTokenExpired)
	}
}

// signerOf is the serial number of a certificate as a TR-34 token names its signer.
func signerOf(t *testing.T, certificate string) string {
	t.Helper()
	return strings.ToUpper(hex.EncodeToString(testrig.Certificate(t, certificate).SerialNumber.Bytes()))
}

// TestDeletionOfEarlierVersionsGoesOn: the key that waits is deleted at its time, or restored before.
func TestDeletionOfEarlierVersionsGoesOn(t *testing.T) {
	for _, s := range olderStores(t) {
		leaving := s.Aliases["alias/leaving"]
		eng, _ := s.open(t, time.Hour)
		restored, err := eng.RestoreKey(ctx, &engine.RestoreKeyInput{KeyIdentifier: leaving})
		if err != nil || restored.Key.KeyState != apc.KeyStateCreateComplete {
			t.Errorf("%s: RestoreKey: %+v, %v", s.name, restored, err)
		}
		eng, clock := s.open(t, time.Hour)
		clock.Advance(got(t, eng.Caller, leaving).DeletePendingTimestamp.Sub(clock.Now()) + time.Second)
		if err := eng.Settle(ctx); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if k := got(t, eng.Caller, leaving); k.KeyState != apc.KeyStateDeleteComplete || k.DeleteTimestamp == nil {
			t.Errorf("%s: %s, want DELETE_COMPLETE", s.name, describeOlder(k))
		}
		a, err := eng.GetAlias(ctx, &engine.GetAliasInput{AliasName: "alias/leaving"})
		if err != nil || a.Alias.KeyArn != nil {
			t.Errorf("%s: the alias of the deleted key: %+v, %v", s.name, a, err)
		}
	}
}
