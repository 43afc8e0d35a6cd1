package tr31

import (
	"bytes"
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const allVersions = "ABCDE"

func drawVersion(t *rapid.T) Version {
	return Version(allVersions[rapid.IntRange(0, len(allVersions)-1).Draw(t, "version")])
}

func drawBytes(t *rapid.T, label string, n int) []byte {
	return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, label)
}

func drawKBPK(t *rapid.T, v Version) []byte {
	sizes := []int{16, 24, 32}
	if v.BlockSize() == 8 {
		sizes = sizes[:2]
	}
	return drawBytes(t, "kbpk", rapid.SampledFrom(sizes).Draw(t, "kbpk size"))
}

// drawKey gives an algorithm and a key whose length it allows.
func drawKey(t *rapid.T) (byte, []byte) {
	algorithm := rapid.SampledFrom([]byte(algorithms)).Draw(t, "algorithm")
	n := 0
	if sizes := keyLengths[algorithm]; sizes != nil {
		n = rapid.SampledFrom(sizes).Draw(t, "key size")
	} else {
		n = rapid.IntRange(1, 1500).Draw(t, "key size")
	}
	return algorithm, drawBytes(t, "key", n)
}

func drawHeader(t *rapid.T, v Version, algorithm byte) Header {
	h := Header{
		Version:       v,
		KeyUsage:      drawUsage(t),
		Algorithm:     algorithm,
		ModeOfUse:     rapid.SampledFrom([]byte(modesOfUse)).Draw(t, "mode"),
		KeyVersion:    rapid.StringMatching(`[0-9A-Zc][0-9A-Z]`).Draw(t, "key version"),
		Exportability: rapid.SampledFrom([]byte(exportabilities)).Draw(t, "exportability"),
		Context:       rapid.SampledFrom([]byte(contexts)).Draw(t, "context"),
		Reserved:      '0',
	}
	contents := rapid.SliceOfNDistinct(rapid.Custom(drawContent), 0, 6,
		func(c Content) string { return c.Encode().ID }).Draw(t, "contents")
	for _, c := range contents {
		h.Blocks = append(h.Blocks, c.Encode())
	}
	return h
}

func drawUsage(t *rapid.T) string {
	all := []string{"10", "7Z"}
	for first, seconds := range usages {
		for _, second := range seconds {
			all = append(all, string(rune(first))+string(second))
		}
	}
	return rapid.SampledFrom(all).Draw(t, "usage")
}

// drawContent gives any content but padding.
func drawContent(t *rapid.T) Content {
	text := rapid.StringMatching(`[ -~]{0,300}`)
	some := func(lo, hi int) []byte { return rapid.SliceOfN(rapid.Byte(), lo, hi).Draw(t, "bytes") }
	switch rapid.IntRange(0, 13).Draw(t, "kind") {
	case 0:
		return KeyLife{rapid.Bool().Draw(t, "static")}
	case 1:
		return BDKID(some(4, 5))
	case 2:
		return drawCertificates(t)
	case 3:
		d := DerivedKey{"P0", 'T', 'E', 'N'}
		return Derivations(rapid.SliceOfN(rapid.Just(d), 1, maxDerivations).Draw(t, "derivations"))
	case 4:
		return rapid.SampledFrom([]Hash{SHA1, SHA256, SHA512_224, SHA3_512, SHAKE256}).Draw(t, "hash")
	case 5:
		return InitialKeyID(some(8, 8))
	case 6:
		return CheckValue{rapid.SampledFrom([]string{"KC", "KP", "PK"}).Draw(t, "id"), CheckZeroBlock, some(1, 3)}
	case 7:
		return CheckValue{rapid.SampledFrom([]string{"KC", "KP", "PK"}).Draw(t, "id"), CheckCMAC, some(1, 5)}
	case 8:
		return KSN(some(10, 10))
	case 9:
		return KeyValues(rapid.StringMatching(`[ -~]{4}`).Draw(t, "values"))
	case 10:
		return Label(text.Draw(t, "label"))
	case 11:
		return drawTime(t)
	case 12:
		return Pedigree(rapid.IntRange(0, 3).Draw(t, "pedigree"))
	default:
		return Other{rapid.StringMatching(`[Y-Z][0-9A-Za-z]`).Draw(t, "id"), text.Draw(t, "data")}
	}
}

