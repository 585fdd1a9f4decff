package flightsdb

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/memo"
)

// coster estimates the cost of the ways to run a query: the library's estimates, but for joins that look up one row by
// its key for each row of an index scan. The library takes every index scan for half of the table and so prefers to read
// both tables; here an index knows how many rows a lookup finds.
type coster struct {
	memo.Coster
}

// lookupCost is the cost of finding a row by its key, where reading a row in its turn costs 1.
const lookupCost = 2.5

// EstimateCost implements memo.Coster.
func (c coster) EstimateCost(ctx *sql.Context, n memo.RelExpr, stats sql.StatsProvider) (float64, error) {
	if join, ok := n.(*memo.LookupJoin); ok && join.Injective {
		if rows, ok := c.rows(ctx, join.Left); ok {
			return float64(rows) * lookupCost, nil
		}
	}
	return c.Coster.EstimateCost(ctx, n, stats)
}

// rows counts the rows of a part of the query; ok is false where only running it would tell.
func (c coster) rows(ctx *sql.Context, group *memo.ExprGroup) (rows int, ok bool) {
	switch n := group.Best.(type) {
	case *memo.IndexScan:
		if !n.Table.IsStatic() {
			return 0, false
		}
		lookup, err := n.Table.GetLookup(ctx, nil)
		if err != nil {
			return 0, false
		}
		found, err := lookup.Index.(*index).find(ctx, lookup)
		return len(found), err == nil
	case *memo.LookupJoin:
		if !n.Injective {
			return 0, false
		}
		return c.rows(ctx, n.Left)
	default:
		return 0, false
	}
}
