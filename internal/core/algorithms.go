package core

import (
	"crypto"
	"fmt"
	"slices"
	"strconv"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/kcv"
)

// Algorithm is what a KeyAlgorithm means to an HSM and to the rules: its
// TR-31 letter, its length, its hash, and its check values, the default first.
type Algorithm struct {
	Name   apc.KeyAlgorithm
	bit    AlgorithmSet // its place in the table
	Letter hsm.Algorithm
	Bits   int // of an HMAC key: the length made here (GUESS G-hmac-length: that of the hash); others may be imported
	hash   crypto.Hash
	Hm     string // content of the HM block of an HMAC key (tr31-mapping, section 6)
	Checks []CheckMethod
}

// CheckMethod is a KeyCheckValueAlgorithm that a request may name, the one that the answer then
// names, and how the check value is computed.
type CheckMethod struct {
	Asked  apc.KeyCheckValueAlgorithm
	Name   apc.KeyCheckValueAlgorithm
	Method kcv.Method
}

var (
	tdesChecks = []CheckMethod{
		check(apc.KeyCheckValueAlgorithmANSIX924, kcv.TDESZero),
		check(apc.KeyCheckValueAlgorithmCMAC, kcv.TDESCMAC), // of 8 zero bytes: GUESS G-tdes-cmac
	}
	// GUESS G-public-check-value: SHA-1 of the DER SubjectPublicKeyInfo.
	pairChecks = []CheckMethod{check(apc.KeyCheckValueAlgorithmSHA1, kcv.SHA1)}

	// ANSI_X9_24 of an AES key: AWS's own programs send it and compare the answer with the CMAC
	// (GUESS G-aes-check-value: the answer names CMAC).
	aesChecks = []CheckMethod{check(apc.KeyCheckValueAlgorithmCMAC, kcv.AESCMAC),
		{apc.KeyCheckValueAlgorithmANSIX924, apc.KeyCheckValueAlgorithmCMAC, kcv.AESCMAC}}
)

func check(name apc.KeyCheckValueAlgorithm, m kcv.Method) CheckMethod {
	return CheckMethod{name, name, m}
}

func hmacChecks(m kcv.Method) []CheckMethod {
	return []CheckMethod{check(apc.KeyCheckValueAlgorithmHMAC, m)}
}

// Algorithms is every KeyAlgorithm, in the order of the service's description.
var Algorithms = numbered([]Algorithm{
	{Name: TDES2, Letter: hsm.TDES, Bits: 128, Checks: tdesChecks},
	{Name: TDES3, Letter: hsm.TDES, Bits: 192, Checks: tdesChecks},
	{Name: AES128, Letter: hsm.AES, Bits: 128, Checks: aesChecks},
	{Name: AES192, Letter: hsm.AES, Bits: 192, Checks: aesChecks},
	{Name: AES256, Letter: hsm.AES, Bits: 256, Checks: aesChecks},
	{Name: HMACSHA256, Letter: hsm.HMAC, Bits: 256, hash: crypto.SHA256, Hm: "21", Checks: hmacChecks(kcv.HMACSHA256)},
	{Name: HMACSHA384, Letter: hsm.HMAC, Bits: 384, hash: crypto.SHA384, Hm: "22", Checks: hmacChecks(kcv.HMACSHA384)},
	{Name: HMACSHA512, Letter: hsm.HMAC, Bits: 512, hash: crypto.SHA512, Hm: "23", Checks: hmacChecks(kcv.HMACSHA512)},
	{Name: HMACSHA224, Letter: hsm.HMAC, Bits: 224, hash: crypto.SHA224, Hm: "20", Checks: hmacChecks(kcv.HMACSHA224)},
	{Name: RSA2048, Letter: hsm.RSA, Bits: 2048, Checks: pairChecks},
	{Name: RSA3072, Letter: hsm.RSA, Bits: 3072, Checks: pairChecks},
	{Name: RSA4096, Letter: hsm.RSA, Bits: 4096, Checks: pairChecks},
	{Name: ECCP256, Letter: hsm.EC, Bits: 256, Checks: pairChecks},
	{Name: ECCP384, Letter: hsm.EC, Bits: 384, Checks: pairChecks},
	{Name: ECCP521, Letter: hsm.EC, Bits: 521, Checks: pairChecks},
})

