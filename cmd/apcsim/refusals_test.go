package main

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWrongCommandLines(t *testing.T) {
	for _, c := range []struct {
		args string
		want string // in what is said
	}{
		{"", "Commands:"},
		{"serv", `no command "serv"`},
		{"tr31", "apcsim tr31 wrap"},
		{"tr31 open", `no command "open"`},
		{"--json", `no command "--json"`},
		{"kcv", "wants one key"},
		{"kcv --algorithm AES a b", "wants one key"},
		{"kcv --algorithm aes " + testKey, "one of TDES, TDES_CMAC, AES, AES_ZERO, HMAC_SHA1"},
		{"kcv --algorithm", "flag needs an argument"},
		{"kcv --frobnicate " + testKey, "there is no flag --frobnicate\n"},
		{"kcv --algoritm AES " + testKey, "there is no flag --algoritm. Did you mean --algorithm?"},
		{"serve --test_keys", "Did you mean --test-keys?"},
		{"serve -lissen=:0", "Did you mean --listen?"},
		{"kcv --" + testKey, "there is no flag --..."},
		{"tr31 inspect", "wants one block"},
		{"tr31 unwrap", "wants one block"},
		{"tr31 unwrap " + testHeader, "wants --kbpk"},
		{"tr31 unwrap -", "wants --kbpk"},
		{"tr31 unwrap --json " + testHeader, "wants --kbpk"},
		{"tr31 wrap --kbpk " + testKBPK, "wants one key"},
		{"tr31 wrap --kbpk " + testKBPK + " " + testKey, "wants --header"},
		{"tr31 wrap --json --header " + testHeader + " -", "wants --kbpk"},
		{"tr31 wrap --block KS --kbpk x --header x x", "wanted ID=DATA"},
	} {
		got := apcsim(t, "", strings.Fields(c.args)...)
		if got.status != exitUsage || got.out != "" || !strings.Contains(got.err, c.want) {
			t.Errorf("%q: got %+v, want status %d and %q", c.args, got, exitUsage, c.want)
		}
	}
}

func TestHelpIsAResult(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--help", "apcsim kcv"},
		{"-h", "apcsim kcv"},
		{"help", "apcsim tr31 inspect"},
		{"tr31 --help", "apcsim tr31 inspect"},
		{"help tr31 wrap", "usage: apcsim tr31 wrap"},
		{"kcv --help", "--algorithm NAME"},
		{"kcv " + testKey + " -h", "usage: apcsim kcv"},
		{"tr31 inspect --help", "--lenient"},
		{"tr31 unwrap --help", `{"ok":false,"error":"mac"`},
		{"tr31 wrap --help", "--block ID=DATA"},
	} {
		got := apcsim(t, "", strings.Fields(c.args)...)
		if got.status != exitOK || got.err != "" || !strings.Contains(got.out, c.want) {
			t.Errorf("%q: got %+v, want status 0 and %q", c.args, got, c.want)
		}
	}
}

// TestPagesOfHelpFitATerminal: no line is longer than the page, but usage lines, examples and JSON.
func TestPagesOfHelpFitATerminal(t *testing.T) {
	for _, c := range commands {
		for line := range strings.Lines(mustRun(t, append([]string{"help"}, strings.Fields(c.name)...)...)) {
			line = strings.TrimRight(line, "\n")
			whole := strings.HasPrefix(line, "usage: ") || strings.HasPrefix(line, "  apcsim ") || strings.Contains(line, `":`)
			if n := utf8.RuneCountInString(line); n > helpWidth && !whole {
				t.Errorf("%s: a line of %d columns, at most %d: %s", c.name, n, helpWidth, line)
			}
		}
	}
}

