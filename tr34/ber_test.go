package tr34

import (
	"bytes"
	"errors"
	"testing"
)

// berForms write a message in BER: each as some program does.
var berForms = map[string]berForm{
	"indefinite lengths":        {indefinite: true},
	"padded lengths":            {padded: true},
	"strings in pieces":         {piece: 100},
	"strings of one piece":      {piece: 1 << 20},
	"all that BouncyCastle has": {indefinite: true, piece: 1000},
}

type berForm struct {
	indefinite, padded bool
	piece              int // bytes of an OCTET STRING in one piece; zero for no pieces
}

// write is the elements of DER in the form. Implicit0 has strings under the tag 0 in pieces too.
func (f berForm) write(tb testing.TB, der []byte, implicit0 bool) (out []byte) {
	tb.Helper()
	for _, n := range nodes(tb, der) {
		tag, body := n.tag, n.data
		switch {
		case tag&0x20 != 0:
			body = f.write(tb, n.data, implicit0)
		case f.piece > 0 && (tag == 0x04 || tag == 0x80 && implicit0):
			tag |= 0x20
			body = nil
			for rest := n.data; len(rest) > 0; {
				size := min(f.piece, len(rest))
				body = append(body, (&node{tag: 4, data: rest[:size]}).bytes()...)
				rest = rest[size:]
			}
		}
		switch element := (&node{tag: tag &^ 0x20, data: body}).bytes(); {
		case tag&0x20 != 0 && f.indefinite:
			out = append(append(append(out, tag, 0x80), body...), 0, 0)
		case f.padded:
			out = append(append(out, tag, 0x83, 0, byte(len(body)>>8), byte(len(body))), body...)
		default:
			element[0] = tag
			out = append(out, element...)
		}
	}
	return out
}

// TestMessagesInBERAreReadLikeThoseInDER: every message of the vectors, which still verifies.
func TestMessagesInBERAreReadLikeThoseInDER(t *testing.T) {
	for name, form := range berForms {
		t.Run(name, func(t *testing.T) {
			for _, v := range made(t) {
				if !isToken(v) {
					continue
				}
				der := v.token(t)
				want, failed := Parse(der)
				if errors.Is(failed, ErrASN1) {
					continue
				}
				in := form.write(t, der, false)
				got, err := Parse(in)
				if (err == nil) != (failed == nil) {
					t.Fatalf("%s: got %v, in DER %v", v.ID, err, failed)
				}
				if err != nil {
					continue
				}
				if !bytes.Equal(got.Bytes(), in) {
					t.Errorf("%s: the bytes are not those received", v.ID)
				}
				if a, b := got.Verify(v.check(t)), want.Verify(v.check(t)); (a == nil) != (b == nil) {
					t.Errorf("%s: got %v, in DER %v", v.ID, a, b)
				}
			}
		})
	}
}

// TestSignedContentInBERIsHashedAsReceived: the enveloped data within is in BER when it is signed.
func TestSignedContentInBERIsHashedAsReceived(t *testing.T) {
	p := newParties(t)
	for name, form := range berForms {
		for layout := range layouts {
			s := p.sealing(Layout(layout))
			content, err := s.seal(&p.krdKey.PublicKey, testKey)
			if err != nil {
				t.Fatal(err)
			}
			m := signedData{version: 1, digests: 1, contentType: oidEnveloped, content: form.write(t, content, true)}
			if err := m.sign(s.KDH, s.Signer, &attributes{nonce: s.Nonce, header: []byte(s.Header)}, false); err != nil {
				t.Fatal(err)
			}
			der, err := m.encode()
			if err != nil {
				t.Fatal(err)
			}
			check := p.check()
			check.CRL = CRLOptional
			for _, in := range [][]byte{der, form.write(t, der, false)} {
				token, err := Parse(in)
				if err != nil {
					t.Errorf("%s, %v: %v", name, Layout(layout), err)
					continue
				}
				read := Layout(layout)
				if read == LayoutStrict { // which differs within the key block alone
					read = LayoutRFC
				}
				opened, err := token.Open(p.krdKey, check)
				if err != nil || !bytes.Equal(opened.Key, testKey) || token.Layout != read {
					t.Errorf("%s, %v: got %+v, %v", name, Layout(layout), opened, err)
				}
			}
			m.content = content // what was hashed in its other form
			if der, err = m.encode(); err != nil {
				t.Fatal(err)
			}
			token, err := Parse(der)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Equal(content, form.write(t, content, true)) {
				continue
			}
			checkRefused(t, token.Verify(check), ErrDigest)
		}
	}
}
