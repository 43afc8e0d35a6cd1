package endpoint

import (
	"cmp"
	"errors"
	"strings"

	"github.com/seed748fb4d1/apcsim/apc"
)

// ReasonHeader carries why a request was refused, in at most 1 KiB: reasons joined
// by " | ". In each of them what is not printable ASCII, "%", "|" and a space at
// either end are percent-encoded byte by byte (RFC 3986, section 2.1), and nothing
// else is changed: split at " | ", then decode. A reason that was cut ends in
// "...".
//
// Where other machines may ask ([Options.Public]) the header of an exception that is the server's
// fault has only the rules of the reasons, without their texts, which may name hosts, files and
// tokens. [Call.Reason] has the texts.
const ReasonHeader = "X-Apcsim-Reason"

const (
	betweenReasons = " | "
	maxReason      = 1 << 10 // bytes of the header's value
	maxReasons     = 20      // more would be cut beyond recognition
)

// reasons are why a request was refused, each a line of text. Public leaves out
// what failed inside.
func reasons(err error, public bool) (lines []string) {
	if e, ok := errors.AsType[*protocolError](err); ok {
		return []string{cmp.Or(e.why, e.message)}
	}
	refusal, ok := errors.AsType[*apc.Error](err)
	if !ok {
		return nil
	}
	inside := refusal.Code == apc.ErrInternalServer || refusal.Code == apc.ErrServiceUnavailable
	for _, r := range refusal.Reasons[:min(len(refusal.Reasons), maxReasons)] {
		if public && inside {
			lines = append(lines, string(r.Rule))
		} else {
			lines = append(lines, r.String())
		}
	}
	return lines
}

// reasonValue is the header's value. Reasons that would not fit are cut, each to
// its share.
func reasonValue(lines []string) string {
	var value strings.Builder
	for i, line := range lines {
		left := len(lines) - i
		if i > 0 {
			value.WriteString(betweenReasons)
		}
		room := maxReason - value.Len() - (left-1)*len(betweenReasons)
		value.WriteString(escapeReason(line, room/left))
	}
	return value.String()
}

// escapeReason is one reason in the header's letters, at most so many.
func escapeReason(line string, most int) string {
	const cut, upper = "...", "0123456789ABCDEF"
	out := make([]byte, 0, len(line))
	whole := 0 // where it may be cut
	for i := range len(line) {
		c := line[i]
		if c < ' ' || c > '~' || c == '%' || c == '|' || c == ' ' && (i == 0 || i == len(line)-1) {
			out = append(out, '%', upper[c>>4], upper[c&15])
		} else {
			out = append(out, c)
		}
		if len(out) > most {
			return string(out[:whole]) + cut
		}
		if len(out) <= most-len(cut) {
			whole = len(out)
		}
	}
	return string(out)
}