func TestRefusalsHaveTheClassAndNoKey(t *testing.T) {
	block := wrapTest(t)
	wrongMAC := strings.Replace(block, "P0AE", "P0AB", 1)
	for _, c := range []struct {
		stdin string
		args  []string
		class string
	}{
		{"", []string{"tr31", "unwrap", "--kbpk", testKBPK, wrongMAC}, "mac"},
		{"", []string{"tr31", "unwrap", "--kbpk", testKBPK[:62], block}, "kbpk"},
		{"", []string{"tr31", "unwrap", "--kbpk", testKBPK[:61], block}, "input"},
		{"", []string{"tr31", "unwrap", "--kbpk", testKBPK[:62] + "G!", block}, "input"},
		{"", []string{"tr31", "unwrap", "--kbpk", testKBPK, block + "0"}, "length"},
		{"", []string{"tr31", "unwrap", "--kbpk", "-", block}, "input"},
		{"", []string{"tr31", "inspect", block + "\n"}, "charset"},
		{"", []string{"tr31", "inspect", ""}, "length"},
		{"", []string{"tr31", "wrap", "--kbpk", testKBPK, "--header", testHeader, testKey[:30]}, "key-length"},
		{"", []string{"tr31", "wrap", "--kbpk", testKBPK, "--header", testHeader, testKey[:31]}, "input"},
		{"", []string{"tr31", "wrap", "--kbpk", testKBPK, "--header", testHeader, ""}, "key-length"},
		{"", []string{"tr31", "wrap", "--kbpk", testKBPK, "--header", testHeader[1:], testKey}, "length"},
		{"", []string{"tr31", "wrap", "--kbpk", testKBPK, "--header", "Z" + testHeader[1:], testKey}, "version"},
		{"", []string{"tr31", "wrap", "--kbpk", testKBPK, "--header", testHeader, "--block", "KS=1", testKey}, "opt-block-data"},
		{"", []string{"kcv", "--algorithm", "AES", testKey[:30]}, "key-length"},
		{testKey + "!", []string{"kcv", "--algorithm", "AES", "-"}, "input"},
		{"", []string{"kcv", "--algorithm", "HMAC_SHA224", "-"}, "input"},
	} {
		people := apcsim(t, c.stdin, c.args...)
		if people.status != exitRefused || people.out != "" || people.err == "" {
			t.Errorf("%q: got %+v, want a refusal on standard error", c.args, people)
		}
		programs := apcsim(t, c.stdin, append(c.args, "--json")...)
		if programs.status != exitRefused || programs.err != "" {
			t.Errorf("%q --json: got %+v, want a refusal on standard output", c.args, programs)
		}
		if a := answers(t, programs.out, 1)[0]; a.OK || a.Error != c.class || a.Message == "" {
			t.Errorf("%q --json: got %+v, want %s", c.args, a, c.class)
		}
		showsNoKey(t, people.err+programs.out)
	}
}

// showsNoKey looks for eight digits in a row of the test keys.
func showsNoKey(t *testing.T, said string) {
	t.Helper()
	for _, key := range []string{testKBPK, testKey} {
		for i := 0; i+8 <= len(key); i += 4 {
			if strings.Contains(said, key[i:i+8]) {
				t.Errorf("a key is in %q", said)
			}
		}
	}
}

func TestMisplacedKeysAreNotRepeated(t *testing.T) {
	for _, args := range []string{
		"unwrap " + testKey, testKBPK, "tr31 " + testKBPK, "tr31 unwrap --kbpk" + testKBPK, "tr31 unwrap --json=" + testKBPK,
		"kcv " + testKey + " " + testKey, "kcv --algorithm " + testKey + " x", "help " + testKey,
	} {
		got := apcsim(t, "", strings.Fields(args)...)
		if got.status != exitUsage {
			t.Errorf("%q: got %+v, want status %d", args, got, exitUsage)
		}
		showsNoKey(t, got.out+got.err)
	}
}

func TestBadLinesAreAnsweredAndTheNextGoOn(t *testing.T) {
	block := wrapTest(t)
	good := lines(t, []unwrapRequest{{testKBPK, block, false}})
	bad := []string{
		"", "nonsense", "[]", "17", `"` + testKey + `"`, "{", `{"kbpk":` + testKey[1:17] + `,"block":"x"}`,
		`{"kbpk":"` + testKBPK + `","block":"` + block + `"} {}`,
		`{"kbpk":"` + testKBPK[:63] + `","block":"` + block + `"}`,
		"{\"kbpk\":\"\x00\"}", strings.Repeat(" ", maxLine) + "{}", strings.Repeat("x", 5*maxLine),
		`{"kbpk":"` + strings.Repeat("00", maxLine) + `"}`,
	}
	var in strings.Builder
	for _, line := range bad {
		in.WriteString(line + "\n" + good)
	}
	got := apcsim(t, in.String(), "tr31", "unwrap", "--json", "-")
	if got.status != exitRefused || got.err != "" {
		t.Errorf("status %d, %q", got.status, got.err)
	}
	for i, a := range answers(t, got.out, 2*len(bad)) {
		if i%2 == 1 {
			if !a.OK || a.Key != testKey {
				t.Errorf("the good line after %.60q: got %+v", bad[i/2], a)
			}
			continue
		}
		if a.OK || a.Error != classInput || a.Message == "" {
			t.Errorf("%.60q: got %+v, want %s", bad[i/2], a, classInput)
		}
		showsNoKey(t, a.Field+a.Message)
	}
}

