package main

import (
	"cmp"
	"context"
	"flag"
	"runtime"
	"runtime/debug"

	"github.com/seed748fb4d1/apcsim/hsm/pkcs11"
)

var versionCommand = command{
	name:    "version",
	args:    "",
	summary: "Print the version of the program, its commit, Go's, and whether it can open tokens",
	details: `
"apcsim --version" does the same. The commit is the one that the go command recorded: it records none in
"go run" and in a linked git worktree, where .git is not a folder.

With --json the answer is one object:
  {"version":"v0.1.0","commit":"...","modified":false,"go":"go1.26.0","platform":"linux/amd64","hsm":true}`,
	setup: setupVersion,
}

// programVersion is the answer for programs. What the go command did not stamp is empty.
type programVersion struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Modified bool   `json:"modified"` // it is the commit with changes
	Go       string `json:"go"`
	Platform string `json:"platform"`
	HSM      bool   `json:"hsm"` // built with cgo, which PKCS#11 modules need
}

func thisProgram() programVersion {
	v := programVersion{Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, HSM: pkcs11.Available}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

// noCommit is why a commit is unknown.
const noCommit = "go run, a linked git worktree and -buildvcs=false record none"

func setupVersion(fs *flag.FlagSet) action {
	asJSON := fs.Bool("json", false, "answer with a JSON object")
	return func(_ context.Context, s streams, args []string) error {
		if len(args) > 0 {
			return usageError("wants no arguments")
		}
		v := thisProgram()
		if *asJSON {
			return printJSON(s.out, v, nil)
		}
		commit, why, tokens := v.Commit, "", "yes"
		if commit == "" {
			commit, why = "unknown", noCommit
		}
		if v.Modified {
			commit += ", with changes"
		}
		if !v.HSM {
			tokens = "no: it was built without cgo"
		}
		return printTable(
			s.out,
			[][3]string{
				{"apcsim", cmp.Or(v.Version, "(devel)"), ""},
				{"commit", commit, why},
				{"Go", v.Go, v.Platform},
				{"--hsm", tokens, ""},
			},
		)
	}
}
