package enginetest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
	"github.com/seed748fb4d1/apcsim/tr34"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

func ctx() context.Context { return context.Background() }

// Received is a key as the partner has it.
type Received struct {
	tr31.Header        // of a TR-34 token: the header that it carries; zero of a cryptogram
	Key         []byte `json:"-"`
	CheckValue  string // by the algorithm of the header, six hexadecimal digits
}

// Format prints the header and the check value, whatever the verb.
func (r Received) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "Received(%s, key of %d bytes, check value %s)", r.Header.String(), len(r.Key), r.CheckValue)
}

// Has reports whether the header has an optional block with this content.
func (r Received) Has(id, content string) bool {
	b, ok := r.Block(id)
	return ok && b.Data == content
}

// CheckValue is the check value of a key by the letter of its algorithm in TR-31, six hexadecimal digits;
// "" of a key that has none.
func CheckValue(algorithm byte, key []byte) (v string) {
	switch algorithm {
	case 'T':
		v, _ = kcv.TDES(key)
	case 'A':
		v, _ = kcv.AES(key)
	}
	return v[:min(6, len(v))]
}

// Share makes a key of a K0 or K1 kind that both parties have, as after a key ceremony, and returns
// its ARN. Wrap and Open work under the key that was shared last. The key follows the simulator's
// seed and the partner's name.
func (p *Partner) Share(k KeyKind) string {
	p.t.Helper()
	return p.ShareKey(k, p.drawn(k))
}

// drawn are the bytes of a key of a kind, which follow the seed and the partner's name, in hexadecimal.
func (p *Partner) drawn(k KeyKind) string {
	p.t.Helper()
	size := map[apc.KeyAlgorithm]int{apc.KeyAlgorithmTDES2Key: 16, apc.KeyAlgorithmTDES3Key: 24, apc.KeyAlgorithmAES128: 16,
		apc.KeyAlgorithmAES192: 24, apc.KeyAlgorithmAES256: 32}[k.Attributes().KeyAlgorithm]
	if size == 0 {
		p.t.Fatalf("enginetest: a key %s that both have: want TDES or AES", k)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %s %s", p.sim.options.Seed, p.n, p.Name, k))
	return hex.EncodeToString(sum[:size])
}

// shared is a key of a kind that both have: its bytes, and its ARN in the simulator. "" draws the bytes.
func (p *Partner) shared(k KeyKind, key string) ([]byte, string) {
	p.t.Helper()
	if key == "" {
		key = p.drawn(k)
	}
	loaded := p.sim.Load(p.t, k, key)
	raw, _ := hex.DecodeString(key) // Load has
	return raw, loaded.KeyArn
}

// ShareKey is Share with the bytes of the key in hexadecimal.
func (p *Partner) ShareKey(k KeyKind, key string) string {
	p.t.Helper()
	raw, err := hex.DecodeString(key)
	if err == nil {
		p.kbpk, err = tr31.NewKBPK(raw)
	}
	if err != nil {
		p.t.Fatalf("enginetest: sharing a key %s: %v", k, err)
	}
	p.kek = raw
	return p.sim.Load(p.t, k, key).KeyArn
}

// Wrap makes a key block of a key under the shared key. The header is its 16 characters; length and
// number of blocks are worked out.
func (p *Partner) Wrap(header string, key []byte, blocks ...tr31.Content) string {
	p.t.Helper()
	if p.kbpk == nil {
		p.t.Fatalf("enginetest: %s wraps a key: Share a key first", p.Name)
	}
	h, err := tr31.ParseHeader(header)
	if err != nil {
		p.t.Fatalf("enginetest: %s wraps a key: %v", p.Name, err)
	}
	for _, b := range blocks {
		h.Blocks = append(h.Blocks, b.Encode())
	}
	p.sim.Secret(key)
	block, err := p.kbpk.Wrap(ctx(), h, key, nil)
	if err != nil {
		p.t.Fatalf("enginetest: %s wraps a key: %v", p.Name, err)
	}
	return block
}

// Open opens a key block under the shared key. A block that does not open fails the test.
func (p *Partner) Open(block string) Received {
	p.t.Helper()
	if p.kbpk == nil {
		p.t.Fatalf("enginetest: %s opens a key block: Share a key first", p.Name)
	}
	b, err := tr31.Parse(block, tr31.Strict)
	if err != nil {
		p.t.Fatalf("enginetest: %s opens a key block: %v", p.Name, err)
	}
	key, err := p.kbpk.Unwrap(ctx(), b)
	if err != nil {
		p.t.Fatalf("enginetest: %s opens a key block: %v", p.Name, err)
	}
	return p.received(b.Header, key)
}

func (p *Partner) received(h tr31.Header, key []byte) Received {
	p.sim.Secret(key)
	return Received{h, key, CheckValue(h.Algorithm, key)}
}

// Nonce is the random number of the partner's two-pass tokens, in hexadecimal.
const Nonce = "0011223344556677"

// Sealing is how [Partner.SealTR34] makes a token. The zero value is what the service wants.
type Sealing struct {
	Nonce     string // hexadecimal; "" is the constant Nonce
	Cipher    tr34.Cipher
	Authority string // of the material returned; "" is Root
}

// SealTR34 sends a key as a TR-34 token (X9 TR-34:2012, two-pass) to the holder of the certificate of an
// import token, and returns the import's material complete. The header is 16 characters. Nil options are the defaults.
func (p *Partner) SealTR34(to *engine.GetParametersForImportOutput, header string, key []byte, o *Sealing) *engine.ImportTr34KeyBlock {
	p.t.Helper()
	var how Sealing
	if o != nil {
		how = *o
	}
	if how.Nonce == "" {
		how.Nonce = Nonce
	}
	p.sim.Secret(key)
	krd, err := x509ca.Decode(to.WrappingKeyCertificate)
	nonce, _ := hex.DecodeString(how.Nonce)
	var der []byte
	if err == nil {
		der, err = tr34.Seal(&tr34.Sealing{Layout: tr34.LayoutX9TR342012, KDH: p.papers().kdh.certificate, Signer: p.papers().kdh.key,
			KRD: krd, Header: header, Nonce: nonce, Cipher: how.Cipher}, key)
	}
	if err != nil {
		p.t.Fatalf("enginetest: %s seals a TR-34 token: %v", p.Name, err)
	}
	authority := how.Authority
	if authority == "" {
		authority = p.Root()
	}
	return &engine.ImportTr34KeyBlock{CertificateAuthorityPublicKeyIdentifier: authority, SigningKeyCertificate: p.HostCertificate(),
		ImportToken: &to.ImportToken, WrappedKeyBlock: upperHex(der), KeyBlockFormat: apc.Tr34KeyBlockFormatX9TR342012, RandomNonce: &how.Nonce}
}

// OpenTR34 opens a TR-34 token to the KRD with the constant Nonce, signed by the holder of a
// certificate. A token that does not open fails the test.
func (p *Partner) OpenTR34(token, signer string) Received {
	p.t.Helper()
	opened, err := p.openTR34(token, signer)
	if err != nil {
		p.t.Fatalf("enginetest: %s opens a TR-34 token: %v", p.Name, err)
	}
	h, err := tr31.ParseHeader(opened.Header)
	if err != nil {
		p.t.Fatalf("enginetest: %s opens a TR-34 token: %v", p.Name, err)
	}
	return p.received(h, opened.Key)
}

func (p *Partner) openTR34(token, signer string) (*tr34.Opened, error) {
	der, err := hex.DecodeString(token)
	if err != nil {
		return nil, err
	}
	kdh, err := x509ca.Decode(signer)
	if err != nil {
		return nil, err
	}
	parsed, err := tr34.Parse(der)
	if err != nil {
		return nil, err
	}
	nonce, _ := hex.DecodeString(Nonce)
	krd := p.papers().krd
	return parsed.Open(
		krd.key.(crypto.Decrypter),
		&tr34.Check{KDH: kdh, KRD: krd.certificate, Now: p.now(), Nonce: nonce, CRL: tr34.CRLIgnored},
	)
}

func (p *Partner) now() time.Time { return p.sim.options.Engine.Now() }

// Encrypt encrypts a key to the holder of a certificate: RSA-OAEP with SHA-256, in hexadecimal.
func (p *Partner) Encrypt(to string, key []byte) string {
	p.t.Helper()
	p.sim.Secret(key)
	c, err := x509ca.Decode(to)
	if err != nil {
		p.t.Fatalf("enginetest: %s encrypts a key: %v", p.Name, err)
	}
	public, ok := c.PublicKey.(*rsa.PublicKey)
	if !ok {
		p.t.Fatalf("enginetest: %s encrypts a key: the certificate has a %T", p.Name, c.PublicKey)
	}
	out, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public, key, nil)
	if err != nil {
		p.t.Fatalf("enginetest: %s encrypts a key: %v", p.Name, err)
	}
	return upperHex(out)
}

