//go:build cgo

package pkcs11

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"sync"
	"testing"
	"time"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// bare is the module without anything around it: one session, and the
// objects that a backend would have.
type bare struct {
	testing.TB
	api     cryptoki
	s       p11.SessionHandle
	masters *masters
	under   p11.ObjectHandle // the transport key
}

func newBare(t testing.TB, b *Backend) *bare {
	s, err := b.conn.openSession()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.conn.closeSession(s) })
	return &bare{t, b.module.api, s, b.conn.masters, b.conn.transport.handle}
}

func (r *bare) must(err error) {
	if err != nil {
		r.Fatal(err)
	}
}

func (r *bare) sign(m uint, key p11.ObjectHandle, data []byte) {
	r.must(r.api.SignInit(r.s, mechanism(m, nil), key))
	_, err := r.api.Sign(r.s, data)
	r.must(err)
}

func (r *bare) encrypt(m uint, iv []byte, key p11.ObjectHandle, data []byte) []byte {
	r.must(r.api.EncryptInit(r.s, mechanism(m, iv), key))
	out, err := r.api.Encrypt(r.s, data)
	r.must(err)
	return out
}

func (r *bare) decrypt(m uint, iv []byte, key p11.ObjectHandle, data []byte) []byte {
	r.must(r.api.DecryptInit(r.s, mechanism(m, iv), key))
	out, err := r.api.Decrypt(r.s, data)
	r.must(err)
	return out
}

func (r *bare) wrap(under, key p11.ObjectHandle) {
	_, err := r.api.WrapKey(r.s, mechanism(p11.CKM_AES_KEY_WRAP, nil), under, key)
	r.must(err)
}

func (r *bare) create(kind uint, p purpose, value []byte) p11.ObjectHandle {
	h, err := r.api.CreateObject(r.s, sessionKey(p11.CKO_SECRET_KEY, kind, p, true, p11.NewAttribute(p11.CKA_VALUE, value)))
	r.must(err)
	return h
}

// devices are the modules that are measured.
var devices = []softtoken.Kind{softtoken.SoftHSM, softtoken.NSS}

// perDevice runs a benchmark on each module. The bar is 1.5 everywhere.
func perDevice(b *testing.B, run func(b *testing.B, on *Backend, raw *bare)) {
	for _, kind := range devices {
		b.Run(string(kind), func(b *testing.B) {
			on := opened(b, optionsOf(sharedToken(b, kind)))
			run(b, on, newBare(b, on))
		})
	}
}

