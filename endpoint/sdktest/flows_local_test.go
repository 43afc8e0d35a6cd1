package sdktest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/paymentcryptography/types"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
	"github.com/seed748fb4d1/apcsim/tr34"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

// The scripts' own side: keys, certificates, tokens, key blocks, derivations.

// local is a key of the script's, with a certificate.
type local struct {
	crypto.Signer
	certificate *x509.Certificate
}

func (l local) text() string { return x509ca.EncodeCertificate(l.certificate.Raw) }

func localEC(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	return must(ecdsa.GenerateKey(curve, rand.Reader))(t)
}

// The certificates of the scripts: an authority with every usage of a key, and
// leaves without any extension.
var (
	authorityProfile = x509ca.Profile{
		Hash:                     crypto.SHA256,
		CA:                       true,
		BasicConstraintsCritical: true,
		KeyUsage:                 1<<9 - 1,
		KeyUsageCritical:         true,
	}
	leafProfile = x509ca.Profile{Hash: crypto.SHA256, NoExtensions: true}
)

func (r *replay) request(name string, serial byte, days int) *x509ca.Request {
	return &x509ca.Request{Serial: []byte{serial}, NotBefore: r.now().Add(-24 * time.Hour), NotAfter: r.now().AddDate(0, 0, days),
		Subject: x509ca.Name{{Type: x509ca.CommonName, Value: name}, {Type: x509ca.Organization, Value: "Local side"}}}
}

func (r *replay) root(key crypto.Signer) local {
	r.Helper()
	der := must(x509ca.NewRoot(key, &authorityProfile, r.request("Local CA", 100, 90)))(r)
	return local{key, must(x509.ParseCertificate(der))(r)}
}

func (r *replay) issue(ca local, key crypto.Signer, p *x509ca.Profile) local {
	r.Helper()
	authority := must(x509ca.NewAuthority(ca.certificate, ca.Signer))(r)
	name := "Local party"
	if p.CA { // a certificate whose subject is its issuer would be taken for a root
		name = "Local intermediate CA"
	}
	der := must(authority.Issue(key.Public(), p, r.request(name, 200, 30)))(r)
	return local{key, must(x509.ParseCertificate(der))(r)}
}

func (r *replay) certificate(text *string) *x509.Certificate {
	r.Helper()
	return must(x509.ParseCertificate(certificateIn(r, text)))(r)
}

