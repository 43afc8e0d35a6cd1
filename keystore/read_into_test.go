package keystore

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"
)

// wrapped is a store with a Read of its own.
type wrapped struct {
	*Memory
	reads int
}

func (w *wrapped) Read(ctx context.Context, refs ...Ref) ([]Found, error) {
	w.reads++
	return w.Memory.Read(ctx, refs...)
}

// TestReadIntoIsRead: whatever the elements had before, and by the Read of a store that wraps another.
func TestReadIntoIsRead(t *testing.T) {
	ctx, memory := t.Context(), NewMemory()
	defer memory.Close()
	p := Partition{"111122223333", "us-east-1"}
	key := Record{Partition: p, Kind: "key", ID: "k", Data: []byte{1}, Due: time.UnixMilli(5).UTC()}
	alias := Record{Partition: p, Kind: "alias", ID: "a", Index: "k", Data: []byte{2}}
	number := Ref{Partition: p, Kind: "count", ID: "n"}
	if err := memory.Commit(ctx, CommitID{1}, Create(key), Create(alias), Count(number, 1, 9)); err != nil {
		t.Fatal(err)
	}
	followed := alias.Ref()
	followed.Follow = "key"
	refs := []Ref{followed, {Partition: p, Kind: "key", ID: "none"}, key.Ref(), alias.Ref(), number, {}}
	want, err := memory.Read(ctx, refs...)
	if err != nil {
		t.Fatal(err)
	}
	if want[0].Followed == nil || want[1].Record.Exists() || want[2].Record.Due.IsZero() || want[3].Followed != nil {
		t.Fatalf("Read: %+v", want)
	}
	wrapper := &wrapped{Memory: memory}
	for _, s := range []Store{memory, wrapper} {
		found := []Found{want[2], want[0], want[0], want[0], want[2], want[0]}
		if err := ReadInto(ctx, s, found, refs); err != nil || !reflect.DeepEqual(found, want) {
			t.Errorf("ReadInto of a %T: %+v, %v", s, found, err)
		}
	}
	if wrapper.reads != 1 {
		t.Errorf("the wrapper was read %d times, want 1", wrapper.reads)
	}
	refs, found := refs[2:3], make([]Found, 1)
	if n := testing.AllocsPerRun(10, func() { ReadInto(ctx, memory, found, refs) }); n != 0 {
		t.Errorf("ReadInto allocates %v times", n)
	}
	memory.Close()
	for _, s := range []Store{memory, wrapper} {
		if err := ReadInto(ctx, s, found, refs); !errors.Is(err, ErrClosed) {
			t.Errorf("ReadInto of a closed %T: %v", s, err)
		}
	}
}

// answers is a store whose Read returns them, whatever it is asked for.
type answers struct {
	Store
	all []Found
}

func (a answers) Read(context.Context, ...Ref) ([]Found, error) { return a.all, nil }

// TestReadIntoRefusesAnotherNumberOfAnswers: what an element had before, perhaps a record of another account, would
// pass for the answer.
func TestReadIntoRefusesAnotherNumberOfAnswers(t *testing.T) {
	for n := range 4 {
		err := ReadInto(t.Context(), answers{all: make([]Found, n)}, make([]Found, 2), make([]Ref, 2))
		if (err == nil) != (n == 2) {
			t.Errorf("%d answers to 2 refs: got %v", n, err)
		}
	}
}

// TestACounterThatWasReadStaysAsItWas while it is counted on; other records are replaced whole.
func TestACounterThatWasReadStaysAsItWas(t *testing.T) {
	ctx, memory := t.Context(), NewMemory()
	defer memory.Close()
	number := Ref{Partition: Partition{"111122223333", "us-east-1"}, Kind: "count", ID: "n"}
	for i := range byte(3) {
		if err := memory.Commit(ctx, CommitID{i + 1}, Count(number, 1, 9)); err != nil {
			t.Fatal(err)
		}
		found, err := memory.Read(ctx, number)
		if err != nil {
			t.Fatal(err)
		}
		if err := memory.Commit(ctx, CommitID{i + 100}, Count(number, 1, 9)); err != nil {
			t.Fatal(err)
		}
		if got, want := CounterValue(found[0].Record), int64(2*i+1); got != want {
			t.Errorf("after another commit: got %d, want %d as it was read", got, want)
		}
	}
}
