package enginetest_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
	"github.com/seed748fb4d1/apcsim/internal/testrig/ratio"
)

// BenchmarkNew: against a fresh engine. The bar is 5. The end of the test, which closes it, is not
// counted.
func BenchmarkNew(b *testing.B) {
	var sink any
	t := &recorder{}
	ratio.Beside(b, 64, func() { sink = engine.New(nil) }, func() {
		t.cleanups = t.cleanups[:0]
		sink = enginetest.New(t, nil)
	})
	_ = sink
}
