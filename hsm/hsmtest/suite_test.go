package hsmtest_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/hsm/hsmtest"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// broken is the software backend with one method put wrong.
type broken struct {
	hsm.Backend
	generate func(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error)
	imported func(ctx context.Context, s hsm.Secret, a hsm.Attributes) (hsm.Sealed, error)
	open     func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error)
	masterID func(ctx context.Context) (string, error)
	random   func(ctx context.Context, p []byte) error
	close    func() error
}

func (b *broken) Generate(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
	if b.generate != nil {
		return b.generate(ctx, a)
	}
	return b.Backend.Generate(ctx, a)
}

func (b *broken) Import(ctx context.Context, s hsm.Secret, a hsm.Attributes) (hsm.Sealed, error) {
	if b.imported != nil {
		return b.imported(ctx, s, a)
	}
	return b.Backend.Import(ctx, s, a)
}

func (b *broken) Open(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
	if b.open != nil {
		return b.open(ctx, s, a)
	}
	return b.Backend.Open(ctx, s, a)
}

func (b *broken) MasterKeyID(ctx context.Context) (string, error) {
	if b.masterID != nil {
		return b.masterID(ctx)
	}
	return b.Backend.MasterKeyID(ctx)
}

func (b *broken) Random(ctx context.Context, p []byte) error {
	if b.random != nil {
		return b.random(ctx, p)
	}
	return b.Backend.Random(ctx, p)
}

func (b *broken) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.Backend.Close()
}

// brokenKey is an open key with one primitive put wrong.
type brokenKey struct {
	hsm.Key
	attributes hsm.Attributes
	cipher     func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error
	cmac       func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error)
	hmac       func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error)
	sign       func(k hsm.Key, ctx context.Context, h crypto.Hash, digest []byte) ([]byte, error)
	ecdh       func(k hsm.Key, ctx context.Context, peer []byte) (hsm.Secret, error)
	derive     func(k hsm.Key, ctx context.Context, v tr31.Version) (hsm.Key, hsm.Key, error)
	reveal     func(k hsm.Key, ctx context.Context) (hsm.Secret, error)
	close      func(k hsm.Key) error
}

func (k *brokenKey) Encrypt(ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
	if k.cipher != nil {
		return k.cipher(k.Key, ctx, mode, iv, data)
	}
	return k.Key.Encrypt(ctx, mode, iv, data)
}

func (k *brokenKey) CMAC(ctx context.Context, m []byte) ([]byte, error) {
	if k.cmac != nil {
		return k.cmac(k.Key, ctx, m)
	}
	return k.Key.CMAC(ctx, m)
}

func (k *brokenKey) HMAC(ctx context.Context, m []byte) ([]byte, error) {
	if k.hmac != nil {
		return k.hmac(k.Key, ctx, m)
	}
	return k.Key.HMAC(ctx, m)
}

func (k *brokenKey) Sign(ctx context.Context, h crypto.Hash, digest []byte) ([]byte, error) {
	if k.sign != nil {
		return k.sign(k.Key, ctx, h, digest)
	}
	return k.Key.Sign(ctx, h, digest)
}

func (k *brokenKey) ECDH(ctx context.Context, peer []byte) (hsm.Secret, error) {
	if k.ecdh != nil {
		return k.ecdh(k.Key, ctx, peer)
	}
	return k.Key.ECDH(ctx, peer)
}

func (k *brokenKey) DeriveKBPK(ctx context.Context, v tr31.Version) (hsm.Key, hsm.Key, error) {
	if k.derive != nil {
		return k.derive(k.Key, ctx, v)
	}
	return k.Key.DeriveKBPK(ctx, v)
}

func (k *brokenKey) Reveal(ctx context.Context) (hsm.Secret, error) {
	if k.reveal != nil {
		return k.reveal(k.Key, ctx)
	}
	return k.Key.Reveal(ctx)
}

func (k *brokenKey) Close() error {
	if k.close != nil {
		return k.close(k.Key)
	}
	return k.Key.Close()
}

// keys puts every opened key wrong.
func keys(wrong brokenKey) func(*broken) {
	return func(b *broken) {
		b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
			inner, err := b.Backend.Open(ctx, s, a)
			if err != nil {
				return nil, err
			}
			k := wrong
			k.Key, k.attributes = inner, a
			return &k, nil
		}
	}
}

