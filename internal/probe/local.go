package probe

import (
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // of a check value
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/tr31"
)

// party is a certificate that is made here, with its key.
type party struct {
	key  crypto.Signer
	cert *x509.Certificate
}

// make does a step that is no call: what it makes is the answer.
func (r *runner) make(ctx context.Context, s *Step) (map[string]any, error) {
	arg := func(i int) string {
		if i < len(s.Args) {
			return s.Args[i]
		}
		return ""
	}
	switch s.Do {
	case "authority":
		return r.newParty(s.Name, nil, arg(0), arg(1) != "leaf")
	case "issue":
		return r.newParty(s.Name, r.parties[arg(0)], arg(1), arg(2) == "authority")
	case "wrap":
		kbpk, err := hex.DecodeString(arg(0))
		if err != nil {
			return nil, err
		}
		return wrapped(ctx, kbpk, s.Args[1:])
	case "agree":
		kek, err := r.agreed(ctx, arg(0), arg(1))
		if err != nil {
			return nil, err
		}
		return wrapped(ctx, kek, s.Args[2:])
	}
	return r.find(s)
}

// find does a step that says something of earlier answers, which a side cannot be asked.
func (r *runner) find(s *Step) (map[string]any, error) {
	var texts []string
	for _, path := range s.Args {
		v, ok := member(r.raw, path)
		text, isText := v.(string)
		if !ok || !isText {
			text = path
		}
		texts = append(texts, text)
	}
	if len(texts) != 2 {
		return nil, fmt.Errorf("%s needs two arguments", s.Do)
	}
	switch s.Do {
	case "equals":
		return map[string]any{"Is": texts[0] == texts[1]}, nil
	case "hashed":
		return map[string]any{"Is": hashed(texts[0], texts[1])}, nil
	case "opened":
		return map[string]any{"Is": opened(r.parties[s.Args[0]], texts[1])}, nil
	}
	return nil, fmt.Errorf("%s: not a step", s.Do)
}

// hashed says what of a certificate's public key has a check value as the beginning of its SHA-1.
func hashed(checkValue, certificate string) string {
	c, err := readCertificate(certificate)
	if err != nil {
		return "no certificate"
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		PublicKey asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &info); err != nil {
		return "no public key"
	}
	begins := func(text []byte) bool {
		sum := sha1.Sum(text)
		return strings.HasPrefix(hex.EncodeToString(sum[:]), strings.ToLower(checkValue))
	}
	switch {
	case checkValue == "":
		return "no check value"
	case begins(c.RawSubjectPublicKeyInfo):
		return "SubjectPublicKeyInfo"
	case begins(info.PublicKey.Bytes):
		return "the bits of the key"
	}
	return "another text"
}

// opened is the hash that a cryptogram opens with under an RSA key made here.
func opened(p *party, cryptogram string) string {
	raw, err := hex.DecodeString(cryptogram)
	if err != nil || p == nil {
		return "unreadable"
	}
	private, ok := p.key.(*rsa.PrivateKey)
	if !ok {
		return "unreadable"
	}
	for name, h := range map[string]hash.Hash{"SHA-256": sha256.New(), "SHA-512": sha512.New()} {
		if _, err := rsa.DecryptOAEP(h, nil, private, raw, nil); err == nil {
			return name
		}
	}
	return "unreadable"
}

// newParty makes a key pair and a certificate: self-signed, or under an authority.
func (r *runner) newParty(name string, by *party, algorithm string, authority bool) (map[string]any, error) {
	key, err := r.side.partyKey(algorithm, by == nil)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		return nil, err
	}
	now := r.side.now()
	t := &x509.Certificate{SerialNumber: serial, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(30 * 24 * time.Hour),
		Subject: pkix.Name{CommonName: "apcsim-probe " + r.probe.Name + " " + name}, BasicConstraintsValid: true, IsCA: authority,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment}
	if _, isEC := key.(*ecdsa.PrivateKey); isEC {
		t.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyAgreement
	}
	parent, signer := t, key
	if authority {
		t.KeyUsage = x509.KeyUsageCertSign
	}
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	r.parties[name] = &party{key, cert}
	return map[string]any{"Certificate": pemText(der), "DER": base64.StdEncoding.EncodeToString(der)}, nil
}

