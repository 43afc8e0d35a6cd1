package engine

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"runtime"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/tr31"
)

func benchEngine(b *testing.B, o *Options) *Engine {
	eng := New(o)
	b.Cleanup(func() { eng.Close() })
	return eng
}

var benchAttributes = apc.KeyAttributes{KeyUsage: core.UsageK1, KeyClass: apc.KeyClassSymmetricKey, KeyAlgorithm: core.AES256,
	KeyModesOfUse: apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true}}

func benchKey(b *testing.B, eng *Engine, a apc.KeyAttributes) string {
	out, err := eng.CreateKey(context.Background(), &CreateKeyInput{KeyAttributes: a, Exportable: new(true)})
	if err != nil {
		b.Fatal(err)
	}
	return out.Key.KeyArn
}

// BenchmarkCreateKey: AES_256, against a random key, its CMAC, one AES-GCM
// seal, an ARN and a map insert. The bar is 2.5.
func BenchmarkCreateKey(b *testing.B) {
	eng := benchEngine(b, &Options{Limits: apc.Limits{Keys: 1 << 40}})
	ctx, in := context.Background(), &CreateKeyInput{KeyAttributes: benchAttributes, Exportable: new(true)}
	aead := benchAEAD()
	var mu sync.Mutex
	keys := map[string][]byte{}
	ratio.Beside(b, 64, func() {
		var key [32]byte
		rand.Read(key[:])
		block, _ := aes.NewCipher(key[:])
		sum := mac.NewCMAC(block).Sum(nil, make([]byte, 16))
		nonce := make([]byte, 12, 12+32+16)
		rand.Read(nonce)
		sealed := aead.Seal(nonce, nonce, key[:], nil)
		var id [16]byte
		rand.Read(id[:])
		for i := range id {
			id[i] = core.IDAlphabet[id[i]%32]
		}
		name := "arn:aws:payment-cryptography:us-east-1:111122223333:key/" + string(id[:])
		mu.Lock()
		keys[name] = append(sealed, sum[:3]...)
		mu.Unlock()
	}, func() {
		if _, err := eng.CreateKey(ctx, in); err != nil {
			b.Fatal(err)
		}
	})
}

func benchAEAD() cipher.AEAD {
	var key [32]byte
	rand.Read(key[:])
	block, _ := aes.NewCipher(key[:])
	aead, _ := cipher.NewGCM(block)
	return aead
}

