package engine

import "time"

// Limits are the numbers of the service that may differ by account or by
// edition of its documentation. In Options a zero field means its default.
type Limits struct {
	Keys    int // keys in an account and Region, deleted ones not counted (2,000; user guide, quotas)
	Aliases int // aliases in an account and Region (2,000; user guide, quotas)
	Tags    int // tags on a key (200; GUESS: the most one request may name)

	DefaultPage       int // items of a page when MaxResults is absent (50)
	DefaultDeleteDays int // waiting time when DeleteKeyInDays is absent (7)

	// DeletedVisible is how long a key in DELETE_COMPLETE can still be read
	// and is listed. Zero is for ever (GUESS: nothing is documented).
	DeletedVisible time.Duration
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		field *int
		value int
	}{
		{&l.Keys, 2000}, {&l.Aliases, 2000}, {&l.Tags, 200},
		{&l.DefaultPage, 50}, {&l.DefaultDeleteDays, 7},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return l
}
