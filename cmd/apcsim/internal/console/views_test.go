package console

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
)

// TestACircleIsDrawn: two keys that wrap each other, and more keys than are drawn.
func TestACircleIsDrawn(t *testing.T) {
	g := &Graph{}
	for i := range 100 {
		g.Keys = append(g.Keys, GraphKey{ID: fmt.Sprint(i), Algorithm: "AES_128", State: apc.KeyStateCreateComplete, Enabled: true})
	}
	g.Keys[1].Algorithm = "AES_256"
	for i := range 99 {
		g.Wrap(i, i+1, "ExportKey", time.Time{})
	}
	g.Wrap(1, 0, "ExportKey", time.Time{})
	g.Wrap(5, 5, "ExportKey", time.Time{})
	d := g.Draw()
	if len(d.Nodes) != maxDrawn || d.Hidden != 60 || d.Width > 6*graphColumn+graphColumn || len(g.Rows()) != 101 {
		t.Errorf("got %d nodes, %d hidden, %d wide", len(d.Nodes), d.Hidden, d.Width)
	}
	if g.Wraps[0].Flaw != "the wrapping key is weaker than the key" || g.Wraps[1].Flaw != "" {
		t.Errorf("got %q, %q", g.Wraps[0].Flaw, g.Wraps[1].Flaw)
	}
}

func TestLifetimesArePlotted(t *testing.T) {
	now := time.Unix(1e9, 0)
	if p := (TimePage{Now: now}).Plot(); len(p.Bars) != 0 {
		t.Errorf("nothing: got %+v", p)
	}
	var due []DueItem
	for i := range 50 {
		due = append(due, DueItem{Since: now.Add(-time.Hour), At: now.Add(time.Duration(i) * time.Hour)})
	}
	p := TimePage{Now: now, Due: due}.Plot()
	for _, b := range p.Bars {
		if b.X < plotLabel || b.X+b.Width > plotWidth || b.Y+16 > p.Height {
			t.Errorf("a bar is outside: %+v of %d by %d", b, p.Width, p.Height)
		}
	}
	if len(p.Bars) != maxDrawn || p.Hidden != 10 || p.NowX <= plotLabel {
		t.Errorf("got %d bars, %d hidden, now at %d", len(p.Bars), p.Hidden, p.NowX)
	}
}
