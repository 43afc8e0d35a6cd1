//go:build cgo

package pkcs11

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

// TestKeptKeysStayInTheToken tries to take out a key that may not leave, and the
// master keys, by everything that PKCS#11 has for it, with the PIN at hand.
func TestKeptKeysStayInTheToken(t *testing.T) {
	b := opened(t, optionsOf(sharedToken(t, softtoken.SoftHSM)))
	s := sealKnown(t, b)
	c, api := b.conn, b.module.api.(*p11.Ctx)
	session, err := c.openSession()
	if err != nil {
		t.Fatal(err)
	}
	defer c.closeSession(session)
	w, err := c.unseal(ctx, s.kept, knownKept)
	if err != nil {
		t.Fatal(err)
	}

	// Unwrapped so that it could be taken out: by the right master the token
	// refuses, and by the other one it is no key.
	for name, master := range map[string]p11.ObjectHandle{"kept": c.masters.kept, "revealable": c.masters.revealable} {
		for _, as := range []struct{ sensitive, extractable bool }{{false, false}, {true, true}, {false, true}} {
			template := keyTemplate(p11.CKO_SECRET_KEY, p11.CKK_GENERIC_SECRET, nil, false, as.sensitive, as.extractable)
			h, err := api.UnwrapKey(session, mechanism(p11.CKM_AES_KEY_WRAP, nil), master, w.blob, template)
			if err == nil {
				t.Errorf("the master %s unwraps it with %+v as %d", name, as, h)
			}
			if name == "kept" && err != p11.Error(p11.CKR_TEMPLATE_INCONSISTENT) {
				t.Errorf("the master %s with %+v: %v", name, as, err)
			}
		}
	}

	handles := map[string]p11.ObjectHandle{
		"the master revealable": c.masters.revealable,
		"the master kept":       c.masters.kept,
		"the master binding":    c.masters.binding,
	}
	for use := carrying; use < signing; use++ {
		h, err := w.object(ctx, c, knownKept, use)
		if err != nil {
			t.Fatal(err)
		}
		defer c.destroy(h)
		handles["a kept key, opened for purpose "+string('0'+rune(use))] = h
	}
	for name, h := range handles {
		takeOut(t, api, session, c, name, h)
	}

	k, err := b.Open(ctx, s.kept, knownKept)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if _, err := k.Reveal(ctx); !errors.Is(err, hsm.ErrRefused) {
		t.Errorf("Reveal: %v", err)
	}
}

// takeOut tries one object.
func takeOut(t *testing.T, api *p11.Ctx, session p11.SessionHandle, c *connection, name string, h p11.ObjectHandle) {
	t.Helper()
	if v, err := api.GetAttributeValue(session, h, []*p11.Attribute{{Type: p11.CKA_VALUE}}); err != p11.Error(
		p11.CKR_ATTRIBUTE_SENSITIVE,
	) {
		t.Errorf("%s: its value: %v, %v", name, v, err)
	}
	for mech, under := range map[uint]p11.ObjectHandle{p11.CKM_AES_KEY_WRAP: c.transport.handle,
		p11.CKM_AES_KEY_WRAP_PAD: c.transport.handle} {
		if _, err := api.WrapKey(session, mechanism(mech, nil), under, h); err != p11.Error(p11.CKR_KEY_UNEXTRACTABLE) {
			t.Errorf("%s: wrapping it by 0x%X: %v", name, mech, err)
		}
	}
	for what, change := range map[string]*p11.Attribute{"extractable": p11.NewAttribute(p11.CKA_EXTRACTABLE, true),
		"not sensitive": p11.NewAttribute(p11.CKA_SENSITIVE, false)} {
		if err := api.SetAttributeValue(session, h, []*p11.Attribute{change}); err == nil {
			t.Errorf("%s is made %s", name, what)
		}
		if _, err := api.CopyObject(session, h, []*p11.Attribute{change}); err == nil {
			t.Errorf("%s is copied to one that is %s", name, what)
		}
	}
	if err := api.DecryptInit(session, mechanism(p11.CKM_AES_ECB, nil), c.masters.kept); err == nil {
		t.Error("a master key decrypts")
	}
	if err := api.EncryptInit(session, mechanism(p11.CKM_AES_ECB, nil), c.masters.kept); err == nil {
		t.Error("a master key encrypts")
	}
}

