package hsm_test

import (
	"crypto"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/pin"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// anyDevice is a device with a key of every kind.
type anyDevice struct {
	h    *hsm.HSM
	keys []hsm.KeyRef
}

func newAnyDevice(t testing.TB) *anyDevice {
	b := hsm.NewSoftware(nil)
	d := &anyDevice{h: hsm.New(b, nil)}
	kinds := []hsm.Attributes{
		aesD0,
		hmacKey,
		ecPair,
		floors.Symmetric("B0", hsm.AES, 256),
		floors.Symmetric("B0", hsm.TDES, 192),
		floors.Symmetric("P0", hsm.AES, 192),
	}
	for _, usage := range usages {
		kinds = append(kinds, floors.Symmetric(usage, hsm.TDES, 128))
	}
	d.keys = (&command{keys: kinds}).load(t, b)
	return d
}

// anyText is a text that fits, or one that may not.
func anyText(fits string) *rapid.Generator[string] {
	return rapid.OneOf(rapid.StringMatching(fits), rapid.StringMatching(fits), rapid.StringMatching(fits),
		rapid.StringMatching(`[0-9A-F]{0,40}`), rapid.StringN(0, 8, 20))
}

// anyPAN begins with digits that are looked for in errors, and that chance does not make.
const shownPAN = "98765432109"

func (d *anyDevice) pan(t *rapid.T) hsm.PAN {
	return hsm.NewPAN(shownPAN + anyText(`[0-9]{1,8}`).Draw(t, "rest of PAN"))
}

func (d *anyDevice) key(t *rapid.T, name string) hsm.KeyRef {
	return d.keys[rapid.IntRange(0, len(d.keys)-1).Draw(t, name)]
}

func anyBytes(t *rapid.T, name string) []byte {
	out := rapid.SliceOfN(rapid.Byte(), 0, 70).Draw(t, name)
	if rapid.Bool().Draw(t, "whole blocks") {
		out = out[:len(out)/16*16]
	}
	return out
}

func array[A interface{ [2]byte | [4]byte | [8]byte }](t *rapid.T, name string) (out A) {
	b := rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, name)
	switch p := any(&out).(type) {
	case *[2]byte:
		copy(p[:], b)
	case *[4]byte:
		copy(p[:], b)
	case *[8]byte:
		copy(p[:], b)
	}
	return out
}

func (d *anyDevice) emv(t *rapid.T) hsm.EMV {
	return hsm.EMV{
		Option:  emv.Option(rapid.SampledFrom([]byte("AABBX")).Draw(t, "option")),
		PAN:     d.pan(t),
		PSN:     anyText(`[0-9]{2}`).Draw(t, "PSN"),
		Session: hsm.Session(rapid.IntRange(-1, 6).Draw(t, "session")),
		R:       array[[8]byte](t, "R"),
		ATC:     array[[2]byte](t, "ATC"),
		UN:      array[[4]byte](t, "UN"),
	}
}

func (d *anyDevice) ecdh(t *rapid.T) *hsm.ECDH {
	return &hsm.ECDH{
		Peer:      rapid.SampledFrom([][]byte{testPeer(), testPeer()[:64], nil, make([]byte, 65)}).Draw(t, "peer"),
		KDF:       hsm.KDF(rapid.IntRange(-1, 2).Draw(t, "KDF")),
		Hash:      rapid.SampledFrom([]crypto.Hash{crypto.SHA256, crypto.SHA512, 0, 99}).Draw(t, "hash"),
		Info:      anyBytes(t, "info"),
		Algorithm: hsm.Algorithm(rapid.SampledFrom([]byte("ATHRE")).Draw(t, "algorithm")),
		Bits:      rapid.SampledFrom([]int{128, 192, 256, 0, -8, 2048}).Draw(t, "bits"),
	}
}

var anyBlocks = []*tr31.Block{
	testBlock(tr31.VersionB, "K0", 128),
	testBlock(tr31.VersionC, "K1", 128),
	testBlock(tr31.VersionA, "D0", 128),
	nil,
}

func (d *anyDevice) working(t *rapid.T) hsm.WorkingKey {
	k := hsm.WorkingKey{Key: d.key(t, "key")}
	switch rapid.IntRange(0, 5).Draw(t, "derivation") {
	case 0:
		k.Derive = hsm.DUKPT{
			KSN:       anyText(`[0-9A-F]{20}|[0-9A-F]{16}(00[0-9A-F]{6})?`).Draw(t, "KSN"),
			Type:      dukpt.KeyType(rapid.IntRange(0, 6).Draw(t, "type")),
			Direction: hsm.Direction(rapid.IntRange(-1, 3).Draw(t, "direction")),
		}
	case 1:
		k.Derive = d.emv(t)
	case 2:
		k.Derive = *d.ecdh(t)
	case 3:
		wrapped := hsm.WrappedKey{Block: rapid.SampledFrom(anyBlocks).Draw(t, "block")}
		if rapid.Bool().Draw(t, "agreed") {
			wrapped.Under = d.ecdh(t)
		}
		k.Derive = wrapped
	}
	return k
}

func (d *anyDevice) cipher(t *rapid.T) hsm.DataCipher {
	c := hsm.BlockCipher{Key: d.working(t), Mode: hsm.CipherMode(rapid.IntRange(-1, 7).Draw(t, "mode"))}
	if rapid.Bool().Draw(t, "has IV") {
		c.IV = rapid.SliceOfN(rapid.Byte(), 0, 17).Draw(t, "IV")
	}
	return c
}

