package hsm_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

type keyBlockInputs struct {
	IncomingKeyMaterial struct {
		DiffieHellmanTr31KeyBlock struct {
			PublicKeyCertificate       string
			DeriveKeyAlgorithm         string
			KeyDerivationFunction      string
			KeyDerivationHashAlgorithm string
			DerivationData             struct{ SharedInformation string }
			WrappedKeyBlock            string
		}
	}
}

const (
	agreedKeyMember = "IncomingKeyMaterial.DiffieHellmanTr31KeyBlock.PrivateKeyIdentifier"
	newKBPKMember   = "OutgoingKeyMaterial.Tr31KeyBlock.WrappingKeyIdentifier"
)

// blockMethod is the check value of the key in a block.
func blockMethod(header tr31.Header) func(int) (kcv.Method, error) {
	return func(int) (kcv.Method, error) { return zeroMethods[hsm.Algorithm(header.Algorithm)], nil }
}

func TestTranslateKeyBlockAsAnotherImplementation(t *testing.T) {
	onOperations(t, "TranslateKeyMaterial", func(t *testing.T, b hsm.Backend, h *hsm.HSM, c *operation) {
		in := read[keyBlockInputs](t, c.Inputs).IncomingKeyMaterial.DiffieHellmanTr31KeyBlock
		want := read[struct {
			WrappedKey struct{ KeyCheckValue string }
			Decoded    struct {
				ClearKey  string `json:"clear_key"`
				Usage     string `json:"key_usage"`
				Mode      string `json:"mode_of_use"`
				Algorithm string `json:"algorithm"`
			}
		}](t, c.Expected)
		block, err := tr31.Parse(in.WrappedKeyBlock, tr31.Lenient)
		if err != nil {
			t.Fatal(err)
		}
		out, value, err := h.TranslateKeyBlock(ctx, &hsm.KeyBlockTranslation{
			From: hsm.Agreement{
				Pair: loadOperationKey(
					t,
					b,
					c,
					agreedKeyMember,
				), Peer: peerOf(t, in.PublicKeyCertificate), KDF: keyDerivations[in.KeyDerivationFunction],
				Hash: hashNames[in.KeyDerivationHashAlgorithm], Info: testrig.Hex(in.DerivationData.SharedInformation),
				Algorithm: algorithmOf(in.DeriveKeyAlgorithm), Bits: keyLengths[in.DeriveKeyAlgorithm],
			},
			Block: block, To: loadOperationKey(t, b, c, newKBPKMember), CheckValue: blockMethod(block.Header),
		})
		if err != nil {
			t.Fatal(err)
		}
		header, key := unwrapped(t, testrig.Hex(c.Keys[newKBPKMember].Hex), out)
		d := want.Decoded
		if d.ClearKey != "" &&
			(upperHex(key) != d.ClearKey || header.KeyUsage != d.Usage || string(header.ModeOfUse) != d.Mode ||
				string(header.Algorithm) != d.Algorithm) {
			t.Errorf("got %+v with key %X, want %+v", header, key, d)
		}
		if got := value.Short(3); block.Header.Algorithm != 'H' && got != want.WrappedKey.KeyCheckValue {
			t.Errorf("got check value %s, want %s", got, want.WrappedKey.KeyCheckValue)
		}
		version := tr31.VersionB
		if algorithmOf(c.Keys[newKBPKMember].Algorithm) == hsm.AES {
			version = tr31.VersionD
		}
		old := block.Header
		if header.Version != version || header.KeyUsage != old.KeyUsage || header.Algorithm != old.Algorithm ||
			header.ModeOfUse != old.ModeOfUse ||
			header.KeyVersion != old.KeyVersion ||
			header.Exportability != old.Exportability ||
			header.Context != old.Context {
			t.Errorf("got header %+v from %+v", header, old)
		}
	})
}

