package tr31

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseHeaderTakesATemplate(t *testing.T) {
	h, err := ParseHeader("D????K0AB01EXX20")
	if err != nil {
		t.Fatal(err)
	}
	want := Header{Version: VersionD, KeyUsage: "K0", Algorithm: 'A', ModeOfUse: 'B',
		KeyVersion: "01", Exportability: 'E', Context: '2', Reserved: '0'}
	if h.String() != want.String() || h.Blocks != nil {
		t.Errorf("got %v, want %v", h, want)
	}
	if got := h.String(); got != "D0000K0AB01E0020" {
		t.Errorf("got %q", got)
	}
}

// TestHeaderWithOptionalBlocksIsReadAlone as in a TR-34 token.
func TestHeaderWithOptionalBlocksIsReadAlone(t *testing.T) {
	const text = "D0112K0AB00E02007705xLB0Dterminal7"
	h, err := ParseHeader(text)
	if err != nil {
		t.Fatal(err)
	}
	label, found := h.Block("LB")
	if !found || label.Data != "terminal7" || len(h.Blocks) != 2 {
		t.Errorf("got blocks %v", h.Blocks)
	}
	if got, want := h.Encode(), "D0000"+text[5:]; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseHeaderRefusesWhatIsNoHeader(t *testing.T) {
	for text, want := range map[string]Class{
		"":                           ErrLength,
		"D0000K0AB00E000":            ErrLength,
		"D0000K0AB00E00000":          ErrLength,
		"F0000K0AB00E0000":           ErrVersion,
		"D0000K0\tB00E0000":          ErrCharset,
		"D0000K0AB00E0x00LB05a":      ErrHeaderField,
		"D0000K0AB00E0200LB05a":      ErrOptBlock,
		"D0000K0AB00E0100LB06a":      ErrOptBlock,
		"D0000K0AB00E0100LB05aLB05b": ErrLength,
		"D0000K0AB00E0200LB05aLB05b": ErrOptBlock,
	} {
		if _, err := ParseHeader(text); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want class %s", text, err, want)
		}
	}
}

func TestParseHeaderNamesBothBounds(t *testing.T) {
	for _, n := range []int{15, 10_000} {
		want := fmt.Sprintf("tr31: length: the header has a wrong length: found %d characters, wanted 16 to 9999 characters", n)
		if _, err := ParseHeader(strings.Repeat("0", n)); err == nil || err.Error() != want {
			t.Errorf("%d characters: got %v, want %s", n, err, want)
		}
	}
}

func TestBlockFindsAnOptionalBlockById(t *testing.T) {
	h := header(t, Label("a").Encode(), Pedigree(1).Encode())
	if b, ok := h.Block("WP"); !ok || b.Data != "001" {
		t.Errorf("got %v, %v", b, ok)
	}
	if b, ok := h.Block("KS"); ok {
		t.Errorf("got %v", b)
	}
}