// chained holds that a certificate of the service is issued under its root.
func (r *replay) chained(leaf, chain *string) {
	r.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(r.certificate(chain))
	if _, err := r.certificate(leaf).Verify(x509.VerifyOptions{Roots: pool, CurrentTime: r.now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		r.Error(err)
	}
}

// seal makes a two-pass token of a key, with the short-lived key that the
// scripts take: three-key TDES for TDES, AES-128 for AES.
func (r *replay) seal(kdh local, krd *string, header string, nonce, key []byte) string {
	r.Helper()
	s := &tr34.Sealing{
		Layout: tr34.LayoutX9TR342012,
		KDH:    kdh.certificate,
		Signer: kdh.Signer,
		KRD:    r.certificate(krd),
		Header: header,
		Nonce:  nonce,
	}
	if header[7] == 'A' {
		s.Cipher = tr34.AES128CBC
	}
	return upperHex(must(tr34.Seal(s, key))(r))
}

// wrap makes a key block; the filler hides the length of the key, as the
// scripts' library does.
func wrap(t testing.TB, kbpk []byte, header string, key []byte, blocks ...tr31.OptionalBlock) string {
	t.Helper()
	h := must(tr31.ParseHeader(header))(t)
	h.Blocks = blocks
	return must(
		must(tr31.NewKBPK(kbpk))(t).Wrap(context.Background(), h, key, &tr31.WrapOptions{HideLength: true, Strictness: tr31.Lenient}),
	)(t)
}

func unwrap(t testing.TB, kbpk []byte, block *string) (tr31.Header, []byte) {
	t.Helper()
	b := must(tr31.Parse(*block, tr31.Strict))(t)
	return b.Header, must(must(tr31.NewKBPK(kbpk))(t).Unwrap(context.Background(), b))(t)
}

// agree is ECDH with the key of a certificate of the service's, and ConcatKDF.
func (r *replay) agree(key *ecdsa.PrivateKey, with *string, newHash func() hash.Hash, info []byte, size int) (out []byte) {
	r.Helper()
	theirs, ok := r.certificate(with).PublicKey.(*ecdsa.PublicKey)
	if !ok {
		r.Fatal("the service's certificate has no EC key")
	}
	shared := must(must(key.ECDH())(r).ECDH(must(theirs.ECDH())(r)))(r)
	for n := uint32(1); len(out) < size; n++ {
		h := newHash()
		binary.Write(h, binary.BigEndian, n)
		h.Write(shared)
		h.Write(info)
		out = h.Sum(out)
	}
	return out[:size]
}

// encrypt and decrypt are OAEP with SHA-256.
func (r *replay) encrypt(to *string, key []byte) *string {
	r.Helper()
	public := r.certificate(to).PublicKey.(*rsa.PublicKey)
	out := upperHex(must(rsa.EncryptOAEP(sha256.New(), rand.Reader, public, key, nil))(r))
	return &out
}

func decrypt(t testing.TB, key local, cryptogram *string) []byte {
	t.Helper()
	if strings.ToUpper(*cryptogram) != *cryptogram {
		t.Errorf("a cryptogram in lower case: %s", *cryptogram)
	}
	return must(rsa.DecryptOAEP(sha256.New(), nil, key.Signer.(*rsa.PrivateKey), testrig.Hex(*cryptogram), nil))(t)
}

func checkValue(t testing.TB, a types.KeyAlgorithm, key []byte) string {
	t.Helper()
	switch a {
	case types.KeyAlgorithmTdes2key, types.KeyAlgorithmTdes3key:
		return must(kcv.TDES(key))(t)
	case types.KeyAlgorithmAes128, types.KeyAlgorithmAes192, types.KeyAlgorithmAes256:
		return must(kcv.AES(key))(t)
	}
	hashes := map[types.KeyAlgorithm]crypto.Hash{types.KeyAlgorithmHmacSha224: crypto.SHA224, types.KeyAlgorithmHmacSha256: crypto.SHA256,
		types.KeyAlgorithmHmacSha384: crypto.SHA384, types.KeyAlgorithmHmacSha512: crypto.SHA512}
	return must(kcv.HMAC(hashes[a], key))(t)
}

// usageOf is the usage with a code of TR-31.
func usageOf(code string) types.KeyUsage {
	for _, u := range types.KeyUsage("").Values() {
		if strings.HasPrefix(string(u), "TR31_"+code+"_") {
			return u
		}
	}
	panic("no usage " + code)
}

// modesOf are the modes that a letter of TR-31 means.
func modesOf(letter string) *types.KeyModesOfUse {
	m, ok := map[string]types.KeyModesOfUse{
		"B": {Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true}, "E": {Encrypt: true, Wrap: true}, "D": {Decrypt: true, Unwrap: true},
		"C": {Generate: true, Verify: true}, "G": {Generate: true}, "V": {Verify: true}, "X": {DeriveKey: true}, "N": {NoRestrictions: true},
		"S": {Sign: true},
	}[letter]
	if !ok {
		panic("no mode " + letter)
	}
	return &m
}

func attributesOf(usage string, a types.KeyAlgorithm, mode string) *types.KeyAttributes {
	class := types.KeyClassSymmetricKey
	if usage == "K3" {
		class = types.KeyClassAsymmetricKeyPair
	}
	return &types.KeyAttributes{KeyUsage: usageOf(usage), KeyClass: class, KeyAlgorithm: a, KeyModesOfUse: modesOf(mode)}
}

func authorityOf(a types.KeyAlgorithm) *types.KeyAttributes {
	return &types.KeyAttributes{KeyUsage: usageOf("S0"), KeyClass: types.KeyClassPublicKey, KeyAlgorithm: a, KeyModesOfUse: modesOf("V")}
}

func random(size int) []byte {
	b := make([]byte, size)
	rand.Read(b)
	return b
}

func upperHex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }
