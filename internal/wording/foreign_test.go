package wording

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// keysOf are the ways in which people write key bytes.
func keysOf(key []byte) map[string]string {
	digits := strings.ToUpper(hex.EncodeToString(key))
	grouped := func(size int, between string) string {
		var out []string
		for i := 0; i < len(digits); i += size {
			out = append(out, digits[i:min(i+size, len(digits))])
		}
		return strings.Join(out, between)
	}
	bytes := make([]string, len(key))
	for i, b := range key {
		bytes[i] = fmt.Sprintf("0x%02x", b)
	}
	return map[string]string{
		"digits": digits, "small digits": strings.ToLower(digits), "0x": "0x" + digits,
		"groups of four": grouped(
			4,
			"-",
		), "groups of eight": grouped(8, " "), "colons": grouped(2, ":"), "spaces": grouped(2, " "), "dots": grouped(4, "."),
		"underscores": strings.ToLower(grouped(4, "_")), "0x of each byte": strings.Join(bytes, " "),
		"base64": base64.StdEncoding.EncodeToString(key),
	}
}

// TestKeysAreNotRepeated: however they are written.
func TestKeysAreNotRepeated(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{8, 16, 24, 32} {
		for range 200 {
			key := make([]byte, size)
			for i := range key {
				key[i] = byte(random.Uint32())
			}
			for how, text := range keysOf(key) {
				if got := Foreign(text); got != Count(len(text), "character") {
					t.Errorf("%s: %s is repeated as %s", how, text, got)
				}
				got := WithoutKeys("the value is " + text + ", or not")
				if strings.Contains(got, text) || !strings.HasPrefix(got, "the value is ") || !strings.HasSuffix(got, "..., or not") {
					t.Errorf("%s in a sentence: %s", how, got)
				}
			}
		}
	}
	for _, text := range []string{
		"DEAD-BEEF-CAFE-BABE", "dead:beef:cafe:babe", "DE,AD,BE,EF,CA,FE", "DE AD BE EF\nCA FE", `\xde\xad\xbe\xef`, "1234", "12-34",
		"4111 1111 1111 1111", "KEY=DEADBEEF",
	} {
		if got := Foreign(text); got != Count(len(text), "character") {
			t.Errorf("%q is repeated as %s", text, got)
		}
	}
}

// TestWordsAreRepeated: what people mistype, in quotes and cut.
func TestWordsAreRepeated(t *testing.T) {
	for in, want := range map[string]string{
		"TR31_D0_SYMETRIC_DATA_ENCRYPTION_KEY": `"TR31_D0_SYMETRIC_DATA_ENCRYPTION_KEY"`,
		"TR31_B0_BASE_DERIVATION":              `"TR31_B0_BASE_DERIVATION"`,
		"TR31_V1_IBM3624_PIN":                  `"TR31_V1_IBM3624_PIN"`,
		"AES_512":                              `"AES_512"`,
		"ECC_NIST_P256K1":                      `"ECC_NIST_P256K1"`,
		"us-east-9":                            `"us-east-9"`,
		"aws:CostCenter":                       `"aws:CostCenter"`,
		"DiffieHellmanTr31KeyBlock":            `"DiffieHellmanTr31KeyBlock"`,
		"As2805KeyCryptogram":                  `"As2805KeyCryptogram"`,
		"":                                     "an empty string",
		"12":                                   `"12"`,
		"a\x1b[31m\nb":                         `"a\x1b[31m\nb"`,
		strings.Repeat("long ", 20):            `"` + strings.Repeat("long ", 12) + `long"...`,
	} {
		if got := Foreign(in); got != want {
			t.Errorf("Foreign(%q) = %s, want %s", in, got, want)
		}
	}
}

// TestSentencesOfOursStay: with fields, dates and lists.
func TestSentencesOfOursStay(t *testing.T) {
	for _, text := range []string{
		"KeyMaterial.DiffieHellmanTr31KeyBlock.CertificateAuthorityPublicKeyIdentifier: found none, wanted one",
		"expired: found 2026-06-01T12:00:00Z, wanted 2026-05-01T12:00:00Z or later",
		"found RSA 1024, wanted RSA 2048, RSA 3072, RSA 4096", "for AES_256 one of [AES_128 AES_192 AES_256]",
		"the length field does not match the block: found 0080, wanted 0096 (at character 1)",
		"a bad face faded: be added",
	} {
		if got := WithoutKeys(text); got != text {
			t.Errorf("%s\nbecame\n%s", text, got)
		}
	}
}
