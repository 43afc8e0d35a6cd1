package tr34

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// binding is a token of a kind as annex B has it.
func (p *parties) binding(k BindingKind) *Binding {
	b := &Binding{Kind: k, KRD: NameOf(p.krd)}
	if bindingRules[k].byCA {
		b.OldKDH = NameOf(p.kdh)
	} else {
		b.Nonce = testNonce
	}
	if bindingRules[k].rebind {
		b.NewKDH = p.kdh2.Raw
	}
	return b
}

// signer is the signer of a kind, and what the KRD checks with.
func (p *parties) signer(k BindingKind) (*x509.Certificate, *rsa.PrivateKey, *Check) {
	if bindingRules[k].byCA {
		return p.krdCA, p.krdCAKey, &Check{KDH: p.krdCA, KRD: p.krd, Now: vectorTime}
	}
	return p.kdh, p.kdhKey, p.check()
}

func (p *parties) newBinding(t *testing.T, b *Binding) ([]byte, *Check) {
	t.Helper()
	signer, key, c := p.signer(b.Kind)
	der, err := newBinding(b, signer, key)
	if err != nil {
		t.Fatal(err)
	}
	return der, c
}

var everyKind = []BindingKind{UnbindKDH, UnbindCA, RebindKDH, RebindCA}

