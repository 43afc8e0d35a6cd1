package dataplane

import "github.com/seed748fb4d1/apcsim/internal/core"

// Caller is the data plane as one principal in one Region sees it. Its methods are the operations;
// any number of goroutines may share one. An engine.Caller has one in it.
type Caller struct{ caller *core.Caller }

// NewCaller is for package engine.
func NewCaller(c *core.Caller) *Caller { return &Caller{c} }
