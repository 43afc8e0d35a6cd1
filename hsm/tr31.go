package hsm

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// Admit decides on a key that has just been authenticated, by its length in bits:
// it returns the key's attributes and which check value is computed, or the error
// with which the import fails. It is called before the key is sealed.
type Admit func(bits int) (Attributes, kcv.Method, error)

// admitKey seals a key if admit returns no error. The bytes stay the caller's, to
// be cleared.
func (h *HSM) admitKey(ctx context.Context, key []byte, admit Admit) (Made, error) {
	a, m, err := admit(len(key) * 8)
	if err != nil {
		return Made{}, err
	}
	return h.adoptKey(ctx, key, a, m)
}

// ImportTR31 opens a key block under a key block protection key and seals the key
// inside. Refusals of the block are a [*tr31.Error] with their exact class. An
// error of admit is returned as it is.
func (h *HSM) ImportTR31(ctx context.Context, kbpk KeyRef, b *tr31.Block, admit Admit) (Made, error) {
	p, err := h.use(ctx, kbpk)
	if err != nil {
		return Made{}, err
	}
	defer h.cache.release(p)
	protect, err := p.protection(ctx, b.Header.Version)
	if err != nil {
		return Made{}, err
	}
	key, err := protect.Unwrap(ctx, b)
	if err != nil {
		return Made{}, err
	}
	defer clear(key)
	return h.admitKey(ctx, key, admit)
}

// ExportTR31 wraps key material in a key block with the given header, hiding
// its length, and computes its check value.
func (h *HSM) ExportTR31(ctx context.Context, kbpk KeyRef, header tr31.Header, k Material, m kcv.Method) (string, kcv.Value, error) {
	secret, value, err := h.material(ctx, k, m)
	if err != nil {
		return "", kcv.Value{}, err
	}
	defer secret.Destroy()
	p, err := h.use(ctx, kbpk)
	if err != nil {
		return "", kcv.Value{}, err
	}
	defer h.cache.release(p)
	protect, err := p.protection(ctx, header.Version)
	if err != nil {
		return "", kcv.Value{}, err
	}
	block, err := protect.Wrap(ctx, header, secret.bytes(), &wrapOptions)
	return block, value, err
}

// wrapOptions: lengths are hidden as X9.143 asks (GUESS G-hidden-length: by the service too), and
// optional blocks of a key that was imported leniently are written as they were read.
var wrapOptions = tr31.WrapOptions{HideLength: true, Strictness: tr31.Lenient}

// protection is a protection key for one block version with its KBEK and KBAK open:
// in the device where it derives them, else in host memory.
type protection struct {
	*tr31.KBPK
	kbek, kbak Key
}

func (p *protection) close() {
	p.kbek.Close()
	p.kbak.Close()
}

// protection prepares the key for a block version, once.
func (p *prepared) protection(ctx context.Context, v tr31.Version) (*protection, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if out, ok := p.kbpks[v]; ok {
		return out, nil
	}
	if err := fits(p.attributes.Algorithm, v); err != nil {
		return nil, err
	}
	kbek, kbak, err := deriveKBPK(ctx, p.key, p.attributes, v)
	if err != nil {
		return nil, err
	}
	out := &protection{kbek: kbek, kbak: kbak}
	out.KBPK = tr31.NewExternalKBPK(v, &blockCiphers{v, kbek, kbak})
	if p.kbpks == nil {
		p.kbpks = map[tr31.Version]*protection{}
	}
	p.kbpks[v] = out
	return out, nil
}

// fits refuses a block version of the wrong family for the key.
func fits(algorithm Algorithm, v tr31.Version) error {
	family := TDES
	if v == tr31.VersionD || v == tr31.VersionE {
		family = AES
	}
	if algorithm == family {
		return nil
	}
	return &tr31.Error{Class: tr31.ErrKBPK, Field: "version", Offset: 0, Problem: problemFamily,
		Found: fmt.Sprintf("version %c under algorithm %v", v, algorithm), Wanted: fmt.Sprintf("algorithm %v", family)}
}

// deriveKBPK derives KBEK and KBAK inside the device where it can. Where it
// cannot, they are in host memory: of versions B, D and E the derivation's CMACs
// are still computed by the device; versions A and C, whose keys are variants,
// need the bytes of the key itself.
func deriveKBPK(ctx context.Context, k Key, a Attributes, v tr31.Version) (kbek, kbak Key, err error) {
	kbek, kbak, err = k.DeriveKBPK(ctx, v)
	if !errors.Is(err, errors.ErrUnsupported) {
		return kbek, kbak, err
	}
	var enc, mac []byte
	if v == tr31.VersionA || v == tr31.VersionC {
		enc, mac, err = variants(ctx, k, a, v)
	} else {
		enc, mac, err = tr31.DeriveKeysWith(v, a.Bits, func(message []byte) ([]byte, error) { return cmacOf(ctx, k, v.BlockSize(), message) })
	}
	if err != nil {
		return nil, nil, err
	}
	return newHostKeys(a.Algorithm, enc, mac)
}

func variants(ctx context.Context, k Key, a Attributes, v tr31.Version) (enc, mac []byte, err error) {
	s, err := revealFor(ctx, k, a, revealKeyBlock)
	if err != nil {
		return nil, nil, err
	}
	defer s.Destroy()
	return tr31.DeriveKeys(v, s.bytes())
}

// newHostKeys are KBEK and KBAK in host memory. It takes over the bytes.
func newHostKeys(algorithm Algorithm, enc, mac []byte) (kbek, kbak Key, err error) {
	if kbek, err = newHostKey(algorithm, enc); err != nil {
		return nil, nil, err
	}
	if kbak, err = newHostKey(algorithm, mac); err != nil {
		return nil, nil, err
	}
	return kbek, kbak, nil
}

// blockCiphers is a tr31.Ciphers on open keys.
type blockCiphers struct {
	version    tr31.Version
	kbek, kbak Key
}

func (c *blockCiphers) Encrypt(ctx context.Context, iv, data []byte) error {
	if c.version == tr31.VersionE {
		return c.ctr(ctx, iv, data)
	}
	return c.kbek.Encrypt(ctx, CBC, iv, data)
}

func (c *blockCiphers) Decrypt(ctx context.Context, iv, data []byte) error {
	if c.version == tr31.VersionE {
		return c.ctr(ctx, iv, data)
	}
	return c.kbek.Decrypt(ctx, CBC, iv, data)
}

// ctr is counter mode by ECB: one call enciphers all counter blocks.
func (c *blockCiphers) ctr(ctx context.Context, iv, data []byte) error {
	const size = 16
	stream := make([]byte, 0, len(data)+size)
	counter := [size]byte(iv)
	for len(stream) < len(data) {
		stream = append(stream, counter[:]...)
		for i := size - 1; i >= 0; i-- {
			if counter[i]++; counter[i] != 0 {
				break
			}
		}
	}
	if err := c.kbek.Encrypt(ctx, ECB, nil, stream); err != nil {
		return err
	}
	subtle.XORBytes(data, data, stream)
	return nil
}

func (c *blockCiphers) MAC(ctx context.Context, message []byte) ([]byte, error) {
	if c.version != tr31.VersionA && c.version != tr31.VersionC {
		return cmacOf(ctx, c.kbak, c.version.BlockSize(), message)
	}
	// CBC-MAC: the last block of a CBC encryption.
	out := append([]byte(nil), message...)
	var iv [8]byte
	if err := c.kbak.Encrypt(ctx, CBC, iv[:], out); err != nil {
		return nil, err
	}
	return out[len(out)-8:], nil
}
