package tr34

import (
	"bytes"
	"testing"
)

func TestOpenRefusesContentKeysOfAnotherLength(t *testing.T) {
	p := newParties(t)
	for _, n := range []int{0, 8, 16, 23, 25, 32} {
		der := p.forge(t, TDESCBC, p.keyBlockOf(t, 1, 16)[:8], make([]byte, 24), make([]byte, n))
		_, err := open(der, p.krdKey, p.check())
		checkRefused(t, err, ErrContent)
	}
}

// TestContentKeysHaveTheLengthOfTheirCipher: AES with a key of another length is another cipher.
func TestContentKeysHaveTheLengthOfTheirCipher(t *testing.T) {
	for _, c := range everyCipher {
		want := map[Cipher]int{TDESCBC: 24, AES128CBC: 16, AES192CBC: 24, AES256CBC: 32}[c]
		for n := range 66 {
			e := envelope{cipher: c, iv: make([]byte, ciphers[c].block), sealed: make([]byte, 2*ciphers[c].block)}
			err := e.encrypt(make([]byte, n))
			if n != want {
				checkRefused(t, err, ErrContent)
				continue
			}
			plain, failed := e.decrypt(make([]byte, n))
			if err != nil || failed != nil || !bytes.Equal(plain, make([]byte, len(e.sealed))) || bytes.Equal(e.sealed, plain) {
				t.Errorf("%s with a key of %d bytes: got %X of %X, %v, %v", c, n, plain, e.sealed, err, failed)
			}
		}
	}
}
