package tr34

import (
	"crypto/cipher"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// envelope is the EnvelopedData within a key token (RFC 5652, section 6.1), for
// one recipient and in any layout. Its parts share the token's memory.
type envelope struct {
	layout    Layout
	recipient IssuerSerial
	wrapped   []byte // the content key under the recipient's RSA key
	cipher    Cipher
	iv        []byte
	sealed    []byte // the key block, padded and encrypted
}

// envelope reads the content of a key token.
func (r *reader) envelope() *envelope {
	r.normalize("enveloped data", problemSealed)
	bare := !r.peek(der.SEQUENCE)
	if !bare {
		r = r.last(der.SEQUENCE, "enveloped data")
	}
	var e envelope
	r.number("enveloped data version", 0)
	recipients := r.open(der.SET, "recipients")
	tagged := e.readRecipient(recipients.open(der.SEQUENCE, "recipient"))
	recipients.end("recipients")
	inside := e.readContent(r.open(der.SEQUENCE, "encrypted content"))
	r.end("enveloped data")
	e.layout = layoutOf(bare || inside, tagged)
	return &e
}

// readRecipient reads a KeyTransRecipientInfo and reports whether its OAEP
// parameters have context tags.
func (e *envelope) readRecipient(r *reader) (tagged bool) {
	r.number("recipient version", 0)
	e.recipient = r.issuerSerial("recipient identifier")
	tagged = r.oaep("key encryption algorithm")
	e.wrapped = r.octets("encrypted content key")
	r.end("recipient")
	return tagged
}

// oaep reads RSAES-OAEP with SHA-256 for hash and mask and an empty label, the
// parameters tagged as RFC 4055 has them or untagged as annex B does.
func (r *reader) oaep(field string) (tagged bool) {
	algorithm := r.open(der.SEQUENCE, field)
	algorithm.expect(oidOAEP, field)
	parameters := algorithm.last(der.SEQUENCE, field)
	tagged = parameters.peek(constructed0)
	part := func(number uint8, read func(*reader)) {
		if !tagged {
			read(parameters)
			return
		}
		in := parameters.open(der.Tag(number).ContextSpecific().Constructed(), field)
		read(in)
		in.end(field)
	}
	part(0, func(r *reader) { r.algorithm(field, oidSHA256) })
	part(1, func(r *reader) {
		mask := r.open(der.SEQUENCE, field)
		mask.expect(oidMGF1, field)
		mask.algorithm(field, oidSHA256)
		mask.end(field)
	})
	if parameters.more() || !tagged {
		part(2, func(r *reader) { r.emptyLabel(field) })
	}
	parameters.end(field)
	return tagged
}

// emptyLabel reads a pSourceAlgorithm that says what its absence says.
func (r *reader) emptyLabel(field string) {
	label := r.open(der.SEQUENCE, field)
	label.expect(oidSpecified, field)
	if n := len(label.octets(field)); n != 0 {
		r.refuse(field, problemLabel, wording.Bytes(n), "an empty label")
	}
	label.end(field)
}

// readContent reads an EncryptedContentInfo and reports whether the ciphertext
// is inside the algorithm.
func (e *envelope) readContent(r *reader) (inside bool) {
	const field = "encrypted content"
	r.expect(oidData, "encrypted content type")
	algorithm := r.open(der.SEQUENCE, "content cipher")
	e.cipher = algorithm.cipherID("content cipher")
	e.iv = algorithm.octets("IV")
	inside = algorithm.more()
	if inside {
		e.sealed = algorithm.octets0(field)
		algorithm.end(field)
	} else {
		e.sealed = r.octets0(field)
	}
	r.end(field)
	block := ciphers[e.cipher].block
	if len(e.iv) != block {
		r.refuse("IV", problemIV, wording.Bytes(len(e.iv)), wording.Bytes(block))
	}
	if len(e.sealed) == 0 || len(e.sealed)%block != 0 {
		r.refuse(field, problemPartial, wording.Bytes(len(e.sealed)), fmt.Sprintf("a multiple of %d", block))
	}
	return inside
}

// block prepares the content key.
func (e *envelope) block(contentKey []byte) (cipher.Block, error) {
	rule := &ciphers[e.cipher]
	if len(contentKey) != rule.key {
		return nil, &Error{
			Class:   ErrContent,
			Field:   "content key",
			Problem: problemContentKey,
			Found:   wording.Bytes(len(contentKey)),
			Wanted:  wording.Bytes(rule.key),
		}
	}
	block, err := rule.new(contentKey)
	if err != nil {
		return nil, &Error{Class: ErrContent, Field: "content key", Problem: problemContentKey}
	}
	return block, nil
}

// decrypt gives the key block, padding and all. The result is the caller's to
// clear.
func (e *envelope) decrypt(contentKey []byte) ([]byte, error) {
	block, err := e.block(contentKey)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, len(e.sealed))
	cipher.NewCBCDecrypter(block, e.iv).CryptBlocks(plain, e.sealed)
	return plain, nil
}

// encrypt turns a padded key block into ciphertext, in place.
func (e *envelope) encrypt(contentKey []byte) error {
	block, err := e.block(contentKey)
	if err != nil {
		return err
	}
	cipher.NewCBCEncrypter(block, e.iv).CryptBlocks(e.sealed, e.sealed)
	return nil
}

// content writes the content of a key token in the envelope's layout.
func (e *envelope) content() ([]byte, error) {
	rule := &layouts[e.layout]
	return encode(func(b *cryptobyte.Builder) {
		if rule.bare {
			e.add(b, rule)
			return
		}
		addSequence(b, func(b *cryptobyte.Builder) { e.add(b, rule) })
	})
}

// add writes the content of an EnvelopedData.
func (e *envelope) add(b *cryptobyte.Builder, rule *layoutRule) {
	b.AddASN1Int64(0)
	b.AddASN1(der.SET, func(b *cryptobyte.Builder) {
		addSequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(0)
			e.recipient.add(b)
			addOAEP(b, rule.tagged)
			b.AddASN1OctetString(e.wrapped)
		})
	})
	addSequence(b, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidData)
		addSequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(ciphers[e.cipher].oid)
			b.AddASN1OctetString(e.iv)
			if rule.bare {
				e.addSealed(b)
			}
		})
		if !rule.bare {
			e.addSealed(b)
		}
	})
}

func (e *envelope) addSealed(b *cryptobyte.Builder) {
	b.AddASN1(primitive0, func(b *cryptobyte.Builder) { b.AddBytes(e.sealed) })
}

// addOAEP writes the key encryption algorithm, with or without context tags.
// With them the empty label is the default, which DER omits; without them
// the mask's hash has no NULL, as in annex B.
func addOAEP(b *cryptobyte.Builder, tagged bool) {
	mask := func(b *cryptobyte.Builder) {
		addSequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidMGF1)
			addAlgorithm(b, oidSHA256, tagged)
		})
	}
	addSequence(b, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidOAEP)
		addSequence(b, func(b *cryptobyte.Builder) {
			if tagged {
				b.AddASN1(constructed0, func(b *cryptobyte.Builder) { addAlgorithm(b, oidSHA256, true) })
				b.AddASN1(constructed1, mask)
				return
			}
			addAlgorithm(b, oidSHA256, true)
			mask(b)
			addSequence(b, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidSpecified)
				b.AddASN1OctetString(nil)
			})
		})
	})
}
