//go:build cgo

package pkcs11

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	p11 "github.com/miekg/pkcs11"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

// TestMasterKeysThatChanged: a bit of one, or one that is gone. The labels are
// enciphered in SoftHSM's files, so all four are tried; the one whose bits do
// not matter is the one that marks the family as complete.
func TestMasterKeysThatChanged(t *testing.T) {
	access := softtoken.New(t, softtoken.SoftHSM, nil)
	o := optionsOf(access)
	b := opened(t, o)
	s := sealKnown(t, b)
	b.Close()
	files, err := filepath.Glob(filepath.Join(access.Dir, "*", "*", "*.object"))
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(path string) bool { return filepath.Base(path) == "token.object" })
	if len(files) != 4 {
		t.Fatalf("the master keys are %d objects", len(files))
	}
	changed, missing := 0, 0
	for _, path := range files {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// CKA_VALUE, of the kind "byte string", in the store's own form.
		at := bytes.Index(whole, []byte{0, 0, 0, 0, 0, 0, 0, 0x11, 0, 0, 0, 0, 0, 0, 0, 3})
		if at < 0 {
			t.Fatal("the file has no value")
		}
		other := bytes.Clone(whole)
		other[at+24] ^= 1
		rewrite(t, path, other)
		switch b, err := Open(ctx, &o); {
		case err == nil:
			b.Close()
		case errors.Is(err, ErrMasterKeys) && strings.Contains(err.Error(), "has changed"):
			changed++
		default:
			t.Errorf("with another bit: %v", err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		switch b, err := Open(ctx, &o); {
		case err == nil: // as if there were no family
			if _, err := b.Open(ctx, s.aes, knownAES); err != hsm.ErrNoMasterKey {
				t.Errorf("without the last one: %v", err)
			}
			b.Close()
		case errors.Is(err, ErrMasterKeys) && strings.Contains(err.Error(), "there are 0 keys"):
			missing++
		default:
			t.Errorf("without one: %v", err)
		}
		rewrite(t, path, whole)
	}
	if changed != 3 || missing != 3 {
		t.Errorf("of 4 keys %d were missed when they changed and %d when they were gone, want 3", changed, missing)
	}
	again := opened(t, o)
	for _, d := range exercises {
		if err := d.do(ctx, again, s); err != nil {
			t.Errorf("as it was: %s: %v", d.name, err)
		}
	}
}

func rewrite(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestMasterKeysCutOff: making them stops anywhere; the next attempt makes a
// family, and only one is on the token.
func TestMasterKeysCutOff(t *testing.T) {
	between := putBetween(t.Cleanup)
	o := optionsOf(softtoken.New(t, softtoken.SoftHSM, nil))
	for n := 1; ; n++ {
		o.MasterLabel = fmt.Sprintf("family %d", n)
		b, err := Open(ctx, &o)
		if err != nil {
			t.Fatal(err)
		}
		fault, fired := nth(n, p11.CKR_GENERAL_ERROR)
		between().arm(fault, nil)
		_, err = b.conn.makeMasters(o.MasterLabel, o.Quirks)
		between().arm(nil, nil)
		at := fired()
		if err == nil && at != "" && at != "C_DestroyObject" {
			t.Errorf("call %d, %s, failed without an error", n, at)
		}
		if at != "" && err != nil && !failedWith(err, p11.CKR_GENERAL_ERROR) {
			t.Errorf("call %d, %s: %v", n, at, err)
		}
		if err := b.Initialize(ctx); err != nil {
			t.Errorf("after call %d, %s, failed: %v", n, at, err)
		}
		if found, err := b.conn.find(o.MasterLabel, roleReady); err != nil || len(found) != 1 {
			t.Errorf("after call %d, %s, failed there are %d families, %v", n, at, len(found), err)
		}
		b.Close()
		if at == "" {
			return
		}
	}
}

// TestAMissingMarkIsMadeAgain: the key that marks the family as complete was
// deleted. The family in use is kept.
func TestAMissingMarkIsMadeAgain(t *testing.T) {
	o := optionsOf(softtoken.New(t, softtoken.SoftHSM, nil))
	b := opened(t, o)
	s := sealKnown(t, b)
	id, _ := b.MasterKeyID(ctx)
	mark, err := b.conn.find("apcsim", roleReady)
	if err != nil || len(mark) != 1 {
		t.Fatal(mark, err)
	}
	if err := b.module.api.DestroyObject(b.conn.login, mark[0]); err != nil {
		t.Fatal(err)
	}
	again := opened(t, o)
	if same, err := again.MasterKeyID(ctx); same != id || err != nil {
		t.Errorf("the master keys were %s and are %s, %v", id, same, err)
	}
	for _, d := range exercises {
		if err := errors.Join(d.do(ctx, b, s), d.do(ctx, again, s)); err != nil {
			t.Errorf("%s: %v", d.name, err)
		}
	}
}

// TestAnotherFamilyAfterALoss: keys sealed under the one would not open under the
// other.
func TestAnotherFamilyAfterALoss(t *testing.T) {
	b := opened(t, optionsOf(sharedToken(t, softtoken.SoftHSM)))
	b.masterID = "0123456789abcdef"
	b.drop(b.conn, &Error{Function: "C_Sign", Code: ckrDeviceError})
	if _, err := b.MasterKeyID(ctx); !errors.Is(err, ErrMasterKeys) {
		t.Errorf("got %v", err)
	}
}

// TestMastersThatMayBeTakenOut are refused: an extractable key in the place of
// one of them.
func TestMastersThatMayBeTakenOut(t *testing.T) {
	b := opened(t, optionsOf(sharedToken(t, softtoken.SoftHSM)))
	for what, h := range map[string]func() (p11.ObjectHandle, error){
		"extractable": func() (p11.ObjectHandle, error) { return b.conn.createSecret(ctx, knownKey) },
		"imported": func() (p11.ObjectHandle, error) {
			return b.conn.create(ctx, keyTemplate(p11.CKO_SECRET_KEY, p11.CKK_AES, wrapsUnwraps, false, true, false,
				p11.NewAttribute(p11.CKA_VALUE, knownKey)))
		},
	} {
		key, err := h()
		if err != nil {
			t.Fatal(err)
		}
		if err := b.conn.guarded(ctx, key, what); !errors.Is(err, ErrMasterKeys) {
			t.Errorf("%s: %v", what, err)
		}
		b.conn.destroy(key)
	}
}
