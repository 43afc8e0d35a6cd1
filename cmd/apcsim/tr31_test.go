package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/tr31"
)

// vector is a key block with what opening it gives, strict and lenient.
type vector struct {
	ID             string
	KBPK           string
	KeyBlock       string `json:"key_block"`
	Version        string
	OptionalBlocks []optionalBlock `json:"optional_blocks"`
	Key, KCV       string
	Expect         string
	ExpectLenient  string `json:"expect_lenient"`
	ClassFirm      bool   `json:"class_firm"`
	Header         struct{ Algorithm string }
}

// vectors reads the blocks made for this project, which are next to tr31, and
// the published ones where the environment names their folder.
func vectors(t *testing.T) []vector {
	t.Helper()
	vs := testrig.Vectors[[]vector](t, "tr31.json")
	if vs == nil {
		vs = testrig.ReadJSON[[]vector](t, "../../tr31/testdata/made.json")
	}
	if len(vs) < 200 {
		t.Fatalf("%d vectors, want hundreds", len(vs))
	}
	return vs
}

// answer is any answer of a batch.
type answer struct {
	OK             bool
	Version        string
	Header         string
	Key, KCV       string
	OptionalBlocks []optionalBlock `json:"optional_blocks"`
	Block          string
	Error          string
	Field          string
	Offset         int
	Message        string
}

func answers(t *testing.T, out string, want int) []answer {
	t.Helper()
	if out == "" || !strings.HasSuffix(out, "\n") {
		t.Fatalf("the answers do not end with a line: %q", out[max(0, len(out)-80):])
	}
	texts := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(texts) != want {
		t.Fatalf("got %d answers, want %d", len(texts), want)
	}
	as := make([]answer, want)
	for i, text := range texts {
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&as[i]); err != nil {
			t.Fatalf("answer %d: %v: %s", i, err, text)
		}
	}
	return as
}

func TestUnwrapBatchAgreesWithEveryVector(t *testing.T) {
	vs := vectors(t)
	var requests []unwrapRequest
	for _, v := range vs {
		requests = append(requests, unwrapRequest{v.KBPK, v.KeyBlock, false}, unwrapRequest{v.KBPK, v.KeyBlock, true})
	}
	got := apcsim(t, testrig.Lines(t, requests), "tr31", "unwrap", "--json", "-")
	if got.status != exitRefused || got.err != "" {
		t.Errorf("status %d and %q, want %d and nothing, for some are refused", got.status, got.err, exitRefused)
	}
	as := answers(t, got.out, len(requests))
	for i, v := range vs {
		v.compare(t, "strict", as[2*i], v.Expect)
		v.compare(t, "lenient", as[2*i+1], v.ExpectLenient)
	}
}

// compare compares an answer with what the vector expects in one mode. The
// class counts where the vector says that it is the one meant, which it says of
// the strict reading.
func (v vector) compare(t *testing.T, mode string, got answer, expect string) {
	t.Helper()
	if expect != "unwrap" {
		if got.OK || got.Error == "" || got.Message == "" || got.Key != "" {
			t.Errorf("%s %s: got %+v, want a refusal: %s", v.ID, mode, got, expect)
		}
		if v.ClassFirm && v.Expect == expect && got.Error != expect {
			t.Errorf("%s %s: got %s, want %s", v.ID, mode, got.Error, expect)
		}
		return
	}
	want := answer{
		OK: true, Version: v.Version, Header: v.KeyBlock[:16], Key: v.Key, KCV: v.KCV, OptionalBlocks: v.OptionalBlocks,
	}
	if v.KCV == "" { // the vectors have none for HMAC and asymmetric keys
		want.KCV = got.KCV
		if strings.Contains("RES", v.Header.Algorithm) && got.KCV != "" {
			t.Errorf("%s %s: an asymmetric key got the check value %s", v.ID, mode, got.KCV)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s %s (-want +got):\n%s", v.ID, mode, diff)
	}
}

// rewrap makes the request that gives an opened block again.
func rewrap(kbpk string, a answer) wrapRequest {
	return wrapRequest{kbpk, a.Header, a.Key, a.OptionalBlocks}
}

func TestWrapBatchMakesBlocksThatOpenToTheSame(t *testing.T) {
	var kept []vector
	var opening []unwrapRequest
	for _, v := range vectors(t) {
		if v.Expect == "unwrap" && !hasOldKSN(t, v.KeyBlock) {
			kept = append(kept, v)
			opening = append(opening, unwrapRequest{v.KBPK, v.KeyBlock, false})
		}
	}
	opened := apcsim(t, testrig.Lines(t, opening), "tr31", "unwrap", "--json", "-")
	want := answers(t, opened.out, len(kept))
	var wrapping []wrapRequest
	for i, a := range want {
		wrapping = append(wrapping, rewrap(kept[i].KBPK, a))
	}
	made := apcsim(t, testrig.Lines(t, wrapping), "tr31", "wrap", "--json", "-")
	blocks := answers(t, made.out, len(kept))
	for i := range blocks {
		opening[i].Block = blocks[i].Block
	}
	again := apcsim(t, testrig.Lines(t, opening), "tr31", "unwrap", "--json", "-")
	for _, r := range []result{opened, made, again} {
		if r.status != exitOK || r.err != "" {
			t.Errorf("status %d and %q, want %d and nothing", r.status, r.err, exitOK)
		}
	}
	for i, got := range answers(t, again.out, len(kept)) {
		// The length and, where the old block had needless or no padding, the PB may differ.
		got, want := withoutOwnWork(got), withoutOwnWork(want[i])
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kept[i].ID, diff)
		}
	}
}

// hasOldKSN reports whether a block has a KS of 16 digits, which is read and not
// written.
func hasOldKSN(t *testing.T, block string) bool {
	t.Helper()
	b, err := tr31.Parse(block, tr31.Lenient)
	if err != nil {
		t.Fatalf("%q: %v", block, err)
	}
	ks, ok := b.Block("KS")
	return ok && len(ks.Data) == 16
}

// withoutOwnWork drops from an answer what wrapping works out for itself.
func withoutOwnWork(a answer) answer {
	a.Header = a.Header[:1] + a.Header[5:12] + a.Header[14:]
	var blocks []optionalBlock
	for _, b := range a.OptionalBlocks {
		if b.ID != "PB" {
			blocks = append(blocks, b)
		}
	}
	a.OptionalBlocks = blocks
	return a
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

func TestNoProtectionKeyIsOneOfAWrongLength(t *testing.T) {
	block := wrapTest(t)
	for _, line := range []string{`{"block":"` + block + `"}`, `{"kbpk":"","block":"` + block + `"}`} {
		got := apcsim(t, line, "tr31", "unwrap", "--json", "-")
		if a := answers(t, got.out, 1)[0]; a.OK || a.Error != "kbpk" {
			t.Errorf("%s: got %+v, want kbpk", line, a)
		}
	}
}

func TestWrapBatchRefusesLineByLine(t *testing.T) {
	got := apcsim(t, testrig.Lines(t, []wrapRequest{
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
	line := testrig.Lines(t, []unwrapRequest{{testKBPK, block, false}})
	strict := apcsim(t, line, "tr31", "unwrap", "--json", "-")
	lenient := apcsim(t, line, "tr31", "unwrap", "--json", "-", "--lenient")
	if got := answers(t, strict.out, 1)[0]; got.Error != "hex" {
		t.Errorf("strict: got %+v, want hex", got)
	}
	if got := answers(t, lenient.out, 1)[0]; !got.OK || got.Key != testKey {
		t.Errorf("lenient: got %+v, want the key", got)
	}
}
