//go:build unix

package secretfile

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// NoFollow is a flag of os.OpenFile: a last element of the path that is a symbolic
// link is an error (ELOOP).
const NoFollow = syscall.O_NOFOLLOW

const nonBlock = syscall.O_NONBLOCK

// checkAccess checks owner, group and permissions.
func checkAccess(path string, info os.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%s: the system does not report an owner", path)
	}
	ours := inGroup(int(stat.Gid))
	problem := modeProblem(info.Mode(), ours)
	if problem == "" {
		return nil
	}
	return &accessError{path, problem, mend(path, int(stat.Uid), ours)}
}

// mend is what to do about it, so that this process can read the file afterwards.
func mend(path string, owner int, ours bool) string {
	word := path
	if strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"#$&'()*;<>?[\\]`{|}~", r) }) {
		word = strconv.Quote(path)
	}
	switch user := os.Geteuid(); {
	case user == 0 || user == owner:
		return "chmod 600 " + word
	case ours:
		return "chmod 440 " + word
	default:
		return fmt.Sprintf("chown %d %s && chmod 600 %s", user, word, word)
	}
}

// sheltered reports whether a file has one name, which is in a directory that
// only this user can enter.
func sheltered(path string, file os.FileInfo) bool {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	named, err := os.Lstat(path)
	if err != nil || !os.SameFile(named, file) {
		return false
	}
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil || !mine(dir) || dir.Mode().Perm()&0o077 != 0 {
		return false
	}
	stat, ok := file.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink == 1
}

// inGroup reports whether a group is one of this process.
func inGroup(gid int) bool {
	if gid == os.Getegid() {
		return true
	}
	groups, err := os.Getgroups()
	return err == nil && slices.Contains(groups, gid)
}

// mine reports whether a file is of this process's user.
func mine(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
