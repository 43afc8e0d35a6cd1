package hsm_test

import (
	"bytes"
	"context"
	"sync/atomic"
	"testing"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
	"github.com/seed748fb4d1/apcsim/kcv"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// plain is a device without CMAC and, if asked for, without CBC. It counts the
// calls that encrypt.
type plain struct {
	hsm.Backend
	noCBC bool
	calls atomic.Int64
}

func (b *plain) Open(ctx context.Context, s hsm.Sealed, a hsm.Attributes) (hsm.Key, error) {
	k, err := b.Backend.Open(ctx, s, a)
	if err != nil {
		return nil, err
	}
	return &plainKey{k, b}, nil
}

type plainKey struct {
	hsm.Key
	device *plain
}

func (k *plainKey) CMAC(context.Context, []byte) ([]byte, error) {
	return nil, hsm.Unsupported("CMAC")
}

func (k *plainKey) Encrypt(ctx context.Context, mode hsm.CipherMode, iv, data []byte) error {
	if mode == hsm.CBC && k.device.noCBC {
		return hsm.Unsupported("CBC")
	}
	k.device.calls.Add(1)
	return k.Key.Encrypt(ctx, mode, iv, data)
}

func (k *plainKey) DeriveKBPK(ctx context.Context, v tr31.Version) (hsm.Key, hsm.Key, error) {
	kbek, kbak, err := k.Key.DeriveKBPK(ctx, v)
	if err != nil {
		return nil, nil, err
	}
	return &plainKey{kbek, k.device}, &plainKey{kbak, k.device}, nil
}

func TestCheckValuesOnADeviceWithoutCMAC(t *testing.T) {
	for _, noCBC := range []bool{false, true} {
		b := &plain{Backend: hsm.NewSoftware(nil), noCBC: noCBC}
		defer b.Close()
		h := hsm.New(b, nil)
		defer h.Close()
		for algorithm, method := range map[hsm.Algorithm]kcv.Method{hsm.TDES: kcv.TDESCMAC, hsm.AES: kcv.AESCMAC} {
			raw := bytes.Repeat([]byte{0x1F, 0x23, 0x46}, 8)
			k := load(t, h, hsm.Attributes{KeyID: "k", Usage: "D0", Algorithm: algorithm, Mode: 'B', Exportability: 'E', Bits: 192}, raw)
			b.calls.Store(0)
			got, err := h.CheckValue(ctx, k, method)
			want, _ := method.Compute(raw)
			if err != nil || !got.Equal(want) {
				t.Errorf("%v, without CBC %t: got %v, %v, want %v", method, noCBC, got, err, want)
			}
			if n := b.calls.Load(); n != 2 {
				t.Errorf("%v, without CBC %t: %d calls, want 2", method, noCBC, n)
			}
		}
	}
}

// TestKeyBlocksOnADeviceWithoutCMAC: what it makes, another one takes, and the
// number of calls does not grow with the block where there is CBC.
func TestKeyBlocksOnADeviceWithoutCMAC(t *testing.T) {
	software := hsm.NewSoftware(nil)
	defer software.Close()
	other := hsm.New(software, nil)
	for _, c := range []struct {
		version string
		noCBC   bool
		calls   int64 // 0: as many as it takes
	}{{"B", false, 3}, {"D", false, 3}, {"E", false, 3}, {"E", true, 0}} {
		b := &plain{Backend: software, noCBC: c.noCBC}
		h := hsm.New(b, nil)
		kbpk := load(t, h, kbpkAttributes(c.version, 192), bytes.Repeat([]byte{0x1F, 0x23, 0x46}, 8))
		raw := bytes.Repeat([]byte{0xA8, 0x5B}, 12)
		a := hsm.Attributes{KeyID: "k", Usage: "D0", Algorithm: hsm.TDES, Mode: 'B', Exportability: 'E', Bits: 192}
		key := load(t, h, a, raw)
		header := floors.Header(tr31.Version(c.version[0]), hsm.TDES)
		b.calls.Store(0)
		text, value, err := h.ExportTR31(ctx, kbpk, header, hsm.Material{Key: key}, kcv.TDESZero)
		if err != nil {
			t.Errorf("version %s, without CBC %t: %v", c.version, c.noCBC, err)
			continue
		}
		if n := b.calls.Load(); c.calls > 0 && n != c.calls {
			t.Errorf("version %s: %d calls to encrypt, want %d", c.version, n, c.calls)
		}
		block, err := tr31.Parse(text, tr31.Strict)
		if err != nil {
			t.Fatal(err)
		}
		back, err := other.ImportTR31(ctx, kbpk, block, func(int) (hsm.Attributes, kcv.Method, error) { return a, kcv.TDESZero, nil })
		if err != nil || !back.CheckValue.Equal(value) {
			t.Errorf("version %s, without CBC %t: got %v, %v, want %v", c.version, c.noCBC, back.CheckValue, err, value)
		}
		h.Close()
	}
}
