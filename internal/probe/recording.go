package probe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// Recording is what a side answered, as a file. It has no account, access key, key or account number
// of a card: see the package documentation for what replaces them.
type Recording struct {
	Format int                  `json:"format"` // 1
	Side   string               `json:"side"`   // whose answers they are
	Source string               `json:"source,omitempty"`
	Made   string               `json:"made,omitempty"` // the day
	Probes map[string]*Recorded `json:"probes"`
}

// Recorded is the part of a recording about one probe.
type Recorded struct {
	// Steps is the digest of the probe's steps when it was recorded. "" is written by hand.
	Steps  string `json:"steps,omitempty"`
	Source string `json:"source,omitempty"`
	Transcript
}

const recordingFormat = 1

// maxRecording is the longest file that is read.
const maxRecording = 16 << 20

// ReadRecording reads the file of a recording.
func ReadRecording(name string) (*Recording, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxRecording {
		return nil, fmt.Errorf("%s: longer than %d bytes", name, maxRecording)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return ParseRecording(text)
}

// ParseRecording reads a recording.
func ParseRecording(text []byte) (*Recording, error) {
	r := &Recording{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("not a recording: %w", err)
	}
	if r.Format != recordingFormat {
		return nil, fmt.Errorf("not a recording of format %d: its format is %d", recordingFormat, r.Format)
	}
	return r, nil
}

// Name is how the side is shown.
func (r *Recording) Name() string { return r.Side + " as recorded" }

// Run finds the answers to a probe.
func (r *Recording) Run(_ context.Context, p *Probe) (*Transcript, error) {
	found := r.Probes[p.Name]
	switch {
	case found == nil:
		return &Transcript{NotRun: problemNoRecord}, nil
	case found.Steps != "" && found.Steps != p.digest():
		return &Transcript{NotRun: problemOther}, nil
	}
	return &found.Transcript, nil
}

// Close does nothing.
func (r *Recording) Close() error { return nil }

// keep adds the answers to a probe.
func (r *Recording) keep(p *Probe, t *Transcript) {
	r.Probes[p.Name] = &Recorded{Steps: p.digest(), Transcript: *t}
}

// Write writes the recording to a file that only its owner can read.
func (r *Recording) Write(name string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o600)
}

// digest is that of the steps of a probe.
func (p *Probe) digest() string {
	var b strings.Builder
	for _, s := range p.Steps {
		b.WriteString(s.Text + "\n")
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:8])
}