// unwrapped is what a block holds.
func unwrapped(t *testing.T, kbpk []byte, text string) (tr31.Header, []byte) {
	t.Helper()
	block, err := tr31.Parse(text, tr31.Lenient)
	if err != nil {
		t.Fatal(err)
	}
	k, err := tr31.NewKBPK(kbpk)
	if err != nil {
		t.Fatal(err)
	}
	key, err := k.Unwrap(ctx, block)
	if err != nil {
		t.Fatal(err)
	}
	return block.Header, key
}

// translation is a key block under an agreed key that can be changed before it is wrapped,
// and what translates it.
type translation struct {
	hsm.KeyBlockTranslation
	agreed, kek []byte
	key         []byte
}

// newTranslation agrees on a key with another party. The other party's block comes from wrap.
func newTranslation(t *testing.T, b hsm.Backend) *translation {
	t.Helper()
	ours, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(ours)
	if err != nil {
		t.Fatal(err)
	}
	pair := hsm.KeyRef{Attributes: agreer}
	pair.Attributes.Bits = 256
	if pair.Sealed, err = b.Import(ctx, hsm.NewSecret(der), pair.Attributes); err != nil {
		t.Fatal(err)
	}
	private, _ := theirs.ECDH()
	public, _ := ours.PublicKey.ECDH()
	shared, err := private.ECDH(public)
	if err != nil {
		t.Fatal(err)
	}
	hash := crypto.SHA256.New()
	hash.Write([]byte{0, 0, 0, 1})
	hash.Write(shared)
	hash.Write([]byte("info"))
	x := &translation{
		agreed: hash.Sum(nil),
		kek:    bytes.Repeat([]byte{0x4B, 0x6C}, 8),
		key:    testrig.Hex("DDDDEEEEFFFFAAAABBBBCCCCDDDDEEEE"),
	}
	x.From = hsm.Agreement{
		Pair:      pair,
		Peer:      private.PublicKey().Bytes(),
		Hash:      crypto.SHA256,
		Info:      []byte("info"),
		Algorithm: hsm.AES,
		Bits:      256,
	}
	x.To = load(
		t,
		hsm.New(b, nil),
		hsm.Attributes{KeyID: "kek", Usage: "K1", Algorithm: hsm.AES, Mode: 'B', Exportability: 'N', Bits: 128},
		x.kek,
	)
	x.Now = time.Date(2026, 11, 29, 1, 2, 3, 0, time.UTC)
	return x
}

func (x *translation) wrap(t *testing.T, header tr31.Header) {
	t.Helper()
	kbpk, err := tr31.NewKBPK(x.agreed)
	if err != nil {
		t.Fatal(err)
	}
	text, err := kbpk.Wrap(ctx, header, x.key, &tr31.WrapOptions{Strictness: tr31.Lenient})
	if err != nil {
		t.Fatal(err)
	}
	if x.Block, err = tr31.Parse(text, tr31.Lenient); err != nil {
		t.Fatal(err)
	}
	x.CheckValue = blockMethod(header)
}

func pinKeyHeader(blocks ...tr31.OptionalBlock) tr31.Header {
	return tr31.Header{
		Version:       tr31.VersionD,
		KeyUsage:      "P0",
		Algorithm:     'T',
		ModeOfUse:     'B',
		KeyVersion:    "c1",
		Exportability: 'S',
		Context:       '2',
		Reserved:      '0',
		Blocks:        blocks,
	}
}

