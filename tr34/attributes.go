package tr34

import (
	"bytes"
	"encoding/asn1"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// attributes are the signed attributes of a message. What is absent is nil or
// zero.
type attributes struct {
	contentType asn1.ObjectIdentifier
	nonce       []byte
	time        time.Time
	header      []byte
	digest      []byte
	protection  asn1.ObjectIdentifier // the signature algorithm in CMSAlgorithmProtection
}

// attributeReaders are the attributes that are looked at. Others are signed too
// and of no account here.
var attributeReaders = []struct {
	oid   asn1.ObjectIdentifier
	field string
	read  func(a *attributes, value *reader, field string)
}{
	{oidType, "content type", func(a *attributes, r *reader, field string) { a.contentType = r.oid(field) }},
	{oidNonce, "random nonce", func(a *attributes, r *reader, field string) { a.nonce = r.nonce(field) }},
	{oidTime, "signing time", func(a *attributes, r *reader, field string) { a.time = r.time(field) }},
	{oidData, "key block header", func(a *attributes, r *reader, field string) { a.header = r.header(field) }},
	{oidDigest, "message digest", func(a *attributes, r *reader, field string) { a.digest = r.octets(field) }},
	{oidProtection, "algorithm protection", func(a *attributes, r *reader, field string) { a.protection = r.protection(field) }},
}

// attributes reads the content of signedAttrs: each attribute once, with one
// value, in any order.
func (r *reader) attributes() attributes {
	const field = "signed attributes"
	var a attributes
	for seen := map[string]bool{}; r.more(); {
		attribute := r.open(der.SEQUENCE, field)
		id := attribute.oid(field)
		if seen[id.String()] {
			r.refuse(field, problemTwice, id.String(), "")
		}
		seen[id.String()] = true
		a.read(id, attribute.last(der.SET, field))
	}
	return a
}

// read takes the one value of an attribute.
func (a *attributes) read(id asn1.ObjectIdentifier, values *reader) {
	for _, known := range attributeReaders {
		if id.Equal(known.oid) {
			known.read(a, values, known.field)
			values.end(known.field)
			return
		}
	}
	var value cryptobyte.String
	var tag der.Tag
	if values.fail.err == nil && !values.in.ReadAnyASN1(&value, &tag) {
		values.refuse("signed attributes", problemNoValue, id.String(), "")
	}
	values.end("signed attributes")
}

// nonce reads a random number, of any length but none.
func (r *reader) nonce(field string) []byte {
	nonce := r.octets(field)
	if len(nonce) == 0 {
		r.refuse(field, problemNoNonce, "", "")
	}
	return nonce
}

// time reads a Time: UTCTime up to the year 2049, GeneralizedTime beyond, both
// with seconds and in UTC (RFC 5652, section 11.3).
func (r *reader) time(field string) time.Time {
	tag, layout := der.UTCTime, "060102150405Z"
	if r.peek(der.GeneralizedTime) {
		tag, layout = der.GeneralizedTime, "20060102150405Z"
	}
	text := string(r.open(tag, field).in)
	t, err := time.Parse(layout, text)
	if err != nil || t.Format(layout) != text {
		r.refuse(field, problemTimeForm, wording.Quote(text, 20), "YYMMDDhhmmssZ, from 2050 on YYYYMMDDhhmmssZ")
	}
	if tag == der.UTCTime && t.Year() >= 2050 { // time.Parse takes years up to 2068
		t = t.AddDate(-100, 0, 0)
	}
	return t
}

// header reads a key block header.
func (r *reader) header(field string) []byte {
	h := r.octets(field)
	if !isHeader(string(h)) {
		r.refuse(field, problemHeaderForm, wording.Bytes(len(h)), "")
	}
	return h
}

// protection reads a CMSAlgorithmProtection (RFC 6211) with its signature
// algorithm.
func (r *reader) protection(field string) asn1.ObjectIdentifier {
	in := r.open(der.SEQUENCE, field)
	in.algorithm(field, oidSHA256)
	// [1] is implicit: it takes the place of the SEQUENCE's tag.
	return in.last(constructed1, field).identifier(field)
}

// encode writes the content of signedAttrs with what is there: content type,
// nonce, signing time, header, digest in this order, or sorted as DER sorts a
// SET OF.
func (a *attributes) encode(sorted bool) ([]byte, error) {
	var all [][]byte
	var failed error
	add := func(id asn1.ObjectIdentifier, there bool, value cryptobyte.BuilderContinuation) {
		if !there || failed != nil {
			return
		}
		one, err := encode(func(b *cryptobyte.Builder) { addAttribute(b, id, value) })
		all, failed = append(all, one), err
	}
	octets := func(v []byte) cryptobyte.BuilderContinuation {
		return func(b *cryptobyte.Builder) { b.AddASN1OctetString(v) }
	}
	add(oidType, true, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(a.contentType) })
	add(oidNonce, a.nonce != nil, octets(a.nonce))
	add(oidTime, !a.time.IsZero(), func(b *cryptobyte.Builder) { addTime(b, a.time) })
	add(oidData, a.header != nil, octets(a.header))
	add(oidDigest, true, octets(a.digest))
	if sorted {
		slices.SortFunc(all, bytes.Compare)
	}
	return bytes.Join(all, nil), failed
}

// addAttribute writes an Attribute with one value.
func addAttribute(b *cryptobyte.Builder, id asn1.ObjectIdentifier, value cryptobyte.BuilderContinuation) {
	addSequence(b, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(id)
		b.AddASN1(der.SET, value)
	})
}

func addTime(b *cryptobyte.Builder, t time.Time) {
	t = t.UTC()
	if year := t.Year(); 1950 <= year && year < 2050 {
		b.AddASN1UTCTime(t)
		return
	}
	b.AddASN1GeneralizedTime(t)
}
