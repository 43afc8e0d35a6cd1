package main

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/kcv"
)

// A key block, its protection key and its key, made here for these tests. The
// check values are openssl's.
const (
	testKBPK   = "EB6D9013B1729A0DE86181E6FCF754DE131030500239388D775CF3A3F5824444"
	testKey    = "0123456789ABCDEFFEDCBA9876543210"
	testKCV    = "2090A6"
	testTDES   = "08D7B4"
	testHeader = "D0000P0AE00E0000"
)

// result is what a run of the program left.
type result struct {
	status   int
	out, err string
}

// apcsim runs the program in this process.
func apcsim(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, err bytes.Buffer
	status := run(t.Context(), args, strings.NewReader(stdin), &out, &err)
	return result{status, out.String(), err.String()}
}

// wrapTest makes a block of testKey under testKBPK.
func wrapTest(t *testing.T, args ...string) string {
	t.Helper()
	got := apcsim(t, "", append([]string{"tr31", "wrap", "--kbpk", testKBPK, "--header", testHeader, testKey}, args...)...)
	if got.status != exitOK || got.err != "" {
		t.Fatalf("wrap: %+v", got)
	}
	return strings.TrimSuffix(got.out, "\n")
}

func TestKCV(t *testing.T) {
	for _, c := range []struct{ algorithm, want string }{
		{"TDES", testTDES}, {"AES", testKCV}, {"HMAC_SHA256", "DCC3C8"},
	} {
		got := apcsim(t, "", "kcv", "--algorithm", c.algorithm, testKey)
		if want := (result{exitOK, c.want + "\n", ""}); got != want {
			t.Errorf("%s: got %+v, want %+v", c.algorithm, got, want)
		}
		got = apcsim(t, strings.ToLower(testKey)+"\r\n", "kcv", "-", "--algorithm", c.algorithm)
		if want := (result{exitOK, c.want + "\n", ""}); got != want {
			t.Errorf("%s, from standard input: got %+v, want %+v", c.algorithm, got, want)
		}
	}
	got := apcsim(t, "", "kcv", "--json", "--algorithm=AES", testKey)
	if want := (result{exitOK, `{"ok":true,"kcv":"2090A6","standard":"2090A67375"}` + "\n", ""}); got != want {
		t.Errorf("JSON: got %+v, want %+v", got, want)
	}
}

func TestEveryAlgorithmOfTheHelpIsThere(t *testing.T) {
	methods := map[kcv.Method]bool{}
	for _, m := range kcvMethods {
		methods[m.method] = true
		if !strings.Contains(kcvCommand.details, m.name) {
			t.Errorf("--help does not name %s", m.name)
		}
		if m.method == kcv.SHA1 {
			continue // of public keys: see below
		}
		if got := apcsim(t, "", "kcv", "--algorithm", m.name, testKey); got.status != exitOK || len(got.out) != 7 {
			t.Errorf("%s: got %+v", m.name, got)
		}
	}
	for m := kcv.Method(1); m.String() != "no method"; m++ {
		if !methods[m] {
			t.Errorf("the package's %v is no algorithm of the command", m)
		}
	}
}

// TestCheckValuesOfOtherMethods: the values are openssl's, of enc -des-ede3-ecb, mac CMAC and enc -aes-128-ecb.
func TestCheckValuesOfOtherMethods(t *testing.T) {
	for algorithm, want := range map[string]string{"TDES_CMAC": "0A8245", "AES_ZERO": "D5C825", "HMAC_SHA1": "2739B6"} {
		if got := apcsim(t, "", "kcv", "--algorithm", algorithm, testKey); got.out != want+"\n" {
			t.Errorf("%s: got %+v, want %s", algorithm, got, want)
		}
	}
}

