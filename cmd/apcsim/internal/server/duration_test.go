package server

import (
	"testing"
	"time"
)

func TestDurationsHaveDays(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "90m": 90 * time.Minute, "36h": 36 * time.Hour, "7d": 7 * day, "7d12h": 7*day + 12*time.Hour,
		"0d1ns": 1, "1.5h": 90 * time.Minute, "36525d": maxDuration,
	} {
		if got, err := ParseDuration(text); got != want || err != nil {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "d", "7", "-1h", "7d-1h", "-7d", "1.5d", "36526d", "36525d1ns", "99999999d", "7d7d", "7 d",
		"876601h", "1e3s"} {
		if got, err := ParseDuration(text); got != 0 || err == nil {
			t.Errorf("%q: got %v, %v, want a refusal", text, got, err)
		}
	}
}