// BenchmarkGetKey: against a locked map read and one record decode, which the engine does not need for the few keys that it
// used last. The bar is 3, with a resource policy on the key and with many keys too.
func BenchmarkGetKey(b *testing.B) {
	const policy = `{"Version":"2012-10-17","Statement":[` +
		`{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"payment-cryptography:GetKey","Resource":"*"}]}`
	for _, c := range []struct {
		name, policy string
		keys         int
	}{{"policy=none", "", 1}, {"policy=own", policy, 1}, {"keys=1000", "", 1000}} {
		b.Run(c.name, func(b *testing.B) {
			eng, ctx := benchEngine(b, nil), context.Background()
			var ids []string
			var mu sync.RWMutex
			records := map[string]keystore.Record{}
			for range c.keys {
				id := benchKey(b, eng, benchAttributes)
				if c.policy != "" {
					if _, err := eng.PutResourcePolicy(ctx, &PutResourcePolicyInput{ResourceArn: id, Policy: c.policy}); err != nil {
						b.Fatal(err)
					}
				}
				a, _ := core.ParseIdentifier(id, keystore.Partition{})
				found, err := eng.cloud.Store.Read(ctx, a.KeyRef())
				if err != nil {
					b.Fatal(err)
				}
				ids, records[id] = append(ids, id), found[0].Record
			}
			floors, subjects := 0, 0
			ratio.Beside(b, 64, func() {
				mu.RLock()
				rec := records[ids[floors%len(ids)]]
				mu.RUnlock()
				floors++
				var k core.Key
				if err := k.Decode(&rec); err != nil {
					b.Fatal(err)
				}
			}, func() {
				in := GetKeyInput{KeyIdentifier: ids[subjects%len(ids)]}
				subjects++
				if _, err := eng.GetKey(ctx, &in); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// BenchmarkCreateReplicatedKey: a key with two replicas, against CreateKey. The bar is 2.
func BenchmarkCreateReplicatedKey(b *testing.B) {
	eng := benchEngine(b, &Options{Limits: apc.Limits{Keys: 1 << 40}})
	ctx, alone := context.Background(), &CreateKeyInput{KeyAttributes: benchAttributes, Exportable: new(true)}
	replicated := *alone
	replicated.ReplicationRegions = []string{"us-west-2", "eu-west-1"}
	create := func(in *CreateKeyInput) func() {
		return func() {
			if _, err := eng.CreateKey(ctx, in); err != nil {
				b.Fatal(err)
			}
		}
	}
	ratio.Beside(b, 64, create(alone), create(&replicated))
}

// BenchmarkFreshSimulator: against a master key, its cipher and an empty map.
// The bar is 5.
func BenchmarkFreshSimulator(b *testing.B) {
	var sink any
	ratio.Beside(b, 64, func() {
		var key [32]byte
		rand.Read(key[:])
		block, _ := aes.NewCipher(key[:])
		aead, _ := cipher.NewGCM(block)
		sink = []any{aead, map[string][]byte{}}
	}, func() {
		eng := New(nil)
		sink = eng
	})
	runtime.KeepAlive(sink)
}

// BenchmarkTR31 exports and imports a key, against its bare cryptography: the
// block under a prepared protection key, one check value and one seal.
func BenchmarkTR31(b *testing.B) {
	for _, v := range []struct {
		name     string
		kek, key apc.KeyAlgorithm
	}{{"B", core.TDES3, core.TDES2}, {"D", core.AES256, core.AES128}} {
		eng := benchEngine(b, &Options{Limits: apc.Limits{Keys: 1 << 40}})
		ctx := context.Background()
		kek, raw := benchLoad(b, eng, v.kek)
		key, _ := benchLoad(b, eng, v.key)
		export := &ExportKeyInput{
			ExportKeyIdentifier: key,
			KeyMaterial:         ExportKeyMaterial{Tr31KeyBlock: &ExportTr31KeyBlock{WrappingKeyIdentifier: kek}},
		}
		out, err := eng.ExportKey(ctx, export)
		if err != nil {
			b.Fatal(err)
		}
		text := out.WrappedKey.KeyMaterial
		in := &ImportKeyInput{
			KeyMaterial: ImportKeyMaterial{Tr31KeyBlock: &ImportTr31KeyBlock{WrappingKeyIdentifier: kek, WrappedKeyBlock: text}},
		}
		bare := newBareBlock(b, raw, text, core.AlgorithmNamed(v.key).Checks[0].Method)
		b.Run("ExportKey/version="+v.name, func(b *testing.B) {
			ratio.Beside(b, 64, bare.export, func() {
				if _, err := eng.ExportKey(ctx, export); err != nil {
					b.Fatal(err)
				}
			})
		})
		b.Run("ImportKey/version="+v.name, func(b *testing.B) {
			ratio.Beside(b, 64, bare.bringIn, func() {
				if _, err := eng.ImportKey(ctx, in); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

func benchLoad(b *testing.B, eng *Engine, alg apc.KeyAlgorithm) (arn string, raw []byte) {
	raw = make([]byte, core.AlgorithmNamed(alg).Bits/8)
	rand.Read(raw)
	a := benchAttributes
	a.KeyAlgorithm = alg
	out, err := eng.LoadKey(context.Background(), &LoadKeyInput{KeyAttributes: a, Exportable: new(true),
		Components: []hsm.Secret{hsm.NewSecret(raw), hsm.NewSecret(make([]byte, len(raw)))}})
	if err != nil {
		b.Fatal(err)
	}
	return out.Key.KeyArn, raw
}

// bareBlock is the cryptography of one export and one import with everything
// at hand.
type bareBlock struct{ export, bringIn func() }

func newBareBlock(b *testing.B, kek []byte, text string, check kcv.Method) bareBlock {
	ctx := context.Background()
	protect, err := tr31.NewKBPK(kek)
	if err != nil {
		b.Fatal(err)
	}
	parsed, err := tr31.Parse(text, tr31.Lenient)
	if err != nil {
		b.Fatal(err)
	}
	key, err := protect.Unwrap(ctx, parsed)
	if err != nil {
		b.Fatal(err)
	}
	aead := benchAEAD()
	sealed := aead.Seal(nil, make([]byte, 12), key, nil)
	return bareBlock{
		export: func() {
			key, _ := aead.Open(nil, make([]byte, 12), sealed, nil)
			check.Compute(key)
			protect.Wrap(ctx, parsed.Header, key, &tr31.WrapOptions{HideLength: true})
		},
		bringIn: func() {
			key, _ := protect.Unwrap(ctx, parsed)
			check.Compute(key)
			nonce := make([]byte, 12)
			rand.Read(nonce)
			aead.Seal(nil, nonce, key, nil)
		},
	}
}

// BenchmarkManyKeys reads pages of a million AES_256 keys, beside those of a thousand. The bars: 1.2 of x-floor, and at
// most 1,500 bytes a key.
func BenchmarkManyKeys(b *testing.B) {
	few, _ := manyKeys(b, 1_000)
	many, size := manyKeys(b, 1_000_000)
	ratio.Beside(b, 16, few, many)
	b.ReportMetric(size, "B/key")
}

// manyKeys makes n keys. It returns a function that reads the second page, and the bytes that a key takes in memory.
func manyKeys(b *testing.B, n int) (page func(), size float64) {
	ctx := context.Background()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	eng := benchEngine(b, &Options{Limits: apc.Limits{Keys: 1 << 40}})
	in := &CreateKeyInput{KeyAttributes: benchAttributes, Exportable: new(true)}
	for range n {
		if _, err := eng.CreateKey(ctx, in); err != nil {
			b.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	first, err := eng.ListKeys(ctx, nil)
	if err != nil {
		b.Fatal(err)
	}
	second := &ListKeysInput{NextToken: first.NextToken}
	return func() {
		if _, err := eng.ListKeys(ctx, second); err != nil {
			b.Fatal(err)
		}
	}, float64(after.HeapAlloc-before.HeapAlloc) / float64(n)
}
