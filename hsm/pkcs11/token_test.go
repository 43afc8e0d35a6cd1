//go:build cgo

package pkcs11

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	p11 "github.com/miekg/pkcs11"

	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/softtoken"
)

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
		sealed := testrig.Hex(string(raw))
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