func pemText(der []byte) string {
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// partyKey is the key pair of an authority, or of one under it: the same in all probes of a run.
func (s *Service) partyKey(algorithm string, root bool) (crypto.Signer, error) {
	name := fmt.Sprint(algorithm, root)
	if key, ok := s.parties[name]; ok {
		return key, nil
	}
	key, err := newKey(algorithm)
	if err == nil {
		s.parties[name] = key
	}
	return key, err
}

// newKey makes a key pair of one of the service's algorithms.
func newKey(algorithm string) (crypto.Signer, error) {
	switch algorithm {
	case "P256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "P384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "P521":
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "RSA_2048":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "RSA_3072":
		return rsa.GenerateKey(rand.Reader, 3072)
	}
	return nil, fmt.Errorf("%q is no algorithm of a key pair", algorithm)
}

// wrapped makes a key block from a header, a key in hexadecimal and optional blocks, ID=DATA.
func wrapped(ctx context.Context, kbpk []byte, args []string) (map[string]any, error) {
	if len(args) < 2 {
		return nil, errors.New("a key block needs a header and a key")
	}
	header, err := tr31.ParseHeader(args[0])
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(args[1])
	if err != nil {
		return nil, err
	}
	for _, block := range args[2:] {
		id, data, _ := strings.Cut(block, "=")
		header.Blocks = append(header.Blocks, tr31.OptionalBlock{ID: id, Data: data})
	}
	k, err := tr31.NewKBPK(kbpk)
	if err != nil {
		return nil, err
	}
	text, err := k.Wrap(ctx, header, key, &tr31.WrapOptions{HideLength: true, Strictness: tr31.Lenient})
	return map[string]any{"Block": text}, err
}

// sharedInfo is what all agreements of probes are derived with; SHA_256 and NIST_SP800, for AES_256.
const sharedInfo = "0123456789ABCDEF"

// agreed derives the wrapping key that a key pair of the side and a private key made here agree on:
// the one-step derivation of NIST SP 800-56C with SHA-256.
func (r *runner) agreed(ctx context.Context, pair, own string) ([]byte, error) {
	arn, _ := member(r.raw, pair+".Key.KeyArn")
	got, err := r.side.call(ctx, "GetPublicKeyCertificate", map[string]any{"KeyIdentifier": arn})
	if err != nil || got.exception != "" {
		return nil, fmt.Errorf("no certificate of the key pair: %w", errors.Join(err, got.refusal()))
	}
	text, _ := got.body["KeyCertificate"].(string)
	cert, err := readCertificate(text)
	if err != nil {
		return nil, err
	}
	public, ok := cert.PublicKey.(*ecdsa.PublicKey)
	if !ok || r.parties[own] == nil {
		return nil, errors.New("no agreement without two keys on a curve")
	}
	private, ok := r.parties[own].key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("no agreement without two keys on a curve")
	}
	z, err := shared(private, public)
	if err != nil {
		return nil, err
	}
	info, _ := hex.DecodeString(sharedInfo)
	sum := sha256.Sum256(append(append([]byte{0, 0, 0, 1}, z...), info...))
	return sum[:], nil
}

func shared(private *ecdsa.PrivateKey, public *ecdsa.PublicKey) ([]byte, error) {
	var a *ecdh.PrivateKey
	a, err := private.ECDH()
	if err != nil {
		return nil, err
	}
	b, err := public.ECDH()
	if err != nil {
		return nil, err
	}
	return a.ECDH(b)
}

// readCertificate reads base64 of PEM.
func readCertificate(text string) (*x509.Certificate, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, errors.New("no PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}