// TestTheDiskHasNoKey: neither a key in the clear nor the PIN is in the token's
// files.
func TestTheDiskHasNoKey(t *testing.T) {
	access := softtoken.New(t, softtoken.SoftHSM, nil)
	b := opened(t, optionsOf(access))
	s := sealKnown(t, b)
	for _, d := range exercises {
		if err := d.do(ctx, b, s); err != nil {
			t.Fatal(err)
		}
	}
	pin, _ := access.PIN()
	files, err := filepath.Glob(filepath.Join(access.Dir, "*", "*", "*"))
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, knownKey[:16]) || bytes.Contains(raw, pin) {
			t.Errorf("%s has a secret in the clear", file)
		}
	}
	objects := 0
	for _, file := range files {
		if filepath.Ext(file) == ".object" && filepath.Base(file) != "token.object" {
			objects++
		}
	}
	if objects != 4 {
		t.Errorf("there are %d objects on the token, want the 4 master keys", objects)
	}
}

// TestTheTokensFilesGo and come back while the backend works: no wrong answer,
// no hang; then it works again.
func TestTheTokensFilesGo(t *testing.T) {
	access := softtoken.New(t, softtoken.SoftHSM, nil)
	b := opened(t, optionsOf(access))
	s := sealKnown(t, b)
	k := openKept(t, b, s)
	tokens, aside := filepath.Join(access.Dir, "tokens"), filepath.Join(access.Dir, "aside")
	if _, err := os.Stat(tokens); err != nil {
		t.Fatalf("the token's folder is laid out otherwise: %v", err)
	}
	if err := os.Rename(tokens, aside); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(tokens, 0o700); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for range 3 {
		for _, d := range exercises {
			if err := d.do(ctx, b, s); blames(err) && !errors.Is(err, ErrMasterKeys) {
				t.Errorf("while they are gone: %s: %v", d.name, err)
			} else if err != nil {
				failed++
			}
		}
	}
	if failed == 0 {
		t.Error("while they are gone no exercise fails")
	}
	if err := os.Remove(tokens); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(aside, tokens); err != nil {
		t.Fatal(err)
	}
	_, encrypt := aesBlock()
	returns(t, b, func() error {
		got, err := enciphered(ctx, k)
		if err = same(got, err, encrypt(make([]byte, 16))); errors.Is(err, errWrong) {
			t.Fatal(err)
		}
		return err
	})
	for _, d := range exercises {
		if err := d.do(ctx, b, s); err != nil {
			t.Errorf("when they are back: %s: %v", d.name, err)
		}
	}
}

// TestAServerThatIsKilled: the session layer through p11-kit, whose client
// answers CKR_DEVICE_ERROR until it is initialised anew. It has no key wrapping,
// so there are no master keys behind it.
func TestAServerThatIsKilled(t *testing.T) {
	server := softtoken.Serve(t, sharedToken(t, softtoken.SoftHSM))
	b, err := Open(
		ctx,
		&Options{
			Module:      server.Module,
			Reserved:    server.Reserved,
			Label:       server.Label,
			PIN:         server.PIN,
			MasterLabel: "none behind p11-kit",
			LockDir:     server.Dir,
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	random := func() error {
		return b.run(ctx, func(c *connection) error { _, err := c.random(ctx, 16); return err })
	}
	if err := random(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.MasterKeyID(ctx); err != hsm.ErrNoMasterKey {
		t.Errorf("without master keys: %v", err)
	}
	for range 3 {
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			if err := random(); err == nil || blames(err) {
				t.Errorf("without a server: %v", err)
			}
		}
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		returns(t, b, random)
	}
}