func numbered(table []Algorithm) []Algorithm {
	for i := range table {
		table[i].bit = 1 << i
	}
	return table
}

// hmacBits bounds an imported HMAC key (16 to 64 bytes; tr31-mapping, section 3).
const (
	MinHMACBits = 128
	MaxHMACBits = 512
)

// Symmetric reports whether keys of the algorithm are symmetric.
func (a *Algorithm) Symmetric() bool { return a.Letter != hsm.RSA && a.Letter != hsm.EC }

// Check returns how the check value that a request asks for is computed; "" is the default.
func (a *Algorithm) Check(asked apc.KeyCheckValueAlgorithm) (CheckMethod, bool) {
	for _, c := range a.Checks {
		if asked == "" || c.Asked == asked {
			return c, true
		}
	}
	return CheckMethod{}, false
}

// CheckNames names the check values that keys of the algorithm have.
func (a *Algorithm) CheckNames() string {
	var names []apc.KeyCheckValueAlgorithm
	for _, c := range a.Checks {
		names = append(names, c.Asked)
	}
	return wording.Or(names)
}

// LengthsOf names the lengths of a key of one of several algorithms.
func LengthsOf(candidates []*Algorithm) string {
	var lengths, names []string
	for _, a := range candidates {
		length := strconv.Itoa(a.Bits)
		if a.Letter == hsm.HMAC {
			length = fmt.Sprintf("%d to %d", MinHMACBits, MaxHMACBits)
		}
		if !slices.Contains(lengths, length) {
			lengths = append(lengths, length)
		}
		names = append(names, string(a.Name))
	}
	return wording.Or(lengths) + " bits for " + wording.Or(names)
}

// AlgorithmNamed is the algorithm of a name; nil where there is none.
func AlgorithmNamed(name apc.KeyAlgorithm) *Algorithm {
	for i := range Algorithms {
		if Algorithms[i].Name == name {
			return &Algorithms[i]
		}
	}
	return nil
}

// AlgorithmsOf are those a key block's algorithm letter may mean; for HMAC
// the one of its HM block.
func AlgorithmsOf(letter byte, hm string) (out []*Algorithm) {
	for i := range Algorithms {
		if a := &Algorithms[i]; a.Letter == hsm.Algorithm(letter) && a.Symmetric() && (a.Hm == "" || a.Hm == hm) {
			out = append(out, a)
		}
	}
	return out
}

// AlgorithmSet is a set of KeyAlgorithms, a bit for each row of algorithms.
type AlgorithmSet uint32

// AlgorithmsNamed is the set of the algorithms with these names.
func AlgorithmsNamed(names ...apc.KeyAlgorithm) (set AlgorithmSet) {
	for _, a := range Algorithms {
		if slices.Contains(names, a.Name) {
			set |= a.bit
		}
	}
	return set
}

// Has reports whether an algorithm is in the set.
func (set AlgorithmSet) Has(a *Algorithm) bool { return set&a.bit != 0 }

var (
	AnyTDES = AlgorithmsNamed(TDES2, TDES3)
	AnyAES  = AlgorithmsNamed(AES128, AES192, AES256)
	AnyHMAC = AlgorithmsNamed(HMACSHA224, HMACSHA256, HMACSHA384, HMACSHA512)
	AnyRSA  = AlgorithmsNamed(RSA2048, RSA3072, RSA4096)
	AnyECC  = AlgorithmsNamed(ECCP256, ECCP384, ECCP521)
	Ciphers = AnyTDES | AnyAES
)

// Names are the algorithms of a set, in the order of the service's description.
func (set AlgorithmSet) Names() (out []apc.KeyAlgorithm) {
	for _, a := range Algorithms {
		if set.Has(&a) {
			out = append(out, a.Name)
		}
	}
	return slices.Clip(out)
}