func drawCertificates(t *rapid.T) Content {
	c := Certificates{Chain: rapid.Bool().Draw(t, "chain")}
	n := 1
	if c.Chain {
		n = rapid.IntRange(1, 3).Draw(t, "members")
	}
	for range n {
		c.Members = append(c.Members, Certificate{
			CertificateFormat(rapid.IntRange(0, 1).Draw(t, "format")),
			rapid.SliceOfN(rapid.Byte(), 1, 400).Draw(t, "certificate"),
		})
	}
	return c
}

func drawTime(t *rapid.T) Content {
	c := Time{
		ID:         rapid.SampledFrom([]string{"TC", "TS"}).Draw(t, "id"),
		At:         time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "second"), 0).UTC(),
		Hundredths: rapid.Bool().Draw(t, "hundredths"),
		Delimited:  rapid.Bool().Draw(t, "delimited"),
	}
	if c.Hundredths {
		c.At = c.At.Add(time.Duration(rapid.IntRange(0, 99).Draw(t, "hundredth")) * 10 * time.Millisecond)
	}
	return c
}

func TestUnwrapUndoesWrapWithBothKindsOfKBPK(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ctx := context.Background()
		v := drawVersion(rt)
		kbpk := drawKBPK(rt, v)
		algorithm, key := drawKey(rt)
		h := drawHeader(rt, v, algorithm)
		inMemory, err := NewKBPK(kbpk)
		if err != nil {
			rt.Fatal(err)
		}
		external := NewExternalKBPK(v, newDevice(t, v, kbpk))
		o := WrapOptions{HideLength: rapid.Bool().Draw(rt, "hide"), PadTo: rapid.IntRange(0, 200).Draw(rt, "pad")}
		filler := bytes.Repeat([]byte{0xA5}, 300)

		o.Rand = bytes.NewReader(filler)
		text, err := inMemory.Wrap(ctx, h, key, &o)
		if err != nil {
			rt.Fatal(err)
		}
		o.Rand = bytes.NewReader(filler)
		other, err := external.Wrap(ctx, h, key, &o)
		if err != nil || other != text {
			rt.Fatalf("external KBPK: got %q, %v, want %q", other, err, text)
		}
		b, err := Parse(text, Strict)
		if err != nil {
			rt.Fatalf("%q: %v", text, err)
		}
		if b.String() != text {
			rt.Fatalf("got %q, want %q", b.String(), text)
		}
		sameContent(rt, h, b.Header)
		for _, k := range []*KBPK{inMemory, external} {
			if got, err := k.Unwrap(ctx, b); err != nil || !bytes.Equal(got, key) {
				rt.Fatalf("%q: got %X, %v, want %X", text, got, err, key)
			}
		}
	})
}

// sameContent compares headers but for the padding that Wrap may have added.
func sameContent(t *rapid.T, want, got Header) {
	if want.String()[5:12] != got.String()[5:12] {
		t.Fatalf("got header %s, want %s", got, want)
	}
	if n := len(got.Blocks); n == len(want.Blocks)+1 && got.Blocks[n-1].ID == idPadding {
		got.Blocks = got.Blocks[:n-1]
	}
	if len(got.Blocks) != len(want.Blocks) {
		t.Fatalf("got %d optional blocks, want %d", len(got.Blocks), len(want.Blocks))
	}
	for i := range got.Blocks {
		if got.Blocks[i] != want.Blocks[i] {
			t.Fatalf("optional block %d: got %v, want %v", i, got.Blocks[i], want.Blocks[i])
		}
	}
}