func (d *anyDevice) card(t *rapid.T) hsm.CardData {
	return hsm.CardData{
		Form:        hsm.CardForm(rapid.IntRange(-1, 7).Draw(t, "form")),
		PAN:         d.pan(t),
		Expiry:      anyText(`[0-9]{4}`).Draw(t, "expiry"),
		ServiceCode: anyText(`[0-9]{3}`).Draw(t, "service code"),
		PSN:         anyText(`[0-9]{2}`).Draw(t, "PSN"),
		ATC:         anyText(`[0-9A-F]{1,4}`).Draw(t, "ATC"),
		UN:          anyText(`[0-9A-F]{1,8}`).Draw(t, "UN"),
		Track:       hsm.NewSecret(anyBytes(t, "track")),
	}
}

// shownPIN is the PIN of the blocks that decode.
const shownPIN = "135792468024"

func (d *anyDevice) block(t *rapid.T, pan hsm.PAN) hsm.PINBlock {
	b := hsm.PINBlock{
		Key:    d.working(t),
		Format: pin.Format(rapid.IntRange(-1, 6).Draw(t, "format")),
		Block:  anyBytes(t, "PIN block"),
		PAN:    pan,
	}
	if rapid.Bool().Draw(t, "decodes") {
		cipher := floors.Sure(tdes.NewCipher(commandKey(floors.Symmetric("P0", hsm.TDES, 128))))
		b.Block = floors.Sure(pin.Encrypt(cipher, pin.ISO0, floors.Sure(pin.New(shownPIN)), shownPAN+"1234", nil))
		b.Format, b.PAN = pin.ISO0, hsm.NewPAN(shownPAN+"1234")
		b.Key = hsm.WorkingKey{Key: d.keys[len(d.keys)-3]} // P0
	}
	return b
}

// try runs one command with any arguments.
func (d *anyDevice) try(t *rapid.T) (verdict hsm.Verdict, verifies bool, err error) {
	switch rapid.IntRange(0, 9).Draw(t, "command") {
	case 0, 1:
		m := hsm.MACMethod{
			Algorithm: hsm.MACAlgorithm(rapid.IntRange(-1, 4).Draw(t, "algorithm")),
			Padding:   mac.Padding(rapid.IntRange(-1, 4).Draw(t, "padding")),
		}
		verdict, err = d.h.VerifyMAC(ctx, d.working(t), m, anyBytes(t, "message"), rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "MAC"))
		return verdict, true, err
	case 2:
		_, err = d.h.Encrypt(ctx, d.cipher(t), anyBytes(t, "data"))
	case 3:
		_, err = d.h.Decrypt(ctx, d.cipher(t), anyBytes(t, "data"))
	case 4:
		_, err = d.h.ReEncrypt(ctx, d.cipher(t), d.cipher(t), anyBytes(t, "data"))
	case 5, 6:
		verdict, err = d.h.VerifyCardValue(ctx, d.key(t, "key"), d.card(t), anyText(`[0-9]{3,5}`).Draw(t, "value"))
		return verdict, true, err
	case 7, 8:
		var r *hsm.ARPC
		if rapid.Bool().Draw(t, "ARPC") {
			r = &hsm.ARPC{Method: rapid.IntRange(0, 3).Draw(t, "method"), Proprietary: anyBytes(t, "proprietary")}
		}
		verdict, _, err = d.h.VerifyARQC(ctx, d.key(t, "key"), d.emv(t), anyBytes(t, "data"), array[[8]byte](t, "ARQC"), r)
		return verdict, true, err
	case 9:
		_, err = d.h.PINChange(ctx, d.pinChange(t))
	}
	return hsm.Undecided, false, err
}

func (d *anyDevice) pinChange(t *rapid.T) *hsm.PINChange {
	session := d.emv(t)
	c := &hsm.PINChange{
		New:             d.block(t, session.PAN),
		Confidentiality: d.key(t, "confidentiality"),
		Integrity:       d.key(t, "integrity"),
		Session:         session,
		Form: emv.ScriptForm{
			Length: rapid.Bool().Draw(t, "length"),
			Pad:    rapid.Bool().Draw(t, "pad"),
			CBC:    rapid.Bool().Draw(t, "CBC"),
		},
		Message: anyBytes(t, "message"),
	}
	if rapid.Bool().Draw(t, "has current") {
		b := d.block(t, session.PAN)
		c.Current = &b
	}
	if rapid.Bool().Draw(t, "has cryptogram key") {
		k := d.key(t, "cryptogram key")
		c.Cryptogram = &k
	}
	return c
}

// anyArguments: a command with any arguments does its work, or refuses them in a way that
// its caller can tell from an outage; a verdict is there only without an error; and no error
// shows an account number or a PIN.
func anyArguments(t *rapid.T, d *anyDevice) {
	verdict, verifies, err := d.try(t)
	switch {
	case verifies && (err == nil) != (verdict != hsm.Undecided):
		t.Errorf("got verdict %v and error %v", verdict, err)
	case err == nil:
	case !hsm.IsArgument(err) && !errors.Is(err, hsm.ErrRefused) && !errors.Is(err, hsm.ErrAttributes):
		t.Errorf("got %v (%T), which refuses nothing: the software device does not fail", err, err)
	}
	if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, shownPAN[:8]) || strings.Contains(text, shownPIN[:6]) {
		t.Errorf("an error shows an account number or a PIN: %s", text)
	}
}

func TestCommandsTakeAnyArguments(t *testing.T) {
	d := newAnyDevice(t)
	rapid.Check(t, func(t *rapid.T) { anyArguments(t, d) })
}

func FuzzCommands(f *testing.F) {
	d := newAnyDevice(f)
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { anyArguments(t, d) }))
}
