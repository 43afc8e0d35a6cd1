package endpoint_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// service is the service's own description of its operations and shapes.
type service struct {
	Operations map[string]struct {
		Input, Output shapeRef
		Errors        []shapeRef
	}
	Shapes map[string]*shape
}

type shapeRef struct{ Shape string }

type shape struct {
	Type             string
	Required         []string
	Members          map[string]shapeRef
	Member           shapeRef // of a list
	Key, Value       shapeRef // of a map
	Enum             []string
	Min, Max         *int
	Pattern          string
	Union            bool
	Exception, Fault bool

	fits *regexp.Regexp // Pattern between anchors; nil: none
}

// described reads the description, which stands beside the checkout where there
// is any.
func described(t testing.TB) *service {
	t.Helper()
	d := descriptionOrNil(t)
	if d == nil {
		t.Skip("APCSIM_SPEC names no folder of fact sheets")
	}
	return d
}

// descriptionOrNil is described for tests that have something to do without it.
func descriptionOrNil(t testing.TB) *service {
	t.Helper()
	dir := os.Getenv("APCSIM_SPEC")
	if dir == "" {
		return nil
	}
	d, err := readDescription(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var (
	descriptionOnce sync.Once
	description     service
	descriptionErr  error
)

func readDescription(dir string) (*service, error) {
	descriptionOnce.Do(func() {
		raw, err := os.ReadFile(filepath.Join(dir, "service-2.json"))
		if err == nil {
			err = json.Unmarshal(raw, &description)
		}
		for _, s := range description.Shapes {
			if s.Pattern != "" && err == nil {
				s.fits, err = regexp.Compile(anchored(s.Pattern))
			}
		}
		descriptionErr = err
		if s := description.Shapes["TagValue"]; s != nil {
			s.Min = nil // the prose allows the empty value, and the engine takes it
		}
	})
	return &description, descriptionErr
}

// anchored is a pattern of the description between anchors, without what Go's
// regexp does not know: the possessive {2}+, the anchors inside that were left
// when the outer ones were cut, and Java's way to write a code point.
func anchored(pattern string) string {
	pattern = strings.ReplaceAll(pattern, "{2}+", "{2}")
	pattern = strings.ReplaceAll(pattern, "$|^", "|")
	pattern = strings.ReplaceAll(pattern, `\u00`, `\x`)
	return "^(?:" + pattern + ")$"
}

func (s *shape) required(member string) bool { return slices.Contains(s.Required, member) }

func (s *shape) low() int {
	if s.Min == nil {
		return 0
	}
	return *s.Min
}

// names are the members of a structure in an order that does not change.
func (s *shape) names() []string {
	out := make([]string, 0, len(s.Members))
	for name := range s.Members {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// known are the names of all operations in an order that does not change.
func (d *service) known() (out []string) {
	for name := range d.Operations {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
