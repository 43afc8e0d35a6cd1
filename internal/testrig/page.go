package testrig

import (
	"os"
	"strings"
	"testing"
)

// Fence is a block of code on a page in Markdown.
type Fence struct {
	Page     string
	Above    string // the paragraph above the block
	Language string
	Note     string // what follows the language
	Text     string
}

// Fences are the blocks of a page, in order.
func Fences(t testing.TB, page string) (all []Fence) {
	t.Helper()
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for rest := string(raw); ; {
		before, block, ok := strings.Cut(rest, "\n```")
		if !ok {
			return all
		}
		info, body, _ := strings.Cut(block, "\n")
		text, after, _ := strings.Cut("\n"+body, "\n```\n")
		rest = "\n" + after
		f := Fence{Page: page, Text: strings.TrimPrefix(text, "\n") + "\n"}
		f.Above = strings.TrimSpace(before[strings.LastIndex(strings.TrimRight(before, "\n"), "\n\n")+1:])
		f.Language, f.Note, _ = strings.Cut(info, " ")
		all = append(all, f)
	}
}
