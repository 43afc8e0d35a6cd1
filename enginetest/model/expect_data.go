package model

import (
	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/dataplane"
)

// expectData is the refusal of a request of the data plane: whether the key may do it. What comes
// of it is not computed; the caller compares what must agree, such as a MAC and its verification.
func (p *place) expectData(in any) (code apc.Code, known bool) {
	m := func(k *Key) apc.KeyModesOfUse { return k.Attributes.KeyModesOfUse }
	switch in := in.(type) {
	case *dataplane.EncryptDataInput:
		return p.may(in.KeyIdentifier, apc.KeyUsageTR31D0SymmetricDataEncryptionKey,
			func(k *Key) bool { return m(k).Encrypt || m(k).NoRestrictions }), true
	case *dataplane.DecryptDataInput:
		return p.may(in.KeyIdentifier, apc.KeyUsageTR31D0SymmetricDataEncryptionKey,
			func(k *Key) bool { return m(k).Decrypt || m(k).NoRestrictions }), true
	case *dataplane.GenerateMacInput:
		return p.may(in.KeyIdentifier, apc.KeyUsageTR31M6ISO97975CMACKey, func(k *Key) bool { return m(k).Generate }), true
	case *dataplane.VerifyMacInput:
		return p.may(in.KeyIdentifier, apc.KeyUsageTR31M6ISO97975CMACKey, func(k *Key) bool { return m(k).Verify }), true
	}
	return "", false
}

// may is the refusal of a key that is not usable, of another usage or without the mode of use.
func (p *place) may(id string, u apc.KeyUsage, mode func(*Key) bool) apc.Code {
	k, code := p.find(id)
	if code != "" {
		return code
	}
	return invalid(k.Usable(), k.Attributes.KeyUsage == u, mode(k))
}
