package dataplane

import "github.com/seed748fb4d1/apcsim/internal/core"

// Caller calls the data plane as one principal in one Region. Its methods are the operations; any
// number of goroutines may share one. An engine.Caller embeds one.
type Caller struct{ caller *core.Caller }

// NewCaller is for package engine.
func NewCaller(c *core.Caller) *Caller { return &Caller{c} }
