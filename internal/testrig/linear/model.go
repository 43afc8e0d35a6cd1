package linear

import (
	"fmt"
	"slices"

	"github.com/anishathalye/porcupine"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// The model of a store: what the interface says of a few records and counters,
// one call after the other. A history of calls that overlapped is linearizable
// if there is an order of them that the model agrees with, in which no call
// comes before one that had ended when it began.

// cell is a record or a counter.
type cell struct {
	rev   uint8 // the number of the commit that last wrote it; 0: there is none
	value int8  // of a record its index, of a counter where it is
}

// Which cells there are: records first, two of them in one partition.
const (
	records   = 3
	cells     = records + 2
	neighbors = 2 // records 0 and 1 are on one page
	dueIndex  = 1 // records of this index are due
)

// state is all that a store has, as a value.
type state struct {
	cells [cells]cell
	done  uint64 // a bit for each commit that took effect
}

// arm is which field of a Change is set.
type arm string

const (
	put     arm = "Put"
	remove  arm = "Remove"
	require arm = "Require"
	add     arm = "Add"
)

// step is a change.
type step struct {
	arm     arm
	cell    int
	expect  uint8
	value   int8 // to put, or the delta to add
	ceiling int8
}

// op is which method of a store is called.
type op string

const (
	opCommit op = "Commit"
	opRead   op = "Read"
	opPage   op = "Page"
	opDue    op = "Due"
)

// call is a call of one method.
type call struct {
	op     op
	number uint8  // of the commit
	steps  []step // of the commit
	cells  []int  // that are read
	filter int8   // of the page; less than 0: none
}

// seen is a cell in an answer.
type seen struct {
	at int
	cell
}

// answer is what a call returned.
type answer struct {
	err     error // one of those the interface names, itself
	unknown bool  // the commit has taken effect, or does so later, or never
	seen    []seen
}

// check is the error of a change, nil if it can be made.
func (s state) check(c step) error {
	at := s.cells[c.cell]
	switch {
	case c.arm == add:
		if sum := at.value + c.value; sum < 0 || c.value > 0 && sum > c.ceiling {
			return keystore.ErrCeiling
		}
	case at.rev == c.expect:
	case c.expect == 0:
		return keystore.ErrExists
	case at.rev == 0:
		return keystore.ErrNotFound
	default:
		return keystore.ErrConflict
	}
	return nil
}

// commit is the state after a commit, and what it returns.
func (s state) commit(c *call) (state, error) {
	if s.done&(1<<c.number) != 0 {
		return s, nil
	}
	for _, step := range c.steps {
		if err := s.check(step); err != nil {
			return s, err
		}
	}
	for _, step := range c.steps {
		at := &s.cells[step.cell]
		switch step.arm {
		case put:
			*at = cell{c.number, step.value}
		case remove:
			*at = cell{}
		case add:
			*at = cell{c.number, at.value + step.value}
		}
	}
	s.done |= 1 << c.number
	return s, nil
}

// look is what a Read, a Page or a Due returns.
func (s state) look(c *call) (out []seen) {
	if c.op == opRead {
		for _, at := range c.cells {
			out = append(out, seen{at, s.cells[at]})
		}
		return out
	}
	for at, cell := range s.cells[:neighbors] {
		if cell.rev != 0 && (c.filter < 0 || cell.value == c.filter) && (c.op == opPage || cell.value == dueIndex) {
			out = append(out, seen{at, cell})
		}
	}
	return out
}

// model is the interface's sentences as one function. A commit of unknown
// outcome takes effect when it is taken to be called, if it can: one that never
// does is taken to be called after all others.
var model = porcupine.Model{
	Init: func() any { return state{} },
	Step: func(before, input, output any) (bool, any) {
		s, c, a := before.(state), input.(*call), output.(*answer)
		if c.op != opCommit {
			return slices.Equal(a.seen, s.look(c)), s
		}
		after, err := s.commit(c)
		return a.unknown || a.err == err, after
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) },
}
