package shape

import "unicode/utf8"

// begins is the first bytes of the texts that something matches. Those of characters that are not ASCII are one.
type begins [utf8.RuneSelf + 1]bool

func (b *begins) add(other *begins) {
	for i, yes := range other {
		b[i] = b[i] || yes
	}
}

func (b *begins) meets(other *begins) bool {
	for i, yes := range other {
		if yes && b[i] {
			return true
		}
	}
	return false
}

// beginsOf is how the texts of a sequence begin that cannot be empty.
func beginsOf(sequence []part) (b begins) {
	for i := range sequence {
		b.add(new(sequence[i].begins()))
		if sequence[i].min > 0 {
			break
		}
	}
	return b
}

func (p *part) begins() (b begins) {
	switch {
	case p.literal != "":
		b[min(p.literal[0], utf8.RuneSelf)] = true
	case p.set != nil:
		copy(b[:], p.set.ascii[:utf8.RuneSelf])
		b[utf8.RuneSelf] = p.set.beyond != nil
	}
	for _, sequence := range p.group {
		b.add(new(beginsOf(sequence)))
	}
	return b
}

// givesBack reports whether a sequence may have to give back what a repetition has taken, or try another alternative
// of a group than the first that fits: where the same character begins what is taken and what may follow it, or two
// alternatives.
func givesBack(sequence []part, after begins) bool {
	for i := len(sequence) - 1; i >= 0; i-- {
		p := &sequence[i]
		first := p.begins()
		if p.min != p.max && first.meets(&after) {
			return true
		}
		follows := after
		if p.max != 1 {
			follows.add(&first)
		}
		var others begins
		for _, alternative := range p.group {
			its := beginsOf(alternative)
			if others.meets(&its) || givesBack(alternative, follows) {
				return true
			}
			others.add(&its)
		}
		if p.min > 0 {
			after = begins{}
		}
		after.add(&first)
	}
	return false
}
