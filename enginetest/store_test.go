package enginetest_test

import (
	"testing"

	"github.com/seed748fb4d1/apcsim/engine"
	"github.com/seed748fb4d1/apcsim/enginetest"
)

func TestStoreThatIsDownDoesHalfOfTheCommits(t *testing.T) {
	s := enginetest.New(t, &enginetest.Options{Keep: enginetest.KeepAll})
	up := s.StoreDown()
	for range 4 {
		s.LoadKey(ctx, &engine.LoadKeyInput{})
		s.CreateAlias(ctx, &engine.CreateAliasInput{AliasName: "alias/a"})
	}
	up()
	if got := s.State(); len(got.Aliases) > 1 {
		t.Errorf("state: %v", got)
	}
}
