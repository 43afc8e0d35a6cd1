package dataplane_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
)

var tdesDataKey = vectorKey{
	Hex:       "0123456789ABCDEFFEDCBA9876543210",
	Usage:     apc.KeyUsageTR31D0SymmetricDataEncryptionKey,
	Algorithm: apc.KeyAlgorithmTDES2Key,
}

// TestPlainTextForAnRSAKeyHasTheLengthOfTheGuide: the limits are in hexadecimal digits (data-plane, section 3.1); without a
// padding the text is as long as the modulus.
func TestPlainTextForAnRSAKeyHasTheLengthOfTheGuide(t *testing.T) {
	w := newWorld(t, nil)
	for algorithm, most := range map[apc.KeyAlgorithm]map[string]int{
		apc.KeyAlgorithmRSA2048: {"PKCS1": 488, "OAEP_SHA1": 428, "OAEP_SHA256": 380, "OAEP_SHA512": 252},
		apc.KeyAlgorithmRSA3072: {"PKCS1": 744, "OAEP_SHA1": 684, "OAEP_SHA256": 636, "OAEP_SHA512": 508},
		apc.KeyAlgorithmRSA4096: {"PKCS1": 1000, "OAEP_SHA1": 940, "OAEP_SHA256": 892, "OAEP_SHA512": 764},
	} {
		key := created(t, w, apc.KeyUsageTR31D1AsymmetricKeyForDataEncryption, apc.KeyClassAsymmetricKeyPair, algorithm)
		encrypt := func(attributes string, digits int) string {
			return w.said(t, "EncryptData", fmt.Sprintf(`{"KeyIdentifier":%q,"PlainText":%q,"EncryptionAttributes":{"Asymmetric":{%s}}}`,
				key, strings.Repeat("0", digits), attributes))
		}
		const refusal = "PlainText: the data have a length that the RSA key and the padding do not accept: found %d bytes, wanted %s%d bytes"
		for padding, digits := range most {
			attributes := `"PaddingType":"` + padding + `"`
			if got := encrypt(attributes, digits); got != "taken" {
				t.Errorf("%s, %s, %d digits: got %s", algorithm, padding, digits, got)
			}
			if got, want := encrypt(attributes, digits+2), fmt.Sprintf(refusal, digits/2+1, "at most ", digits/2); got != want {
				t.Errorf("%s, %s, %d digits: got %s, want %s", algorithm, padding, digits+2, got, want)
			}
		}
		var modulus int
		fmt.Sscanf(string(algorithm), "RSA_%d", &modulus)
		modulus /= 8
		for digits, want := range map[int]string{
			2 * modulus:   "taken",
			2*modulus - 2: fmt.Sprintf(refusal, modulus-1, "", modulus),
			2*modulus + 2: fmt.Sprintf(refusal, modulus+1, "", modulus),
		} {
			if got := encrypt("", digits); got != want {
				t.Errorf("%s without padding, %d digits: got %s, want %s", algorithm, digits, got, want)
			}
		}
		short := fmt.Sprintf(`{"KeyIdentifier":%q,"CipherText":%q,"DecryptionAttributes":{"Asymmetric":{"PaddingType":"PKCS1"}}}`,
			key, strings.Repeat("0", 2*modulus-2))
		want := "CipherText" + strings.TrimPrefix(fmt.Sprintf(refusal, modulus-1, "", modulus), "PlainText")
		if got := w.said(t, "DecryptData", short); got != want {
			t.Errorf("%s, a ciphertext that is too short: got %s, want %s", algorithm, got, want)
		}
	}
}

