package core

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
	"pgregory.net/rapid"
)

// TestAUsedKeyIsDecodedAsAnyKey: whichever records were read before, and whatever their readers did with their copies.
func TestAUsedKeyIsDecodedAsAnyKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var used usedKeys
		type written struct { // a commit writes a record once
			keystore.Partition
			id  string
			rev keystore.CommitID
		}
		records := map[written]keystore.Record{}
		for range 6 {
			k := drawKey(t)
			if rapid.IntRange(0, 3).Draw(t, "lists") > 0 {
				k.Tags, k.Blocks, k.Replicas = nil, nil, nil
			}
			w := written{goldenPlace, rapid.SampledFrom([]string{"a", "b"}).Draw(t, "id"), keystore.CommitID{7: 1}}
			w.Region = rapid.SampledFrom([]string{"us-east-1", "us-west-2"}).Draw(t, "region")
			w.Account = rapid.SampledFrom([]string{"111122223333", "444455556666"}).Draw(t, "account")
			w.rev[8] = byte(rapid.IntRange(0, 2).Draw(t, "commit")) // all are kept in one place
			if data := k.encode(); data != nil {
				records[w] = keystore.Record{Partition: w.Partition, ID: w.id, Data: data, Rev: w.rev}
			}
		}
		all := slices.SortedFunc(maps.Values(records), func(a, b keystore.Record) int { return bytes.Compare(a.Data, b.Data) })
		for range 40 {
			if len(all) == 0 {
				return
			}
			rec := rapid.SampledFrom(all).Draw(t, "used")
			own := rec // nothing of it is shared
			own.Data = bytes.Clone(rec.Data)
			var got, want Key
			gotErr, wantErr := used.decode(&rec, &got), want.Decode(&own)
			if (gotErr == nil) != (wantErr == nil) || wantErr == nil && !reflect.DeepEqual(got, want) {
				t.Fatalf("got %+v and %v, want %+v and %v", got, gotErr, want, wantErr)
			}
			got.sealed, got.bound, got.Certificate = nil, nil, ""
			got.Enabled, got.State, got.ARN.text = !got.Enabled, "X", "x"
			for i := range got.Tags {
				got.Tags[i].Value, got.Blocks[i].Data, got.Replicas[i].Region = "x", "x", "x"
			}
		}
	})
}

// kept is the key in the place of a revision after its record was read so many times.
func (u *usedKeys) kept(t *testing.T, rec keystore.Record, times int) *Key {
	for range times {
		if err := u.decode(&rec, new(Key)); err != nil {
			t.Fatal(err)
		}
	}
	return u[rec.Rev[7]%64].key.Load()
}

// TestWhichKeysAreKept: those without lists that are read twice in a row in their place.
func TestWhichKeysAreKept(t *testing.T) {
	k := Key{ARN: ARN{Partition: goldenPlace, Key: "a"}, Attributes: Attributes{Usage: keyUsages[0], Alg: &Algorithms[0]}}
	rec := keystore.Record{Partition: goldenPlace, ID: "a", Data: k.encode(), Rev: keystore.CommitID{7: 1}}
	same := rec
	same.Rev[7] += 64
	var used usedKeys
	if used.kept(t, rec, 1) != nil || used.kept(t, same, 1) != nil || used.kept(t, rec, 1) != nil {
		t.Error("a key was kept that was read once")
	}
	if got := used.kept(t, rec, 1); got == nil || got.Rev != rec.Rev {
		t.Errorf("a key that was read twice in a row: %v is kept", got)
	}
	used.kept(t, keystore.Record{Partition: goldenPlace, ID: "b", Data: rec.Data, Rev: keystore.CommitID{7: 2}}, 2)
	if used.forget("b"); used.kept(t, rec, 0) == nil {
		t.Error("a key was forgotten with another")
	}
	if used.forget("a"); used.kept(t, rec, 0) != nil || used.kept(t, rec, 1) != nil {
		t.Error("an erased key is kept")
	}
	for what, change := range map[string]func(*Key){
		"tags":     func(k *Key) { k.Tags = []apc.Tag{{Key: "a", Value: "b"}} },
		"blocks":   func(k *Key) { k.Blocks = []Block{{"KS", "00"}} },
		"replicas": func(k *Key) { k.Replicas = []Replica{{Region: "us-west-2"}} },
	} {
		other := k
		change(&other)
		rec.Data = other.encode()
		if used.kept(t, rec, 3) != nil {
			t.Errorf("a key with %s was kept", what)
		}
	}
	rec.Data, rec.Rev = k.encode(), keystore.CommitID{}
	if used.kept(t, rec, 3) != nil {
		t.Error("a record without a revision was kept")
	}
}

// TestUsedKeysKeepNoRequest: the strings of an ARN may be parts of one.
func TestUsedKeysKeepNoRequest(t *testing.T) {
	request := []byte("111122223333us-east-1kwapwa6qaifllw2h4111111111111111")
	part := func(from, to int) string { return unsafe.String(&request[from], to-from) }
	k := Key{ARN: ARN{Partition: goldenPlace, Key: "a"}, Attributes: Attributes{Usage: keyUsages[0], Alg: &Algorithms[0]}}
	rec := keystore.Record{
		Partition: keystore.Partition{Account: part(0, 12), Region: part(12, 21)}, ID: part(21, 37),
		Data: k.encode(), Rev: keystore.CommitID{7: 1},
	}
	kept := new(usedKeys).kept(t, rec, 2)
	want := kept.ARN.String()
	clear(request)
	if got := kept.ARN.String(); got != want || !strings.Contains(got, "kwapwa6qaifllw2h") {
		t.Errorf("the kept key has parts of the request: %q", got)
	}
}

// TestErasedKeysAreNotKeptAsUsed: a key is used, and deleted; settling erases its material.
func TestErasedKeysAreNotKeptAsUsed(t *testing.T) {
	ctx, cloud := t.Context(), testCaller(t).Cloud
	now := time.UnixMilli(1_800_000_000_000).UTC()
	k := Key{
		ARN: ARN{Partition: goldenPlace, Key: "kwapwa6qaifllw2h"}, Attributes: Attributes{Usage: keyUsages[0], Alg: &Algorithms[0]},
		State: apc.KeyStateCreateComplete, sealed: hsm.Sealed{1}, bound: []byte{2},
	}
	read := func() keystore.Record {
		found, err := cloud.Read(ctx, k.ARN.KeyRef())
		if err != nil {
			t.Fatal(err)
		}
		return found[0].Record
	}
	if err := cloud.Commit(ctx, keystore.Create(k.Record(time.Time{}))); err != nil {
		t.Fatal(err)
	}
	if cloud.used.kept(t, read(), 2) == nil {
		t.Fatal("a key that is used is not kept")
	}
	k.Rev, k.State, k.DeletePending = read().Rev, apc.KeyStateDeletePending, now
	if err := cloud.Commit(ctx, keystore.Replace(k.Record(now))); err != nil {
		t.Fatal(err)
	}
	if err := cloud.settleKey(ctx, read(), now); err != nil {
		t.Fatal(err)
	}
	for i := range cloud.used {
		if kept := cloud.used[i].key.Load(); kept != nil {
			t.Errorf("a key whose material was erased is kept: %s, state %s", kept.ARN, kept.State)
		}
	}
}
