package main

import (
	"strings"
	"testing"
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
