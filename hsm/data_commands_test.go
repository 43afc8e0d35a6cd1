package hsm_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/emv"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/tdes"
	"github.com/seed748fb4d1/apcsim/internal/testrig/awkward"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
	"github.com/seed748fb4d1/apcsim/mac"
	"github.com/seed748fb4d1/apcsim/pin"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// result is what a command of the data plane returns.
type result struct {
	Text    string
	Verdict hsm.Verdict
}

// command is a command with keys and arguments that it takes. Its name is that of a row in
// the package documentation.
type command struct {
	name string
	keys []hsm.Attributes
	run  func(h *hsm.HSM, k []hsm.KeyRef) (result, error)
}

// commandKey is the bytes of a key of these tests.
func commandKey(a hsm.Attributes) []byte {
	return bytes.Repeat([]byte{0x1F, 0x32, a.Usage[0], a.Usage[1], 0x75, 0x86, 0x97, 0xA8}, 4)[:a.Bits/8]
}

// loadCommand imports the keys of a command.
func (c *command) load(t testing.TB, b hsm.Backend) (out []hsm.KeyRef) {
	t.Helper()
	for _, a := range c.keys {
		if a.Algorithm == hsm.RSA {
			pair, _, _ := knownPair(t, b)
			out = append(out, pair)
			continue
		}
		raw := commandKey(floors.Symmetric(a.Usage, a.Algorithm, 256))
		if a.Algorithm == hsm.EC {
			pair, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
			if err != nil {
				t.Fatal(err)
			}
			if raw, err = x509.MarshalECPrivateKey(pair); err != nil {
				t.Fatal(err)
			}
		} else {
			raw = raw[:a.Bits/8]
		}
		sealed, err := b.Import(ctx, hsm.NewSecret(raw), a)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, hsm.KeyRef{Sealed: sealed, Attributes: a})
	}
	return out
}

var (
	testPAN     = hsm.NewPAN("4123456789012345")
	testSession = hsm.EMV{Option: emv.OptionA, PAN: testPAN, PSN: "00", Session: hsm.SessionCommon, R: [8]byte{0, 1}, ATC: [2]byte{0, 1}}
	tdesDUKPT   = hsm.DUKPT{KSN: "FFFF9876543210E00001"}
	aesDUKPT    = hsm.DUKPT{KSN: "123456789012345600000001", Type: dukpt.AES128}
	testMessage = bytes.Repeat([]byte("16 bytes of text"), 3)
	testIV      = bytes.Repeat([]byte{9}, 16)
)

// testPeer is the other party of an agreement.
func testPeer() []byte {
	key, err := ecdh.P256().NewPrivateKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		panic(err) // a scalar in range
	}
	return key.PublicKey().Bytes()
}

var testECDH = hsm.ECDH{Peer: testPeer(), Hash: crypto.SHA256, Info: []byte{1, 2}, Algorithm: hsm.AES, Bits: 128}

// testBlock is a key block under a key of these tests.
func testBlock(v tr31.Version, usage string, bits int) *tr31.Block {
	kbpk, err := tr31.NewKBPK(commandKey(floors.Symmetric(usage, hsm.TDES, bits)))
	if err != nil {
		panic(err)
	}
	text, err := kbpk.Wrap(context.Background(), floors.Header(v, hsm.AES), testIV, nil)
	if err != nil {
		panic(err)
	}
	b, err := tr31.Parse(text, tr31.Strict)
	if err != nil {
		panic(err)
	}
	return b
}

// macCommands make a MAC, and verify one that is wrong.
func macCommands(name string, key hsm.Attributes, d hsm.Derivation, m hsm.MACMethod) []command {
	keys := []hsm.Attributes{key}
	return []command{
		{name, keys, func(h *hsm.HSM, k []hsm.KeyRef) (result, error) {
			out, err := h.MAC(ctx, hsm.WorkingKey{Key: k[0], Derive: d}, m, testMessage)
			return result{Text: upperHex(out)}, err
		}},
		{name, keys, func(h *hsm.HSM, k []hsm.KeyRef) (result, error) {
			out, err := h.VerifyMAC(ctx, hsm.WorkingKey{Key: k[0], Derive: d}, m, testMessage, make([]byte, 8))
			return result{Verdict: out}, err
		}},
	}
}

// cipherCommands encipher, decipher, and encipher anew under another key.
func cipherCommands(name string, key hsm.Attributes, d hsm.Derivation, modes ...hsm.CipherMode) (out []command) {
	keys := []hsm.Attributes{key, tdesD0}
	for _, mode := range modes {
		message := testMessage
		if mode == hsm.CFB1 || mode == hsm.CFB8 {
			message = message[:8] // each bit or byte is a call
		}
		c := func(k []hsm.KeyRef) hsm.DataCipher {
			return hsm.BlockCipher{Key: hsm.WorkingKey{Key: k[0], Derive: d}, Mode: mode}
		}
		out = append(out,
			command{name, keys, func(h *hsm.HSM, k []hsm.KeyRef) (result, error) {
				out, err := h.Encrypt(ctx, c(k), message)
				return result{Text: upperHex(out)}, err
			}},
			command{name, keys, func(h *hsm.HSM, k []hsm.KeyRef) (result, error) {
				out, err := h.Decrypt(ctx, c(k), message)
				return result{Text: upperHex(out)}, err
			}},
			command{name, keys, func(h *hsm.HSM, k []hsm.KeyRef) (result, error) {
				out, err := h.ReEncrypt(ctx, c(k), hsm.BlockCipher{Key: hsm.WorkingKey{Key: k[1]}}, message)
				return result{Text: upperHex(out)}, err
			}})
	}
	return out
}

