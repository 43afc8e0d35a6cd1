package core

import (
	"crypto/x509"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/keystore"
	"github.com/seed748fb4d1/apcsim/x509ca"
)

// authorityVersion is the version of an authority's record. The second has the attributes that the key
// pair was sealed with.
const authorityVersion = 2

func encodeAuthority(alg *Algorithm, der []byte, made *hsm.Made) []byte {
	w := &writer{b: []byte{authorityVersion}}
	w.text(string(alg.Name))
	w.bytes(der)
	w.bytes(made.Public)
	w.bytes(made.Sealed)
	bound, _ := made.Attributes.AppendBinary(nil) // it does not fail
	w.bytes(bound)
	return w.record()
}

// authorityAttributes are those with which a new authority's key pair is sealed (TR-31's S1: the key
// pair of a CA), and with which those in records of the first version were.
func authorityAttributes(ref keystore.Ref, alg *Algorithm) hsm.Attributes {
	prefix := "ca-"
	if ref.ID == eccRoot {
		prefix = "ca-ecc-"
	}
	return hsm.Attributes{
		KeyID:         prefix + ref.Partition.Account + "-" + ref.Partition.Region,
		Usage:         "S1",
		Algorithm:     alg.Letter,
		Mode:          'S',
		Exportability: 'N',
		Bits:          alg.Bits,
	}
}

func decodeAuthority(rec *keystore.Record) (*Authority, error) {
	r := newReader(rec.Data, "authority", authorityVersion)
	alg := AlgorithmNamed(member(&r, keyAlgorithms))
	der := r.bytes()
	out := &Authority{Public: r.bytes()}
	out.Key.Sealed = r.bytes()
	bound := []byte(nil)
	if r.version > 1 {
		bound = r.bytes()
	}
	if err := r.end(); err != nil {
		return nil, unreadable(rec, err)
	}
	if alg == nil {
		return nil, unreadable(rec, errRecord)
	}
	var err error
	if out.Key.Attributes, err = authorityBinding(rec, alg, bound); err != nil {
		return nil, unreadable(rec, err)
	}
	if out.certificate, err = x509.ParseCertificate(der); err != nil {
		return nil, unreadable(rec, errRecord)
	}
	out.Text = x509ca.EncodeCertificate(der)
	return out, nil
}

// authorityBinding is the attributes that an authority's key pair was sealed with; nil bytes are a
// record of the first version. Those of another authority are a damaged record.
func authorityBinding(rec *keystore.Record, alg *Algorithm, bound []byte) (hsm.Attributes, error) {
	now := authorityAttributes(rec.Ref(), alg)
	if bound == nil {
		return now, nil
	}
	var a hsm.Attributes
	if err := a.UnmarshalBinary(bound); err != nil || a.KeyID != now.KeyID || a.Usage != now.Usage || a.Algorithm != now.Algorithm ||
		a.Bits != now.Bits {
		return a, errRecord
	}
	return a, nil
}