func TestNoProtectionKeyIsOneOfAWrongLength(t *testing.T) {
	block := wrapTest(t)
	for _, line := range []string{`{"block":"` + block + `"}`, `{"kbpk":"","block":"` + block + `"}`} {
		got := apcsim(t, line, "tr31", "unwrap", "--json", "-")
		if a := answers(t, got.out, 1)[0]; a.OK || a.Error != "kbpk" {
			t.Errorf("%s: got %+v, want kbpk", line, a)
		}
	}
}

func TestLineAsLongAsAllowedIsTaken(t *testing.T) {
	block := wrapTest(t)
	line := strings.TrimSuffix(lines(t, []unwrapRequest{{testKBPK, block, false}}), "\n")
	line += strings.Repeat(" ", maxLine-len(line))
	got := apcsim(t, line, "tr31", "unwrap", "--json", "-")
	if got.status != exitOK || !answers(t, got.out, 1)[0].OK {
		t.Errorf("%d bytes: got %+v", len(line), got)
	}
	if got := apcsim(t, line+" ", "tr31", "unwrap", "--json", "-"); got.status != exitRefused || !strings.Contains(got.out, "1048576") {
		t.Errorf("%d bytes: got %+v", len(line)+1, got)
	}
}

func TestWrapBatchRefusesLineByLine(t *testing.T) {
	got := apcsim(t, lines(t, []wrapRequest{
		{testKBPK, testHeader, testKey, nil},
		{testKBPK, testHeader, testKey[:30], nil},
		{testKBPK, testHeader, testKey[:31], nil},
		{testKBPK, "", testKey, nil},
		{testKBPK, "D9999P0AE00E9900", testKey, []optionalBlock{{"LB", "<&>"}}},
	}), "tr31", "wrap", "--json", "-")
	as := answers(t, got.out, 5)
	for i, want := range []string{"", "key-length", "input", "length", ""} {
		if as[i].Error != want || as[i].OK != (want == "") {
			t.Errorf("line %d: got %+v, want %q", i, as[i], want)
		}
	}
	if want := "D0160P0AE00E0200LB07<&>PB"; !strings.HasPrefix(as[4].Block, want) {
		t.Errorf("got %s, want %s at the beginning", as[4].Block, want)
	}
}

func TestLenientFlagCountsForEveryLine(t *testing.T) {
	block := wrapTest(t)
	block = block[:16] + strings.ToLower(block[16:]) // the MAC is over bytes, not over digits
	line := lines(t, []unwrapRequest{{testKBPK, block, false}})
	strict := apcsim(t, line, "tr31", "unwrap", "--json", "-")
	lenient := apcsim(t, line, "tr31", "unwrap", "--json", "-", "--lenient")
	if got := answers(t, strict.out, 1)[0]; got.Error != "hex" {
		t.Errorf("strict: got %+v, want hex", got)
	}
	if got := answers(t, lenient.out, 1)[0]; !got.OK || got.Key != testKey {
		t.Errorf("lenient: got %+v, want the key", got)
	}
}

func TestAnswersComeBeforeTheNextQuestion(t *testing.T) {
	in, ask := io.Pipe()
	hear, out := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- run(t.Context(), []string{"tr31", "unwrap", "--json", "-"}, in, out, io.Discard)
	}()
	answer := bufio.NewReader(hear)
	for range 3 {
		if _, err := io.WriteString(ask, "{}\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := answer.ReadString('\n'); err != nil || !strings.HasPrefix(line, `{"ok":false`) {
			t.Fatalf("got %q, %v", line, err)
		}
	}
	ask.Close()
	if status := <-done; status != exitRefused {
		t.Errorf("status %d, want %d", status, exitRefused)
	}
}

func TestReadErrorsEndTheBatch(t *testing.T) {
	broken := errors.New("the wire is cut")
	in := io.MultiReader(strings.NewReader("{}\n"), errReader{broken})
	var out, err strings.Builder
	status := run(t.Context(), []string{"tr31", "unwrap", "--json", "-"}, in, &out, &err)
	if status != exitRefused || strings.Count(out.String(), "\n") != 1 || !strings.Contains(err.String(), broken.Error()) {
		t.Errorf("got %d, %q, %q", status, &out, &err)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }
