package core

import (
	"crypto"
	"encoding/hex"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// fullKey has every field of a record set.
func fullKey() Key {
	at := func(n int64) time.Time { return time.UnixMilli(1_760_000_000_000 + n).UTC() }
	return Key{
		ARN:        ARN{Partition: goldenPlace, Key: "kwapwa6qaifllw2h"},
		Attributes: Attributes{UsageM7, apc.KeyClassSymmetricKey, AlgorithmNamed(HMACSHA384), Generate | Verify},
		Bits:       384, Check: apc.KeyCheckValueAlgorithmHMAC, CheckValue: "2976E7", Exportable: true, Enabled: true,
		State: apc.KeyStateDeletePending, Origin: apc.KeyOriginExternal,
		Created: at(1), UsageStart: at(2), UsageStop: at(3), DeletePending: at(4), Deleted: at(5),
		DeriveUsage: UsageK1,
		Tags:        []apc.Tag{{Key: "Env", Value: "test"}, {Key: "leer", Value: ""}},
		Header:      "D0144M7HC00E0100",
		Blocks:      []Block{{"LB", "label"}, {"KC", "01ABCDEF"}},
		MultiRegion: apc.MultiRegionKeyTypePrimary, PrimaryRegion: "us-east-1",
		Replicas:   []Replica{{"eu-west-1", apc.KeyReplicationStateFailed, "why", at(8)}},
		OwnRegions: 2, Policy: []byte(`{"Version":"2012-10-17"}`),
		Approval: Approval{
			"arn:aws:mpa:us-east-1:111122223333:session/t/s",
			apc.SessionStatusPending,
			at(6),
			"message",
			"comment",
			at(9),
		},
		Ready: at(10),
		Public: []byte{
			0x30,
			0x00,
		}, sealed: []byte{0x01, 0x02, 0x03}, bound: boundTo(`kwapwa6qaifllw2h`, UsageM7, hsm.HMAC, 'C', 'E', 384, crypto.SHA384),
		Certificate: "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t", Certified: at(7),
		Authority: "arn:aws:payment-cryptography:us-east-1:111122223333:key/authority",
	}
}

// boundTo are the attributes of a sealed key, as bytes.
func boundTo(id string, usage apc.KeyUsage, algorithm hsm.Algorithm, mode, exportability byte, bits int, hash crypto.Hash) []byte {
	b, _ := hsm.Attributes{
		KeyID:         id,
		Usage:         CodeOf(usage),
		Algorithm:     algorithm,
		Mode:          mode,
		Exportability: exportability,
		Bits:          bits,
		Hash:          hash,
	}.AppendBinary(nil)
	return b
}

func TestGoldenRecordsStayReadable(t *testing.T) {
	small := Key{
		ARN:        ARN{Partition: goldenPlace, Key: "tqv5yij6wtxx64pi"},
		Attributes: Attributes{UsageK0, apc.KeyClassSymmetricKey, AlgorithmNamed(AES256), Encrypt | Decrypt | Wrap | Unwrap},
		Bits:       256, Check: apc.KeyCheckValueAlgorithmCMAC, CheckValue: "0A3674", Enabled: true, State: apc.KeyStateCreateComplete,
		Origin: apc.KeyOriginAWSPaymentCryptography, Created: time.UnixMilli(0).UTC(), sealed: []byte{0xFF},
		bound: boundTo("tqv5yij6wtxx64pi", UsageK0, hsm.AES, 'B', 'N', 256, 0),
	}
	fourth := fullKey() // of the version before what ends by the clock
	fourth.Ready, fourth.Approval.Deadline, fourth.Replicas = time.Time{}, time.Time{}, []Replica{fourth.Replicas[0]}
	fourth.Replicas[0].Due = time.Time{}
	third := fourth // of the version before authorities
	third.Authority = ""
	first, public, issued := third, third, fourth
	first.Certificate, first.Certified = "", time.Time{}
	public.sealed, public.bound = nil, nil
	issued.sealed, issued.bound = nil, nil
	for name, want := range map[string]Key{"key_v1_full": first, "key_v1_small": small, "key_v2_full": third, "key_v2_public": public,
		"key_v3_full": third, "key_v3_small": small, "key_v4_full": fourth, "key_v4_public": issued, "key_v5_full": fullKey()} {
		path := "testdata/" + name + ".hex"
		written := name > "key_v3" || want.sealed == nil // others are read alone
		if *updateGolden && written {
			if err := os.WriteFile(path, []byte(hex.EncodeToString(want.encode())+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data := testrig.Hex(string(text))
		got, err := decodeKey(&keystore.Record{Partition: goldenPlace, ID: want.ARN.Key, Data: data})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v; want %+v", name, got, err, want)
		}
		if again := want.encode(); written && string(again) != string(data) {
			t.Errorf("%s: written as %x, golden %x", name, again, data)
		}
	}
}

// TestEveryFieldOfAKeyIsStored sets each field of a key alone and sees it come
// back: a field that the record does not have fails here.
func TestEveryFieldOfAKeyIsStored(t *testing.T) {
	full := fullKey()
	v := reflect.ValueOf(full)
	for i := range v.NumField() {
		if v.Field(i).IsZero() && v.Type().Field(i).Name != "Rev" {
			t.Errorf("the full key lacks %s", v.Type().Field(i).Name)
		}
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
		got.Ref()
	})
}
