package dukpt_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/dukpt"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/payref"
)

func upper(b []byte, err error) (string, error) { return fmt.Sprintf("%X", b), err }

// initialTDES is the initial key of a base derivation key and a serial number in the arguments.
func initialTDES(a payref.Args) ([]byte, dukpt.TDESKSN, error) {
	bdk := testrig.Hex(a.Text("bdk"))
	ksn, err := dukpt.ParseTDESKSN(a.Text("ksn"))
	if err != nil {
		return nil, ksn, err
	}
	variant, err := dukpt.Variant(bdk)
	if err != nil {
		return nil, ksn, err
	}
	return dukpt.InitialTDES(testrig.TDES(bdk), testrig.TDES(variant), ksn), ksn, nil
}

func initialAES(a payref.Args) ([]byte, dukpt.AESKSN, error) {
	bdk := testrig.Hex(a.Text("bdk"))
	ksn := dukpt.AESKSN(testrig.Hex(a.Text("ksn"))) // any counter
	ik, err := dukpt.InitialAES(testrig.AES(bdk), 8*len(bdk), ksn.InitialKeyID())
	return ik, ksn, err
}

var (
	uses = map[string]dukpt.TDESUse{"PIN REQUEST": dukpt.PIN, "PIN RESPONSE": dukpt.PIN, "MAC REQUEST": dukpt.MACRequest,
		"MAC RESPONSE": dukpt.MACResponse, "DATA REQUEST": dukpt.DataRequest, "DATA RESPONSE": dukpt.DataResponse}
	types = map[string]dukpt.KeyType{"TDES_2KEY": dukpt.TDES2, "TDES_3KEY": dukpt.TDES3, "AES_128": dukpt.AES128, "AES_192": dukpt.AES192,
		"AES_256": dukpt.AES256, "HMAC": dukpt.HMAC}
)

var funcs = map[string]payref.Func{
	"dukpt_tdes_ik": func(a payref.Args) (string, error) {
		ik, _, err := initialTDES(a)
		return upper(ik, err)
	},
	"dukpt_tdes_key": func(a payref.Args) (string, error) {
		ik, ksn, err := initialTDES(a)
		if err != nil {
			return "", err
		}
		return upper(dukpt.TransactionTDES(ik, ksn))
	},
	"dukpt_tdes_working": func(a payref.Args) (string, error) {
		ik, ksn, err := initialTDES(a)
		if err != nil {
			return "", err
		}
		return upper(dukpt.WorkingTDES(ik, ksn, uses[a.Text("use")+" "+a.Text("variant")]))
	},
	"dukpt_aes_ik": func(a payref.Args) (string, error) {
		bdk := testrig.Hex(a.Text("bdk"))
		return upper(dukpt.InitialAES(testrig.AES(bdk), 8*len(bdk), [8]byte(testrig.Hex(a.Text("ikid")))))
	},
	"dukpt_aes_key": func(a payref.Args) (string, error) {
		ik, ksn, err := initialAES(a)
		if err != nil {
			return "", err
		}
		return upper(dukpt.TransactionAES(ik, ksn))
	},
	"dukpt_aes_working": func(a payref.Args) (string, error) {
		ik, ksn, err := initialAES(a)
		if err != nil {
			return "", err
		}
		usage, err := strconv.ParseUint(a.Text("usage"), 16, 16)
		if err != nil {
			return "", err
		}
		if bits := a.Int("bits", 0); bits != 0 {
			return upper(dukpt.WorkingHMAC(ik, ksn, dukpt.AESUse(usage), types[a.Text("alg")], bits))
		}
		return upper(dukpt.WorkingAES(ik, ksn, dukpt.AESUse(usage), types[a.Text("alg")]))
	},
	"dukpt_aes_update": func(a payref.Args) (string, error) {
		return upper(dukpt.UpdateAES(testrig.Hex(a.Text("ik")), [8]byte(testrig.Hex(a.Text("ikid")))))
	},
}

func TestKeysAreThoseOfAnotherImplementation(t *testing.T) {
	payref.Test(t, funcs, func(r *rand.Rand) payref.Case {
		bdk, ksn := payref.Hex(r, 16), payref.Hex(r, payref.One(r, 8, 10, 10))
		size := payref.One(r, 16, 24, 32)
		aesBDK, aesKSN := payref.Hex(r, size), payref.Hex(r, 12)
		switch r.IntN(7) {
		case 0:
			return payref.Case{Fn: "dukpt_tdes_ik", Args: payref.Args{"bdk": bdk, "ksn": ksn}}
		case 1:
			return payref.Case{Fn: "dukpt_tdes_key", Args: payref.Args{"bdk": bdk, "ksn": ksn}}
		case 2:
			return payref.Case{
				Fn: "dukpt_tdes_working",
				Args: payref.Args{
					"bdk":     bdk,
					"ksn":     ksn,
					"use":     payref.One(r, "PIN", "MAC", "DATA"),
					"variant": payref.One(r, "REQUEST", "RESPONSE"),
				},
			}
		case 3:
			return payref.Case{Fn: "dukpt_aes_ik", Args: payref.Args{"bdk": aesBDK, "ikid": payref.Hex(r, 8)}}
		case 4:
			return payref.Case{Fn: "dukpt_aes_key", Args: payref.Args{"bdk": aesBDK, "ksn": aesKSN}}
		case 5:
			return payref.Case{
				Fn:   "dukpt_aes_update",
				Args: payref.Args{"ik": aesBDK, "ikid": payref.Hex(r, 8), "alg": fmt.Sprintf("AES_%d", 8*size)},
			}
		}
		args := payref.Args{
			"bdk":   aesBDK,
			"ksn":   aesKSN,
			"usage": payref.One(r, "0002", "1000", "2000", "2001", "2002", "3000", "3001", "3002"),
		}
		switch alg := payref.One(r, "TDES_2KEY", "TDES_3KEY", "AES", "HMAC"); alg {
		case "AES":
			args["alg"] = fmt.Sprintf("AES_%d", payref.One(r, 128, 8*size))
		case "HMAC":
			args["alg"], args["bits"] = alg, 128
		default:
			args["alg"] = alg
		}
		return payref.Case{Fn: "dukpt_aes_working", Args: args}
	})
}

func TestPublishedKeys(t *testing.T) {
	payref.Published(t, 90, func(t *testing.T, v payref.Vector) {
		in := v.Inputs
		fn, args, member := "", payref.Args{"bdk": v.Keys["bdk"].Hex, "ksn": in.Text("ksn")}, "key"
		switch name := v.Algorithm; {
		case name == "TDES DUKPT initial key":
			fn, member = "dukpt_tdes_ik", "initial_key"
		case strings.HasPrefix(name, "TDES DUKPT transaction"):
			fn, member = "dukpt_tdes_key", "transaction_key"
		case strings.HasPrefix(name, "TDES DUKPT data"):
			fn, args["use"], args["variant"] = "dukpt_tdes_working", "DATA", "REQUEST"
		case name == "AES DUKPT initial key":
			fn, member, args["ikid"] = "dukpt_aes_ik", "initial_key", in.Text("initial_key_id")
		case strings.HasPrefix(name, "AES DUKPT derivation"):
			fn, member = "dukpt_aes_key", "transaction_key"
		case name == "AES DUKPT counter validity":
			_, err := dukpt.ParseAESKSN(in.Text("ksn"))
			if want := v.Expected["valid"]; (err == nil) != want {
				t.Errorf("parsing gave %v, want valid %v", err, want)
			}
			return
		case strings.HasPrefix(name, "AES DUKPT HMAC"):
			for member, use := range map[string]string{"request": "2000", "response": "2001"} {
				args["usage"], args["alg"], args["bits"] = use, "HMAC", 128
				text, err := funcs["dukpt_aes_working"](args)
				key := testrig.Hex(text)
				message := testrig.Hex(in.Text("message"))
				sum := hmac.New(sha256.New, key)
				sum.Write(message)
				if got := fmt.Sprintf("%X", sum.Sum(nil)); err != nil || got != v.Expected.Text(member) {
					t.Errorf("%s, %s: got %s, %v, want %s", name, member, got, err, v.Expected.Text(member))
				}
			}
			return
		case strings.HasPrefix(name, "AES DUKPT PIN"):
			fn, args["usage"], args["alg"] = "dukpt_aes_working", "1000", "AES_128"
		case strings.HasPrefix(name, "AES DUKPT working"):
			fn, args["usage"], args["alg"] = "dukpt_aes_working", in.Text("key_usage_code"), in.Text("key_type")
		default:
			t.Errorf("no test reads %s", name)
			return
		}
		if got, err := funcs[fn](args); err != nil || got != v.Expected.Text(member) {
			t.Errorf("%s: got %s, %v, want %s", v.Algorithm, got, err, v.Expected.Text(member))
		}
	}, "TDES DUKPT", "AES DUKPT PIN", "AES DUKPT derivation", "AES DUKPT initial", "AES DUKPT working", "AES DUKPT counter",
		"AES DUKPT HMAC")
}

func TestSerialNumbersPrintAsTheyWereParsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[0-9A-F]{20}`).Draw(t, "ksn")
		k, err := dukpt.ParseTDESKSN(text)
		if err != nil || k.String() != text || k.Initial().Counter() != 0 {
			t.Fatalf("%s parses to %s, %v", text, k, err)
		}
		if short, err := dukpt.ParseTDESKSN(text[4:]); err != nil || short.String() != "FFFF"+text[4:] {
			t.Fatalf("%s parses to %s, %v", text[4:], short, err)
		}
		counter := rapid.Uint32().Draw(t, "counter")
		long := text[:16] + fmt.Sprintf("%08X", counter)
		a, err := dukpt.ParseAESKSN(long)
		if (err == nil) != (strings.Count(strconv.FormatUint(uint64(counter), 2), "1") <= 16) {
			t.Fatalf("%s: %v", long, err)
		}
		if err == nil &&
			(a.String() != long || a.Counter() != counter || binary.BigEndian.Uint64(a[:8]) == 0 && text[:16] != "0000000000000000") {
			t.Fatalf("%s parses to %s", long, a)
		}
	})
}

func TestEveryPurposeHasItsOwnKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ik := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "ik")
		var tk dukpt.TDESKSN
		copy(tk[:], rapid.SliceOfN(rapid.Byte(), 10, 10).Draw(t, "ksn"))
		seen := map[string]string{}
		for name, use := range map[string]dukpt.TDESUse{"PIN": dukpt.PIN, "MAC request": dukpt.MACRequest, "MAC response": dukpt.MACResponse,
			"data request": dukpt.DataRequest, "data response": dukpt.DataResponse} {
			key, err := dukpt.WorkingTDES(ik, tk, use)
			if err != nil {
				t.Fatal(err)
			}
			if other, ok := seen[string(key)]; ok {
				t.Fatalf("%s and %s have one key", name, other)
			}
			seen[string(key)] = name
		}
		var ak dukpt.AESKSN
		copy(ak[:], tk[:])
		for _, use := range []dukpt.AESUse{dukpt.KeyEncryption, dukpt.PINEncryption, dukpt.MACGeneration, dukpt.MACVerification, dukpt.MACBoth,
			dukpt.DataEncryption, dukpt.DataDecryption, dukpt.DataBoth} {
			key, err := dukpt.WorkingAES(ik, ak, use, dukpt.AES128)
			if err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("AES use %04X", uint16(use))
			if other, ok := seen[string(key)]; ok {
				t.Fatalf("%s and %s have one key", name, other)
			}
			seen[string(key)] = name
		}
	})
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	ik := make([]byte, 16)
	for _, c := range []struct {
		err  error
		want string
	}{
		{second(dukpt.ParseTDESKSN("123")), "dukpt: key serial number: the length is wrong: found 3 digits, wanted 20 or 16 hexadecimal " +
			"digits for a TDES key"},
		{second(dukpt.ParseTDESKSN("G123456789012345")),
			"dukpt: key serial number: a character is not a hexadecimal digit: found character 1, wanted 0 to 9 or A to F"},
		{second(dukpt.ParseAESKSN("12345678901234560001FFFF")),
			"dukpt: key serial number: a terminal never uses this transaction counter: found 17 one bits, wanted at most 16 one bits"},
		{second(dukpt.TransactionTDES(ik[:8], dukpt.TDESKSN{})), "dukpt: initial key: the length is wrong: found 8 bytes, wanted 16 bytes"},
		{second(dukpt.WorkingTDES(ik, dukpt.TDESKSN{}, 9)), "dukpt: use: there is no such purpose: found 9, wanted PIN to DataResponse"},
		{second(dukpt.WorkingAES(ik, dukpt.AESKSN{}, dukpt.PINEncryption, dukpt.AES256)),
			"dukpt: working key: the key would be stronger than the initial key: found 256 bits, wanted at most 128 bits"},
		{second(dukpt.WorkingHMAC(ik, dukpt.AESKSN{}, dukpt.MACBoth, dukpt.HMAC, 100)),
			"dukpt: working key: the length does not fit the algorithm: found 100 bits, wanted 128, 192 or 256 bits"},
		{second(dukpt.WorkingHMAC(ik, dukpt.AESKSN{}, dukpt.MACBoth, dukpt.AES128, 192)),
			"dukpt: working key: the length does not fit the algorithm: found 192 bits, wanted 128 bits"},
		{second(dukpt.InitialAES(testrig.AES(ik), 64, [8]byte{})),
			"dukpt: base derivation key: the length is wrong: found 64 bits, wanted 128, 192 or 256 bits"},
		{second(dukpt.UpdateAES(ik[:5], [8]byte{})), "dukpt: initial key: the length is wrong: found 5 bytes, wanted 16, 24 or 32 bytes"},
	} {
		if e, ok := errors.AsType[*dukpt.Error](c.err); !ok || e.Error() != c.want {
			t.Errorf("refused with %v, want %s", c.err, c.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// FuzzSerialNumbers: text is refused, or prints as it was but for case and FFFF in front; every
// counter derives a key.
func FuzzSerialNumbers(f *testing.F) {
	f.Add("FFFF9876543210E00001")
	f.Add("9876543210E00001")
	f.Add("123456789012345600000001")
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := dukpt.ParseTDESKSN(text); err == nil {
			if !strings.HasSuffix(k.String(), strings.ToUpper(text)) {
				t.Fatalf("%q is %s", text, k)
			}
			if _, err := dukpt.WorkingTDES(make([]byte, 16), k, dukpt.DataRequest); err != nil {
				t.Fatal(err)
			}
		}
		if k, err := dukpt.ParseAESKSN(text); err == nil {
			if k.String() != strings.ToUpper(text) || !k.Valid() {
				t.Fatalf("%q is %s", text, k)
			}
			if _, err := dukpt.WorkingAES(make([]byte, 16), k, dukpt.PINEncryption, dukpt.AES128); err != nil {
				t.Fatal(err)
			}
		}
	})
}
