package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
)

func TestServeRefusesAStoreThatCannotBeMeant(t *testing.T) {
	const secret = "hunter-two"
	dir := t.TempDir()
	old := filepath.Join(dir, "old.db")
	if err := os.WriteFile(old, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(foreign, []byte("not a store\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"--store", ""}, exitUsage, "--store: wanted memory, a FILE"},
		{[]string{"--store", "mysql://x:" + secret + "@y/z"}, exitUsage, "--store: wanted memory, a FILE"},
		{[]string{"--store", "postgres://x:" + secret + "@y:z/"}, exitUsage, "--store: the URL of the database"},
		{[]string{"--store", "postgres://x:" + secret + "@localhost/x"}, exitUsage, "needs --master-key FILE"},
		{[]string{"--store", "host=h user=u password=" + secret}, exitUsage, "--store: wanted memory, a FILE"},
		{[]string{"--store", "postgres:/u:" + secret + "@h/db"}, exitUsage, "--store: wanted memory, a FILE"},
		{[]string{"--store", "postgres://u:12/34" + secret + "@h/db"}, exitUsage, "--store: the URL of the database"},
		{[]string{"--store", "x.db", "--master-key", "x.db"}, exitUsage, "another file than that of --store"},
		{[]string{"--master-key", "x"}, exitUsage, "--master-key: wanted --store as well"},
		{[]string{"--store", "x.db", "--master-key", "x", "--hsm", "pkcs11:token=t?module-path=/m.so&pin-source=env:X"}, exitUsage,
			"a token keeps its master keys itself"},
		{[]string{"--store", old}, exitRefused, old + ": it is not a store: it is empty"},
		{[]string{"--store", foreign}, exitRefused, foreign + ": it is not a store"},
		{[]string{"--store", dir}, exitRefused, "--store: " + dir + " is a folder, wanted a file, such as " + filepath.Join(dir, "apcsim.db")},
		{[]string{"--store", filepath.Join(dir, "no", "folder.db")}, exitRefused, "no such file"},
		{[]string{"--store", "postgres://x:" + secret + "@127.0.0.1:1/x", "--master-key", filepath.Join(dir, "none.lmk")}, exitRefused,
			"apcsim master-key"},
	} {
		got := apcsim(t, "", append([]string{"serve", "--listen", "127.0.0.1:0"}, c.args...)...)
		if got.status != c.status || got.out != "" || !strings.Contains(got.err, c.want) || strings.Contains(got.err, secret) {
			t.Errorf("%q: got %+v, want %d, %s", c.args, got, c.status, c.want)
		}
	}
}

func TestMasterKeysAreMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lmk")
	if got := apcsim(t, "", "master-key", path); got.status != exitOK || got.out != "made "+path+"\n" {
		t.Errorf("got %+v", got)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := apcsim(t, "", "master-key", path); got.status != exitRefused || !strings.Contains(got.err, "not changed") {
		t.Errorf("a second time: %+v", got)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file has changed, %v", err)
	}
	if got := apcsim(t, "", "master-key"); got.status != exitUsage {
		t.Errorf("without a file: %+v", got)
	}
}

// TestAFileOutlivesItsServer, which is killed: the key is there, its master key
// was made once, and no second server has the file meanwhile.
func TestAFileOutlivesItsServer(t *testing.T) {
	binary, path := build(t), filepath.Join(t.TempDir(), "store.db")
	first := launch(t, binary, "--store", path, "--anonymous")
	key := createKey(t, first.url)
	got := apcsim(t, "", "serve", "--listen", "127.0.0.1:0", "--store", path)
	if got.status != exitRefused || !strings.Contains(got.err, strconv.Itoa(first.cmd.Process.Pid)) {
		t.Errorf("a second server on the file: %+v, want the process %d named", got, first.cmd.Process.Pid)
	}
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.wait(t)
	second := launch(t, binary, "--store", path, "--anonymous", "--control")
	if answer := get(t, second.url+"/_apcsim/keys"); !strings.Contains(answer, key) {
		t.Errorf("the key %s is gone: %s", key, answer)
	}
	log := first.stderr.String() + second.end(t)
	if strings.Count(log, "A MASTER KEY WAS MADE") != 1 || !strings.Contains(log, path+".lmk") ||
		!strings.Contains(log, "everything is kept in the store") {
		t.Errorf("the logs:\n%s", log)
	}
	for _, file := range []string{path, path + ".lmk"} {
		if info, err := os.Stat(file); err != nil || info.Mode() != fs.FileMode(0o600) {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	if err := os.Remove(path + ".lmk"); err != nil {
		t.Fatal(err)
	}
	if got := apcsim(t, "", "serve", "--listen", "127.0.0.1:0", "--store", path); got.status != exitRefused ||
		!strings.Contains(got.err, "the store "+path+" is there, and its keys cannot be opened without it") {
		t.Errorf("without its master key: %+v", got)
	}
	if got := apcsim(t, "", "master-key", path+".lmk"); got.status != exitOK {
		t.Fatalf("got %+v", got)
	}
	if got := apcsim(t, "", "serve", "--listen", "127.0.0.1:0", "--store", path); got.status != exitRefused ||
		!strings.Contains(got.err, "another master key") {
		t.Errorf("with another master key: %+v", got)
	}
}

// TestServersShareADatabase: what one makes the other has.
func TestServersShareADatabase(t *testing.T) {
	cluster, err := pgcluster.Shared()
	if err != nil {
		t.Fatal(err)
	}
	name, err := cluster.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	url, lmk := cluster.URL(name), filepath.Join(t.TempDir(), "shared.lmk")
	if got := apcsim(t, "", "master-key", lmk); got.status != exitOK {
		t.Fatalf("got %+v", got)
	}
	binary := build(t)
	args := []string{"--store", url, "--master-key", lmk, "--anonymous", "--control"}
	one, two := launch(t, binary, args...), launch(t, binary, args...)
	key := createKey(t, one.url)
	if answer := get(t, two.url+"/_apcsim/keys"); !strings.Contains(answer, key) {
		t.Errorf("the other server does not have %s: %s", key, answer)
	}
	one.end(t)
	other := createKey(t, two.url)
	two.end(t)
	three := launch(t, binary, args...)
	if answer := get(t, three.url+"/_apcsim/keys"); !strings.Contains(answer, key) || !strings.Contains(answer, other) {
		t.Errorf("a later server has %s", answer)
	}
	three.end(t)
	if err := cluster.Drop(t.Context(), name); err != nil {
		t.Error(err)
	}
}
