// Package storetest is what tests of stores and of the layers above them share: a
// store that can be made to fail or to be wrong, races, and benchmarks.
package storetest

import (
	"context"
	"time"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// Hooked is a store with functions in place of its methods, or around them. Any
// number of goroutines may share one if they may share the functions.
type Hooked struct {
	keystore.Store

	// Around, if not nil, is called with the name of each method but Close. It makes
	// the call or not, and its error is the method's.
	Around func(method string, call func() error) error

	// In place of a method, inside Around. Each may be nil.
	OnRead   func(c ReadCall) ([]keystore.Found, error)
	OnPage   func(c PageCall) ([]keystore.Record, error)
	OnDue    func(c DueCall) ([]keystore.Record, error)
	OnCommit func(c CommitCall) error
	OnClose  func() error
}

// ReadCall is a call of Read.
type ReadCall struct {
	keystore.Store
	Ctx  context.Context
	Refs []keystore.Ref
}

// Do makes the call.
func (c ReadCall) Do() ([]keystore.Found, error) { return c.Store.Read(c.Ctx, c.Refs...) }

// PageCall is a call of Page.
type PageCall struct {
	keystore.Store
	Ctx       context.Context
	Partition keystore.Partition
	Kind      keystore.Kind
	Filter    keystore.Filter
	After     string
	Limit     int
}

// Do makes the call.
func (c PageCall) Do() ([]keystore.Record, error) {
	return c.Store.Page(c.Ctx, c.Partition, c.Kind, c.Filter, c.After, c.Limit)
}

// DueCall is a call of Due.
type DueCall struct {
	keystore.Store
	Ctx       context.Context
	Partition keystore.Partition
	Before    time.Time
	Limit     int
}

// Do makes the call.
func (c DueCall) Do() ([]keystore.Record, error) {
	return c.Store.Due(c.Ctx, c.Partition, c.Before, c.Limit)
}

// CommitCall is a call of Commit.
type CommitCall struct {
	keystore.Store
	Ctx     context.Context
	ID      keystore.CommitID
	Changes []keystore.Change
}

// Do makes the call.
func (c CommitCall) Do() error { return c.Store.Commit(c.Ctx, c.ID, c.Changes...) }

// hooked makes a call that has a result.
func hooked[C interface{ Do() (R, error) }, R any](h *Hooked, method string, c C, on func(C) (R, error)) (out R, err error) {
	call := func() (err error) {
		if on != nil {
			out, err = on(c)
		} else {
			out, err = c.Do()
		}
		return err
	}
	if h.Around != nil {
		err = h.Around(method, call)
	} else {
		err = call()
	}
	if err != nil {
		out = *new(R)
	}
	return out, err
}

// Read is OnRead, or the store's.
func (h *Hooked) Read(ctx context.Context, refs ...keystore.Ref) ([]keystore.Found, error) {
	return hooked(h, "Read", ReadCall{h.Store, ctx, refs}, h.OnRead)
}

// Page is OnPage, or the store's.
func (h *Hooked) Page(
	ctx context.Context,
	p keystore.Partition,
	k keystore.Kind,
	f keystore.Filter,
	after string,
	limit int,
) ([]keystore.Record, error) {
	return hooked(h, "Page", PageCall{h.Store, ctx, p, k, f, after, limit}, h.OnPage)
}

// Due is OnDue, or the store's.
func (h *Hooked) Due(ctx context.Context, p keystore.Partition, before time.Time, limit int) ([]keystore.Record, error) {
	return hooked(h, "Due", DueCall{h.Store, ctx, p, before, limit}, h.OnDue)
}

// Commit is OnCommit, or the store's.
func (h *Hooked) Commit(ctx context.Context, id keystore.CommitID, changes ...keystore.Change) error {
	c := CommitCall{h.Store, ctx, id, changes}
	call := c.Do
	if h.OnCommit != nil {
		call = func() error { return h.OnCommit(c) }
	}
	if h.Around != nil {
		return h.Around("Commit", call)
	}
	return call()
}

// Close is OnClose, or the store's.
func (h *Hooked) Close() error {
	if h.OnClose != nil {
		return h.OnClose()
	}
	return h.Store.Close()
}
