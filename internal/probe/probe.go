package probe

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/seed748fb4d1/apcsim/internal/facts"
)

//go:embed probes
var probeFiles embed.FS

// Probe is a question about the service.
type Probe struct {
	Name    string
	Decides []string // ids of statements; the first where a check names none
	Steps   []Step
	Checks  []Check
	Account bool // changes settings of the whole account: for a simulator in this process alone
}

// Step is one call, or one thing that is made here.
type Step struct {
	Name string
	Do   string   // an operation, or what is made here: "authority", "wrap"
	Args []string // of what is made here
	Raw  string   // of a call: the request as JSON with references
	// Spoilt is how the request is not as it should be: "unsigned", "unreadable", "html"; "" where it is.
	Spoilt string
	// Clear is the key of an import, in hexadecimal; its request is filled in by the runner.
	Clear string
	Text  string // the line
}

// All returns the probes in the order of the files. A caller does not change them.
func All() []Probe { return allProbes() }

var allProbes = sync.OnceValue(func() (out []Probe) {
	entries, err := probeFiles.ReadDir("probes")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		text, err := probeFiles.ReadFile("probes/" + e.Name())
		if err != nil {
			panic(err)
		}
		probes, err := Parse(string(text))
		if err != nil {
			panic(fmt.Sprintf("probe: %s: %v", e.Name(), err))
		}
		out = append(out, probes...)
	}
	return out
})

// Deciders are the probes that decide each statement, by its id.
func Deciders() map[string][]string {
	out := map[string][]string{}
	for _, p := range All() {
		for _, id := range p.Decides {
			out[id] = append(out[id], p.Name)
		}
	}
	return out
}

// Parse reads probes.
func Parse(text string) (out []Probe, err error) {
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "probe "):
			name, decides, _ := strings.Cut(line[len("probe "):], ":")
			p := Probe{Name: strings.TrimSpace(name)}
			for word := range strings.FieldsSeq(decides) {
				if word == "(account)" {
					p.Account = true
				} else {
					p.Decides = append(p.Decides, word)
				}
			}
			out = append(out, p)
		case len(out) == 0:
			err = fmt.Errorf("%q is before the first probe", line)
		default:
			err = out[len(out)-1].add(line)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number+1, err)
		}
	}
	return out, nil
}

// add reads a line of a probe: a comparison or a step.
func (p *Probe) add(line string) error {
	if rest, ok := strings.CutPrefix(line, "compare "); ok {
		c, err := parseCheck(rest)
		if err == nil && !slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Name == c.step() }) {
			err = fmt.Errorf("%q compares a step that is not there", line)
		}
		p.Checks = append(p.Checks, c)
		return err
	}
	name, call, ok := strings.Cut(line, " = ")
	do, rest, _ := strings.Cut(call, " ")
	if !ok || do == "" {
		return fmt.Errorf("%q is no step", line)
	}
	s, err := newStep(name, do, strings.TrimSpace(rest))
	s.Text = line
	p.Steps = append(p.Steps, s)
	return err
}

func newStep(name, do, rest string) (s Step, err error) {
	s = Step{Name: name, Do: do}
	switch do {
	case "authority", "issue", "wrap", "agree", "hashed", "equals", "opened":
		s.Args = strings.Fields(rest)
		return s, nil
	case "key":
		spec, more, _ := strings.Cut(rest, " more ")
		words := strings.Fields(spec)
		if len(words) != 3 {
			return s, fmt.Errorf("%q is no key: usage, algorithm and modes of use", spec)
		}
		s.Do = "CreateKey"
		s.Raw, err = merged(attributes(words), `{"Exportable": true}`, more)
	case "import":
		spec, more, _ := strings.Cut(rest, " more ")
		words := strings.Fields(spec)
		if len(words) != 4 {
			return s, fmt.Errorf("%q is no key to import: usage, algorithm, modes of use and key", spec)
		}
		s.Do, s.Clear = "ImportKey", words[3]
		cryptogram, err := merged(attributes(words), `{"Exportable": true}`, "")
		if err != nil {
			return s, err
		}
		s.Raw, err = merged(`{"KeyMaterial": {"KeyCryptogram": `+cryptogram+`}}`, more)
		return s, err
	default:
		s.Do, s.Spoilt, _ = strings.Cut(do, "!")
		if operationOf(s.Do) == nil && s.Do != unknownOperation {
			return s, fmt.Errorf("there is no operation %q", s.Do)
		}
		if s.Raw = quoteNames(rest); !json.Valid([]byte(s.Raw)) {
			err = fmt.Errorf("%s is no JSON", s.Raw)
		}
	}
	return s, err
}

// unknownOperation is what a probe sends in place of an operation that does not
// exist.
const unknownOperation = "NoSuchOperation"

// operationOf is the plane's description of an operation, or nil.
func operationOf(name string) *facts.Operation {
	if op := facts.Control().Operation(name); op != nil {
		return op
	}
	return facts.Data().Operation(name)
}

// attributes are KeyAttributes from usage, algorithm and the letters of modes of use.
func attributes(words []string) string {
	class := "SYMMETRIC_KEY"
	if strings.HasPrefix(words[1], "RSA") || strings.HasPrefix(words[1], "ECC") {
		class = "ASYMMETRIC_KEY_PAIR"
	}
	var modes []string
	for _, letter := range words[2] {
		modes = append(modes, fmt.Sprintf("%q: true", modeNames[letter]))
	}
	return fmt.Sprintf(`{"KeyAttributes": {"KeyUsage": %q, "KeyAlgorithm": %q, "KeyClass": %q, "KeyModesOfUse": {%s}}}`,
		usageNamed(words[0]), words[1], class, strings.Join(modes, ", "))
}

// modeNames are the modes of use by the letters of the guide's table.
var modeNames = map[rune]string{'E': "Encrypt", 'D': "Decrypt", 'W': "Wrap", 'U': "Unwrap", 'G': "Generate", 'S': "Sign",
	'V': "Verify", 'X': "DeriveKey", 'N': "NoRestrictions"}

// usageNamed is the usage with the two characters of its key blocks.
func usageNamed(code string) string {
	for _, v := range facts.Control().Shape("KeyUsage").Values {
		if strings.HasPrefix(v, "TR31_"+code+"_") {
			return v
		}
	}
	return code
}

// bareName is a name of a member without quotes.
var bareName = regexp.MustCompile(`([{,]\s*)([A-Za-z]\w*):`)

func quoteNames(text string) string { return bareName.ReplaceAllString(text, `$1"$2":`) }

// merged is one JSON object with the members of several.
func merged(objects ...string) (string, error) {
	out := map[string]any{}
	for _, text := range objects {
		if text == "" {
			continue
		}
		var members map[string]any
		if err := json.Unmarshal([]byte(quoteNames(text)), &members); err != nil {
			return "", fmt.Errorf("%s: %w", text, err)
		}
		for name, v := range members {
			out[name] = v
		}
	}
	raw, err := json.Marshal(out)
	return string(raw), err
}
