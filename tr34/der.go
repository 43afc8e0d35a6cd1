package tr34

import (
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/seed748fb4d1/apcsim/internal/ber"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// What is read at most. The longest message of the standard, a rebind token
// with its certificate and its CRL, has some two thousand bytes.
const maxMessage = 64 << 10

// The context-specific tags of the messages.
var (
	constructed0 = der.Tag(0).ContextSpecific().Constructed()
	constructed1 = der.Tag(1).ContextSpecific().Constructed()
	primitive0   = der.Tag(0).ContextSpecific()
)

// reader walks through DER. The first thing that is not as it should be is kept
// as the refusal, and everything read after it is empty: so the code that reads
// follows the tables of the standard, and the refusal is asked for at the end.
type reader struct {
	in   cryptobyte.String
	fail *failure // shared by all readers of one message
}

type failure struct {
	class Class
	err   *Error
}

// newReader begins to read; whatever is refused is of the given class.
func newReader(in []byte, class Class) *reader {
	return &reader{in, &failure{class: class}}
}

// openMessage begins to read a message: one element of BER, all the way down,
// with nothing after it.
func openMessage(in []byte) *reader {
	r := newReader(in, ErrASN1)
	if len(in) > maxMessage {
		r.refuse("message", problemTooLong, "more than "+wording.Bytes(maxMessage), "at most "+wording.Bytes(maxMessage))
		return r
	}
	first, rest, ok := ber.Element(r.in)
	switch {
	case !ok:
		r.refuse("message", problemDER, "", "")
	case len(rest) > 0:
		r.refuse("message", problemBehind, wording.Bytes(len(rest)), "")
	}
	r.in = first
	r.fail.class = ErrStructure
	return r
}

// normalize turns what is still to be read from BER into DER. What was signed is hashed as
// it was received, before this.
func (r *reader) normalize(field, problem string) {
	if r.fail.err != nil {
		return
	}
	out, ok := ber.Normalize(r.in)
	if !ok {
		r.fail.class = ErrASN1
		r.refuse(field, problem, "", "")
	}
	r.in = out
}

// err is the refusal, or nil.
func (r *reader) err() error {
	if r.fail.err == nil {
		return nil
	}
	return r.fail.err
}

func (r *reader) refuse(field, problem, found, wanted string) {
	if r.fail.err == nil {
		r.fail.err = &Error{Class: r.fail.class, Field: field, Problem: problem, Found: found, Wanted: wanted}
	}
}

// missing refuses a message without a part that must be there.
func (r *reader) missing(field string) { r.refuse(field, problemPart, "", field) }

// more reports whether there is another element to read.
func (r *reader) more() bool { return r.fail.err == nil && !r.in.Empty() }

func (r *reader) peek(tag der.Tag) bool { return r.more() && r.in.PeekASN1Tag(tag) }

// end holds that everything was read.
func (r *reader) end(field string) {
	if r.more() {
		r.refuse(field, problemMore, wording.Bytes(len(r.in))+" too many in "+field, "")
	}
}

// open goes into the next element.
func (r *reader) open(tag der.Tag, field string) *reader {
	body := &reader{fail: r.fail}
	if r.fail.err == nil && !r.in.ReadASN1(&body.in, tag) {
		r.missing(field)
	}
	return body
}

// last is open for an element with nothing after it.
func (r *reader) last(tag der.Tag, field string) *reader {
	body := r.open(tag, field)
	r.end(field)
	return body
}

// element gives the next element with its tag and length.
func (r *reader) element(tag der.Tag, field string) []byte {
	var whole cryptobyte.String
	if r.fail.err == nil && !r.in.ReadASN1Element(&whole, tag) {
		r.missing(field)
	}
	return whole
}

// octets gives the content of an OCTET STRING, which is not nil if it is there.
func (r *reader) octets(field string) []byte { return r.open(der.OCTET_STRING, field).in }

// octets0 gives the content of an OCTET STRING with the implicit tag 0, which BER allows to be
// in pieces.
func (r *reader) octets0(field string) []byte {
	if !r.peek(constructed0) {
		return r.open(primitive0, field).in
	}
	var out []byte
	for pieces := r.open(constructed0, field); pieces.more(); {
		out = append(out, pieces.octets(field)...)
	}
	return out
}

// number reads a small INTEGER that has one of the values given.
func (r *reader) number(field string, values ...int) (n int) {
	switch {
	case r.fail.err != nil:
	case !r.in.ReadASN1Integer(&n):
		r.missing(field)
	case !slices.Contains(values, n):
		r.refuse(field, problemNumber, fmt.Sprintf("%d as %s", n, field), oneOf(values))
	}
	return n
}

func (r *reader) oid(field string) (id asn1.ObjectIdentifier) {
	if r.fail.err == nil && !r.in.ReadASN1ObjectIdentifier(&id) {
		r.missing(field)
	}
	return id
}

// algorithm reads an AlgorithmIdentifier that is one of those given, its
// parameters NULL or absent.
func (r *reader) algorithm(field string, known ...asn1.ObjectIdentifier) asn1.ObjectIdentifier {
	id := r.open(der.SEQUENCE, field).identifier(field)
	if !slices.ContainsFunc(known, id.Equal) {
		r.refuse(field, problemOID, fmt.Sprintf("%s as %s", id, field), oneOf(known))
	}
	return id
}

// identifier reads the content of an AlgorithmIdentifier.
func (r *reader) identifier(field string) asn1.ObjectIdentifier {
	id := r.oid(field)
	if r.more() && len(r.last(der.NULL, field).in) != 0 {
		r.refuse(field, problemParameters, field, "")
	}
	return id
}

// expect reads an object identifier that is known beforehand.
func (r *reader) expect(want asn1.ObjectIdentifier, field string) {
	if id := r.oid(field); !id.Equal(want) {
		r.refuse(field, problemOID, fmt.Sprintf("%s as %s", id, field), want.String())
	}
}

// oneOf lists the values that would have passed.
func oneOf[T any](values []T) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, " or ")
}

// addAlgorithm writes an AlgorithmIdentifier, its parameters NULL or absent.
func addAlgorithm(b *cryptobyte.Builder, id asn1.ObjectIdentifier, null bool) {
	addSequence(b, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(id)
		if null {
			b.AddASN1NULL()
		}
	})
}

func addSequence(b *cryptobyte.Builder, f cryptobyte.BuilderContinuation) {
	b.AddASN1(der.SEQUENCE, f)
}

// encode runs a writer. Its input has been checked before; what the
// builder still finds, such as an impossible time, is of class structure.
func encode(write func(*cryptobyte.Builder)) ([]byte, error) {
	var b cryptobyte.Builder
	write(&b)
	out, err := b.Bytes()
	if err != nil {
		return nil, &Error{Class: ErrStructure, Field: "message", Problem: problemNoWrite, Err: err}
	}
	if len(out) > maxMessage {
		return nil, &Error{
			Class:   ErrStructure,
			Field:   "message",
			Problem: problemTooLong,
			Found:   wording.Bytes(len(out)),
			Wanted:  "at most " + wording.Bytes(maxMessage),
		}
	}
	return out, nil
}
