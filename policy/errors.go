package policy

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Error is what is wrong with the text of a policy.
type Error struct {
	Path    string // of the element: "Statement[0].Condition.Bool.aws:SecureTransport"; "" is the document
	Offset  int    // of the value at fault in the text, in characters, from 0
	Problem string // a clause: "the effect is neither Allow nor Deny"
	Found   string // the value at fault as it was written, or empty
	Form    string // what the value at fault is, where that is wrong: "a list"; or empty
	Wanted  string // what would have passed, or empty
}

// mostFound is how many bytes of a value [Error.Error] repeats.
const mostFound = 64

// Error is one line: path, problem, values and position.
func (e *Error) Error() string {
	text := "policy: "
	if e.Path != "" {
		text += e.Path + ": "
	}
	text += e.Problem
	if e.Found != "" {
		found := e.Found
		if len(found) > mostFound {
			found = found[:mostFound] + "..."
		}
		text += ": found " + strconv.Quote(found)
	}
	if e.Form != "" {
		text += ": found " + e.Form
	}
	if e.Wanted != "" {
		text += ", wanted " + e.Wanted
	}
	return text + fmt.Sprintf(" (at character %d)", e.Offset)
}

// refuse is the refusal of a node.
func (n *node) refuse(problem, found, wanted string) *Error {
	return &Error{Path: n.path(), Offset: n.offset, Problem: problem, Found: found, Wanted: wanted}
}

// refuseForm is the refusal of a node that is not of the form that is wanted.
func (n *node) refuseForm(wanted string) *Error {
	return &Error{Path: n.path(), Offset: n.offset, Problem: problemType, Form: formNames[n.form], Wanted: wanted}
}

// characters counts the characters of a text before a byte.
func characters(text string, bytes int) int {
	return utf8.RuneCountInString(text[:min(max(bytes, 0), len(text))])
}
