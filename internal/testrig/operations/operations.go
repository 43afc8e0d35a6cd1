// Package operations is operations of the data plane, each with its keys, its arguments and the
// command of package floors that it comes down to. Benchmarks measure them through the typed
// API, over HTTP and on tokens.
package operations

import (
	"context"
	"encoding/hex"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/core"
	"github.com/seed748fb4d1/apcsim/internal/testrig/floors"
	"github.com/seed748fb4d1/apcsim/keystore"
)

// Operation is an operation with one set of arguments.
type Operation struct {
	Name    string // "EncryptData, 16 bytes"
	Command string // the name of its command in package floors
	path    string // of the HTTP request; "*" is the first key
	keys    []apc.KeyAttributes
	ready   func(ctx context.Context, e *engine.Engine, arns []string) Ready
}

// Ready is an operation on a simulator, with its keys in it.
type Ready struct {
	Keys []string            // ARNs
	In   any                 // the request
	Run  func() (any, error) // returns the answer
	Path string              // of the HTTP request
}

// Floor is the command that the operation comes down to.
func (o *Operation) Floor() *floors.Command {
	for _, c := range floors.All() {
		if c.Name == o.Command {
			return &c
		}
	}
	panic("operations: there is no command " + o.Command)
}

// Ready loads the keys and makes the request. The operation has succeeded once when it returns.
func (o *Operation) Ready(t testing.TB, e *engine.Engine) Ready {
	t.Helper()
	var arns []string
	for _, a := range o.keys {
		in := &engine.LoadKeyInput{KeyAttributes: a, Exportable: new(true), Components: []hsm.Secret{hsm.NewSecret(clearKey(a))}}
		made, err := e.LoadKey(t.Context(), in)
		if err != nil {
			t.Fatalf("%s: loading %+v: %v", o.Name, a, err)
		}
		arns = append(arns, made.Key.KeyArn)
	}
	r := o.ready(t.Context(), e, arns)
	r.Keys, r.Path = arns, strings.Replace(o.path, "*", url.PathEscape(arns[0]), 1)
	if _, err := r.Run(); err != nil {
		t.Fatalf("%s: %v", o.Name, err)
	}
	return r
}

// clearKey is a key's bytes. Those of the command's keys differ where the usage does, which takes as long.
func clearKey(a apc.KeyAttributes) []byte {
	parsed := core.ParseAttributes(a)
	return floors.Bytes(floors.Symmetric(core.CodeOf(a.KeyUsage), parsed.Alg.Letter, parsed.Alg.Bits))
}

// Reading is the least that a simulator does to find keys: a locked map read and the decoding of a
// record for each, which is the floor of GetKey.
func Reading(t testing.TB, s keystore.Store, arns []string) func() {
	t.Helper()
	var mu sync.RWMutex
	records := map[string]keystore.Record{}
	for _, arn := range arns {
		a, _ := core.ParseIdentifier(arn, keystore.Partition{})
		found, err := s.Read(t.Context(), a.KeyRef())
		if err != nil {
			t.Fatal(err)
		}
		records[arn] = found[0].Record
	}
	return func() {
		for _, arn := range arns {
			mu.RLock()
			rec := records[arn]
			mu.RUnlock()
			var k core.Key
			if err := k.Decode(&rec); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// row is an operation whose request is made for its keys.
func row[In, Out any](
	name, command, path string,
	keys []apc.KeyAttributes,
	call func(*engine.Engine, context.Context, *In) (*Out, error),
	request func(ctx context.Context, e *engine.Engine, arns []string) *In,
) Operation {
	return Operation{name, command, path, keys, func(ctx context.Context, e *engine.Engine, arns []string) Ready {
		in := request(ctx, e, arns)
		return Ready{In: in, Run: func() (any, error) { return call(e, ctx, in) }}
	}}
}

func upper(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }
