package pgstore

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed748fb4d1/apcsim/internal/testrig/pgcluster"
)

// TestListsWalkAnIndex: no list and no look-up sorts or reads what it does not
// return, whatever the statistics say, and with plans that were kept.
func TestListsWalkAnIndex(t *testing.T) {
	ctx := t.Context()
	_, url := pgcluster.MustShared(t).Fresh(t)
	s := open(t, url, nil)
	must(t, "records", fillWith(ctx, s.pool, 20000))
	must(
		t,
		"due ones",
		execute(
			ctx,
			s.pool,
			"UPDATE apcsim.records SET due = length(id) WHERE right(encode(id, 'escape'), 1) = '7'; ANALYZE apcsim.records",
		),
	)
	conn, err := s.pool.Acquire(ctx)
	must(t, "a connection", err)
	defer conn.Release()
	at := shelf(here, "key")
	for _, c := range []struct {
		st     *statement
		index  []string
		values []any
	}{
		{s.is.one, []string{"records_pkey"}, []any{append(at, "id5"...)}},
		{s.is.followed, []string{"records_pkey", "records_pkey"}, []any{append(at, "id5"...), at}},
		{s.is.page, []string{"records_pkey"}, []any{append(at, "id5"...), end(at), 10}},
		{s.is.filtered, []string{"records_by_idx"}, []any{indexed(at, "index"), end(indexed(at, "index")), 10}},
		{s.is.due, []string{"records_due"}, []any{5, 10}},
		{s.is.dueHere, []string{"records_due_here"}, []any{5, 10, place(here)}},
	} {
		for _, mode := range []string{"force_generic_plan", "force_custom_plan"} {
			_, err := conn.Exec(ctx, "SET plan_cache_mode = "+mode)
			must(t, mode, err)
			rows, err := conn.Query(ctx, "EXPLAIN (COSTS OFF) "+c.st.sql, c.values...)
			must(t, c.st.sql, err)
			var used []string
			var plan strings.Builder
			for rows.Next() {
				var line string
				must(t, "EXPLAIN", rows.Scan(&line))
				plan.WriteString(line + "\n")
				if _, index, ok := strings.Cut(line, "Index Scan using "); ok {
					used = append(used, strings.Fields(index)[0])
				}
			}
			must(t, "EXPLAIN", rows.Err())
			if !slices.Equal(used, c.index) || strings.Contains(plan.String(), "Sort") {
				t.Errorf("%s: walks %q, want %q:\n%s\n%s", mode, used, c.index, c.st.sql, &plan)
			}
		}
	}
	_, err = conn.Exec(ctx, "RESET plan_cache_mode")
	must(t, "RESET", err)
}