// Decrypt decrypts a key that was encrypted to the KRD by RSA-OAEP with SHA-256. The algorithm is the
// letter of the key's in TR-31.
func (p *Partner) Decrypt(cryptogram string, algorithm byte) Received {
	p.t.Helper()
	raw, err := hex.DecodeString(cryptogram)
	var key []byte
	if err == nil {
		key, err = rsa.DecryptOAEP(sha256.New(), nil, p.papers().krd.key.(*rsa.PrivateKey), raw, nil)
	}
	if err != nil {
		p.t.Fatalf("enginetest: %s decrypts a key: %v", p.Name, err)
	}
	return p.received(tr31.Header{Algorithm: algorithm}, key)
}

// Agree derives an AES-256 key from the partner's EC key and the one of a certificate by the
// concatenation KDF of NIST SP 800-56A with SHA-256 and the shared information (hexadecimal). Wrap and Open of
// the returned partner work under it.
func (p *Partner) Agree(with, info string) *Partner {
	p.t.Helper()
	kbpk, err := p.agree(with, info)
	if err != nil {
		p.t.Fatalf("enginetest: %s agrees on a key: %v", p.Name, err)
	}
	other := *p
	other.kek = kbpk
	if other.kbpk, err = tr31.NewKBPK(kbpk); err != nil {
		p.t.Fatalf("enginetest: %s agrees on a key: %v", p.Name, err)
	}
	p.sim.Secret(kbpk)
	return &other
}

func (p *Partner) agree(with, info string) ([]byte, error) {
	c, err := x509ca.Decode(with)
	if err != nil {
		return nil, err
	}
	shared, err := hex.DecodeString(info)
	if err != nil {
		return nil, err
	}
	theirs, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the certificate has a %T", c.PublicKey)
	}
	public, err := theirs.ECDH()
	if err != nil {
		return nil, err
	}
	private, err := p.papers().agree.key.(*ecdsa.PrivateKey).ECDH()
	if err != nil {
		return nil, err
	}
	x, err := private.ECDH(public)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(slices.Concat(binary.BigEndian.AppendUint32(nil, 1), x, shared)) // 32 bytes are one round
	return sum[:], nil
}

// Compare fails the test where a check value of the service is not that of the partner's key.
func (p *Partner) Compare(service string, r Received) {
	p.t.Helper()
	if service != r.CheckValue {
		p.t.Errorf("enginetest: the check value is %s, %s has %s", service, p.Name, r.CheckValue)
	}
}

func upperHex(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }
