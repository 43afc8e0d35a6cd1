//go:build cgo

package pkcs11

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig/canary"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

// TestAWrongPINIsTriedOnce: when opening and when recovering.
func TestAWrongPINIsTriedOnce(t *testing.T) {
	between := putBetween(t.Cleanup)
	o := optionsOf(softtoken.New(t, softtoken.SoftHSM, nil))
	right := o.PIN
	wrong := func() ([]byte, error) { return []byte("canary-pin"), nil }
	o.PIN = wrong
	_, err := Open(ctx, &o)
	if !errors.Is(err, ErrPIN) || !failedWith(err, p11.CKR_PIN_INCORRECT) || strings.Contains(err.Error(), "canary") {
		t.Errorf("opening: %v", err)
	}
	if n := between().count("C_Login"); n != 1 {
		t.Errorf("opening tried the PIN %d times", n)
	}
	pin := right
	o.PIN = func() ([]byte, error) { return pin() }
	b := opened(t, o)
	between().count("C_Login")
	pin = wrong
	if err := between().cryptoki.(*p11.Ctx).CloseAllSessions(b.conn.slot); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := b.Random(ctx, make([]byte, 8)); !errors.Is(err, ErrPIN) {
			t.Errorf("recovering: %v", err)
		}
		overdue(b)
	}
	if n := between().count("C_Login"); n != 1 {
		t.Errorf("recovering tried the PIN %d times", n)
	}
}

// TestASecondPINInTheProcess: a token does not check a PIN while the process is
// logged in, so this package does.
func TestASecondPINInTheProcess(t *testing.T) {
	o := optionsOf(sharedToken(t, softtoken.SoftHSM))
	opened(t, o)
	o.PIN = func() ([]byte, error) { return []byte("another"), nil }
	if _, err := Open(ctx, &o); !errors.Is(err, ErrPIN) {
		t.Errorf("got %v", err)
	}
}

// TestTokensAreChosenByName: by label, or by serial where two have one label.
func TestTokensAreChosenByName(t *testing.T) {
	o := optionsOf(softtoken.New(t, softtoken.SoftHSM, &softtoken.Options{Labels: []string{"twin", "twin", "other"}}))
	_, err := Open(ctx, &o)
	if err == nil || !strings.Contains(err.Error(), "2 tokens") || !strings.Contains(err.Error(), "serial") {
		t.Fatalf("two with one label: %v", err)
	}
	o.Label = "other"
	other := opened(t, o)
	if !strings.Contains(other.Token(), "other") {
		t.Errorf("opened %s", other.Token())
	}
	o.Label = "absent"
	if _, err := Open(ctx, &o); !errors.Is(err, errNoToken) || !strings.Contains(err.Error(), `"twin"`) {
		t.Errorf("none of the label: %v", err)
	}
	o.Label = ""
	o.Serial = other.serial
	same := opened(t, o)
	slot := same.conn.slot
	o.Serial, o.Slot = "", &slot
	if third := opened(t, o); third.serial != other.serial {
		t.Errorf("slot %d is the token %s, want %s", slot, third.serial, other.serial)
	}
	o.Serial, o.Slot = other.serial, nil
	o.Model, o.Manufacturer = "SoftHSM v2", "SoftHSM project"
	if fourth := opened(t, o); fourth.serial != other.serial {
		t.Errorf("by serial, model and manufacturer: %s, want %s", fourth.serial, other.serial)
	}
	for what, change := range map[string]func(*Options){"model": func(o *Options) { o.Model = "Luna" },
		"manufacturer": func(o *Options) { o.Manufacturer = "Luna" }} {
		another := o
		change(&another)
		if _, err := Open(ctx, &another); !errors.Is(err, errNoToken) || !strings.Contains(err.Error(), `"SoftHSM v2"`) ||
			!strings.Contains(err.Error(), "of the "+what+` "Luna"`) {
			t.Errorf("another %s: %v", what, err)
		}
	}
}

// TestModulesThatAreNone: each has its own reason.
func TestModulesThatAreNone(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(text, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/nowhere/module.so": "no such file", text: "cannot be loaded", "libsofthsm2.so": "want a path", "": "is empty",
	} {
		_, err := Open(ctx, &Options{Module: path, Label: "x", PIN: PINEnv("X")})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", path, err, want)
		}
	}
}

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

// TestProbingTakesNoFailureForALack: whichever call fails while the module is
// tried, what it can do is found.
func TestProbingTakesNoFailureForALack(t *testing.T) {
	b, f := watched(t, nil)
	want := b.Capabilities()
	for n := 1; ; n += 3 {
		fault, fired := nth(n, p11.CKR_GENERAL_ERROR)
		f.arm(fault, nil)
		err := b.conn.probe(Quirks{})
		f.arm(nil, nil)
		at := fired()
		if at == "" {
			return
		}
		got := b.conn.caps.list
		if err != nil || !slices.EqualFunc(got, want, func(a, b Capability) bool { return a.Name == b.Name && a.Works == b.Works }) {
			t.Errorf("call %d, %s, failed: %v, found %v, want %v", n, at, err, got, want)
		}
	}
}

// TestManyProcessesMakeOneFamily: of all that try one makes the master keys, and
// what one seals the others open.
func TestManyProcessesMakeOneFamily(t *testing.T) {
	if dir := os.Getenv("APCSIM_TEST_CHILD"); dir != "" {
		child(dir)
		return
	}
	access := softtoken.New(t, softtoken.SoftHSM, nil)
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run", "^TestManyProcessesMakeOneFamily$")
			cmd.Env = append(
				os.Environ(),
				"APCSIM_TEST_CHILD="+access.Dir,
				"APCSIM_TEST_MODULE="+access.Module,
				"APCSIM_TEST_LABEL="+access.Label,
			)
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("a child: %v\n%s", err, out)
			}
			mu.Lock()
			defer mu.Unlock()
			id, _, _ := strings.Cut(string(out), "\n")
			seen[id] = true
		})
	}
	wg.Wait()
	b := opened(t, optionsOf(access))
	id, err := b.MasterKeyID(ctx)
	if err != nil || len(seen) != 1 || !seen[id] {
		t.Errorf("the children have %v, the parent %s, %v", seen, id, err)
	}
	for _, file := range sealedFiles(t, access.Dir) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := hex.DecodeString(string(raw))
		if err != nil {
			t.Fatal(err)
		}
		if err := with(ctx, b, sealed, knownAES, func(k hsm.Key) error {
			got, err := exposed(k.Reveal(ctx))
			return same(got, err, knownKey)
		}); err != nil {
			t.Errorf("what a child sealed: %v", err)
		}
	}
}

func sealedFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "sealed-*"))
	if err != nil || len(files) != 6 {
		t.Fatalf("%d children have sealed something, %v", len(files), err)
	}
	return files
}

// child is what another process does: it prints the id of the master keys.
func child(dir string) {
	fail := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	var a softtoken.Token
	b, err := Open(
		ctx,
		&Options{Module: os.Getenv("APCSIM_TEST_MODULE"), Label: os.Getenv("APCSIM_TEST_LABEL"), PIN: a.PIN, LockDir: dir},
	)
	fail(err)
	fail(b.Initialize(ctx))
	id, err := b.MasterKeyID(ctx)
	fail(err)
	sealed, err := b.Import(ctx, hsm.NewSecret(knownKey), knownAES)
	fail(err)
	fail(os.WriteFile(filepath.Join(dir, fmt.Sprintf("sealed-%d", os.Getpid())), []byte(hex.EncodeToString(sealed)), 0o600))
	fail(b.Close())
	fmt.Println(id)
	os.Exit(0)
}

// TestInitializeWaitsForTheLock: until its context ends.
func TestInitializeWaitsForTheLock(t *testing.T) {
	o := optionsOf(softtoken.New(t, softtoken.SoftHSM, nil))
	first, err := Open(ctx, &o)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	unlock, err := first.lock(ctx, first.serial)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Open(ctx, &o)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := second.Initialize(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while another one has the lock: %v", err)
	}
	unlock()
	if err := second.Initialize(ctx); err != nil {
		t.Error(err)
	}
}

// TestNothingShowsThePIN: errors, the log and what printing a backend shows.
func TestNothingShowsThePIN(t *testing.T) {
	between := putBetween(t.Cleanup)
	var log bytes.Buffer
	o := optionsOf(softtoken.New(t, softtoken.SoftHSM, nil))
	o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b := opened(t, o)
	between().arm(func(f string) error {
		if f == "C_Login" || f == "C_SignInit" {
			return p11.Error(p11.CKR_DEVICE_ERROR)
		}
		return nil
	}, nil)
	_, err := b.Import(ctx, hsm.NewSecret(knownKey), knownAES)
	between().arm(nil, nil)
	pin, _ := o.PIN()
	printed := fmt.Sprintf("%v %+v %#v %s %v %v", b, b, b, log.String(), err, b.Capabilities())
	for name, secret := range map[string]string{"the PIN": string(pin), "a key": string(knownKey),
		"a key in hexadecimal": hex.EncodeToString(knownKey)} {
		if strings.Contains(printed, secret) {
			t.Errorf("%s is printed", name)
		}
	}
	if err == nil || !strings.Contains(log.String(), "lost") || !strings.Contains(log.String(), "master keys were made") {
		t.Errorf("got %v and the log %q", err, log.String())
	}
}

func TestABackendDoesNotShowItsPIN(t *testing.T) {
	o := optionsOf(sharedToken(t, softtoken.SoftHSM))
	pin, err := o.PIN()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(pin) // of a PIN as good as the PIN
	for name, v := range map[string]any{"Options": o, "Backend": opened(t, o)} {
		canary.Check(t, name, v, pin)
		canary.Check(t, name, v, sum[:8])
	}
}
