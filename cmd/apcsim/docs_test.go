package main

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
)

// notRun is what a page says of a block or of a line that is not run, with the reason.
const notRun = "ot run by our tests: "

// prelude makes a shell in which the commands of a page run as they are written: apcsim is the program of this
// checkout, whose server runs in the background until the next one starts; go runs in the checkout, make only
// says what it would do.
const prelude = `set -euo pipefail
go() { (cd "$ROOT" && command go "$@"); }
make() { command make -C "$ROOT" -n "$@" >/dev/null; }
stop() {
  [ -e "$STATE/pid" ] || return 0
  kill "$(cat "$STATE/pid")" 2>/dev/null || true
  wait "$(cat "$STATE/pid")" 2>/dev/null || true
  rm "$STATE/pid" "$STATE/out"
}
trap stop EXIT
apcsim() {
  case $1 in
  serve)
    stop
    command apcsim "$@" >"$STATE/out" 2>"$STATE/log" &
    echo $! >"$STATE/pid"
    for _ in $(seq 400); do
      ! grep -qs '^listening on ' "$STATE/out" || return 0
      kill -0 "$(cat "$STATE/pid")" 2>/dev/null || break
      sleep 0.05
    done
    echo "the server does not listen:" && cat "$STATE/log" && return 1 ;;
  watch) timeout 1 "$BINARY" "$@" || [ $? = 124 ] ;;
  *) command apcsim "$@" ;;
  esac
}
`

// blocksOf are the blocks of a page that are run: commands and Python.
func blocksOf(t *testing.T, page string) []testrig.Fence {
	t.Helper()
	return slices.DeleteFunc(testrig.Fences(t, page), func(f testrig.Fence) bool {
		return f.Language != "sh" && f.Language != "python" || strings.HasPrefix(f.Above, "*N"+notRun)
	})
}

// docsPlace is where the commands of a page run.
type docsPlace struct {
	*testing.T
	binary, port string
	env          []string
	missing      map[string]string // what a block may need and is not here: why
}

func newDocsPlace(t *testing.T) *docsPlace {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") // the port is free for now
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	p := &docsPlace{T: t, binary: build(t), port: port, missing: map[string]string{}}
	state, tokens := t.TempDir(), t.TempDir()
	conf := filepath.Join(state, "softhsm2.conf")
	if err := os.WriteFile(conf, []byte("directories.tokendir = "+tokens+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(p.binary, filepath.Join(state, "apcsim")); err != nil {
		t.Fatal(err)
	}
	cache, err := exec.Command("go", "env", "GOCACHE").Output() // go keeps its own
	if err != nil {
		t.Fatal(err)
	}
	p.env = append(os.Environ(), "ROOT="+root, "STATE="+state, "BINARY="+p.binary, "SOFTHSM2_CONF="+conf,
		"PATH="+state+":"+os.Getenv("PATH"), "APCSIM_LISTEN=127.0.0.1:"+port, "no_proxy=127.0.0.1",
		"XDG_CACHE_HOME="+t.TempDir(), "GOCACHE="+strings.TrimSpace(string(cache)))
	p.look()
	return p
}

// look finds out what is not here.
func (p *docsPlace) look() {
	files := map[string][2]string{
		"softhsm": {"softhsm2-util", "/usr/lib/softhsm/libsofthsm2.so"},
		"nss":     {"certutil", "/usr/lib/x86_64-linux-gnu/libsoftokn3.so"},
	}
	for needs, f := range files {
		if _, err := exec.LookPath(f[0]); err != nil {
			p.missing[needs] = err.Error()
		} else if _, err := os.Stat(f[1]); err != nil {
			p.missing[needs] = err.Error()
		}
	}
	const known = "import boto3; boto3.client('payment-cryptography', region_name='us-east-1')"
	if out, err := exec.Command("python3", "-c", known).CombinedOutput(); err != nil {
		p.missing["python"] = fmt.Sprintf("no boto3 that knows the service: %v %s", err, out)
	}
	cluster, err := pgcluster.Shared()
	if err != nil {
		p.missing["postgres"] = err.Error()
		return
	}
	at, err := url.Parse(cluster.URL("postgres"))
	if err != nil {
		p.Fatal(err)
	}
	p.env = append(p.env, "PGHOST="+at.Query().Get("host"), "PGPORT="+at.Query().Get("port"), "PGUSER="+at.User.Username())
}

// script is a page as one script. Blocks whose needs are missing are left out.
func (p *docsPlace) script(blocks []testrig.Fence) string {
	var b strings.Builder
	b.WriteString(prelude)
	for _, k := range blocks {
		if k.Language == "python" {
			k.Note, k.Text = "python", "python3 - <<'PYTHON'\n"+k.Text+"PYTHON\n"
		}
		if why, ok := p.missing[k.Note]; ok {
			p.Logf("left out, since %s is missing (%s):\n%s", k.Note, why, k.Text)
			continue
		}
		for line := range strings.Lines(k.Text) {
			if !strings.Contains(line, "# n"+notRun) {
				b.WriteString(line)
			}
		}
	}
	// The cluster of the tests is on a socket, and its superuser has the name that the page gives to a role.
	return strings.NewReplacer("8089", p.port, "createuser apcsim", "createuser docs", "--owner=apcsim apcsim", "--owner=docs docs",
		"apcsim@localhost/apcsim", "docs@/docs").Replace(b.String())
}

// TestTheCommandsOfTheDocsRun: each page from top to bottom, in one shell and an empty folder.
func TestTheCommandsOfTheDocsRun(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) < 8 {
		t.Fatalf("pages: %q, %v", pages, err)
	}
	ran := 0
	for _, page := range append(pages, "../../README.md") {
		blocks := blocksOf(t, page)
		if len(blocks) == 0 {
			continue
		}
		ran += len(blocks)
		t.Run(filepath.Base(page), func(t *testing.T) {
			p := newDocsPlace(t)
			script := p.script(blocks)
			cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
			cmd.Dir, cmd.Env = t.TempDir(), p.env
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s\nof the script:\n%s", err, out, script)
			}
		})
	}
	if ran < 15 {
		t.Errorf("%d blocks ran: the test does not see the pages", ran)
	}
}