// BenchmarkCreateKey: the engine's CreateKey of AES_256, against GenerateKey,
// WrapKey, Sign (binding), Sign (check value), DestroyObject.
func BenchmarkCreateKey(b *testing.B) {
	perDevice(b, func(b *testing.B, on *Backend, raw *bare) {
		eng, err := engine.Open(b.Context(), on, keystore.NewMemory(), &engine.Options{Limits: apc.Limits{Keys: 1 << 40}})
		if err != nil {
			b.Fatal(err)
		}
		defer eng.Close()
		in := &engine.CreateKeyInput{Exportable: new(true), KeyAttributes: apc.KeyAttributes{
			KeyUsage: apc.KeyUsageTR31K1KeyBlockProtectionKey, KeyClass: apc.KeyClassSymmetricKey, KeyAlgorithm: apc.KeyAlgorithmAES256,
			KeyModesOfUse: apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true}}}
		template := sessionKey(p11.CKO_SECRET_KEY, p11.CKK_AES, authenticating, true, p11.NewAttribute(p11.CKA_VALUE_LEN, 32))
		bound := make([]byte, 100)
		ratio.Beside(b, 16, func() {
			h, err := raw.api.GenerateKey(raw.s, mechanism(p11.CKM_AES_KEY_GEN, nil), template)
			raw.must(err)
			raw.wrap(raw.masters.revealable, h)
			raw.sign(p11.CKM_SHA256_HMAC, raw.masters.binding, bound)
			raw.sign(p11.CKM_AES_CMAC, h, make([]byte, 16))
			raw.must(raw.api.DestroyObject(raw.s, h))
		}, func() {
			if _, err := eng.CreateKey(ctx, in); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// blockBench is an AES-128 key in a version D block under AES-256.
func blockBench(b *testing.B, on *Backend) (h *hsm.HSM, kbpk, inner hsm.KeyRef, header tr31.Header) {
	s := sealKnown(b, on)
	a := hsm.Attributes{KeyID: "i", Usage: "D0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'E', Bits: 128}
	sealed, err := on.Import(ctx, hsm.NewSecret(knownKey[:16]), a)
	if err != nil {
		b.Fatal(err)
	}
	header = floors.Header(tr31.VersionD, hsm.AES)
	h = hsm.New(on, nil)
	b.Cleanup(func() { h.Close() })
	return h, hsm.KeyRef{Sealed: s.kept, Attributes: knownKept}, hsm.KeyRef{Sealed: sealed, Attributes: a}, header
}

// BenchmarkTR31Wrap: an export with open keys, against WrapKey to a transport
// key, Sign, Encrypt.
func BenchmarkTR31Wrap(b *testing.B) {
	perDevice(b, func(b *testing.B, on *Backend, raw *bare) {
		h, kbpk, inner, header := blockBench(b, on)
		kbek, kbak := raw.create(p11.CKK_AES, enciphering, knownKey), raw.create(p11.CKK_AES, authenticating, knownKey)
		key := raw.create(p11.CKK_GENERIC_SECRET, carrying, knownKey[:16])
		payload, iv := make([]byte, 48), make([]byte, 16)
		ratio.Beside(b, 16, func() {
			raw.wrap(raw.under, key)
			raw.sign(p11.CKM_AES_CMAC, kbak, make([]byte, 16+len(payload)))
			raw.encrypt(p11.CKM_AES_CBC, iv, kbek, payload)
		}, func() {
			if _, _, err := h.ExportTR31(ctx, kbpk, header, hsm.Material{Key: inner}, kcv.AESCMAC); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// BenchmarkTR31Unwrap: an import, against Decrypt, Sign, CreateObject, WrapKey,
// Sign, Sign, DestroyObject.
func BenchmarkTR31Unwrap(b *testing.B) {
	perDevice(b, func(b *testing.B, on *Backend, raw *bare) {
		h, kbpk, inner, header := blockBench(b, on)
		text, _, err := h.ExportTR31(ctx, kbpk, header, hsm.Material{Key: inner}, kcv.AESCMAC)
		if err != nil {
			b.Fatal(err)
		}
		block, err := tr31.Parse(text, tr31.Strict)
		if err != nil {
			b.Fatal(err)
		}
		kbek, kbak := raw.create(p11.CKK_AES, enciphering, knownKey), raw.create(p11.CKK_AES, authenticating, knownKey)
		payload, iv := make([]byte, 48), make([]byte, 16)
		ratio.Beside(b, 16, func() {
			raw.decrypt(p11.CKM_AES_CBC, iv, kbek, payload)
			raw.sign(p11.CKM_AES_CMAC, kbak, make([]byte, 16+len(payload)))
			key := raw.create(p11.CKK_AES, authenticating, knownKey[:16])
			raw.wrap(raw.masters.revealable, key)
			raw.sign(p11.CKM_SHA256_HMAC, raw.masters.binding, make([]byte, 90))
			raw.sign(p11.CKM_AES_CMAC, key, iv)
			raw.must(raw.api.DestroyObject(raw.s, key))
		}, func() {
			_, err := h.ImportTR31(
				ctx,
				kbpk,
				block,
				func(int) (hsm.Attributes, kcv.Method, error) { return inner.Attributes, kcv.AESCMAC, nil },
			)
			if err != nil {
				b.Fatal(err)
			}
		})
	})
}

// BenchmarkSign: a signature with an open key, against Sign.
func BenchmarkSign(b *testing.B) {
	perDevice(b, func(b *testing.B, on *Backend, raw *bare) {
		private, _ := probePrivate()
		h := hsm.New(on, nil)
		defer h.Close()
		s := sealKnown(b, on)
		public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
		if err != nil {
			b.Fatal(err)
		}
		signer, err := h.Signer(ctx, hsm.KeyRef{Sealed: s.rsa, Attributes: knownRSA}, public)
		if err != nil {
			b.Fatal(err)
		}
		k, err := on.conn.createRSA(ctx, private)
		if err != nil {
			b.Fatal(err)
		}
		w, err := on.conn.wrapPair(ctx, k, nil, knownRSA)
		if err != nil {
			b.Fatal(err)
		}
		key, err := w.object(ctx, on.conn, knownRSA, signing)
		if err != nil {
			b.Fatal(err)
		}
		info := make([]byte, 51)
		ratio.Beside(b, 4, func() { raw.sign(p11.CKM_RSA_PKCS, key, info) }, func() {
			if _, err := signer.Sign(nil, knownKey, crypto.SHA256); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// BenchmarkScaling: how many times the work of one goroutine several do.
func BenchmarkScaling(b *testing.B) {
	for _, kind := range devices {
		on := opened(b, optionsOf(sharedToken(b, kind)))
		s := sealKnown(b, on)
		h := hsm.New(on, nil)
		b.Cleanup(func() { h.Close() })
		a := hsm.Attributes{KeyID: "g", Usage: "D0", Algorithm: hsm.AES, Mode: 'B', Exportability: 'N', Bits: 256}
		rsaKey, err := on.Open(ctx, s.rsa, knownRSA)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { rsaKey.Close() })
		for name, work := range map[string]func() error{
			"GenerateKey": func() error { _, err := h.GenerateKey(ctx, a, kcv.AESCMAC); return err },
			"Sign":        func() error { _, err := rsaKey.Sign(ctx, crypto.SHA256, knownKey); return err },
		} {
			for _, crowd := range []int{2, 4, 16} {
				b.Run(fmt.Sprintf("%s/%s/%d", kind, name, crowd), func(b *testing.B) {
					alone, together := time.Duration(0), time.Duration(0)
					const each = 8
					for b.Loop() {
						began := time.Now()
						for range each * crowd {
							if err := work(); err != nil {
								b.Fatal(err)
							}
						}
						alone += time.Since(began)
						began = time.Now()
						var wg sync.WaitGroup
						for range crowd {
							wg.Go(func() {
								for range each {
									if err := work(); err != nil {
										b.Error(err)
									}
								}
							})
						}
						wg.Wait()
						together += time.Since(began)
					}
					b.ReportMetric(float64(alone)/float64(together), "x-one")
				})
			}
		}
	}
}
