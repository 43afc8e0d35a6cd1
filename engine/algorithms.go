package engine

import (
	"crypto"
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/kcv"
)

// algorithm is what a KeyAlgorithm means to an HSM and to the rules: its
// TR-31 letter, its length, its hash, and its check values, the default first.
type algorithm struct {
	name   apc.KeyAlgorithm
	bit    algorithmSet // its place in the table
	letter hsm.Algorithm
	bits   int // of an HMAC key: the length made here (GUESS: that of the hash); others may be imported
	hash   crypto.Hash
	hm     string // content of the HM block of an HMAC key (tr31-mapping, section 6)
	checks []checkMethod
}

// checkMethod is a KeyCheckValueAlgorithm and how it is computed.
type checkMethod struct {
	name   apc.KeyCheckValueAlgorithm
	method kcv.Method
}

var (
	tdesChecks = []checkMethod{{apc.KeyCheckValueAlgorithmANSIX924, kcv.TDESZero}, {apc.KeyCheckValueAlgorithmCMAC, kcv.TDESCMAC}}
	aesChecks  = []checkMethod{{apc.KeyCheckValueAlgorithmCMAC, kcv.AESCMAC}} // ANSI_X9_24 on AES: GUESS refused
	pairChecks = []checkMethod{{apc.KeyCheckValueAlgorithmSHA1, kcv.SHA1}}
)

func hmacChecks(m kcv.Method) []checkMethod {
	return []checkMethod{{apc.KeyCheckValueAlgorithmHMAC, m}}
}

// algorithms is every KeyAlgorithm, in the order of the service's description.
var algorithms = numbered([]algorithm{
	{name: tdes2, letter: hsm.TDES, bits: 128, checks: tdesChecks},
	{name: tdes3, letter: hsm.TDES, bits: 192, checks: tdesChecks},
	{name: aes128, letter: hsm.AES, bits: 128, checks: aesChecks},
	{name: aes192, letter: hsm.AES, bits: 192, checks: aesChecks},
	{name: aes256, letter: hsm.AES, bits: 256, checks: aesChecks},
	{name: hmacSHA256, letter: hsm.HMAC, bits: 256, hash: crypto.SHA256, hm: "21", checks: hmacChecks(kcv.HMACSHA256)},
	{name: hmacSHA384, letter: hsm.HMAC, bits: 384, hash: crypto.SHA384, hm: "22", checks: hmacChecks(kcv.HMACSHA384)},
	{name: hmacSHA512, letter: hsm.HMAC, bits: 512, hash: crypto.SHA512, hm: "23", checks: hmacChecks(kcv.HMACSHA512)},
	{name: hmacSHA224, letter: hsm.HMAC, bits: 224, hash: crypto.SHA224, hm: "20", checks: hmacChecks(kcv.HMACSHA224)},
	{name: rsa2048, letter: hsm.RSA, bits: 2048, checks: pairChecks},
	{name: rsa3072, letter: hsm.RSA, bits: 3072, checks: pairChecks},
	{name: rsa4096, letter: hsm.RSA, bits: 4096, checks: pairChecks},
	{name: eccP256, letter: hsm.EC, bits: 256, checks: pairChecks},
	{name: eccP384, letter: hsm.EC, bits: 384, checks: pairChecks},
	{name: eccP521, letter: hsm.EC, bits: 521, checks: pairChecks},
})

func numbered(table []algorithm) []algorithm {
	for i := range table {
		table[i].bit = 1 << i
	}
	return table
}

// hmacBits bounds an imported HMAC key (16 to 64 bytes; tr31-mapping, section 3).
const (
	minHMACBits = 128
	maxHMACBits = 512
)

func (a *algorithm) symmetric() bool { return a.letter != hsm.RSA && a.letter != hsm.EC }

// check finds how a check value is computed; "" means the default.
func (a *algorithm) check(name apc.KeyCheckValueAlgorithm) (checkMethod, bool) {
	for _, c := range a.checks {
		if name == "" || c.name == name {
			return c, true
		}
	}
	return checkMethod{}, false
}

func algorithmNamed(name apc.KeyAlgorithm) *algorithm {
	for i := range algorithms {
		if algorithms[i].name == name {
			return &algorithms[i]
		}
	}
	return nil
}

// algorithmsOf are those a key block's algorithm letter may mean; for HMAC
// the one of its HM block.
func algorithmsOf(letter byte, hm string) (out []*algorithm) {
	for i := range algorithms {
		if a := &algorithms[i]; a.letter == hsm.Algorithm(letter) && a.symmetric() && (a.hm == "" || a.hm == hm) {
			out = append(out, a)
		}
	}
	return out
}

// algorithmSet is a set of KeyAlgorithms, a bit for each row of algorithms.
type algorithmSet uint32

func algorithmsNamed(names ...apc.KeyAlgorithm) (set algorithmSet) {
	for _, a := range algorithms {
		if slices.Contains(names, a.name) {
			set |= a.bit
		}
	}
	return set
}

func (set algorithmSet) has(a *algorithm) bool { return set&a.bit != 0 }

var (
	anyTDES = algorithmsNamed(tdes2, tdes3)
	anyAES  = algorithmsNamed(aes128, aes192, aes256)
	anyHMAC = algorithmsNamed(hmacSHA224, hmacSHA256, hmacSHA384, hmacSHA512)
	anyRSA  = algorithmsNamed(rsa2048, rsa3072, rsa4096)
	anyECC  = algorithmsNamed(eccP256, eccP384, eccP521)
	ciphers = anyTDES | anyAES
)

// names are the algorithms of a set, in the order of the service's description.
func (set algorithmSet) names() (out []apc.KeyAlgorithm) {
	for _, a := range algorithms {
		if set.has(&a) {
			out = append(out, a.name)
		}
	}
	return slices.Clip(out)
}
