package dataplane_test

import (
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/internal/facts"
)

// moved is the body of a request with the ARNs of another Region.
func moved(t *testing.T, body map[string]any, region string) map[string]any {
	t.Helper()
	return fromJSON(t, []byte(strings.ReplaceAll(string(asJSON(t, body)), ":us-east-1:", ":"+region+":")))
}

// certified reports whether a key of the vector is an authority's certificate.
func (v *vector) certified() bool {
	for _, key := range v.Keys {
		if key.Certificate != "" {
			return true
		}
	}
	return false
}

// replicable is a vector of each operation that succeeds, with keys that can be replicated.
func replicable(t *testing.T) (out []vector) {
	t.Helper()
	seen := map[string]bool{}
	for _, v := range committedVectors(t) {
		if !seen[v.Op] && v.Expected["error"] == nil && (v.Op == "TranslateKeyMaterial" || !v.certified()) {
			seen[v.Op] = true
			out = append(out, v)
		}
	}
	for _, op := range facts.Data().Operations {
		if !seen[op.Name] {
			t.Errorf("no vector of %s", op.Name)
		}
	}
	return out
}

// replicate gives each key of a request a replica, and returns the request for their Region. An
// authority has no replicas: it is imported there.
func (v *vector) replicate(t *testing.T, w *world, region string, body map[string]any) (replicated map[string]any, arns []string) {
	t.Helper()
	replicated = moved(t, body, region)
	for _, key := range v.Keys {
		arn := w.key(t, &key)
		if key.Certificate != "" {
			other := *w
			other.Engine = &engine.Engine{Caller: w.As(apc.Identity{Region: region})}
			from, to := strings.ReplaceAll(arn, ":us-east-1:", ":"+region+":"), other.trust(t, &key)
			replicated = fromJSON(t, []byte(strings.ReplaceAll(string(asJSON(t, replicated)), from, to)))
			continue
		}
		arns = append(arns, arn)
		in := &engine.AddKeyReplicationRegionsInput{KeyIdentifier: arn, ReplicationRegions: []string{region}}
		if _, err := w.AddKeyReplicationRegions(t.Context(), in); err != nil {
			t.Fatalf("%s: %v", v.Op, err)
		}
	}
	return replicated, arns
}

// TestEveryOperationWorksWithReplicas in their Region, in no other, and not once the use of their
// primary keys has been stopped.
func TestEveryOperationWorksWithReplicas(t *testing.T) {
	const there, elsewhere = "us-west-2", "eu-west-1"
	w := newWorld(t, nil)
	near, far := typedDoor(w.As(apc.Identity{Region: there})), typedDoor(w.As(apc.Identity{Region: elsewhere}))
	for _, v := range replicable(t) {
		body := v.request(t, w)
		replicated, arns := v.replicate(t, w, there, body)
		_, refused := near(t, v.Op, replicated)
		if refused != nil {
			t.Errorf("%s with replicas: %v", v.Op, refused)
		}
		if _, refused = far(t, v.Op, moved(t, body, elsewhere)); refused == nil || refused.code != "ResourceNotFoundException" {
			t.Errorf("%s in a Region without replicas: got %v, want ResourceNotFoundException", v.Op, refused)
		}
		for _, arn := range arns {
			if _, err := w.StopKeyUsage(t.Context(), &engine.StopKeyUsageInput{KeyIdentifier: arn}); err != nil {
				t.Fatalf("%s: %v", v.Op, err)
			}
		}
		if _, refused = near(t, v.Op, replicated); refused == nil || refused.code != "ValidationException" {
			t.Errorf("%s with replicas of stopped keys: got %v, want ValidationException", v.Op, refused)
		}
		w.keys = map[vectorKeyID]string{}
	}
}
