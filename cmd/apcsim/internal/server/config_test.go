package server

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
)

const exampleConfig = "../../../../examples/serve/config.json"

// ownConfig is a copy of the example for this user alone.
func ownConfig(t testing.TB) string {
	t.Helper()
	return testrig.OwnCopy(t, exampleConfig)
}

func TestTheExampleConfigurationIsRead(t *testing.T) {
	got, err := ReadConfig(ownConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Caller{Account: "111122223333", ARN: "arn:aws:iam::111122223333:user/ceremony",
		Secret: "example secret of the ceremony"}); !reflect.DeepEqual(got.Callers["AKIDCEREMONY"], want) {
		t.Errorf("a caller: got %+v, want %+v", got.Callers["AKIDCEREMONY"], want)
	}
	if want := (apc.Limits{Keys: 100, TokenLife: 30 * day, DeletedVisible: 90 * day}); got.Limits != want {
		t.Errorf("limits: got %+v, want %+v", got.Limits, want)
	}
	if len(got.Keys) != 2 {
		t.Fatalf("got %d keys, want 2", len(got.Keys))
	}
	k := got.Keys[1]
	if want := hsm.NewSecret([]byte("\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10")); !k.Components[0].Equal(want) {
		t.Error("the first component of the second key is another")
	}
	k.Components = nil
	want := Key{
		Account: "444455556666", Region: "eu-central-1", Alias: "alias/pin-key",
		KeyAttributes: apc.KeyAttributes{
			KeyUsage: "TR31_P0_PIN_ENCRYPTION_KEY", KeyClass: apc.KeyClassSymmetricKey, KeyAlgorithm: apc.KeyAlgorithmTDES2Key,
			KeyModesOfUse: apc.KeyModesOfUse{Encrypt: true, Decrypt: true, Wrap: true, Unwrap: true},
		},
		Exportable: new(false), Enabled: new(true),
	}
	if d := cmp.Diff(want, k); d != "" {
		t.Errorf("the second key (-want +got):\n%s", d)
	}
}

func TestEveryLimitCanBeConfigured(t *testing.T) {
	got := parsed(t, `{"limits":{"Keys":1,"Aliases":2,"Tags":3,"OpenTokens":4,"TokenLife":"5s","TokenReuse":"6s","CertificateLife":"7s",
		"CertificateReuse":"8s","DefaultPage":9,"DefaultDeleteDays":10,"DeletedVisible":"11s",
		"ReplicationTime":"12s","CreationTime":"13s","ApprovalTime":"14s","Requests":15,"SymmetricRate":16,"AsymmetricRate":17}}`).Limits
	want := apc.Limits{
		Keys: 1, Aliases: 2, Tags: 3, OpenTokens: 4, TokenLife: 5 * time.Second, TokenReuse: 6 * time.Second, CertificateLife: 7 * time.Second,
		CertificateReuse: 8 * time.Second, DefaultPage: 9, DefaultDeleteDays: 10, DeletedVisible: 11 * time.Second,
		ReplicationTime: 12 * time.Second, CreationTime: 13 * time.Second, ApprovalTime: 14 * time.Second, Requests: 15, SymmetricRate: 16,
		AsymmetricRate: 17,
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for f, v := range reflect.ValueOf(got).Fields() {
		if v.IsZero() {
			t.Errorf("%s is not in the test", f.Name)
		}
	}
}

// canary is a secret that no error may repeat.
const canary = "5EC4E7AB1E5EC4E7AB1E5EC4E7AB1E01"

func TestAFileThatIsNotThereOrTooLongIsRefused(t *testing.T) {
	if _, err := ReadConfig(filepath.Join(t.TempDir(), "none.json")); !os.IsNotExist(err) {
		t.Errorf("no file: got %v", err)
	}
	long := testrig.OwnFile(t, "long.json", make([]byte, maxConfig+1))
	if _, err := ReadConfig(long); err == nil || !strings.Contains(err.Error(), long+": is longer than") {
		t.Errorf("a long file: got %v", err)
	}
}

// TestTheDocumentedConfigurationIsLoaded takes the one of the package's comment.
func TestTheDocumentedConfigurationIsLoaded(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(source), "refused.\n//\n")
	text, _, _ = strings.Cut(text, "\n//\n// Of a caller")
	c := parsed(t, strings.ReplaceAll(text, "//", ""))
	s, err := Listen(t.Context(), "127.0.0.1:0", &Options{Config: c, Verify: true})
	if err != nil || len(c.Keys) != 1 {
		t.Fatalf("got %d keys, %v", len(c.Keys), err)
	}
	s.Close()
}

func TestAConfigurationWithSecretsIsReadableOnlyByItsUser(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil { // in a directory of 0700 any mode is taken
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config.json")
	for text, secret := range map[string]bool{
		`{"limits":{"Keys":1}}`:                                                  false,
		`{"callers":{"A":{"account":"111122223333"}}}`:                           false,
		`{"callers":{"A":{"account":"111122223333","secret":"` + canary + `"}}}`: true,
		`{"keys":[{"components":["` + canary + `","` + canary + `"]}]}`:          true,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for mode, safe := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o440: true, 0o644: false, 0o660: false, 0o602: false} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			_, err := ReadConfig(path)
			switch {
			case (err == nil) != (safe || !secret):
				t.Errorf("%s with mode %04o: got %v, want it taken %v", text, mode, err, safe || !secret)
			case err != nil && (!strings.Contains(err.Error(), "chmod 600 "+path) || strings.Contains(err.Error(), canary)):
				t.Errorf("%s with mode %04o: got %v, want what mends it", text, mode, err)
			}
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestComponentsMayStandInGroups: as a ceremony's paper has them.
func TestComponentsMayStandInGroups(t *testing.T) {
	want := []byte{0x04, 0x52, 0xDD, 0xB6}
	for text, taken := range map[string]bool{
		"0452DDB6": true, "0452 DDB6": true, "04 52 dd b6": true, "0452 DDB 6": true, "0 452DDB6": true,
		"0452  DDB6": false, " 0452DDB6": false, "0452DDB6 ": false, "0452\tDDB6": false, "0452-DDB6": false, "0452 DDB": false, " ": false,
		"": false,
	} {
		var c Component
		err := c.UnmarshalText([]byte(text))
		if (err == nil) != taken {
			t.Errorf("%q: got %v, want it taken %t", text, err, taken)
			continue
		}
		if err == nil {
			if err := c.Expose(func(got []byte) error {
				if !bytes.Equal(got, want) {
					t.Errorf("%q: got %X", text, got)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		} else if text != "" && strings.Contains(err.Error(), "0452") {
			t.Errorf("%q: the error repeats the value: %v", text, err)
		}
	}
}