func TestCheckValuesOfPublicKeys(t *testing.T) {
	certificate, err := os.ReadFile("../../x509ca/testdata/ec-root.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(certificate)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	spki := c.RawSubjectPublicKeyInfo
	sum := sha1.Sum(spki)
	want := fmt.Sprintf("%X\n", sum[:4])
	key := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})
	for form, text := range map[string]string{
		"a certificate": string(certificate), "a certificate in base64": base64.StdEncoding.EncodeToString(certificate),
		"a certificate in DER": string(block.Bytes),
		"PEM":                  string(key), "DER": string(spki), "hexadecimal": hex.EncodeToString(spki),
	} {
		if got := apcsim(t, text, "kcv", "--algorithm", "SHA_1", "-"); got.out != want {
			t.Errorf("%s: got %+v, want %s", form, got, want)
		}
	}
	if got := apcsim(t, "", "kcv", "--algorithm", "SHA_1", "../../x509ca/testdata/ec-root.pem"); got.out != want {
		t.Errorf("a file: got %+v, want %s", got, want)
	}
	all := files(t)
	for _, name := range []string{"a private key", "a certificate request"} {
		if got := apcsim(t, all[name], "kcv", "--algorithm", "SHA_1", "-"); got.status != exitRefused ||
			!strings.Contains(got.err, "there is no public key: found "+name) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	bare, _ := pem.Decode([]byte(all["a bare public key"]))
	public, err := x509.ParsePKIXPublicKey(bare.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sum = sha1.Sum(bare.Bytes)
	own := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(public.(*rsa.PublicKey))})
	if got := apcsim(t, string(own), "kcv", "--algorithm", "SHA_1", "-"); got.out != fmt.Sprintf("%X\n", sum[:4]) {
		t.Errorf("PKCS #1: got %+v", got)
	}
}

func TestWrapThenUnwrapForPeople(t *testing.T) {
	block := wrapTest(t, "--block", "KS=FFFF9876543210E00000", "--block=LB=a=b")
	got := apcsim(t, "", "tr31", "unwrap", block, "--kbpk", testKBPK)
	if got.status != exitOK || got.err != "" {
		t.Fatalf("unwrap: %+v", got)
	}
	for _, want := range []string{block[:16], testKey, testKCV, "optional KS  FFFF9876543210E00000", "optional LB  a=b", "optional PB  "} {
		if !strings.Contains(got.out, want) {
			t.Errorf("%q is not in\n%s", want, got.out)
		}
	}
}

func TestWrapHidesTheLengthUnlessAskedNot(t *testing.T) {
	hidden, least := wrapTest(t), wrapTest(t, "--hide-length=false")
	if got, want := [2]int{len(hidden), len(least)}, [2]int{16 + 96 + 32, 16 + 64 + 32}; got != want {
		t.Errorf("got lengths %v, want %v", got, want)
	}
}

func TestInspectExplainsEveryField(t *testing.T) {
	block := wrapTest(t, "--block", "KS=FFFF9876543210E00000")
	got := apcsim(t, "", "tr31", "inspect", block)
	if got.status != exitOK || got.err != "" {
		t.Fatalf("inspect: %+v", got)
	}
	for _, want := range []string{
		"version          D    AES protection key", "block length     176  characters", "key usage        P0   PIN encryption",
		"algorithm        A    AES", "mode of use      E    encrypt only", "key version      00   not used",
		"exportability    E    exportable in trusted", "optional blocks  2", "key context      0    decided",
		"optional KS           initial key serial number", "FFFF9876543210E00000", "optional PB           padding",
	} {
		if !strings.Contains(got.out, want) {
			t.Errorf("%q is not in\n%s", want, got.out)
		}
	}
	for line := range strings.Lines(got.out) {
		if strings.TrimRight(line, " \n")+"\n" != line {
			t.Errorf("%q ends in blanks", line)
		}
	}
}

