//go:build !unix

package pgcluster

import (
	"context"
	"errors"
	"fmt"
)

var errSystem = fmt.Errorf("pgcluster: the system has no Unix processes: %w", errors.ErrUnsupported)

// Cluster is a private PostgreSQL server.
type Cluster struct{}

// Start fails.
func Start(*Options) (*Cluster, error) { return nil, errSystem }

// Shared fails.
func Shared() (*Cluster, error) { return nil, errSystem }

// URL is empty.
func (*Cluster) URL(string) string { return "" }

// Loopback is empty.
func (*Cluster) Loopback(string) string { return "" }

// Dir is empty.
func (*Cluster) Dir() string { return "" }

// Database fails.
func (*Cluster) Database(context.Context) (string, error) { return "", errSystem }

// Stop fails.
func (*Cluster) Stop() error { return errSystem }

// Kill fails.
func (*Cluster) Kill() error { return errSystem }

// Restart fails.
func (*Cluster) Restart() error { return errSystem }

// Remove fails.
func (*Cluster) Remove() error { return errSystem }

// Log is empty.
func (*Cluster) Log() string { return "" }

// ErrNoPooler is what there is.
var ErrNoPooler = errSystem

// Pooler fails.
func (*Cluster) Pooler(int) (func(string) string, error) { return nil, errSystem }

// Drop fails.
func (*Cluster) Drop(context.Context, string) error { return errSystem }

// Do fails.
func (*Cluster) Do(context.Context, string, string) error { return errSystem }

// Certificate is empty.
func (*Cluster) Certificate() string { return "" }
