package engine

import (
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/keystore"
)

var updateGolden = flag.Bool("update", false, "write the golden records anew")

var goldenPlace = keystore.Partition{Account: "111122223333", Region: "us-east-1"}

// fullKey has every field of a record set.
func fullKey() key {
	at := func(n int64) time.Time { return time.UnixMilli(1_760_000_000_000 + n).UTC() }
	return key{
		arn:        arn{Partition: goldenPlace, key: "kwapwa6qaifllw2h"},
		attributes: attributes{usageM7, apc.KeyClassSymmetricKey, algorithmNamed(hmacSHA384), generate | verify},
		bits:       384, check: apc.KeyCheckValueAlgorithmHMAC, checkValue: "2976E7", exportable: true, enabled: true,
		state: apc.KeyStateDeletePending, origin: apc.KeyOriginExternal,
		created: at(1), usageStart: at(2), usageStop: at(3), deletePending: at(4), deleted: at(5),
		deriveUsage: usageK1,
		tags:        []apc.Tag{{Key: "Env", Value: "test"}, {Key: "leer", Value: ""}},
		header:      "D0144M7HC00E0100",
		blocks:      []block{{"LB", "label"}, {"KC", "01ABCDEF"}},
		multiRegion: apc.MultiRegionKeyTypePrimary, primaryRegion: "us-east-1",
		replicas:   []replica{{"eu-west-1", apc.KeyReplicationStateFailed, "why"}},
		ownRegions: 2, policy: `{"Version":"2012-10-17"}`,
		approval: approval{"arn:aws:mpa:us-east-1:111122223333:session/t/s", apc.SessionStatusPending, at(6), "message", "comment"},
		public:   []byte{0x30, 0x00}, sealed: []byte{0x01, 0x02, 0x03},
		certificate: "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t", certified: at(7),
	}
}

func TestGoldenRecordsStayReadable(t *testing.T) {
	small := key{
		arn:        arn{Partition: goldenPlace, key: "tqv5yij6wtxx64pi"},
		attributes: attributes{usageK0, apc.KeyClassSymmetricKey, algorithmNamed(aes256), encrypt | decrypt | wrap | unwrap},
		bits:       256, check: apc.KeyCheckValueAlgorithmCMAC, checkValue: "0A3674", enabled: true, state: apc.KeyStateCreateComplete,
		origin: apc.KeyOriginAWSPaymentCryptography, created: time.UnixMilli(0).UTC(), sealed: []byte{0xFF},
	}
	first := fullKey()
	first.certificate, first.certified = "", time.Time{}
	for name, want := range map[string]key{"key_v1_full": first, "key_v1_small": small, "key_v2_full": fullKey()} {
		path := "testdata/" + name + ".hex"
		if *updateGolden {
			if err := os.WriteFile(path, []byte(hex.EncodeToString(want.encode())+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data, err := hex.DecodeString(strings.TrimSpace(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeKey(&keystore.Record{Partition: goldenPlace, ID: want.arn.key, Data: data})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v; want %+v", name, got, err, want)
		}
		if again := want.encode(); string(again) != string(data) {
			t.Errorf("%s: written as %x, golden %x", name, again, data)
		}
	}
}

// TestEveryFieldOfAKeyIsStored sets each field of a key alone and sees it
// come back: a field that the record forgets fails here.
func TestEveryFieldOfAKeyIsStored(t *testing.T) {
	full := fullKey()
	v := reflect.ValueOf(full)
	for i := range v.NumField() {
		if v.Field(i).IsZero() && v.Type().Field(i).Name != "rev" {
			t.Errorf("the full key lacks %s", v.Type().Field(i).Name)
		}
	}
}

func TestLaterAndDamagedRecordsAreRefused(t *testing.T) {
	full := fullKey()
	data := full.encode()
	later := append([]byte(nil), data...)
	later[0] = keyVersion + 1
	var version errVersion
	if _, err := decodeKey(&keystore.Record{Data: later}); !errors.As(err, &version) || version.found != keyVersion+1 {
		t.Errorf("a later version: %v", err)
	}
	for n := range len(data) {
		if _, err := decodeKey(&keystore.Record{Data: data[:n]}); err == nil {
			t.Errorf("cut to %d bytes: decoded", n)
		}
	}
	if _, err := decodeKey(&keystore.Record{Data: append(data, 0)}); err == nil {
		t.Error("with a byte too many: decoded")
	}
	if _, err := decodeAlias(keystore.Record{Data: []byte{aliasVersion, 0}}); err == nil {
		t.Error("an alias with a byte too many: decoded")
	}
}

// FuzzKeyRecord: whatever decodes encodes to a record that decodes to the same.
func FuzzKeyRecord(f *testing.F) {
	full := fullKey()
	f.Add(full.encode())
	f.Add([]byte{keyVersion})
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := decodeKey(&keystore.Record{Partition: goldenPlace, ID: "kwapwa6qaifllw2h", Data: data})
		if err != nil {
			return
		}
		again, err := decodeKey(&keystore.Record{Partition: goldenPlace, ID: "kwapwa6qaifllw2h", Data: got.encode()})
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("%x: decodes to %+v, and that to %+v, %v", data, got, again, err)
		}
		describeKey(&got, new(Key)) // shows anything that was stored
		summarizeKey(&got)
		got.hsmAttributes()
	})
}

// FuzzIdentifier: what the shape lets pass is parsed, and written as it was read.
func FuzzIdentifier(f *testing.F) {
	home := goldenPlace
	for _, s := range []string{"alias/a", "alias/", "arn:aws:payment-cryptography:us-east-1:111122223333:key/kwapwa6qaifllw2h",
		"arn:aws:payment-cryptography:us-east-1:111122223333:alias/x/y", "arn:aws-cn:payment-cryptography:us-east-1:1:key/k", "kwapwa6qaifllw2h", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, ok := parseIdentifier(s, home)
		if !textKeyArnOrKeyAliasType.Fits(s) {
			return
		}
		if !ok {
			t.Fatalf("%q fits the shape and does not parse", s)
		}
		if text := a.String(); text != s && text != arnPrefix+home.Region+":"+home.Account+":"+s {
			t.Fatalf("%q is written as %q", s, text)
		}
		if (a.key == "") == (a.alias == "") {
			t.Fatalf("%q names both or neither: %+v", s, a)
		}
	})
}
