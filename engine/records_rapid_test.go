package engine

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// Generators of what records hold: every value that a field can have, and for
// times those that none can hold.
var (
	anyText = rapid.StringN(0, 40, 300)
	someOf  = rapid.SliceOfN(rapid.Byte(), 1, 60)
	anyAlg  = rapid.Map(rapid.IntRange(0, len(algorithms)-1), func(i int) *algorithm { return &algorithms[i] })
	anyTime = rapid.OneOf(
		rapid.Just(time.Time{}), rapid.Just(time.UnixMilli(0).UTC()), rapid.Just(time.UnixMilli(maxMilli).UTC()),
		rapid.Map(rapid.Int64Range(0, maxMilli), func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }),
		rapid.Map(rapid.SampledFrom([]int64{-62135596800001, -1, maxMilli + 1, 1 << 53}), func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }))
)

// maybe is a value of an enumeration, or the empty one.
func maybe[T ~string](all []T) *rapid.Generator[T] { return rapid.SampledFrom(append([]T{""}, all...)) }

func drawKey(t *rapid.T) key {
	at := func(name string) time.Time { return anyTime.Draw(t, name) }
	text := func(name string) string { return anyText.Draw(t, name) }
	k := key{
		arn: arn{Partition: goldenPlace, key: "kwapwa6qaifllw2h"},
		attributes: attributes{rapid.SampledFrom(allKeyUsage).Draw(t, "usage"), maybe(allKeyClass).Draw(t, "class"),
			anyAlg.Draw(t, "algorithm"), rapid.Map(rapid.Uint16(), func(n uint16) modes { return modes(n) & allModes }).Draw(t, "modes")},
		bits: int(rapid.Uint16().Draw(t, "bits")), check: maybe(allKeyCheckValueAlgorithm).Draw(t, "check"), checkValue: text("check value"),
		exportable: rapid.Bool().Draw(t, "exportable"), enabled: rapid.Bool().Draw(t, "enabled"),
		state: maybe(allKeyState).Draw(t, "state"), origin: maybe(allKeyOrigin).Draw(t, "origin"),
		created: at("created"), usageStart: at("start"), usageStop: at("stop"), deletePending: at("pending"), deleted: at("deleted"),
		deriveUsage: maybe(allDeriveKeyUsage).Draw(t, "derive"), header: rapid.SampledFrom([]string{"", "D0144M7HC00E0100"}).Draw(t, "header"),
		multiRegion: maybe(allMultiRegionKeyType).Draw(t, "multi-Region"), primaryRegion: text("primary"),
		ownRegions: triState(rapid.IntRange(0, 2).Draw(t, "own Regions")), policy: text("policy"),
		approval: approval{text("session"), maybe(allSessionStatus).Draw(t, "status"), at("initiated"), text("message"), text("comment")},
		public:   hsm.Public(someOf.Draw(t, "public")), sealed: hsm.Sealed(someOf.Draw(t, "sealed")), certificate: text("certificate"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "tags") {
		k.tags = append(k.tags, apc.Tag{text("key"), text("value")})
		k.blocks = append(k.blocks, block{text("id"), text("data")})
		k.replicas = append(k.replicas, replica{text("region"), maybe(allKeyReplicationState).Draw(t, "status"), text("message")})
	}
	if k.certificate != "" {
		k.certified = at("certified")
	}
	return k
}

func allStorable(times ...time.Time) bool {
	for _, at := range times {
		if !at.IsZero() && !storable(at) {
			return false
		}
	}
	return true
}

// TestWhatEncodesDecodesToTheSame: every record kind, or it does not encode.
func TestWhatEncodesDecodesToTheSame(t *testing.T) {
	t.Run("key", rapid.MakeCheck(func(t *rapid.T) {
		k := drawKey(t)
		data := k.encode()
		if fits := allStorable(k.created, k.usageStart, k.usageStop, k.deletePending, k.deleted, k.approval.initiated, k.certified); fits != (data != nil) {
			t.Fatalf("encoded to %x, want that %t", data, fits)
		}
		if data == nil {
			return
		}
		got, err := decodeKey(&keystore.Record{Partition: goldenPlace, ID: k.arn.key, Data: data})
		if err != nil || !reflect.DeepEqual(got, k) {
			t.Fatalf("got %+v, %v; want %+v", got, err, k)
		}
	}))
	t.Run("token", rapid.MakeCheck(func(t *rapid.T) {
		want := token{place: goldenPlace, id: importToken + "bwxli6ocftypneu5", material: maybe(allKeyMaterialType).Draw(t, "material"), alg: anyAlg.Draw(t, "algorithm"),
			created: anyTime.Draw(t, "created"), expires: anyTime.Draw(t, "expires"), certificate: anyText.Draw(t, "certificate"),
			public: someOf.Draw(t, "public"), sealed: someOf.Draw(t, "sealed")}
		rec := want.record()
		if fits := allStorable(want.created, want.expires); fits != (rec.Data != nil) {
			t.Fatalf("encoded to %x, want that %t", rec.Data, fits)
		}
		if rec.Data == nil {
			return
		}
		if got, err := decodeToken(&rec); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
	}))
	t.Run("alias", rapid.MakeCheck(func(t *rapid.T) {
		want := alias{partition: goldenPlace, name: aliasPrefix + "a", key: anyText.Draw(t, "key")}
		if got, err := decodeAlias(want.record()); err != nil || got != want {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
	}))
	t.Run("own", rapid.MakeCheck(func(t *rapid.T) {
		want := someOf.Draw(t, "value")
		w := &writer{b: []byte{ownVersion}}
		w.bytes(want)
		r := newReader(w.record(), "own", ownVersion)
		if got := r.bytes(); r.end() != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got %x, %v; want %x", got, r.end(), want)
		}
	}))
	old, err := decodeAuthority(&keystore.Record{Partition: goldenPlace, Data: goldenBytes(t, "authority_v1")})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("authority", rapid.MakeCheck(func(t *rapid.T) {
		made := hsm.Made{Public: someOf.Draw(t, "public"), Sealed: someOf.Draw(t, "sealed")}
		alg := anyAlg.Draw(t, "algorithm")
		got, err := decodeAuthority(&keystore.Record{Partition: goldenPlace, Data: encodeAuthority(alg, old.certificate.Raw, &made)})
		if err != nil || !got.certificate.Equal(old.certificate) || !reflect.DeepEqual(got.public, made.Public) ||
			!reflect.DeepEqual(got.key, hsm.KeyRef{Sealed: made.Sealed, Attributes: authorityAttributes(goldenPlace, alg)}) {
			t.Fatalf("got %+v, %v; want %+v of %s", got, err, made, alg.name)
		}
	}))
}
