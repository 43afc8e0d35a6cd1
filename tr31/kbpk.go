package tr31

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// Ciphers are the operations of a caller whose derived keys are in a device.
// Its methods may be called by any number of goroutines at once.
type Ciphers interface {
	// Encrypt works in place under KBEK. In versions A to D it is CBC over
	// whole cipher blocks, with a fresh IV in each call. In E it is CTR: the IV
	// is the first counter block, which counts up as one number. It does not
	// change iv.
	Encrypt(ctx context.Context, iv, data []byte) error

	// Decrypt undoes Encrypt.
	Decrypt(ctx context.Context, iv, data []byte) error

	// MAC returns the whole MAC (8 or 16 bytes) under KBAK: in A and C the
	// TDES CBC-MAC with zero IV of a whole number of cipher blocks, in B, D
	// and E the CMAC. It neither keeps nor changes the message.
	MAC(ctx context.Context, message []byte) ([]byte, error)
}

// KBPK is a key block protection key, prepared for use. Any number of
// goroutines may share one. The zero value fits no version. It shows nothing of
// the key, however it is printed.
type KBPK struct {
	// ciphers gives the working keys of a version. A function and not a field:
	// no fmt verb prints it.
	ciphers func(Version) (Ciphers, error)
}

// Format prints a fixed text without the key, whatever the verb.
func (k *KBPK) Format(w fmt.State, _ rune) { fmt.Fprint(w, "KBPK") }

// NewKBPK prepares a protection key of 16 or 24 bytes, which is TDES for the
// versions A, B, C and AES for D and E, or of 32 bytes, which is AES. Any other
// length is refused with class kbpk. The caller keeps key; a copy is held until
// the KBPK is collected. The working keys of a version are derived when first
// needed.
func NewKBPK(key []byte) (*KBPK, error) {
	if n := len(key); n != 16 && n != 24 && n != 32 {
		return nil, &Error{ErrKBPK, "protection key", -1, problemKBPK, wording.Bytes(n), "16, 24 or 32 bytes"}
	}
	k := &byteKey{key: bytes.Clone(key)}
	return &KBPK{k.ciphers}, nil
}

// NewExternalKBPK is a protection key whose working keys for one version are in
// a device or elsewhere. Blocks of any other version are refused with class
// kbpk.
func NewExternalKBPK(v Version, c Ciphers) *KBPK {
	return &KBPK{func(asked Version) (Ciphers, error) {
		if asked != v {
			return nil, &Error{ErrKBPK, "version", 0, problemServes, asked.String(), v.String()}
		}
		return c, nil
	}}
}

// open gives rules and working keys of a version.
func (k *KBPK) open(v Version) (*rules, Ciphers, error) {
	r, err := v.rules()
	if err != nil {
		return nil, nil, err
	}
	if k.ciphers == nil {
		return nil, nil, &Error{ErrKBPK, "protection key", -1, problemNoKBPK, "", ""}
	}
	c, err := k.ciphers(v)
	return r, c, err
}

// byteKey derives the working keys of each version once.
type byteKey struct {
	key   []byte
	slots [len(versions)]struct {
		once sync.Once
		keys *workingKeys
		err  error
	}
}

func (k *byteKey) ciphers(v Version) (Ciphers, error) {
	r, err := v.rules()
	if err != nil {
		return nil, err
	}
	if err := r.checkLength(v, len(k.key)*8); err != nil {
		return nil, err
	}
	s := &k.slots[v-VersionA]
	s.once.Do(func() { s.keys, s.err = newWorkingKeys(v, k.key) })
	return s.keys, s.err
}