// TestDataAreWholeBlocksInEveryMode: no padding is added, in the modes of streams either (data-plane, section 3.1).
func TestDataAreWholeBlocksInEveryMode(t *testing.T) {
	w := newWorld(t, nil)
	for _, c := range []struct {
		key   *vectorKey
		block int
		other string // the feedback of the other cipher's blocks
		own   string
	}{{&tdesDataKey, 8, "CFB128", "CFB64"}, {&dataKey, 16, "CFB64", "CFB128"}} {
		key := w.key(t, c.key)
		encrypt := func(mode, more string, length int) string {
			return w.said(t, "EncryptData", fmt.Sprintf(`{"KeyIdentifier":%q,"PlainText":%q,"EncryptionAttributes":{"Symmetric":{"Mode":%q%s}}}`,
				key, strings.Repeat("00", length), mode, more))
		}
		for _, mode := range []string{"ECB", "CBC", "CFB", "CFB1", "CFB8", c.own, "OFB"} {
			want := fmt.Sprintf("PlainText: the data are not whole blocks: found %d bytes, wanted a multiple of %d bytes", c.block/2, c.block)
			if got := encrypt(mode, "", c.block/2); got != want {
				t.Errorf("%s, %s, half a block: got %s, want %s", c.key.Algorithm, mode, got, want)
			}
			if got := encrypt(mode, "", 2*c.block); got != "taken" {
				t.Errorf("%s, %s, two blocks: got %s", c.key.Algorithm, mode, got)
			}
		}
		want := fmt.Sprintf("EncryptionAttributes.Symmetric.Mode: this cipher mode is for keys with another block length: found %s, wanted %s",
			c.other, c.own)
		if got := encrypt(c.other, "", c.block); got != want {
			t.Errorf("%s: got %s, want %s", c.key.Algorithm, got, want)
		}
		iv := fmt.Sprintf(`,"InitializationVector":%q`, strings.Repeat("00", 24-c.block)) // as long as a block of the other
		want = fmt.Sprintf("EncryptionAttributes.Symmetric.InitializationVector: the initialization vector is not as long as a block of the "+
			"key: found %d bytes, wanted %d bytes", 24-c.block, c.block)
		if got := encrypt("CBC", iv, c.block); got != want {
			t.Errorf("%s: got %s, want %s", c.key.Algorithm, got, want)
		}
		if got := encrypt("ECB", iv, c.block); got != "taken" {
			t.Errorf("%s, ECB, which has no initialization vector: got %s", c.key.Algorithm, got)
		}
	}
}

// TestReEncryptDataRefusesSidesThatDoNotGoTogether (data-plane, section 3.2).
func TestReEncryptDataRefusesSidesThatDoNotGoTogether(t *testing.T) {
	w := newWorld(t, nil)
	rsa := created(t, w, apc.KeyUsageTR31D1AsymmetricKeyForDataEncryption, apc.KeyClassAsymmetricKeyPair, apc.KeyAlgorithmRSA2048)
	static, terminal := w.key(t, &dataKey), w.key(t, &baseKey)
	const cbc, derived, padded, raw = `{"Symmetric":{"Mode":"CBC"}}`, `{"Dukpt":{"KeySerialNumber":"FFFF9876543210E00008"}}`,
		`{"Asymmetric":{"PaddingType":"PKCS1"}}`, `{"Asymmetric":{}}`
	for _, c := range []struct{ from, incoming, to, outgoing, want string }{
		{static, cbc, static, cbc, "OutgoingKeyIdentifier: with stored keys of this usage on both sides data cannot be re-encrypted: found " +
			"TR31_D0_SYMMETRIC_DATA_ENCRYPTION_KEY, wanted a key derived by DUKPT, a key that comes with the request or an RSA key on one side"},
		{static, cbc, terminal, derived, "taken"},
		{terminal, derived, terminal, derived, "taken"},
		{static, cbc, rsa, raw, "OutgoingEncryptionAttributes.Asymmetric.PaddingType: the member is missing"},
		{rsa, raw, static, cbc, "IncomingEncryptionAttributes.Asymmetric.PaddingType: the member is missing"},
		{rsa, padded, rsa, padded, "OutgoingEncryptionAttributes.Asymmetric: an RSA key on one side needs a symmetric key on the other: wanted " +
			"Symmetric or Dukpt on one side"},
		{static, cbc, rsa, padded, "taken"},
	} {
		got := w.said(t, "ReEncryptData", fmt.Sprintf(`{"IncomingKeyIdentifier":%q,"IncomingEncryptionAttributes":%s,"OutgoingKeyIdentifier":%q,`+
			`"OutgoingEncryptionAttributes":%s,"CipherText":"00112233445566778899AABBCCDDEEFF"}`, c.from, c.incoming, c.to, c.outgoing))
		if got != c.want {
			t.Errorf("from %s to %s: got %s, want %s", c.incoming, c.outgoing, got, c.want)
		}
	}
}
