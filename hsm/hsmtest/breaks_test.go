package hsmtest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// moment is how long a broken implementation sleeps: in the bubbles of promise.CheckCases all other
// goroutines go on meanwhile, until they sleep too.
const moment = 50 * time.Microsecond

func randomKey(a hsm.Attributes) []byte {
	raw := make([]byte, a.Bits/8)
	rand.Read(raw)
	return raw
}

// swapped derives the two keys the wrong way round.
var swapped = keys(brokenKey{derive: func(k hsm.Key, ctx context.Context, v tr31.Version) (hsm.Key, hsm.Key, error) {
	kbek, kbak, err := k.DeriveKBPK(ctx, v)
	return kbak, kbek, err
}})

// halfHMAC returns the first half.
var halfHMAC = keys(brokenKey{hmac: func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error) {
	out, err := k.HMAC(ctx, m)
	return out[:len(out)/2], err
}})

// cmacIs has something in place of CMAC.
func cmacIs(mac []byte, err error) wrong {
	return keys(brokenKey{cmac: func(hsm.Key, context.Context, []byte) ([]byte, error) { return mac, err }})
}

// breaks put something wrong with a backend, by the case that catches it.
var breaks = map[string]map[string]wrong{
	"GeneratedKeysWork": {
		"makes random bytes for TDES keys": generating(randomKey),
		"makes the same key again":         generating(func(a hsm.Attributes) []byte { return bytes.Repeat([]byte{1}, a.Bits/8) }),
		"makes no HMAC keys of 17 bytes": func(b *broken) {
			b.generate = func(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
				if a.Bits == 136 {
					return nil, nil, hsm.ErrAttributes
				}
				return b.Backend.Generate(ctx, a)
			}
		},
		"has another public half": func(b *broken) {
			b.generate = func(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
				s, p, err := b.Backend.Generate(ctx, a)
				if a == p256 {
					_, p, err = b.Backend.Generate(ctx, a)
				}
				return s, p, err
			}
		},
	},
	"ImportedKeysComeBack": {
		"repairs parity": importing(func(raw []byte, a *hsm.Attributes) []byte {
			if a.Algorithm == hsm.TDES {
				raw[0] ^= 1
			}
			return raw
		}),
		"destroys the caller's secret": func(b *broken) {
			b.imported = func(ctx context.Context, s hsm.Secret, a hsm.Attributes) (hsm.Sealed, error) {
				out, err := b.Backend.Import(ctx, s, a)
				s.Destroy()
				return out, err
			}
		},
		"reveals pairs spoiled": revealing(func(raw []byte) {
			if len(raw) > 100 {
				raw[len(raw)/2] ^= 1
			}
		}),
		"fills HMAC keys up with zeros": eachKey(func(a hsm.Attributes) brokenKey { // which count where the key is hashed
			return brokenKey{hmac: func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error) {
				raw, err := revealed(ctx, k)
				h := hmac.New(a.Hash.New, append(raw, make([]byte, (8-len(raw)%8)%8)...))
				h.Write(m)
				return h.Sum(nil), err
			}}
		}),
	},
	"OpeningChangesNoSeal": {"opens in place": func(b *broken) {
		b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
			defer clear(s)
			return b.Backend.Open(ctx, s, a)
		}
	}},
	"ChangedSealsDoNotOpen": {
		"takes any exportability": unbound(func(a *hsm.Attributes) { a.Exportability = 'E' }),
		"ignores what follows": func(b *broken) {
			length := 0
			b.generate = func(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
				s, p, err := b.Backend.Generate(ctx, a)
				length = len(s)
				return s, p, err
			}
			b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
				return b.Backend.Open(ctx, s[:min(len(s), length)], a)
			}
		},
	},
	"SealsHideTheKey": {"does not encrypt": func(b *broken) {
		b.imported = func(_ context.Context, s hsm.Secret, _ hsm.Attributes) (hsm.Sealed, error) { return exposed(s), nil }
	}},
	"ImpossibleKeysAreRefused": {
		"takes the length from the secret": importing(func(raw []byte, a *hsm.Attributes) []byte {
			if a.Algorithm == hsm.HMAC && len(raw) > 0 {
				a.Bits = len(raw) * 8
			}
			return raw
		}),
		"does not look at the curve": func(b *broken) {
			b.imported = func(ctx context.Context, s hsm.Secret, a hsm.Attributes) (hsm.Sealed, error) {
				out, err := b.Backend.Import(ctx, s, a)
				if a.Algorithm == hsm.EC && s.Len() > 15 && errors.Is(err, hsm.ErrAttributes) {
					return hsm.Sealed{1}, nil
				}
				return out, err
			}
		},
	},
	"RandomFills": {"fills half": func(b *broken) {
		b.random = func(ctx context.Context, p []byte) error { return b.Backend.Random(ctx, p[:len(p)/2]) }
	}},
	"CiphersAreThoseOfTheStandards": {
		"has an IV of zeros": keys(brokenKey{cipher: func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
			return k.Encrypt(ctx, mode, make([]byte, len(iv)), data)
		}}),
		"takes 1024 bytes": keys(brokenKey{cipher: func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
			return k.Encrypt(ctx, mode, iv, data[:min(len(data), 1024)])
		}}),
		"writes behind the data": keys(
			brokenKey{cipher: func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
				data[:len(data)+1][len(data)] = 0
				return k.Encrypt(ctx, mode, iv, data)
			}},
		),
	},
	"MACsAreThoseOfTheStandards": {
		"pads messages for CMAC": keys(brokenKey{cmac: func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error) {
			return k.CMAC(ctx, append(bytes.Clone(m), make([]byte, (16-len(m)%16)%16)...))
		}}),
		"takes 512 bytes for CMAC": keys(brokenKey{cmac: func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error) {
			return k.CMAC(ctx, m[:min(len(m), 512)])
		}}),
		"halves HMACs": halfHMAC,
	},
	"BlockKeysAreThoseOfTR31": {"derives the wrong way round": swapped},
	"PairsAreThoseOfTheStandards": {
		"spoils signatures": keys(brokenKey{sign: func(k hsm.Key, ctx context.Context, h crypto.Hash, digest []byte) ([]byte, error) {
			out, err := k.Sign(ctx, h, digest)
			if err == nil {
				out[0] ^= 1
			}
			return out, err
		}}),
		"has SHA-256 for every OAEP": keys(
			brokenKey{oaep: func(k hsm.Key, ctx context.Context, _ crypto.Hash, c []byte) (hsm.Secret, error) {
				return k.DecryptOAEP(ctx, crypto.SHA256, c)
			}},
		),
		"cuts zeros off shared secrets": keys(brokenKey{ecdh: func(k hsm.Key, ctx context.Context, peer []byte) (hsm.Secret, error) {
			s, err := k.ECDH(ctx, peer)
			return hsm.NewSecret(bytes.TrimLeft(exposed(s), "\x00")), err
		}}),
	},
	"WrongInputIsRefused": {
		"ignores an IV for ECB": keys(brokenKey{cipher: func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
			if mode == hsm.ECB {
				iv = nil
			}
			return k.Encrypt(ctx, mode, iv, data)
		}}),
		"agrees with no peer": keys(brokenKey{ecdh: func(k hsm.Key, ctx context.Context, peer []byte) (hsm.Secret, error) {
			s, err := k.ECDH(ctx, peer)
			if len(peer) == 0 {
				return s, nil
			}
			return s, err
		}}),
	},
	"PrimitivesOfOtherAlgorithmsAreRefused": {
		"makes HMACs with AES keys": keys(brokenKey{hmac: func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error) {
			if out, err := k.HMAC(ctx, m); !errors.Is(err, hsm.ErrRefused) {
				return out, err
			}
			return make([]byte, 32), nil
		}}),
	},
	"KeysAreRevealedByTheTable": {
		"keeps every key that may not be exported": eachKey(func(a hsm.Attributes) brokenKey {
			return brokenKey{reveal: func(k hsm.Key, ctx context.Context) (hsm.Secret, error) {
				if a.Exportability == 'N' {
					return hsm.Secret{}, hsm.ErrRefused
				}
				return k.Reveal(ctx)
			}}
		}),
		"reveals private keys": eachKey(func(a hsm.Attributes) brokenKey {
			return brokenKey{reveal: func(k hsm.Key, ctx context.Context) (hsm.Secret, error) {
				if s, err := k.Reveal(ctx); !errors.Is(err, hsm.ErrRefused) || publicOf(a) == nil {
					return s, err
				}
				return hsm.NewSecret([]byte{1}), nil
			}}
		}),
	},
	"CancelledCallsFail": {"generates all the same": func(b *broken) {
		b.generate = func(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, error) {
			return b.Backend.Generate(context.WithoutCancel(ctx), a)
		}
	}},
	"CallsCancelledMidwayEnd": {
		"succeeds without having done its work": keys(
			brokenKey{cipher: func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
				select {
				case <-ctx.Done():
					return nil
				case <-time.After(20 * moment):
				}
				return k.Encrypt(ctx, mode, iv, data)
			}},
		),
	},
	"ClosedBackendsRefuse": {"does not close": func(b *broken) { b.close = func() error { return nil } }},
	"ClosedKeysRefuse":     {"does not close": keys(brokenKey{close: func(hsm.Key) error { return nil }})},
	"KeysAreHandedOverOpen": {"hands over another key than it has sealed": func(b *broken) {
		b.generateOpen = func(ctx context.Context, a hsm.Attributes) (hsm.Sealed, hsm.Public, hsm.Key, error) {
			sealed, _, err := b.Backend.Generate(ctx, a)
			if err != nil {
				return nil, nil, nil, err
			}
			_, public, k, err := b.Backend.(hsm.OpenGenerator).GenerateOpen(ctx, a)
			return sealed, public, k, err
		}
	}},
	"ResealedKeysAreTheSame": {
		"makes another key": func(b *broken) {
			b.reseal = func(ctx context.Context, _ hsm.Sealed, from, to hsm.Attributes) (hsm.Sealed, error) {
				if err := from.CheckReseal(to); err != nil {
					return nil, err
				}
				sealed, _, err := b.Backend.Generate(ctx, to)
				return sealed, err
			}
		},
		"keeps the old attributes": func(b *broken) {
			b.reseal = func(_ context.Context, s hsm.Sealed, from, to hsm.Attributes) (hsm.Sealed, error) {
				return s, from.CheckReseal(to)
			}
		},
	},
	"InitializingKeepsTheMasterKey": {"makes a new one each time": func(b *broken) {
		var now atomic.Pointer[hsm.Backend]
		now.Store(&b.Backend)
		b.initialize = func(context.Context) error {
			other := hsm.Backend(hsm.NewSoftware(nil))
			now.Store(&other)
			return nil
		}
		b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
			return (*now.Load()).Open(ctx, s, a)
		}
	}},
	"CrowdsShareBackends": {
		"opens the key of another goroutine": func(b *broken) {
			var last atomic.Pointer[hsm.Key]
			b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
				k, err := b.Backend.Open(ctx, s, a)
				if err != nil {
					return nil, err
				}
				last.Store(&k)
				time.Sleep(moment)
				return *last.Load(), nil
			}
		},
		"has one handle for all who open a key": oneHandle,
	},
	"CrowdsShareKeys": {"has one buffer": func(b *broken) {
		var mu sync.Mutex
		shared := make([]byte, 64)
		keys(brokenKey{cipher: func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
			mu.Lock()
			copy(shared, data)
			mu.Unlock()
			time.Sleep(moment)
			mu.Lock()
			defer mu.Unlock()
			err := k.Encrypt(ctx, mode, iv, shared[:len(data)])
			copy(data, shared)
			return err
		}})(b)
	}},
	"KeysClosedInUse": {"clears a key that is in use": eachKey(func(hsm.Attributes) brokenKey {
		var closed atomic.Bool
		return brokenKey{
			cipher: func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
				if closed.Load() {
					return hsm.ErrClosed
				}
				time.Sleep(moment)
				err := k.Encrypt(ctx, mode, iv, data)
				if closed.Load() {
					clear(data)
					return nil
				}
				return err
			},
			close: func(k hsm.Key) error { closed.Store(true); return k.Close() },
		}
	})},
	"BackendsClosedInUse": {
		"does not close": func(b *broken) { b.close = func() error { return nil } },
		"panics": func(b *broken) {
			var closed atomic.Bool
			b.close = func() error { closed.Store(true); return b.Backend.Close() }
			b.random = func(ctx context.Context, p []byte) error {
				if closed.Load() {
					panic("called when closed")
				}
				return b.Backend.Random(ctx, p)
			}
		},
		"fails with an error of its own": func(b *broken) {
			b.masterID = func(ctx context.Context) (string, error) {
				id, err := b.Backend.MasterKeyID(ctx)
				if err != nil {
					err = errLine
				}
				return id, err
			}
		},
	},
	"MasterKeyIDIsThatOfTheDevice": {"counts the calls": func(b *broken) {
		n := "x"
		b.masterID = func(context.Context) (string, error) { n += "x"; return n, nil }
	}},
	"PreparedKeysAreForgottenInUse": {"never opens a key again": func(b *broken) {
		var mu sync.Mutex
		handles := map[string]hsm.Key{}
		b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (k hsm.Key, err error) {
			mu.Lock()
			defer mu.Unlock()
			if handles[string(s)] == nil {
				handles[string(s)], err = b.Backend.Open(ctx, s, a)
			}
			return handles[string(s)], err
		}
	}},
}

