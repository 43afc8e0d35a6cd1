package console

import (
	"slices"
	"strconv"
	"time"

	"github.com/seed748fb4d1/apcsim/apc"
)

func number(n int) string { return strconv.Itoa(n) }

// CallsPage shows calls, the latest first.
type CallsPage struct {
	Calls              []Call
	Last               int64 // the number after which the script goes on
	Operations         []string
	Operation, Account string // of the filter
	Refused            bool
}

// CallPage is one call and how programs make it.
type CallPage struct {
	Call
	Code  Code
	Input string // the request in JSON, with indents
}

// KeyRow is a key in a list.
type KeyRow struct {
	ARN, ID    string
	Aliases    []string
	Attributes apc.KeyAttributes
	CheckValue string
	State      apc.KeyState
	Enabled    bool
	Exportable bool
	Deletion   *time.Time // to come
	Now        time.Time
}

// KeysPage is a page of keys.
type KeysPage struct {
	Keys            []KeyRow
	Account, Region string
	Next            string // token of the next page; "" is none
	Later           bool   // this is not the first page
}

// KeyPage is all about a key but its secret.
type KeyPage struct {
	KeyRow
	Facts  [][2]string // name and value, in order
	Modes  []string
	Tags   []apc.Tag
	Policy string
	Wraps  []WrapRow
	Calls  []Call
}

// WrapRow is a key that another one wrapped.
type WrapRow struct {
	GraphWrap
	From, To GraphKey
}

// Rows are the graph as a table.
func (g *Graph) Rows() []WrapRow {
	rows := make([]WrapRow, len(g.Wraps))
	for i, w := range g.Wraps {
		rows[i] = WrapRow{w, g.Keys[w.Wrapping], g.Keys[w.Wrapped]}
	}
	return rows
}

// TimePage is the clock and the changes that are due at a time.
type TimePage struct {
	Now    time.Time
	Offset string
	Due    []DueItem
	Kept   bool // there is a store that lasts: no reset
}

// LimitsPage is what is used of what is allowed.
type LimitsPage struct {
	Account, Region string
	Rows            []LimitRow
}

// LimitRow is one limit; Most 0 is none.
type LimitRow struct {
	Name       string
	Used, Most int
}

// FaultsPage is the faults that are armed, and what can be.
type FaultsPage struct {
	Operations, Effects []string
	Faults              []FaultRow
}

// FaultRow is a fault; its fields are those of GET faults.
type FaultRow struct {
	ID            int
	Operation     string
	Nth, Times    int
	Effect, Delay string
	Seen, Applied int
}

// ApprovalsPage is what waits for approval teams.
type ApprovalsPage struct {
	Sessions []ApprovalRow
	Teams    []TeamRow
}

// ApprovalRow is a session that waits for a decision.
type ApprovalRow struct {
	Session, About, Comment string
	Since                   time.Time
}

// TeamRow is a team in charge of an action.
type TeamRow struct{ Action, Team, State string }

// The plot of lifetimes and the graph, in the units of the SVG.
const (
	plotWidth, plotLabel, plotRow = 960, 260, 22
	graphColumn, graphRow         = 260, 56
	maxDrawn                      = 40
)

// Bar is a lifetime in the plot.
type Bar struct {
	DueItem
	X, Y, Width, TextY int
}

// Plot is lifetimes next to each other.
type Plot struct {
	Bars                []Bar
	Width, Height, NowX int
	First, Last         time.Time
	Hidden              int // that are not drawn, for the table below has them
}

// Plot places the first lifetimes.
func (p TimePage) Plot() Plot {
	shown := p.Due[:min(len(p.Due), maxDrawn)]
	out := Plot{Width: plotWidth, Height: plotRow*len(shown) + 30, First: p.Now, Last: p.Now, Hidden: len(p.Due) - len(shown)}
	for _, d := range shown {
		if d.Since.Before(out.First) {
			out.First = d.Since
		}
		if d.At.After(out.Last) {
			out.Last = d.At
		}
	}
	x := func(t time.Time) int {
		span := out.Last.Sub(out.First)
		if span == 0 {
			return plotLabel
		}
		return plotLabel + int(float64(plotWidth-plotLabel-10)*float64(t.Sub(out.First))/float64(span))
	}
	for i, d := range shown {
		y := i*plotRow + 24
		out.Bars = append(out.Bars, Bar{d, x(d.Since), y, max(2, x(d.At)-x(d.Since)), y + 12})
	}
	out.NowX = x(p.Now)
	return out
}

// Node is a key in the drawn graph.
type Node struct {
	GraphKey
	X, Y int
}

// Arrow is a line of it, from a wrapping key to the key.
type Arrow struct {
	X1, Y1, X2, Y2 int
	Flaw           string
}

// Drawing is the graph with the places of its keys.
type Drawing struct {
	Nodes         []Node
	Arrows        []Arrow
	Width, Height int
	Hidden        int // keys that are not drawn
}

// Draw places the first keys: each to the right of the keys that wrap it.
func (g *Graph) Draw() Drawing {
	shown := min(len(g.Keys), maxDrawn)
	depth := make([]int, shown)
	for range shown { // a circle ends by the number of rounds
		for _, w := range g.Wraps {
			if w.Wrapping < shown && w.Wrapped < shown && depth[w.Wrapped] <= depth[w.Wrapping] && depth[w.Wrapping] < 5 {
				depth[w.Wrapped] = depth[w.Wrapping] + 1
			}
		}
	}
	out := Drawing{Hidden: len(g.Keys) - shown, Width: graphColumn * (1 + slices.Max(append(depth, 0)))}
	rows := map[int]int{}
	for i := range shown {
		row := rows[depth[i]]
		rows[depth[i]]++
		out.Nodes = append(out.Nodes, Node{g.Keys[i], depth[i] * graphColumn, row * graphRow})
		out.Height = max(out.Height, (row+1)*graphRow)
	}
	for _, w := range g.Wraps {
		if w.Wrapping < shown && w.Wrapped < shown {
			from, to := out.Nodes[w.Wrapping], out.Nodes[w.Wrapped]
			out.Arrows = append(out.Arrows, Arrow{from.X + 200, from.Y + 20, to.X, to.Y + 20, w.Flaw})
		}
	}
	return out
}
