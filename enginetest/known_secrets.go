package enginetest

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// checkKnown looks for what must not be found anywhere.
func (s *Sim) checkKnown(ctx context.Context) {
	s.mu.Lock()
	known := s.known
	s.mu.Unlock()
	if len(known) == 0 {
		return
	}
	f := newFinder(known)
	report := func(where, text string) {
		if n, form := f.find(text); n >= 0 {
			s.t.Errorf("enginetest: known secret %d of %d is in %s, %s", n+1, len(known), where, form)
		}
	}
	records, err := s.store.written(ctx)
	if err != nil && !errors.Is(err, keystore.ErrClosed) {
		s.t.Errorf("enginetest: looking for known secrets in the store: %v", err)
	}
	for _, r := range records {
		report("the "+string(r.Kind)+" record "+r.ID, string(r.Data))
	}
	for _, c := range s.Journal() {
		report(fmt.Sprintf("call %d of the journal", c.Number), rawText(c.Request)+rawText(c.Answer)+fmt.Sprint(c.Err))
	}
	for i, e := range s.Events() {
		report(fmt.Sprintf("event %d", i+1), fmt.Sprintf("%+v", e))
	}
}

// part is how many bytes of a key are too many.
const part = 8

// finder looks for secrets: of a key for any eight bytes, of a short value or a text of digits for the
// whole.
type finder struct {
	wholes []needle
	parts  [3]map[string]int // in the order of forms: by the text, which secret
	heads  [1 << 16]bool     // the first two bytes of the parts, so that most of a text is passed over
}

type needle struct {
	secret     int
	form, text string
}

var forms = [...]struct {
	name string
	size int // of a part
}{{"as bytes", part}, {"in hexadecimal", 2 * part}, {"in base64", 11}}

func newFinder(known [][]byte) *finder {
	f := &finder{}
	for i := range f.parts {
		f.parts[i] = map[string]int{}
	}
	for n, secret := range known {
		if len(secret) < part || strings.Trim(string(secret), "0123456789") == "" {
			f.wholes = append(f.wholes, needle{n, "as text", string(secret)}, needle{n, "in hexadecimal", hex.EncodeToString(secret)},
				needle{n, "in base64", base64.StdEncoding.EncodeToString(secret)})
			continue
		}
		for i := 0; i+part <= len(secret); i++ {
			f.add(0, n, string(secret[i:i+part]))
			f.add(1, n, hex.EncodeToString(secret[i:i+part]))
			if i+part < len(secret) { // nine bytes are whole characters, of which eleven are of eight bytes
				f.add(2, n, base64.StdEncoding.EncodeToString(secret[i : i+part+1])[:11])
			}
		}
	}
	return f
}

func (f *finder) add(form, secret int, text string) {
	f.parts[form][text] = secret
	f.heads[int(text[0])<<8|int(text[1])] = true
	if upper := strings.ToUpper(text[:2]); form == 1 {
		f.heads[int(upper[0])<<8|int(upper[1])] = true
	}
}

// find returns the first secret that is in a text and how it is written; -1 is none.
func (f *finder) find(text string) (secret int, form string) {
	if i := slices.IndexFunc(f.wholes, func(n needle) bool { return hasWhole(text, n.text) }); i >= 0 {
		return f.wholes[i].secret, f.wholes[i].form
	}
	for i := 0; i+part <= len(text); i++ {
		if !f.heads[int(text[i])<<8|int(text[i+1])] {
			continue
		}
		for k, form := range forms {
			if i+form.size > len(text) {
				continue
			}
			piece := text[i : i+form.size]
			if k == 1 {
				piece = strings.ToLower(piece)
			}
			if n, ok := f.parts[k][piece]; ok {
				return n, form.name
			}
		}
	}
	return -1, ""
}

// hasWhole reports whether a text has a value that is no part of a longer number.
func hasWhole(text, value string) bool {
	for rest := text; ; {
		i := strings.Index(rest, value)
		if i < 0 {
			return false
		}
		before := i > 0 && isDigit(rest[i-1])
		after := i+len(value) < len(rest) && isDigit(rest[i+len(value)])
		if !before && !after {
			return true
		}
		rest = rest[i+1:]
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
