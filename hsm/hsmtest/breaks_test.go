package hsmtest_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/hmac"
	"errors"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/tr31"
)

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
	"ResealedPairsAreTheSame": func(b *broken) { // makes another key pair
		b.reseal = func(ctx context.Context, _ hsm.Sealed, _, to hsm.Attributes) (hsm.Sealed, error) {
			sealed, _, err := b.Backend.Generate(ctx, to)
			return sealed, err
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
	"CiphersTakeWholeBlocksOfAnyNumber": keys(brokenKey{cipher: func(k hsm.Key, ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
		return k.Encrypt(ctx, mode, iv, data[:min(len(data), 1024)]) // as much as it takes at once
	}}),
	"CMACsOfEveryLength": keys(brokenKey{cmac: func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error) {
		return k.CMAC(ctx, m[:min(len(m), 512)])
	}}),
	"HMACKeysOfEveryLength": func(b *broken) { // works with whole blocks of its wrapping, whose zeros count where the key is hashed
		b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
			k, err := b.Backend.Open(ctx, s, a)
			return &brokenKey{Key: k, hmac: func(k hsm.Key, ctx context.Context, m []byte) ([]byte, error) {
				secret, err := k.Reveal(ctx)
				raw := exposed(secret)
				h := hmac.New(a.Hash.New, append(raw, make([]byte, (8-len(raw)%8)%8)...))
				h.Write(m)
				return h.Sum(nil), err
			}}, err
		}
	},
	"SharedSecretsKeepTheirZeros": keys(brokenKey{ecdh: func(k hsm.Key, ctx context.Context, peer []byte) (hsm.Secret, error) {
		s, err := k.ECDH(ctx, peer)
		return hsm.NewSecret(bytes.TrimLeft(exposed(s), "\x00")), err
	}}),
	"KeysThatCommandsNeedAreRevealed": func(b *broken) { // keeps every key that may not be exported
		b.open = func(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
			k, err := b.Backend.Open(ctx, s, a)
			return &brokenKey{Key: k, reveal: func(k hsm.Key, ctx context.Context) (hsm.Secret, error) {
				if a.Exportability == 'N' {
					return hsm.Secret{}, hsm.ErrRefused
				}
				return k.Reveal(ctx)
			}}, err
		}
	},
	"PairsThatMayBeExportedComeOutWhole": revealing(func(raw []byte) { raw[len(raw)/2] ^= 1 }),
}
