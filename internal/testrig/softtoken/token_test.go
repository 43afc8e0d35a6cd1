//go:build cgo && unix

package softtoken

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"github.com/miekg/pkcs11"
)

var kinds = []Kind{SoftHSM, NSS}

// user is a program that is logged in to a token.
type user struct {
	*pkcs11.Ctx
	session pkcs11.SessionHandle
}

// open loads the module and logs in, as any program would.
func open(t *testing.T, a Access) *user {
	t.Helper()
	ctx := pkcs11.New(a.Module)
	if ctx == nil {
		t.Fatalf("%s cannot be loaded", a.Module)
	}
	t.Cleanup(ctx.Destroy)
	u := &user{Ctx: ctx}
	u.connect(t, a)
	return u
}

func (u *user) connect(t *testing.T, a Access) {
	t.Helper()
	var options []pkcs11.InitializeOption
	if a.Reserved != "" {
		text := append([]byte(a.Reserved), 0)
		options = append(options, pkcs11.InitializeWithReserved(unsafe.Pointer(&text[0])))
	}
	must(t, "C_Initialize", u.Initialize(options...))
	slot, err := slotOf(u.Ctx, a.Label)
	must(t, "finding the token", err)
	u.session, err = u.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	must(t, "C_OpenSession", err)
	pin, err := a.PIN()
	must(t, "the PIN", err)
	must(t, "C_Login", u.Login(u.session, pkcs11.CKU_USER, string(pin)))
}

func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// generate makes an AES key on the token.
func (u *user) generate() (pkcs11.ObjectHandle, error) {
	return u.GenerateKey(u.session, mechanism(pkcs11.CKM_AES_KEY_GEN), []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true),
		pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, 32),
	})
}

// encrypt is one block under a key, in ECB.
func (u *user) encrypt(key pkcs11.ObjectHandle) ([]byte, error) {
	if err := u.EncryptInit(u.session, mechanism(pkcs11.CKM_AES_ECB), key); err != nil {
		return nil, err
	}
	return u.Encrypt(u.session, make([]byte, 16))
}

func mechanism(m uint) []*pkcs11.Mechanism {
	return []*pkcs11.Mechanism{pkcs11.NewMechanism(m, nil)}
}

// create makes a token of its own, removed when the test ends.
func newToken(t *testing.T, k Kind, o *Options) *Token {
	t.Helper()
	token, err := New(k, o)
	must(t, "New", err)
	t.Cleanup(func() { must(t, "Remove", token.Remove()) })
	return token
}

func TestTokensOneAfterAnotherKeepKeys(t *testing.T) {
	for _, k := range kinds {
		for range 2 {
			token, err := New(k, nil)
			must(t, "New", err)
			u := open(t, token.Access)
			key, err := u.generate()
			must(t, "C_GenerateKey", err)
			if out, err := u.encrypt(key); err != nil || len(out) != 16 {
				t.Errorf("%s: a block under the new key: %x, %v", k, out, err)
			}
			must(t, "C_Finalize", u.Finalize())
			must(t, "Remove", token.Remove())
			must(t, "Remove again", token.Remove())
			if _, err := os.Stat(token.Dir); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: the folder is still there: %v", k, err)
			}
		}
	}
}

func TestFolderIsForItsOwnerAlone(t *testing.T) {
	for _, k := range kinds {
		info, err := os.Stat(newToken(t, k, nil).Dir)
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v, want 0700", k, info, err)
		}
	}
}

func TestKeysStayWhenTheModuleIsOpenedAfresh(t *testing.T) {
	for _, k := range kinds {
		token := newToken(t, k, nil)
		u := open(t, token.Access)
		_, err := u.generate()
		must(t, "C_GenerateKey", err)
		must(t, "C_Finalize", u.Finalize())
		u = open(t, token.Access)
		must(t, "C_FindObjectsInit", u.FindObjectsInit(u.session, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY)}))
		found, _, err := u.FindObjects(u.session, 8)
		if err != nil || len(found) != 1 {
			t.Errorf("%s: %d keys, %v, want 1", k, len(found), err)
		}
		must(t, "C_Finalize", u.Finalize())
	}
}

func TestOneTokenOfAKindAtATime(t *testing.T) {
	first := newToken(t, SoftHSM, nil)
	_, err := New(SoftHSM, &Options{Mechanisms: "CKM_AES_ECB"})
	if err == nil || !strings.Contains(err.Error(), first.Dir) {
		t.Errorf("a second one: %v, want an error that names %s", err, first.Dir)
	}
	if _, err := Shared(SoftHSM); err == nil {
		t.Error("the shared one beside it: no error")
	}
	newToken(t, NSS, nil) // another module
}

func TestNoTokenWhileTheModuleIsInUse(t *testing.T) {
	for _, k := range kinds {
		shared, err := Shared(k)
		must(t, "Shared", err)
		u := open(t, shared.Access)
		before := os.Getenv("SOFTHSM2_CONF")
		if token, err := New(k, nil); err == nil || !strings.Contains(err.Error(), "close that first") {
			t.Errorf("%s: %v, %v, want an error", k, token, err)
		}
		if now := os.Getenv("SOFTHSM2_CONF"); now != before {
			t.Errorf("%s: SOFTHSM2_CONF became %s, was %s", k, now, before)
		}
		_, err = u.generate()
		must(t, "C_GenerateKey after the refusal", err)
		must(t, "C_Finalize", u.Finalize())
	}
}

func TestSharedStepsAside(t *testing.T) {
	for _, k := range kinds {
		shared, err := Shared(k)
		must(t, "Shared", err)
		own, err := New(k, nil)
		must(t, "New", err)
		if own.Dir == shared.Dir {
			t.Errorf("%s: both are in %s", k, own.Dir)
		}
		must(t, "Remove", own.Remove())
		again, err := Shared(k)
		if err != nil || again != shared {
			t.Errorf("%s: Shared gives %v and then %v, %v", k, shared, again, err)
		}
		if shared.Remove() == nil {
			t.Errorf("%s: the shared token could be removed", k)
		}
		u := open(t, shared.Access)
		_, err = u.generate()
		must(t, "C_GenerateKey", err)
		must(t, "C_Finalize", u.Finalize())
	}
}

func TestLabelsOfTokens(t *testing.T) {
	token := newToken(t, SoftHSM, &Options{Labels: []string{"twin", "twin", "other"}})
	u := open(t, token.Access)
	defer u.Finalize()
	slots, err := u.GetSlotList(true)
	must(t, "C_GetSlotList", err)
	labels := map[string]int{}
	for _, slot := range slots {
		info, err := u.GetTokenInfo(slot)
		must(t, "C_GetTokenInfo", err)
		labels[info.Label]++
	}
	if labels["twin"] != 2 || labels["other"] != 1 || len(slots) != 4 {
		t.Errorf("got %v in %d slots, want two twins, one other and a free one", labels, len(slots))
	}
}

func TestMechanismsAreThoseNamed(t *testing.T) {
	token := newToken(t, SoftHSM, &Options{Mechanisms: "CKM_AES_KEY_GEN"})
	u := open(t, token.Access)
	defer u.Finalize()
	key, err := u.generate()
	must(t, "C_GenerateKey", err)
	if _, err := u.encrypt(key); !errors.Is(err, pkcs11.Error(pkcs11.CKR_MECHANISM_INVALID)) {
		t.Errorf("CKM_AES_ECB: %v, want CKR_MECHANISM_INVALID", err)
	}
}

func TestNSSTakesNoOptions(t *testing.T) {
	if _, err := New(NSS, &Options{Mechanisms: "CKM_AES_ECB"}); err == nil {
		t.Error("mechanisms: no error")
	}
	if _, err := New(NSS, &Options{Labels: []string{"unit"}}); err == nil {
		t.Error("a label: no error")
	}
}

func TestTemporaryDirectoryThatModulesCannotRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a#b")
	must(t, "Mkdir", os.Mkdir(dir, 0o700))
	t.Setenv("TMPDIR", dir)
	if _, err := New(SoftHSM, nil); err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("got %v, want an error that says to set TMPDIR", err)
	}
}
