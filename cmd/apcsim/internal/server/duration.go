package server

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// maxDuration is the longest time that makes sense here: a hundred years.
const maxDuration = 36525 * day

var errDuration = errors.New(`wanted a time like "90m", "36h", "7d" or "7d12h", at most 36525d`)

// ParseDuration reads a time of zero or more as [time.ParseDuration] does, with
// days, of 24 hours, in front. The error does not repeat it.
func ParseDuration(s string) (time.Duration, error) {
	var total time.Duration
	if days, rest, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil || time.Duration(n)*day > maxDuration {
			return 0, errDuration
		}
		if total, s = time.Duration(n)*day, rest; s == "" {
			return total, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > maxDuration-total {
		return 0, errDuration
	}
	return total + d, nil
}

// duration is a time in JSON, as [ParseDuration] reads it.
type duration time.Duration

// UnmarshalText reads a time. The error does not repeat it.
func (d *duration) UnmarshalText(text []byte) error {
	t, err := ParseDuration(string(text))
	*d = duration(t)
	return err
}
