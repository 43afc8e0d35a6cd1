package enginetest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/pin"
)

// Terminal is a payment terminal: it has an initial DUKPT key, of a base derivation key (BDK) that the simulator
// has, and makes PIN blocks and MACs under the keys of one transaction after the other. It
// works with packages dukpt, pin and mac. It is for one goroutine.
type Terminal struct {
	BDK string // ARN

	p       *Partner
	initial []byte
	tdes    dukpt.TDESKSN
	aes     dukpt.AESKSN
	isAES   bool
}

// Terminal makes a terminal under a new BDK, "B0 TDES_2KEY" or a B0 kind of AES, which is loaded into the
// simulator. bdk are the bytes in hexadecimal; "" draws them from the seed. It is at its first transaction.
func (p *Partner) Terminal(k KeyKind, bdk string) *Terminal {
	p.t.Helper()
	raw, arn := p.shared(k, bdk)
	x := &Terminal{BDK: arn, p: p}
	var err error
	if x.isAES = k != B0TDES2; x.isAES {
		x.aes, _ = dukpt.ParseAESKSN("123456789012345600000001")
		var b cipher.Block
		if b, err = aes.NewCipher(raw); err == nil {
			x.initial, err = dukpt.InitialAES(b, 8*len(raw), x.aes.InitialKeyID())
		}
	} else {
		x.tdes, _ = dukpt.ParseTDESKSN("FFFF9876543210E00001")
		var variant []byte
		var left, right cipher.Block
		if variant, err = dukpt.Variant(raw); err == nil {
			left, right = doubleDES(raw), doubleDES(variant)
			x.initial = dukpt.InitialTDES(left, right, x.tdes)
		}
	}
	if err != nil {
		p.t.Fatalf("enginetest: a terminal of %s: %v", p.Name, err)
	}
	p.sim.Secret(x.initial)
	return x
}

// doubleDES is the cipher of a double-length TDES key.
func doubleDES(key []byte) cipher.Block {
	b, _ := tdes.NewCipher(key) // it fails for other lengths alone
	return b
}

// KSN is the key serial number of the transaction, in hexadecimal.
func (x *Terminal) KSN() string {
	if x.isAES {
		return x.aes.String()
	}
	return x.tdes.String()
}

// Next begins the next transaction.
func (x *Terminal) Next() {
	for {
		if x.isAES {
			binary.BigEndian.PutUint32(x.aes[8:], x.aes.Counter()+1)
			if x.aes.Valid() {
				return
			}
			continue
		}
		binary.BigEndian.PutUint32(x.tdes[6:], binary.BigEndian.Uint32(x.tdes[6:])+1)
		if x.tdes.Valid() {
			return
		}
	}
}

// PINBlock encrypts a PIN for an account number under the transaction's PIN key: ISO format 0 under TDES, format 4
// under AES_128, in hexadecimal.
func (x *Terminal) PINBlock(account, digits string) string {
	x.p.t.Helper()
	x.p.sim.Secret([]byte(account), []byte(digits))
	format, key := pin.ISO0, x.working(dukpt.PIN, dukpt.PINEncryption)
	b := x.cipher(key)
	if x.isAES {
		format = pin.ISO4
	}
	p, err := pin.New(digits)
	var block []byte
	if err == nil {
		block, err = pin.Encrypt(b, format, p, account, rand.Reader)
	}
	if err != nil {
		x.p.t.Fatalf("enginetest: a PIN block of %s: %v", x.p.Name, err)
	}
	return upperHex(block)
}

// MAC authenticates a request under the transaction's MAC key, whole, in hexadecimal: ISO 9797-1 algorithm 3
// with padding method 1 under TDES (of which the service takes only whole blocks), CMAC under AES_128.
func (x *Terminal) MAC(message []byte) string {
	x.p.t.Helper()
	key := x.working(dukpt.MACRequest, dukpt.MACGeneration)
	if x.isAES {
		return upperHex(mac.NewCMAC(x.cipher(key)).Sum(nil, message))
	}
	k, err := mac.NewRetailKey(key)
	var sum []byte
	if err == nil {
		sum, err = mac.Retail(k, mac.Zeros, message)
	}
	if err != nil {
		x.p.t.Fatalf("enginetest: a MAC of %s: %v", x.p.Name, err)
	}
	return upperHex(sum)
}

// working is the transaction's key of a purpose.
func (x *Terminal) working(tdes dukpt.TDESUse, aes dukpt.AESUse) (key []byte) {
	x.p.t.Helper()
	var err error
	if x.isAES {
		key, err = dukpt.WorkingAES(x.initial, x.aes, aes, dukpt.AES128)
	} else {
		key, err = dukpt.WorkingTDES(x.initial, x.tdes, tdes)
	}
	if err != nil {
		x.p.t.Fatalf("enginetest: a working key of %s: %v", x.p.Name, err)
	}
	x.p.sim.Secret(key)
	return key
}

func (x *Terminal) cipher(key []byte) cipher.Block {
	if !x.isAES {
		return doubleDES(key)
	}
	b, _ := aes.NewCipher(key) // it fails for other lengths alone
	return b
}

// Format prints only the serial number, whatever the verb.
func (x *Terminal) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "Terminal(%s)", x.KSN()) }

// hexBytes reads hexadecimal digits; a text that is none fails the test.
func (p *Partner) hexBytes(what, text string) []byte {
	p.t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		p.t.Fatalf("enginetest: %s of %s: %v", what, p.Name, err)
	}
	return b
}

// hexSized reads as many bytes as there must be.
func (p *Partner) hexSized(what, text string, size int) []byte {
	p.t.Helper()
	b := p.hexBytes(what, text)
	if len(b) != size {
		p.t.Fatalf("enginetest: %s of %s: %d bytes, want %d", what, p.Name, len(b), size)
	}
	return b
}