// revealing changes what comes out of Reveal.
func revealing(change func([]byte)) func(*broken) {
	return keys(brokenKey{reveal: func(k hsm.Key, ctx context.Context) (hsm.Secret, error) {
		s, err := k.Reveal(ctx)
		s.Expose(func(b []byte) error { change(b); return nil })
		return s, err
	}})
}

// unbound opens keys whatever one attribute says.
func unbound(forget func(*hsm.Attributes)) func(*broken) {
	return func(b *broken) {
		b.generate = func(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
			forget(&a)
			return b.Backend.Generate(ctx, a)
		}
		b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
			forget(&a)
			return b.Backend.Open(ctx, s, a)
		}
	}
}

// breaks puts one thing wrong for each case of the suite.
var breaks = map[string]func(*broken){
	"EveryKindIsMadeAndOpens": func(b *broken) { // makes 16 bytes whatever was asked
		b.generate = func(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
			if a.Algorithm == hsm.HMAC && a.Bits == 136 {
				return nil, nil, hsm.ErrAttributes
			}
			return b.Backend.Generate(ctx, a)
		}
	},
	"TDESKeysHaveOddParity": revealing(func(raw []byte) { raw[3] ^= 1 }),
	"GeneratedKeysDiffer": func(b *broken) {
		b.generate = func(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
			s, err := b.Backend.Import(ctx, hsm.NewSecret(make([]byte, a.Bits/8)), a)
			return s, nil, err
		}
	},
	"ImportKeepsEveryByte": func(b *broken) { // "repairs" parity
		b.imported = func(ctx context.Context, s hsm.Secret, a hsm.Attributes) (hsm.Sealed, error) {
			var raw []byte
			s.Expose(func(clear []byte) error { raw = bytes.Clone(clear); return nil })
			if a.Algorithm == hsm.TDES {
				raw[0] ^= 1
			}
			return b.Backend.Import(ctx, hsm.NewSecret(raw), a)
		}
	},
	"ImportLeavesTheSecretAlone": func(b *broken) {
		b.imported = func(ctx context.Context, s hsm.Secret, a hsm.Attributes) (hsm.Sealed, error) {
			out, err := b.Backend.Import(ctx, s, a)
			s.Destroy()
			return out, err
		}
	},
	"SealsAreBoundToEveryAttribute": unbound(func(a *hsm.Attributes) { a.Exportability = 'E' }),
	"ChangedSealsDoNotOpen": func(b *broken) { // passes over what follows
		var length int
		b.generate = func(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
			s, p, err := b.Backend.Generate(ctx, a)
			length = len(s)
			return s, p, err
		}
		b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
			return b.Backend.Open(ctx, s[:min(len(s), length)], a)
		}
	},
	"SealsHideTheKey": func(b *broken) {
		b.imported = func(ctx context.Context, s hsm.Secret, a hsm.Attributes) (out hsm.Sealed, err error) {
			err = s.Expose(func(clear []byte) error { out = bytes.Clone(clear); return nil })
			return out, err
		}
	},
	"ImpossibleKeysAreRefused": func(b *broken) {
		b.imported = func(ctx context.Context, s hsm.Secret, a hsm.Attributes) (hsm.Sealed, error) {
			if a.Algorithm == hsm.HMAC && s.Len() > 0 {
				a.Bits = s.Len() * 8 // believes the secret instead of the attributes
			}
			return b.Backend.Import(ctx, s, a)
		}
	},
	"MasterKeyIDIsStable": func(b *broken) {
		n := "x"
		b.masterID = func(context.Context) (string, error) { n += "x"; return n, nil }
	},
	"RandomFills": func(b *broken) {
		b.random = func(ctx context.Context, p []byte) error { return b.Backend.Random(ctx, p[:len(p)/2]) }
	},
	"CancelledCallsFail": func(b *broken) {
		b.generate = func(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
			return b.Backend.Generate(context.WithoutCancel(ctx), a)
		}
	},
	"ClosedBackendsRefuse": func(b *broken) { b.close = func() error { return nil } },
	"ClosedKeysRefuse":     keys(brokenKey{close: func(hsm.Key) error { return nil }}),
	"CrowdsShareKeysAndBackends": func(b *broken) { // one buffer for everybody
		var mu sync.Mutex
		shared := make([]byte, 64)
		keys(brokenKey{cipher: func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
			mu.Lock()
			copy(shared, data)
			mu.Unlock()
			time.Sleep(50 * time.Microsecond) // and others come in between
			mu.Lock()
			defer mu.Unlock()
			err := k.Encrypt(ctx, mode, iv, shared[:len(data)])
			copy(data, shared)
			return err
		}})(b)
	},
	"CiphersAreThoseOfTheStandards": keys(brokenKey{cipher: func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
		if mode == hsm.CBC && len(iv) > 0 {
			iv = make([]byte, len(iv))
		}
		return k.Encrypt(ctx, mode, iv, data)
	}}),
	"CMACIsThatOfTheStandard": keys(brokenKey{cmac: func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error) {
		return k.CMAC(ctx, append(bytes.Clone(m), make([]byte, (16-len(m)%16)%16)...))
	}}),
	"HMACIsThatOfTheStandard": keys(brokenKey{hmac: func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error) {
		out, err := k.HMAC(ctx, m)
		return out[:len(out)/2], err
	}}),
	"BlockKeysAreThoseOfTR31": keys(brokenKey{derive: func(k hsm.Key, ctx context.Context, v tr31.Version) (hsm.Key, hsm.Key, error) {
		kbek, kbak, err := k.DeriveKBPK(ctx, v)
		return kbak, kbek, err
	}}),
	"WrongLengthsAreInput": keys(brokenKey{cipher: func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
		if mode == hsm.ECB {
			iv = nil
		}
		return k.Encrypt(ctx, mode, iv, data)
	}}),
	"PrimitivesOfOtherAlgorithmsAreRefused": keys(brokenKey{hmac: func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error) {
		out, err := k.HMAC(ctx, m)
		if errors.Is(err, hsm.ErrRefused) {
			return make([]byte, 32), nil
		}
		return out, err
	}}),
	"RSASignsAndDecrypts": keys(brokenKey{sign: func(k hsm.Key, ctx context.Context, h crypto.Hash, digest []byte) ([]byte, error) {
		out, err := k.Sign(ctx, h, digest)
		if err == nil {
			out[0] ^= 1
		}
		return out, err
	}}),
	"ECSignsAndAgrees": keys(brokenKey{ecdh: func(k hsm.Key, ctx context.Context, peer []byte) (hsm.Secret, error) {
		s, err := k.ECDH(ctx, peer)
		s.Expose(func(b []byte) error {
			if len(b) > 0 {
				b[0] ^= 1
			}
			return nil
		})
		return s, err
	}}),
	"PairsAreImported": func(b *broken) { // does not look at the curve
		b.imported = func(ctx context.Context, s hsm.Secret, a hsm.Attributes) (hsm.Sealed, error) {
			out, err := b.Backend.Import(ctx, s, a)
			if a.Algorithm == hsm.EC && errors.Is(err, hsm.ErrAttributes) {
				return hsm.Sealed{1}, nil
			}
			return out, err
		}
	},
	"PrivateKeysAreKept": keys(brokenKey{reveal: func(k hsm.Key, ctx context.Context) (hsm.Secret, error) {
		s, err := k.Reveal(ctx)
		if errors.Is(err, hsm.ErrRefused) {
			return hsm.NewSecret([]byte{1}), nil
		}
		return s, err
	}}),
}

// TestEveryCaseCatchesItsBrokenBackend: no case passes whatever the device
// does.
func TestEveryCaseCatchesItsBrokenBackend(t *testing.T) {
	cases := hsmtest.Cases()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			put, ok := breaks[c.Name]
			if !ok {
				t.Fatal("no backend is broken for this case")
			}
			if c.Promise == "" {
				t.Error("the case enforces no sentence")
			}
			b := &broken{Backend: hsm.NewSoftware(nil)}
			put(b)
			if faults := hsmtest.Caught(c, b); len(faults) == 0 {
				t.Error("the broken backend was not caught")
			}
			if faults := hsmtest.Caught(c, hsm.NewSoftware(nil)); len(faults) > 0 {
				t.Errorf("the intact backend was faulted: %q", faults)
			}
		})
	}
	if len(breaks) != len(cases) {
		t.Errorf("%d broken backends for %d cases", len(breaks), len(cases))
	}
}