func TestTranslateKeyBlockMakesTheOptionalBlocksAnew(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, b hsm.Backend, h *hsm.HSM) {
		x := newTranslation(t, b)
		keyValue, _ := kcv.TDESCMAC.Compute(x.key)
		kekValue, _ := kcv.AESCMAC.Compute(x.kek)
		x.wrap(t, pinKeyHeader(
			tr31.OptionalBlock{ID: "KS", Data: "FFFF9876543210E00000"},
			tr31.OptionalBlock{ID: "KC", Data: "01ABCDEF01"},
			tr31.OptionalBlock{ID: "KP", Data: "01ABCDEF0102"},
			tr31.OptionalBlock{ID: "LB", Data: "terminal 7"},
			tr31.OptionalBlock{ID: "TC", Data: "last year"},
			tr31.OptionalBlock{ID: "TS", Data: "2024-02-29T12:34:56Z"},
			tr31.OptionalBlock{ID: "PK", Data: "01ABCDEF0102"}))
		want := []tr31.OptionalBlock{
			{
				ID:   "KS",
				Data: "FFFF9876543210E00000",
			}, {ID: "KC", Data: "01" + keyValue.Short(4)}, {ID: "KP", Data: "01" + kekValue.Short(5)},
			{
				ID:   "LB",
				Data: "terminal 7",
			}, {ID: "TC", Data: "last year"}, {ID: "TS", Data: "2026-11-29T01:02:03Z"}, {ID: "PK", Data: "01ABCDEF0102"},
		}
		out, value, err := h.TranslateKeyBlock(ctx, &x.KeyBlockTranslation)
		if err != nil {
			t.Fatal(err)
		}
		header, key := unwrapped(t, x.kek, out)
		got := slices.DeleteFunc(header.Blocks, func(b tr31.OptionalBlock) bool { return b.ID == "PB" })
		if !slices.Equal(got, want) {
			t.Errorf("got optional blocks %v, want %v", got, want)
		}
		wantValue, _ := kcv.TDES(x.key)
		if !bytes.Equal(key, x.key) || value.String() != wantValue || header.Exportability != 'S' || header.Context != '2' ||
			header.KeyVersion != "c1" {
			t.Errorf("got %+v, key %X, check value %s", header, key, value)
		}
	})
}

func TestTranslateKeyBlockRefusesWhatDoesNotFit(t *testing.T) {
	b := hsm.NewSoftware(nil)
	h := hsm.New(b, nil)
	refused := errors.New("not that key")
	for name, c := range map[string]struct {
		change func(x *translation, header *tr31.Header)
		after  func(x *translation)
		want   error
	}{
		"not exportable":         {func(_ *translation, h *tr31.Header) { h.Exportability = 'N' }, nil, hsm.ErrRefused},
		"another party":          {nil, func(x *translation) { x.From.Info = nil }, tr31.ErrMAC},
		"a changed block":        {nil, func(x *translation) { x.Block.Header.Exportability = 'E' }, tr31.ErrMAC},
		"a TDES key for D":       {nil, func(x *translation) { x.From.Algorithm, x.From.Bits = hsm.TDES, 128 }, tr31.ErrKBPK},
		"no point":               {nil, func(x *translation) { x.From.Peer = nil }, hsm.ErrInput},
		"refused by the caller":  {nil, func(x *translation) { x.CheckValue = func(int) (kcv.Method, error) { return 0, refused } }, refused},
		"another master key's":   {nil, func(x *translation) { x.To.Sealed = x.From.Pair.Sealed }, hsm.ErrSealed},
		"a key pair to wrap for": {nil, func(x *translation) { x.To = x.From.Pair }, tr31.ErrKBPK},
	} {
		x := newTranslation(t, b)
		header := pinKeyHeader()
		if c.change != nil {
			c.change(x, &header)
		}
		x.wrap(t, header)
		if c.after != nil {
			c.after(x)
		}
		if out, value, err := h.TranslateKeyBlock(ctx, &x.KeyBlockTranslation); !errors.Is(err, c.want) || out != "" ||
			value != (kcv.Value{}) {
			t.Errorf("%s: got %q, %v, %v, want %v", name, out, value, err, c.want)
		}
	}
}

func TestTranslateKeyBlockIsAnOutageWhereTheDeviceFails(t *testing.T) {
	eachCallFailing(t, func(t *testing.T, b hsm.Backend) *translation {
		x := newTranslation(t, b)
		x.wrap(t, pinKeyHeader(tr31.OptionalBlock{ID: "KP", Data: "01ABCDEF0102"}))
		return x
	}, func(h *hsm.HSM, x *translation) (string, error) {
		out, value, err := h.TranslateKeyBlock(ctx, &x.KeyBlockTranslation)
		return out + value.String(), err
	})
}
