//go:build cgo

package pkcs11

import (
	"encoding/binary"
	"runtime"
	"unsafe"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
)

func mechanism(m uint, parameter any) []*p11.Mechanism {
	return []*p11.Mechanism{p11.NewMechanism(m, parameter)}
}

// purpose is what one session object of a key is for. An object has the usage
// flags of its purpose and no others: none has CKA_WRAP, and one that can derive
// cannot decrypt.
type purpose int

const (
	carrying purpose = iota // to be wrapped, and nothing else
	enciphering
	authenticating
	deriving
	signing
	decrypting
	hashing  // HMACs with a key that takes any hash
	purposes // how many there are
)

// usageFlags are all that a key object can have.
var usageFlags = [...]uint{p11.CKA_ENCRYPT, p11.CKA_DECRYPT, p11.CKA_SIGN, p11.CKA_VERIFY, p11.CKA_WRAP, p11.CKA_UNWRAP, p11.CKA_DERIVE}

// uses are the flags of each purpose.
var uses = [purposes][]uint{
	enciphering:    {p11.CKA_ENCRYPT, p11.CKA_DECRYPT},
	authenticating: {p11.CKA_SIGN},
	deriving:       {p11.CKA_DERIVE},
	signing:        {p11.CKA_SIGN},
	decrypting:     {p11.CKA_DECRYPT},
	hashing:        {p11.CKA_SIGN},
}

// The flags of a key that wraps.
var (
	wraps         = []uint{p11.CKA_WRAP}
	wrapsUnwraps  = []uint{p11.CKA_WRAP, p11.CKA_UNWRAP}
	authenticates = []uint{p11.CKA_SIGN}
)

// keyTemplate has every attribute: modules differ in what they assume of one that is
// absent, and some assume that everything is allowed.
func keyTemplate(class, keyType uint, flags []uint, token, sensitive, extractable bool, more ...*p11.Attribute) []*p11.Attribute {
	t := make([]*p11.Attribute, 0, 7+len(usageFlags)+len(more))
	t = append(t,
		p11.NewAttribute(p11.CKA_CLASS, class),
		p11.NewAttribute(p11.CKA_KEY_TYPE, keyType),
		p11.NewAttribute(p11.CKA_TOKEN, token),
		p11.NewAttribute(p11.CKA_PRIVATE, true),
		p11.NewAttribute(p11.CKA_SENSITIVE, sensitive),
		p11.NewAttribute(p11.CKA_EXTRACTABLE, extractable),
	)
	for _, flag := range usageFlags {
		if class == p11.CKO_PRIVATE_KEY && (flag == p11.CKA_ENCRYPT || flag == p11.CKA_VERIFY || flag == p11.CKA_WRAP) {
			continue // those are of public keys
		}
		on := false
		for _, f := range flags {
			on = on || f == flag
		}
		t = append(t, p11.NewAttribute(flag, on))
	}
	return append(t, more...)
}

// sessionKey is the template of an application key's object.
func sessionKey(class, keyType uint, p purpose, extractable bool, more ...*p11.Attribute) []*p11.Attribute {
	return keyTemplate(class, keyType, uses[p], false, true, extractable, more...)
}

// secretType is the CKK of a symmetric key with the attributes.
func secretType(a hsm.Attributes) uint {
	switch {
	case a.Algorithm == hsm.AES:
		return p11.CKK_AES
	case a.Algorithm == hsm.TDES && a.Bits == 128:
		return p11.CKK_DES2
	case a.Algorithm == hsm.TDES:
		return p11.CKK_DES3
	}
	return p11.CKK_GENERIC_SECRET
}

// pairType is the CKK of a key pair.
func pairType(a hsm.Attributes) uint {
	if a.Algorithm == hsm.RSA {
		return p11.CKK_RSA
	}
	return p11.CKK_EC
}

// paired reports whether the key is the private half of a key pair.
func paired(a hsm.Attributes) bool { return a.Algorithm == hsm.RSA || a.Algorithm == hsm.EC }

// ulong appends a CK_ULONG, which is as wide as a pointer wherever pointers are
// put into parameters here.
func ulong(b []byte, v uintptr) []byte {
	if unsafe.Sizeof(v) == 4 {
		return binary.NativeEndian.AppendUint32(b, uint32(v))
	}
	return binary.NativeEndian.AppendUint64(b, uint64(v))
}

// nestable reports whether structures with pointers can be built here: on Windows
// they are packed, with a narrower CK_ULONG.
const nestable = runtime.GOOS != "windows"

// pointer appends the address of data and its length. The data is pinned until the
// caller unpins it.
func pointer(b []byte, pin *runtime.Pinner, data []byte) []byte {
	pin.Pin(&data[0])
	b = ulong(b, uintptr(unsafe.Pointer(&data[0])))
	return ulong(b, uintptr(len(data)))
}

// nested is an attribute whose value is a list of attributes as C has it in memory.
// The caller unpins it after the call.
func nested(kind uint, pin *runtime.Pinner, list ...*p11.Attribute) *p11.Attribute {
	var raw []byte
	for _, a := range list {
		raw = ulong(raw, uintptr(a.Type))
		raw = pointer(raw, pin, a.Value)
	}
	return p11.NewAttribute(kind, raw)
}