func TestBindingsReadAsTheyWereMade(t *testing.T) {
	p := newParties(t)
	rapid.Check(t, func(r *rapid.T) {
		want := p.binding(rapid.SampledFrom(everyKind).Draw(r, "kind"))
		_, _, c := p.signer(want.Kind)
		if want.Nonce == nil && rapid.Bool().Draw(r, "nonce") || want.Nonce != nil {
			want.Nonce = rapid.SliceOfN(rapid.Byte(), 8, 64).Draw(r, "nonce")
			c.Nonce = want.Nonce
		}
		if rapid.Bool().Draw(r, "time") {
			want.SigningTime = time.Unix(rapid.Int64Range(0, 4102444800).Draw(r, "signing time"), 0)
		}
		if !bindingRules[want.Kind].byCA && rapid.Bool().Draw(r, "CRL") {
			want.CRL = p.crl
		}
		want.WithSequence = want.NewKDH != nil && rapid.Bool().Draw(r, "with SEQUENCE")
		der, _ := p.newBinding(t, want)
		got, err := ParseBinding(der)
		if err != nil {
			r.Fatalf("%X: %v", der, err)
		}
		if err := got.Verify(c); err != nil {
			r.Fatalf("%X: %v", der, err)
		}
		signer, _, _ := p.signer(want.Kind)
		same := got.Kind == want.Kind && got.Signer.Names(signer) && got.KRD.Names(p.krd) && got.OldKDH.Names(p.kdh) == want.OldKDH.whole() &&
			bytes.Equal(got.NewKDH, want.NewKDH) && bytes.Equal(got.Nonce, want.Nonce) && got.SigningTime.Equal(want.SigningTime) &&
			bytes.Equal(got.CRL, want.CRL) &&
			got.WithSequence == want.WithSequence
		if !same {
			r.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

// What was read from a token of annex B, signed again by the same signer, is that
// token: the signatures of PKCS #1 v1.5 are the same each time.
func TestBindingsOfAnnexBAreMadeByteForByte(t *testing.T) {
	p := newParties(t)
	keys := map[BindingKind]*rsa.PrivateKey{UnbindKDH: p.kdhKey, RebindKDH: p.kdhKey, UnbindCA: p.krdCAKey, RebindCA: p.krdCAKey}
	for _, v := range made(t) {
		if !isBinding(v) || v.Layout == "clover" {
			continue
		}
		t.Run(v.ID, func(t *testing.T) {
			b, err := ParseBinding(v.token(t))
			if err != nil {
				t.Fatal(err)
			}
			got, err := newBinding(b, v.certificate(t, v.SignerCert), keys[b.Kind])
			if err != nil || !bytes.Equal(got, v.token(t)) {
				t.Errorf("got  %X, %v\nwant %X", got, err, v.token(t))
			}
		})
	}
}

func TestBindingsAreVerified(t *testing.T) {
	p := newParties(t)
	for _, k := range everyKind {
		byCA := bindingRules[k].byCA
		for _, c := range []struct {
			name       string
			edit       func(c *Check)
			kdh, other Class // by whom it is signed: KDH or CA
		}{
			{"right", func(*Check) {}, "", ""},
			{"another signer", func(c *Check) { c.KDH, c.CA = p.kdh2, nil }, ErrSigner, ErrCertificate},
			{"another CA", func(c *Check) { c.KDH, c.CA = p.kdhCA, nil }, ErrSigner, ErrSigner},
			{"another nonce", func(c *Check) { c.Nonce = []byte("another!") }, ErrNonce, ErrNonce},
			{"no nonce expected", func(c *Check) { c.Nonce = nil }, ErrTime, ""},
			{"another KRD", func(c *Check) { c.KRD = p.krd2 }, ErrRecipient, ErrRecipient},
			{"too late", func(c *Check) { c.Now = p.kdh.NotAfter.AddDate(1, 0, 0) }, ErrCertificate, ErrCertificate},
		} {
			t.Run(k.String()+"/"+c.name, func(t *testing.T) {
				der, check := p.newBinding(t, p.binding(k))
				b, err := ParseBinding(der)
				if err != nil {
					t.Fatal(err)
				}
				c.edit(check)
				want := c.kdh
				if byCA {
					want = c.other
				}
				checkVerdict(t, b.Verify(check), want)
			})
		}
	}
}

// A token that a KDH signed in the form of a CA's has no nonce, and so must not
// pass for one of the KDH's own.
func TestCAFormsMustBeSignedByACA(t *testing.T) {
	p := newParties(t)
	der, err := newBinding(p.binding(UnbindCA), p.kdh, p.kdhKey)
	if err != nil {
		t.Fatal(err)
	}
	b, err := ParseBinding(der)
	if err != nil {
		t.Fatal(err)
	}
	checkRefused(t, b.Verify(&Check{KDH: p.kdh, CA: p.kdhCA, KRD: p.krd, Now: vectorTime}), ErrCertificate)
}

func TestVerifyGoesByTheTokenAndNotByTheFields(t *testing.T) {
	p := newParties(t)
	der, c := p.newBinding(t, p.binding(UnbindKDH))
	b, err := ParseBinding(der)
	if err != nil {
		t.Fatal(err)
	}
	clear(der)
	b.Kind, b.KRD, b.Nonce = UnbindCA, NameOf(p.krd2), nil
	if err := b.Verify(c); err != nil {
		t.Error(err)
	}
	c.KRD = p.krd2
	checkRefused(t, b.Verify(c), ErrRecipient)
}

// A rebind token has its one-pass rules from the signing time.
func TestBindingByTimeNeedsACRL(t *testing.T) {
	p := newParties(t)
	b := p.binding(RebindKDH)
	b.Nonce, b.SigningTime = nil, testTime
	for _, crl := range [][]byte{nil, p.crl} {
		b.CRL = crl
		der, c := p.newBinding(t, b)
		c.Nonce = nil
		parsed, err := ParseBinding(der)
		if err != nil {
			t.Fatal(err)
		}
		want := ErrCRL
		if crl != nil {
			want = ""
		}
		checkVerdict(t, parsed.Verify(c), want)
	}
}

func TestParseBindingRefusesWhatIsNone(t *testing.T) {
	p := newParties(t)
	unbind, _ := p.newBinding(t, p.binding(UnbindCA))
	rebind, _ := p.newBinding(t, p.binding(RebindCA))
	name := nodes(t, takeApart(t, unbind).at(1, 0, 2, 1, 0).kids[0].bytes())[0]
	content := []int{1, 0, 2, 1, 0}
	for _, c := range []struct {
		of []byte
		change
	}{
		{unbind, change{"three names", insert(content, 2, name), ErrStructure}},
		{unbind, change{"no name", set(content[:4], 0), ErrStructure}},
		{unbind, change{"name with two serial numbers", double(append(content[:5:5], 0), 1), ErrStructure}},
		{unbind, change{"enveloped data", setAt([]int{1, 0, 2}, []int{0}, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 3), ErrStructure}},
		{rebind, change{"no signed attributes", drop(inSigner, 3), ErrStructure}},
		{rebind, change{"content cut short", set(content[:4], 0, 0x02, 1), ErrASN1}},
		{rebind, change{"no certificate", drop(content, 3), ErrStructure}},
		{rebind, change{"two certificates", double(append(content[:5:5], 3), 0), ErrStructure}},
		{rebind, change{"a digest algorithm inside", insert(append(content[:5:5], 1), 0,
			with(primitive(0x30), primitive(0x06, sha256OID...))), ErrStructure}},
		{rebind, change{"another type inside", setAt(content, []int{2, 0}, 0x2A), ErrStructure}},
		{rebind, change{"nothing inside", drop(append(content[:5:5], 2), 1), ErrStructure}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := takeApart(t, c.of)
			c.edit(root)
			_, err := ParseBinding(root.bytes())
			checkRefused(t, err, c.want)
		})
	}
	_, err := ParseBinding(p.seal(t, p.sealing(LayoutStandard)))
	checkRefused(t, err, ErrStructure)
	_, err = Parse(unbind)
	checkRefused(t, err, ErrStructure)
}
