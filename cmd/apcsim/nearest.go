package main

import (
	"flag"
	"slices"
	"strings"
)

// noFlag is what package flag says of a flag that the command does not have, before its name.
const noFlag = "flag provided but not defined: -"

// unknownFlag is the refusal of a flag that a command does not have. It names the nearest one.
func unknownFlag(fs *flag.FlagSet, name string) string {
	text := "there is no flag --" + name
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	if near := nearest(name, names); near != "" {
		text += ". Did you mean --" + near + "?"
	}
	return text
}

// nearest returns the name from which a word differs least, by at most two letters and less than half
// of its own; "" where there is none. Capitals, and _ for -, do not count.
func nearest(word string, names []string) (best string) {
	word = strings.ReplaceAll(strings.ToLower(word), "_", "-")
	least := min(3, (len(word)+1)/2)
	for _, name := range slices.Sorted(slices.Values(names)) {
		if d := distance(word, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// meant asks for the command that a line may have meant: the nearest, if it is near.
func meant(words []string) string {
	best, least := "", 2 // letters that differ; more are another word
	group := len(words) > 0 && len(below(words[:1])) > 0
	for _, c := range commands {
		n := len(strings.Fields(c.name))
		for length := 1; length <= min(n, len(words)); length++ {
			name := strings.Join(strings.Fields(c.name)[:length], " ")
			given := strings.ToLower(strings.Join(words[:length], " "))
			d := distance(given, name)
			nearer := d < least || d == least && len(name) > len(best)
			if nearer && d < len(name)-1 && (length == n || d > 0 && !group) {
				best, least = name, d
			}
		}
		if _, second, ok := strings.Cut(c.name, " "); ok && best == "" && words[0] == second {
			best, least = c.name, 0 // "unwrap" for "tr31 unwrap"
		}
	}
	if best == "" {
		return ""
	}
	return ". Did you mean " + best + "?"
}

// distance is how many letters of one word are to be added, left out, changed or swapped
// with the next to make the other.
func distance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row := rows[0], rows[1], rows[2]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			changed := 1
			if a[i-1] == b[j-1] {
				changed = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+changed)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		rows = [3][]int{last, row, before}
	}
	return rows[1][len(b)]
}
