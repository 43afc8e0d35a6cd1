package probe

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Check is one comparison. It gives a text for each side:
//
//	outcome g                    the exception, or "answered"
//	text g WORDS                 whether the message has the words
//	status g                     the HTTP status
//	value g.Key.Enabled          the value of a member
//	member g.Key.DeleteTimestamp whether the member is there
//	members g.Key                the names of the members that are there
//	length g.Mac                 how many characters or items the member has
//	prefix g.WrappedKey.KeyMaterial 16   the first characters
//	same g.Key.X h.Key.X         whether two values are equal
//	order g.Key.X h.Key.X        whether the first time stamp is before, at or after the second
//	days g.Key.X h.Key.X         the days between two time stamps, rounded
//	certificate g.KeyCertificate WHAT    a line of a certificate's or signing request's facts
type Check struct {
	Kind string
	Args []string
	ID   string // of the statement; "" for the first that the probe decides
	Text string
}

// argumentsOf is how many arguments each kind has; text takes any number.
var argumentsOf = map[string]int{"outcome": 1, "text": 2, "status": 1, "value": 1, "member": 1, "members": 1, "length": 1,
	"prefix": 2, "same": 2, "order": 2, "days": 2, "certificate": 2}

// parseCheck reads a comparison; "@ID" at the end names its statement.
func parseCheck(text string) (c Check, err error) {
	c.Text = text
	body, id, _ := strings.Cut(text, " @")
	c.ID = id
	words := strings.Fields(body)
	if len(words) == 0 {
		return c, fmt.Errorf("%q is no comparison", text)
	}
	c.Kind, c.Args = words[0], words[1:]
	n, ok := argumentsOf[c.Kind]
	if ok && c.Kind == "text" && len(words) > 2 {
		c.Args = []string{words[1], strings.Join(words[2:], " ")}
	}
	if !ok || len(c.Args) != n {
		return c, fmt.Errorf("%q is no comparison", text)
	}
	c.Text = body
	return c, nil
}

// step is the name of the step that a check is about.
func (c *Check) step() string {
	name, _, _ := strings.Cut(c.Args[0], ".")
	return name
}

// steps are the names of all steps that a check looks at.
func (c *Check) steps() (out []string) {
	out = []string{c.step()}
	if c.Kind == "same" || c.Kind == "order" || c.Kind == "days" {
		name, _, _ := strings.Cut(c.Args[1], ".")
		out = append(out, name)
	}
	return out
}

// refuses reports whether a check takes a refusal of its step as an answer.
func (c *Check) refuses() bool { return c.Kind == "outcome" || c.Kind == "text" || c.Kind == "status" }

// notKnown is the text of a check that a recording does not answer.
const notKnown = ""

// Eval gives the text of the check for a side's answers, or [notKnown].
func (c *Check) Eval(answers map[string]*Answer) string {
	for _, name := range c.steps() {
		if answers[name] == nil {
			return notKnown
		}
	}
	a := answers[c.step()]
	switch c.Kind {
	case "outcome":
		return a.outcome()
	case "text":
		return a.says(c.Args[1])
	case "status":
		if a.Status == 0 {
			return notKnown
		}
		return fmt.Sprint(a.Status)
	}
	value, there := member(answers, c.Args[0])
	if a.Exception != "" && !there {
		return "refused: " + a.Exception
	}
	if !there && a.Partial && c.Kind != "members" {
		return notKnown
	}
	return c.of(a, value, there, answers)
}

// of gives the text of a check of a member.
func (c *Check) of(a *Answer, value any, there bool, answers map[string]*Answer) string {
	switch c.Kind {
	case "member":
		if there {
			return "there"
		}
		return "absent"
	case "members":
		if a.Partial {
			return notKnown
		}
		return namesOf(value)
	}
	if !there {
		return "absent"
	}
	switch c.Kind {
	case "value":
		raw, _ := json.Marshal(value)
		return string(raw)
	case "length":
		return length(value)
	case "prefix":
		var n int
		fmt.Sscan(c.Args[1], &n)
		text, _ := value.(string)
		return text[:min(n, len(text))]
	case "certificate":
		text, _ := value.(string)
		return lineOf(text, c.Args[1])
	}
	other, ok := member(answers, c.Args[1])
	if !ok {
		return "absent"
	}
	return relation(c.Kind, value, other)
}

// relation compares two values of one side.
func relation(kind string, a, b any) string {
	if kind == "same" {
		if x, y := fmt.Sprint(a), fmt.Sprint(b); x == y {
			return "the same"
		}
		return "different"
	}
	x, okX := number(a)
	y, okY := number(b)
	switch {
	case !okX || !okY:
		return "no time stamps"
	case kind == "days":
		return fmt.Sprintf("%.0f days", math.Abs(x-y)/86400)
	case x > y:
		return "after"
	}
	return "not after" // how long before is chance
}

func number(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		f, isFloat := v.(float64)
		return f, isFloat
	}
	f, err := n.Float64()
	return f, err == nil
}

// member finds a member of an answer by its path, "g.Key.KeyArn"; "Items.0" is the first item.
func member(answers map[string]*Answer, path string) (any, bool) {
	name, rest, _ := strings.Cut(path, ".")
	a := answers[name]
	if a == nil {
		return nil, false
	}
	var at any = a.Body
	for rest != "" {
		name, rest, _ = strings.Cut(rest, ".")
		switch v := at.(type) {
		case map[string]any:
			if at = v[name]; at == nil {
				return nil, false
			}
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			at = v[i]
		default:
			return nil, false
		}
	}
	return at, at != nil
}

func namesOf(v any) string {
	object, _ := v.(map[string]any)
	var names []string
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func length(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprint(len(v))
	case []any:
		return fmt.Sprint(len(v))
	}
	return "no length"
}

// lineOf is the line of a certificate's facts that begins with a name.
func lineOf(text, name string) string {
	for line := range strings.SplitSeq(text, "\n") {
		if rest, ok := strings.CutPrefix(line, name+": "); ok {
			return rest
		}
	}
	return "absent"
}
