package main

import (
	"slices"
	"strings"
	"unicode"
)

// initialisms are the words of the service's values that Go writes in capitals.
// Digits behind one do not matter.
var initialisms = strings.Fields(
	"AES ANSI AS AWS CBC CFB CMAC EC ECB ECC EMV HMAC IBM IEC ISO KCV MAC NIST OAEP OFB PIN PKCS RSA SHA SP TDES TR X",
)

// constName is the name of a constant: its type, then the value in words, as the
// AWS SDK for Go has it, with initialisms as Go writes them: KeyAlgorithm and
// AES_128 are KeyAlgorithmAES128.
func constName(typeName, value string) string {
	var b strings.Builder
	b.WriteString(typeName)
	for _, w := range strings.Split(value, "_") {
		b.WriteString(word(w))
	}
	return b.String()
}

func word(w string) string {
	letters := strings.TrimRightFunc(w, unicode.IsDigit)
	digits := w[len(letters):]
	switch {
	case slices.Contains(initialisms, letters), len(letters) == 1, hexadecimal(w):
		return w
	case letters == "MKEY": // a master key
		return "MKey" + digits
	case letters != "" && unicode.IsDigit(rune(letters[0])): // 2KEY
		return letters[:1] + word(letters[1:]) + digits
	case letters == "":
		return w
	}
	return letters[:1] + strings.ToLower(letters[1:]) + digits
}

// hexadecimal reports whether a word is a number such as 82C0.
func hexadecimal(w string) bool {
	return w[0] >= '0' && w[0] <= '9' && strings.Trim(w, "0123456789ABCDEF") == ""
}
