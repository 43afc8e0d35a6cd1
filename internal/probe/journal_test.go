package probe

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestJournalIsForOneProcess(t *testing.T) {
	name := filepath.Join(t.TempDir(), "deep", "journal")
	j, err := OpenJournal(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenJournal(name); err == nil || !strings.Contains(err.Error(), problemBusy) {
		t.Errorf("a second time: got %v, want %s", err, problemBusy)
	}
	if err := j.write(entry{Run: "one"}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := OpenJournal(name)
	if err != nil || len(again.runs) != 1 {
		t.Errorf("opened again: got %+v, %v, want one run", again, err)
	}
	again.Close()
}