// oneHandle has one handle for all who open a key, which the first closes for the others.
func oneHandle(b *broken) {
	var mu sync.Mutex
	handles := map[string]hsm.Key{}
	b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
		mu.Lock()
		defer mu.Unlock()
		k, ok := handles[string(s)]
		if !ok {
			var err error
			if k, err = b.Backend.Open(ctx, s, a); err != nil {
				return nil, err
			}
			handles[string(s)] = k
		}
		return &brokenKey{Key: k, cipher: func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
			time.Sleep(moment)
			return k.Encrypt(ctx, mode, iv, data)
		}, close: func(k hsm.Key) error {
			mu.Lock()
			defer mu.Unlock()
			delete(handles, string(s))
			return k.Close()
		}}, nil
	}
}

// laterBreaks put something wrong with a device that is opened again.
var laterBreaks = map[string]map[string]wrong{
	"SealedKeysOutliveTheirBackend": {
		"repairs parity when it opens": revealing(func(raw []byte) { raw[3] ^= 1 }),
		"forgets which key it was":     unbound(func(a *hsm.Attributes) { a.KeyID = "kwapwa6qaifllw2h" }),
		"has another master key":       func(b *broken) { b.Backend = hsm.NewSoftware(nil) },
	},
	"MasterKeyIDIsThatOfTheDevice": {
		"counts its openings": func(b *broken) { b.masterID = func(context.Context) (string, error) { return "second", nil } },
	},
	"BackendsOfOneDeviceShareKeys": {
		"opens keys where they were sealed": func(b *broken) {
			b.imported = func(ctx context.Context, s hsm.Secret, a hsm.Attributes) (hsm.Sealed, error) {
				out, err := b.Backend.Import(ctx, s, a)
				return append(out, 2), err
			}
			b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
				return b.Backend.Open(ctx, bytes.TrimSuffix(s, []byte{2}), a)
			}
		},
	},
}

// lackingBreaks put something wrong with a device that has something missing.
var lackingBreaks = map[string]map[string]wrong{
	"WhatIsMissingIsNamed": {
		"has no name for it": cmacIs(nil, errors.ErrUnsupported),
		"does other things":  cmacIs(make([]byte, 16), nil),
	},
	"CheckValuesAndMACsAreThoseOfTheKeys": {"has other CMACs": cmacIs(make([]byte, 16), nil), "halves HMACs": halfHMAC},
	"KeysGoInAndOut": {
		"derives the wrong way round": swapped,
		"keeps a key whose variants are needed": keys(brokenKey{
			derive: func(hsm.Key, context.Context, tr31.Version) (hsm.Key, hsm.Key, error) {
				return nil, nil, hsm.Unsupported("derivation")
			},
			reveal: func(hsm.Key, context.Context) (hsm.Secret, error) { return hsm.Secret{}, hsm.ErrRefused },
		}),
		"has SHA-256 for every OAEP": keys(
			brokenKey{oaep: func(k hsm.Key, ctx context.Context, _ crypto.Hash, c []byte) (hsm.Secret, error) {
				return k.DecryptOAEP(ctx, crypto.SHA256, c)
			}},
		),
	},
}
