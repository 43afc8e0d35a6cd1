package core

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
	anyAlg  = rapid.Map(rapid.IntRange(0, len(Algorithms)-1), func(i int) *Algorithm { return &Algorithms[i] })
	anyTime = rapid.OneOf(
		rapid.Just(time.Time{}),
		rapid.Just(time.UnixMilli(0).UTC()),
		rapid.Just(time.UnixMilli(maxMilli).UTC()),
		rapid.Map(rapid.Int64Range(0, maxMilli), func(ms int64) time.Time { return time.UnixMilli(ms).UTC() }),
		rapid.Map(
			rapid.SampledFrom([]int64{-62135596800001, -1, maxMilli + 1, 1 << 53}),
			func(ms int64) time.Time { return time.UnixMilli(ms).UTC() },
		),
	)
)

// maybe is a value of an enumeration, or the empty one.
func maybe[T ~string](all []T) *rapid.Generator[T] { return rapid.SampledFrom(append([]T{""}, all...)) }

func drawKey(t *rapid.T) Key {
	at := func(name string) time.Time { return anyTime.Draw(t, name) }
	text := func(name string) string { return anyText.Draw(t, name) }
	k := Key{
		ARN: ARN{Partition: goldenPlace, Key: "kwapwa6qaifllw2h"},
		Attributes: Attributes{rapid.SampledFrom(keyUsages).Draw(t, "usage"), maybe(keyClasses).Draw(t, "class"),
			anyAlg.Draw(t, "algorithm"), rapid.Map(rapid.Uint16(), func(n uint16) Modes { return Modes(n) & AllModes }).Draw(t, "modes")},
		Bits: int(rapid.Uint16().Draw(t, "bits")), Check: maybe(checkAlgorithms).Draw(t, "check"), CheckValue: text("check value"),
		Exportable: rapid.Bool().Draw(t, "exportable"), Enabled: rapid.Bool().Draw(t, "enabled"),
		State: maybe(keyStates).Draw(t, "state"), Origin: maybe(allKeyOrigin).Draw(t, "origin"),
		Created: at("created"), UsageStart: at("start"), UsageStop: at("stop"), DeletePending: at("pending"), Deleted: at("deleted"),
		DeriveUsage: maybe(keyUsages).Draw(t, "derive"), Header: rapid.SampledFrom([]string{"", "D0144M7HC00E0100"}).Draw(t, "header"),
		MultiRegion: maybe(allMultiRegionKeyType).Draw(t, "multi-Region"), PrimaryRegion: text("primary"),
		OwnRegions: triState(rapid.IntRange(0, 2).Draw(t, "own Regions")), Policy: maybeBytes(text("policy")),
		Approval: Approval{
			text("session"),
			maybe(allSessionStatus).Draw(t, "status"),
			at("initiated"),
			text("message"),
			text("comment"),
			at("deadline"),
		},
		Ready:  at("ready"),
		Public: hsm.Public(someOf.Draw(t, "public")), Certificate: text("certificate"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "tags") {
		k.Tags = append(k.Tags, apc.Tag{Key: text("key"), Value: text("value")})
		k.Blocks = append(k.Blocks, Block{text("id"), text("data")})
		k.Replicas = append(
			k.Replicas,
			Replica{text("region"), maybe(allKeyReplicationState).Draw(t, "status"), text("message"), at("replica due")},
		)
	}
	if k.Certificate != "" {
		k.Certified = at("certified")
	}
	k.Authority = text("authority")
	if rapid.Bool().Draw(t, "has a seal") {
		k.sealed, k.bound = someOf.Draw(t, "sealed"), someOf.Draw(t, "bound")
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
	t.Run("key", rapid.MakeCheck(keyDecodes))
	t.Run("token", rapid.MakeCheck(tokenDecodes))
	t.Run("alias", rapid.MakeCheck(aliasDecodes))
	t.Run("own", rapid.MakeCheck(ownRecordDecodes))
	old, err := decodeAuthority(&keystore.Record{Partition: goldenPlace, Data: goldenBytes(t, "authority_v1")})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("authority", rapid.MakeCheck(func(t *rapid.T) { authorityDecodes(t, old) }))
}

func keyDecodes(t *rapid.T) {
	k := drawKey(t)
	data := k.encode()
	times := []time.Time{
		k.Created,
		k.UsageStart,
		k.UsageStop,
		k.DeletePending,
		k.Deleted,
		k.Approval.Initiated,
		k.Certified,
		k.Ready,
		k.Approval.Deadline,
	}
	for _, r := range k.Replicas {
		times = append(times, r.Due)
	}
	if fits := allStorable(times...); fits != (data != nil) {
		t.Fatalf("encoded to %x, want that %t", data, fits)
	}
	if data == nil {
		return
	}
	got, err := decodeKey(&keystore.Record{Partition: goldenPlace, ID: k.ARN.Key, Data: data})
	if err != nil || !reflect.DeepEqual(got, k) {
		t.Fatalf("got %+v, %v; want %+v", got, err, k)
	}
}

func tokenDecodes(t *rapid.T) {
	want := Token{
		Place:       goldenPlace,
		ID:          "import-token-bwxli6ocftypneu5",
		Purpose:     rapid.SampledFrom([]TokenPurpose{ForImport, ForExport}).Draw(t, "purpose"),
		Material:    maybe(keyMaterialTypes).Draw(t, "material"),
		Alg:         anyAlg.Draw(t, "algorithm"),
		Created:     anyTime.Draw(t, "created"),
		Expires:     anyTime.Draw(t, "expires"),
		Certificate: anyText.Draw(t, "certificate"),
		Public:      someOf.Draw(t, "public"),
		sealed:      someOf.Draw(t, "sealed"),
	}
	if want.sealed != nil {
		want.bound, _ = want.HSMAttributes().AppendBinary(nil)
	}
	rec := want.Record()
	if fits := allStorable(want.Created, want.Expires); fits != (rec.Data != nil) {
		t.Fatalf("encoded to %x, want that %t", rec.Data, fits)
	}
	if rec.Data == nil {
		return
	}
	if got, err := DecodeToken(&rec); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v; want %+v", got, err, want)
	}
}

func aliasDecodes(t *rapid.T) {
	want := Alias{Partition: goldenPlace, Name: aliasPrefix + "a", Key: anyText.Draw(t, "key")}
	if got, err := decodeAlias(want.Record()); err != nil || got != want {
		t.Fatalf("got %+v, %v; want %+v", got, err, want)
	}
}

func ownRecordDecodes(t *rapid.T) {
	want := someOf.Draw(t, "value")
	w := &writer{b: []byte{ownVersion}}
	w.bytes(want)
	r := newReader(w.record(), "own", ownVersion)
	if got := r.bytes(); r.end() != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %x, %v; want %x", got, r.end(), want)
	}
}

func authorityDecodes(t *rapid.T, old *Authority) {
	alg := anyAlg.Draw(t, "algorithm")
	bound := authorityAttributes(keystore.Ref{Partition: goldenPlace, Kind: kindAuthority, ID: "root"}, alg)
	bound.Mode = rapid.SampledFrom([]byte("SN")).Draw(t, "mode of use")
	made := hsm.Made{Public: someOf.Draw(t, "public"), KeyRef: hsm.KeyRef{Sealed: someOf.Draw(t, "sealed"), Attributes: bound}}
	got, err := decodeAuthority(
		&keystore.Record{
			Partition: goldenPlace,
			Kind:      kindAuthority,
			ID:        "root",
			Data:      encodeAuthority(alg, old.certificate.Raw, &made),
		},
	)
	if err != nil || !got.certificate.Equal(old.certificate) || !reflect.DeepEqual(got.Public, made.Public) ||
		!reflect.DeepEqual(got.Key, made.KeyRef) {
		t.Fatalf("got %+v, %v; want %+v of %s", got, err, made, alg.Name)
	}
}

// maybeBytes is nil for the empty text, as a record has it.
func maybeBytes(text string) []byte {
	if text == "" {
		return nil
	}
	return []byte(text)
}
