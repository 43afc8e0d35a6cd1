//go:build unix

package pgcluster

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// install is what the errors of a machine without PostgreSQL say.
const install = "on Debian: apt-get install postgresql"

// programs finds the folder that has initdb and postgres: the newest of
// Debian's, which are not in PATH, or else where PATH has them.
func programs() (dir string, err error) {
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(dirs, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if whole, err := filepath.EvalSymlinks(initdb); err == nil {
			dirs = append(dirs, filepath.Dir(whole))
		}
	}
	for _, dir := range dirs {
		if isProgram(dir, "initdb") && isProgram(dir, "postgres") {
			return dir, nil
		}
	}
	return "", fmt.Errorf("pgcluster: no initdb and postgres in /usr/lib/postgresql/*/bin or in PATH (%s)", install)
}

// version is that of one of Debian's folders.
func version(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return n
}

func isProgram(dir, name string) bool {
	_, err := exec.LookPath(filepath.Join(dir, name))
	return err == nil
}

// owner is who runs the server: nil means who runs this process.
func owner() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err == nil && err2 == nil && uid != 0 {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("pgcluster: this is root, which PostgreSQL refuses to run as, and there is no user postgres or nobody to run it")
}

// longestHome leaves room for the socket's name, of which a system takes 103
// bytes at least.
const longestHome = 40

// home is a temporary directory that the owner can reach and whose name is
// short enough for sockets.
func home(who *syscall.Credential) (string, error) {
	for _, dir := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		if whole, err := filepath.Abs(dir); err == nil && len(whole) <= longestHome && (who == nil || open(whole)) {
			return whole, nil
		}
	}
	return "", fmt.Errorf("pgcluster: %s has a long name or is closed to others, and so are /tmp and /var/tmp: set TMPDIR", os.TempDir())
}

// open says whether everybody may go into a folder.
func open(dir string) bool {
	for ; ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}
