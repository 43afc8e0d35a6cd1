package core

import (
	"slices"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/internal/wording"
)

// How far a key fits a row: the rules are compared in this order.
const (
	fitsNothing = iota
	fitsUsage
	fitsClass
	fitsAlgorithm
	fitsModes // and so all
)

func (row *KeyRow) fit(a *Attributes) int {
	switch {
	case row.Usage != a.Usage:
		return fitsNothing
	case row.Class != "" && row.Class != a.Class:
		return fitsUsage
	case !row.Algorithms.Has(a.Alg):
		return fitsClass
	case !slices.Contains(row.Modes, a.Modes):
		return fitsAlgorithm
	}
	return fitsModes
}

// Allow reports whether a key fits one of the rows.
func (r *KeyRules) Allow(k *Key) bool {
	for i := range r.Rows {
		if r.Rows[i].fit(&k.Attributes) == fitsModes {
			return true
		}
	}
	return false
}

// checkRows refuses a key that fits none of the rows, for the first thing that is wrong with it in
// the row that it fits best.
func (r *KeyRules) checkRows(k *Key, field string) error {
	a, best := &k.Attributes, fitsNothing
	for i := range r.Rows {
		best = max(best, r.Rows[i].fit(a))
	}
	switch best {
	case fitsModes:
		return nil
	case fitsAlgorithm:
		return r.Mode.refuse(k, field, a.Modes.String(), wording.Or(r.wantedOf(a, best, func(row *KeyRow) (out []string) {
			for _, m := range row.Modes {
				out = append(out, m.String())
			}
			return out
		})))
	case fitsClass:
		return r.Algorithm.refuse(k, field, string(a.Alg.Name), wording.Or(r.wantedOf(a, best, func(row *KeyRow) (out []string) {
			for _, name := range row.Algorithms.Names() {
				out = append(out, string(name))
			}
			return out
		})))
	case fitsUsage:
		return r.Usage.refuse(
			k,
			field,
			string(a.Class),
			wording.Or(r.wantedOf(a, best, func(row *KeyRow) []string { return []string{string(row.Class)} })),
		)
	}
	return r.Usage.refuse(
		k,
		field,
		string(a.Usage),
		wording.Or(r.wantedOf(a, best, func(row *KeyRow) []string { return []string{string(row.Usage)} })),
	)
}

// wantedOf are the values of the rows that a key fits as far as any, each once.
func (r *KeyRules) wantedOf(a *Attributes, best int, of func(*KeyRow) []string) (out []string) {
	for i := range r.Rows {
		if r.Rows[i].fit(a) != best {
			continue
		}
		for _, v := range of(&r.Rows[i]) {
			if !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out
}

// RowOf is a rule of the data plane's table for a key.
func RowOf(r *apc.KeyRule) KeyRow {
	row := KeyRow{Usage: r.Usage, Class: r.Class, Algorithms: AlgorithmsNamed(r.Algorithms...)}
	for _, m := range r.Modes {
		row.Modes = append(row.Modes, ModesOf(m))
	}
	return row
}
