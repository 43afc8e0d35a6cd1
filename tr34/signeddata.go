package tr34

import (
	"crypto/sha256"
	"encoding/asn1"
	"strconv"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// signedData is a SignedData (RFC 5652, section 5.1), which every message but
// the random number is. Its parts are DER as received and share the message's
// memory.
type signedData struct {
	version      int
	digests      int // how many digest algorithms; each is SHA-256
	contentType  asn1.ObjectIdentifier
	content      []byte // nil if there is none
	certificates [][]byte
	crls         [][]byte
	signers      []signerInfo
}

// signerInfo is a SignerInfo, version 1, SHA-256 (RFC 5652, section 5.3).
type signerInfo struct {
	id         IssuerSerial
	attributes []byte // signedAttrs, with tag and length; nil if there are none
	algorithm  asn1.ObjectIdentifier
	signature  []byte
}

// shape says how many of each part a kind of message has.
type shape struct{ digests, certificates, crlsAtMost, signers int }

var (
	shapeSigned     = shape{digests: 1, crlsAtMost: 1, signers: 1}
	shapeCredential = shape{certificates: 1, crlsAtMost: 1}
	shapeNewKDH     = shape{certificates: 1} // inside a rebind token
)

// contentInfo goes into ContentInfo and SignedData.
func (r *reader) contentInfo() *reader {
	info := r.last(der.SEQUENCE, "message")
	info.expect(oidSigned, "message type")
	return info.last(constructed0, "message").last(der.SEQUENCE, "signed data")
}

// signedData reads the content of a SignedData.
func (r *reader) signedData(want shape) *signedData {
	var s signedData
	s.version = r.number("signed data version", 1, 3)
	for in := r.open(der.SET, "digest algorithms"); in.more(); s.digests++ {
		in.algorithm("digest algorithm", oidSHA256)
	}
	in := r.open(der.SEQUENCE, "content")
	s.contentType = in.oid("content type")
	if in.more() {
		s.content = in.last(constructed0, "content").last(der.OCTET_STRING, "content").in
	}
	s.certificates = r.list(constructed0, "certificates")
	s.crls = r.list(constructed1, "CRLs")
	for in := r.open(der.SET, "signers"); in.more(); {
		s.signers = append(s.signers, in.signer())
	}
	if want.signers == 0 && s.crls == nil {
		s.crls = r.list(constructed1, "CRLs") // sample B.6 has them at the end
	}
	r.end("signed data")
	s.check(r, want)
	return &s
}

// list reads an optional implicit SET OF SEQUENCE.
func (r *reader) list(tag der.Tag, field string) (all [][]byte) {
	if !r.peek(tag) {
		return nil
	}
	for in := r.open(tag, field); in.more(); {
		all = append(all, in.element(der.SEQUENCE, field))
	}
	return all
}

func (s *signedData) check(r *reader, want shape) {
	wrong := func(field, one string, found int, wanted string) {
		r.refuse(field, problemCount, wording.Count(found, one), wanted)
	}
	switch {
	case s.digests != want.digests:
		wrong("digest algorithms", "digest algorithm", s.digests, strconv.Itoa(want.digests))
	case len(s.certificates) != want.certificates:
		wrong("certificates", "certificate", len(s.certificates), strconv.Itoa(want.certificates))
	case len(s.crls) > want.crlsAtMost:
		wrong("CRLs", "CRL", len(s.crls), "at most "+strconv.Itoa(want.crlsAtMost))
	case len(s.signers) != want.signers:
		wrong("signers", "signer", len(s.signers), strconv.Itoa(want.signers))
	}
}

func (r *reader) signer() (s signerInfo) {
	in := r.open(der.SEQUENCE, "signer")
	in.number("signer version", 1)
	s.id = in.issuerSerial("signer identifier")
	in.algorithm("signer's digest algorithm", oidSHA256)
	if in.peek(constructed0) {
		s.attributes = in.element(constructed0, "signed attributes")
	}
	s.algorithm = in.algorithm("signature algorithm", oidRSA, oidSHA256RSA)
	s.signature = in.octets("signature")
	in.end("signer")
	return s
}

// sum is what the signature is made over: the attributes as a SET, in the order
// they are in, or else the content (RFC 5652, section 5.4).
func (s *signerInfo) sum(content []byte) [sha256.Size]byte {
	if s.attributes == nil {
		return sha256.Sum256(content)
	}
	h := sha256.New()
	h.Write([]byte{byte(der.SET)})
	h.Write(s.attributes[1:])
	return [sha256.Size]byte(h.Sum(nil))
}

// crl is the one CRL, or nil.
func (s *signedData) crl() []byte {
	if len(s.crls) == 0 {
		return nil
	}
	return s.crls[0]
}

// encode writes the whole message.
func (s *signedData) encode() ([]byte, error) {
	return encode(func(b *cryptobyte.Builder) {
		addSequence(b, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidSigned)
			b.AddASN1(constructed0, func(b *cryptobyte.Builder) { addSequence(b, s.add) })
		})
	})
}

// add writes the content of a SignedData.
func (s *signedData) add(b *cryptobyte.Builder) {
	b.AddASN1Int64(int64(s.version))
	b.AddASN1(der.SET, func(b *cryptobyte.Builder) {
		for range s.digests {
			addAlgorithm(b, oidSHA256, false)
		}
	})
	addSequence(b, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(s.contentType)
		if s.content != nil {
			b.AddASN1(constructed0, func(b *cryptobyte.Builder) { b.AddASN1OctetString(s.content) })
		}
	})
	addList(b, constructed0, s.certificates)
	addList(b, constructed1, s.crls)
	b.AddASN1(der.SET, func(b *cryptobyte.Builder) {
		for i := range s.signers {
			addSequence(b, s.signers[i].add)
		}
	})
}

func addList(b *cryptobyte.Builder, tag der.Tag, all [][]byte) {
	if len(all) == 0 {
		return
	}
	b.AddASN1(tag, func(b *cryptobyte.Builder) {
		for _, one := range all {
			b.AddBytes(one)
		}
	})
}

func (s *signerInfo) add(b *cryptobyte.Builder) {
	b.AddASN1Int64(1)
	s.id.add(b)
	addAlgorithm(b, oidSHA256, false)
	b.AddBytes(s.attributes)
	addAlgorithm(b, s.algorithm, true)
	b.AddASN1OctetString(s.signature)
}