func cardCommands(name string, key hsm.Attributes, forms ...hsm.CardForm) (out []command) {
	keys := []hsm.Attributes{key}
	for _, form := range forms {
		d := hsm.CardData{
			Form:        form,
			PAN:         testPAN,
			Expiry:      "2712",
			ServiceCode: "101",
			PSN:         "00",
			ATC:         "1",
			UN:          "12345678",
			Track:       hsm.NewSecret(testMessage),
		}
		out = append(out,
			command{name, keys, func(h *hsm.HSM, k []hsm.KeyRef) (result, error) {
				out, err := h.CardValue(ctx, k[0], d, 3)
				return result{Text: out}, err
			}},
			command{name, keys, func(h *hsm.HSM, k []hsm.KeyRef) (result, error) {
				out, err := h.VerifyCardValue(ctx, k[0], d, "123")
				return result{Verdict: out}, err
			}})
	}
	return out
}

func makeARQC(h *hsm.HSM, k []hsm.KeyRef) (result, error) {
	out, err := h.ARQC(ctx, k[0], testSession, testMessage)
	return result{Text: upperHex(out)}, err
}

func verifyARQC(h *hsm.HSM, k []hsm.KeyRef) (result, error) {
	verdict, arpc, err := h.VerifyARQC(ctx, k[0], testSession, testMessage, [8]byte{}, &hsm.ARPC{Method: 1})
	return result{upperHex(arpc), verdict}, err
}

// changePIN changes PIN 1234 to itself with all keys that a script can have.
func changePIN(h *hsm.HSM, k []hsm.KeyRef) (result, error) {
	four, err := pin.New("1234")
	if err != nil {
		return result{}, err
	}
	pek, err := tdes.NewCipher(commandKey(k[0].Attributes))
	if err != nil {
		return result{}, err
	}
	block, err := pin.Encrypt(pek, pin.ISO0, four, "4123456789012345", nil)
	if err != nil {
		return result{}, err
	}
	b := hsm.PINBlock{Key: hsm.WorkingKey{Key: k[0]}, Format: pin.ISO0, Block: block, PAN: testPAN}
	session := testSession
	session.Session = hsm.SessionVisaScript
	out, err := h.PINChange(
		ctx,
		&hsm.PINChange{
			New:             b,
			Current:         &b,
			Confidentiality: k[1],
			Integrity:       k[2],
			Cryptogram:      &k[3],
			Session:         session,
			Form:            emv.VisaForm,
			Message:         testMessage,
		},
	)
	return result{Text: upperHex(out.Block) + upperHex(out.MAC)}, err
}

var (
	tdesD0  = floors.Symmetric("D0", hsm.TDES, 128)
	aesD0   = floors.Symmetric("D0", hsm.AES, 128)
	tdesE0  = floors.Symmetric("E0", hsm.TDES, 128)
	ecPair  = hsm.Attributes{KeyID: "k", Usage: "K3", Algorithm: hsm.EC, Mode: 'X', Exportability: 'N', Bits: 256}
	hmacKey = hsm.Attributes{
		KeyID:         "k",
		Usage:         "M7",
		Algorithm:     hsm.HMAC,
		Mode:          'C',
		Exportability: 'N',
		Bits:          256,
		Hash:          crypto.SHA256,
	}
	retail     = hsm.MACMethod{Algorithm: hsm.MACISO3, Padding: mac.Bit}
	scriptKeys = []hsm.Attributes{
		floors.Symmetric("P0", hsm.TDES, 128),
		floors.Symmetric("E1", hsm.TDES, 128),
		floors.Symmetric("E2", hsm.TDES, 128),
		tdesE0,
	}
)