func TestInspectForPrograms(t *testing.T) {
	block := wrapTest(t)
	got := apcsim(t, block+"\n", "tr31", "inspect", "-", "--json")
	want := result{exitOK, `{"ok":true,"header":"D0144P0AE00E0000","version":"D","length":144,"key_usage":"P0",` +
		`"algorithm":"A","mode_of_use":"E","key_version":"00","exportability":"E","key_context":"0","reserved":"0",` +
		`"optional_blocks":[]}` + "\n", ""}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestInspectNamesUnknownCodes(t *testing.T) {
	block := strings.Replace(wrapTest(t), "P0AE", "ZZ?9", 1)
	if got := apcsim(t, "", "tr31", "inspect", block); got.status != exitRefused {
		t.Errorf("strict: got %+v, want a refusal", got)
	}
	got := apcsim(t, "", "tr31", "inspect", "--lenient", block)
	if got.status != exitOK || strings.Count(got.out, "not known here") != 2 || !strings.Contains(got.out, "9    proprietary") {
		t.Errorf("lenient: got %+v", got)
	}
}

func TestSecretsComeFromStandardInputInOrder(t *testing.T) {
	block := wrapTest(t)
	for _, c := range []struct {
		stdin string
		args  []string
	}{
		{testKBPK + "\n" + block + "\n", []string{"tr31", "unwrap", "--kbpk", "-", "-"}},
		{testKBPK + "\n" + block, []string{"tr31", "unwrap", "-", "--kbpk=-", "--json"}},
		{testKBPK, []string{"tr31", "unwrap", "--kbpk", "-", block}},
		{block, []string{"tr31", "unwrap", "--kbpk", testKBPK, "--", "-"}},
	} {
		if got := apcsim(t, c.stdin, c.args...); got.status != exitOK || !strings.Contains(got.out, testKey) {
			t.Errorf("%q: got %+v", c.args, got)
		}
	}
	made := apcsim(t, testKBPK+"\n"+testKey+"\n", "tr31", "wrap", "--kbpk", "-", "--header", testHeader, "-")
	if made.status != exitOK {
		t.Fatalf("wrap: got %+v", made)
	}
	got := apcsim(t, "", "tr31", "unwrap", "--kbpk", testKBPK, strings.TrimSuffix(made.out, "\n"))
	if got.status != exitOK || !strings.Contains(got.out, testKey) {
		t.Errorf("what wrap made of standard input: got %+v", got)
	}
}

func TestTheBuiltProgramDoesTheSame(t *testing.T) {
	binary := build(t)
	block := wrapTest(t)
	tampered := block[:len(block)-1] + string("01"[(block[len(block)-1]+1)%2])
	for _, c := range []struct {
		stdin string
		args  []string
	}{
		{"", []string{"kcv", "--algorithm", "AES", testKey}},
		{"", []string{"tr31", "unwrap", "--kbpk", testKBPK, tampered}},
		{"", []string{"tr31"}},
		{lines(t, []unwrapRequest{{testKBPK, block, false}, {testKBPK, tampered, false}}), []string{"tr31", "unwrap", "--json", "-"}},
	} {
		cmd := exec.CommandContext(t.Context(), binary, c.args...)
		var out, err bytes.Buffer
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(c.stdin), &out, &err
		_ = cmd.Run() // the status is what counts
		got := result{cmd.ProcessState.ExitCode(), out.String(), err.String()}
		if want := apcsim(t, c.stdin, c.args...); got != want {
			t.Errorf("%q: got %+v, want %+v", c.args, got, want)
		}
	}
}

func TestACancelledBatchEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, err bytes.Buffer
	status := run(ctx, []string{"tr31", "unwrap", "--json", "-"}, strings.NewReader("{}\n"), &out, &err)
	if status != exitRefused || out.Len() != 0 || !strings.Contains(err.String(), "canceled") {
		t.Errorf("got %d, %q, %q", status, &out, &err)
	}
}

func TestOutputThatCannotBeWrittenIsAnError(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	defer full.Close()
	block := wrapTest(t)
	for _, args := range [][]string{
		{"kcv", "--algorithm", "AES", testKey},
		{"tr31", "inspect", block},
		{"tr31", "unwrap", "--kbpk", testKBPK, block},
		{"tr31", "unwrap", "--json", "-"},
		{"tr31", "wrap", "--kbpk", testKBPK, "--header", testHeader, testKey},
	} {
		var stderr bytes.Buffer
		if got := run(t.Context(), args, strings.NewReader("{}\n"), full, &stderr); got != exitRefused || stderr.Len() == 0 {
			t.Errorf("%q: status %d, %q", args, got, &stderr)
		}
	}
}
