package engine_test

import (
	"slices"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/hsm"
	"github.com/seed748fb4d1/apcsim/internal/testrig"
	"github.com/seed748fb4d1/apcsim/internal/testrig/simtest"
)

// seededRun is what one run leaves behind: ARNs, tokens and serial numbers, and
// check values, in order.
func seededRun(t *testing.T, seed uint64) (arns, checkValues []string) {
	clock := engine.NewClock(time.Time{})
	eng := simtest.On(
		t,
		simtest.Backend(t, &hsm.SoftwareOptions{Seed: seed}),
		simtest.Store(t),
		&engine.Options{Now: clock.Now, Seed: seed},
	)
	for _, a := range []apc.KeyAlgorithm{apc.KeyAlgorithmAES256, apc.KeyAlgorithmTDES3Key, apc.KeyAlgorithmAES128, apc.KeyAlgorithmTDES2Key} {
		for range 5 {
			k := create(t, eng.Caller, kekAttributes(a))
			arns, checkValues = append(arns, k.KeyArn), append(checkValues, k.KeyCheckValue)
		}
	}
	for range 3 {
		p := parametersForImport(t, eng.Caller, apc.KeyMaterialTypeKeyCryptogram, apc.KeyAlgorithmRSA2048, false)
		c := testrig.Certificate(t, p.WrappingKeyCertificate)
		arns = append(arns, p.ImportToken, c.Subject.SerialNumber+c.SerialNumber.String())
	}
	return append(
		arns,
		testrig.Certificate(t, parametersForExport(t, eng.Caller).SigningKeyCertificateChain).SerialNumber.String(),
	), checkValues
}

// TestTheSameSeedGivesTheSameWorld: ids on any backend, and symmetric keys on
// the software one.
func TestTheSameSeedGivesTheSameWorld(t *testing.T) {
	arns, values := seededRun(t, 42)
	again, sameValues := seededRun(t, 42)
	if !slices.Equal(arns, again) {
		t.Errorf("ids differ: %v and %v", arns, again)
	}
	if simtest.FollowsSeeds(t) && !slices.Equal(values, sameValues) {
		t.Errorf("check values differ: %v and %v", values, sameValues)
	}
	other, _ := seededRun(t, 43)
	fresh, _ := seededRun(t, 0)
	for i := range arns {
		if arns[i] == other[i] || arns[i] == fresh[i] {
			t.Errorf("another seed gives the same id %s", arns[i])
		}
	}
	slices.Sort(arns)
	if n := len(slices.Compact(arns)); n != 27 {
		t.Errorf("%d different ids of 27", n)
	}
}