// commands are all commands of the data plane, by the row of the package documentation.
var commands = slices.Concat(
	macCommands("MAC, VerifyMAC: algorithm 1", floors.Symmetric("M1", hsm.TDES, 128), nil, hsm.MACMethod{Algorithm: hsm.MACISO1}),
	macCommands("MAC, VerifyMAC: algorithm 3", floors.Symmetric("M3", hsm.TDES, 128), nil, retail),
	macCommands("MAC, VerifyMAC: CMAC", floors.Symmetric("M6", hsm.TDES, 192), nil, hsm.MACMethod{Algorithm: hsm.MACCMAC}),
	macCommands("MAC, VerifyMAC: HMAC", hmacKey, nil, hsm.MACMethod{Algorithm: hsm.MACHMAC}),
	macCommands("MAC, VerifyMAC: HMAC", floors.Symmetric("M7", hsm.AES, 128), nil, hsm.MACMethod{Algorithm: hsm.MACHMAC, Hash: crypto.SHA512}),
	cipherCommands("Encrypt, Decrypt, ReEncrypt: others", aesD0, nil, hsm.ECB, hsm.CBC, hsm.CFB128, hsm.OFB),
	cipherCommands("Encrypt, Decrypt, ReEncrypt: CFB1, CFB8", tdesD0, nil, hsm.CFB1, hsm.CFB8),
	cardCommands("CardValue, VerifyCardValue: CVV", floors.Symmetric("C0", hsm.TDES, 128), hsm.CardCVV),
	cardCommands("CardValue, VerifyCardValue: CSC", floors.Symmetric("C0", hsm.TDES, 192), hsm.CardCSC1, hsm.CardCSC2),
	cardCommands("CardValue, VerifyCardValue: others", floors.Symmetric("E4", hsm.TDES, 128), hsm.CardDCVV, hsm.CardCVC3,
		hsm.CardHolder, hsm.CardDiscover),
	[]command{
		{"ARQC, VerifyARQC", []hsm.Attributes{tdesE0}, makeARQC},
		{"ARQC, VerifyARQC", []hsm.Attributes{tdesE0}, verifyARQC},
		{"PINChange", scriptKeys, changePIN},
	},
	pinRows(),
	rsaRows(),
	keyRows(),
	macCommands("DUKPT with a TDES key", floors.Symmetric("B0", hsm.TDES, 128), tdesDUKPT, retail),
	macCommands("DUKPT with an AES key", floors.Symmetric("B0", hsm.AES, 128), aesDUKPT, hsm.MACMethod{Algorithm: hsm.MACCMAC}),
	macCommands("EMV", floors.Symmetric("E2", hsm.TDES, 128), testSession, retail),
	cipherCommands("ECDH", ecPair, testECDH, hsm.CBC),
	cipherCommands(
		"WrappedKey of version B, D or E",
		floors.Symmetric("K0", hsm.TDES, 128),
		hsm.WrappedKey{Block: testBlock(tr31.VersionB, "K0", 128)},
		hsm.CBC,
	),
	cipherCommands(
		"WrappedKey of version A or C",
		floors.Symmetric("K1", hsm.TDES, 128),
		hsm.WrappedKey{Block: testBlock(tr31.VersionC, "K1", 128)},
		hsm.CBC,
	),
)

// TestTheDocumentationSaysWhatIsRevealed counts, on a device that lacks whatever it may lack,
// how many keys each command takes the bytes of.
func TestTheDocumentationSaysWhatIsRevealed(t *testing.T) {
	rows := documentedReveals(t)
	for _, c := range commands {
		said, ok := rows[c.name]
		if !ok {
			t.Errorf("the package documentation has no row %q", c.name)
			continue
		}
		var reveals atomic.Int64
		device := awkward.New(nil)
		keys := c.load(t, device)
		h := hsm.New(hsm.Wrap(device, func(_ context.Context, call string) error {
			if call == "Reveal" {
				reveals.Add(1)
			}
			return nil
		}), nil)
		if _, err := c.run(h, keys); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		h.Close()
		want := int64(1)
		if said == "no key" {
			want = 0
		}
		if got := reveals.Load(); got != want {
			t.Errorf("%s: got %d keys revealed, the documentation says %s", c.name, got, said)
		}
	}
	for name := range rows {
		if !slices.ContainsFunc(commands, func(c command) bool { return c.name == name }) {
			t.Errorf("the row %q of the package documentation has no test", name)
		}
	}
}

// documentedReveals are the rows of the tables in the package documentation: what is revealed
// by each command and derivation.
func documentedReveals(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(file.Doc.Text()) {
		if cells := strings.Split(strings.TrimSpace(line), " | "); len(cells) == 3 {
			rows[strings.TrimSpace(cells[0])] = strings.TrimSpace(cells[2])
		}
	}
	delete(rows, "command")
	delete(rows, "derivation")
	return rows
}

// moreAllocations are the commands that allocate more than 20 times: elliptic curves and key
// blocks of the bare algorithm do so alone.
var moreAllocations = map[string]float64{"TranslateKeyBlock": 42}

// TestCommandsAllocateLittle: at most 20 times.
func TestCommandsAllocateLittle(t *testing.T) {
	b := hsm.NewSoftware(nil)
	h := hsm.New(b, nil)
	defer h.Close()
	for _, c := range floors.All() {
		run := c.Ready(h, c.Load(t, b))
		var err error
		got := testing.AllocsPerRun(20, func() { err = errors.Join(err, run()) })
		if want := max(moreAllocations[c.Name], 20); err != nil || got > want {
			t.Errorf("%s: got %v allocations, %v, want at most %v", c.Name, got, err, want)
		}
	}
}
