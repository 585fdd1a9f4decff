package flightsdb

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/memo"
)

// coster estimates the cost of the ways to run a query: the library's estimates, but for joins that look up rows by their
// key for each row of an index scan. The library takes every index scan for half of its table and so prefers to read
// both tables; here an index knows how many rows a lookup finds.
type coster struct {
	memo.Coster
}

// lookupCost is the cost of a lookup, where reading a row costs 1.
const lookupCost = 2

// EstimateCost implements memo.Coster.
func (c coster) EstimateCost(ctx *sql.Context, n memo.RelExpr, stats sql.StatsProvider) (float64, error) {
	if join, ok := n.(*memo.LookupJoin); ok {
		if rows, known := c.rows(ctx, join.Left); known {
			if matches, indexed := c.matches(join); indexed {
				return rows * (lookupCost + matches), nil
			}
		}
	}
	return c.Coster.EstimateCost(ctx, n, stats)
}

// rows counts the rows of a part of the query; ok is false where only running it would tell.
func (c coster) rows(ctx *sql.Context, group *memo.ExprGroup) (rows float64, ok bool) {
	switch n := group.Best.(type) {
	case *memo.IndexScan:
		return c.found(ctx, n)
	case *memo.LookupJoin:
		rows, known := c.rows(ctx, n.Left)
		matches, indexed := c.matches(n)
		return rows * matches, known && indexed
	default:
		return 0, false
	}
}

// found counts the rows that an index scan finds, when the query itself says what it looks for.
func (c coster) found(ctx *sql.Context, scan *memo.IndexScan) (rows float64, ok bool) {
	if !scan.Table.IsStatic() {
		return 0, false
	}
	lookup, err := scan.Table.GetLookup(ctx, nil)
	if err != nil {
		return 0, false
	}
	index, ok := lookup.Index.(*index)
	if !ok {
		return 0, false
	}
	numbers, err := index.find(ctx, lookup)
	return float64(len(numbers)), err == nil
}

// matches is how many rows a lookup of the join finds on average.
func (c coster) matches(join *memo.LookupJoin) (rows float64, ok bool) {
	index, ok := join.Lookup.Index.SqlIdx().(*index)
	if !ok {
		return 0, false
	}
	return index.order().rowsPerKey(len(join.Lookup.Table.Expressions())), true
}
