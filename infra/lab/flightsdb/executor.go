package flightsdb

import (
	"context"
	"slices"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/rowexec"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/shopspring/decimal"
)

// executor makes the iterators of a plan. Those that may make billions of rows from few, such as joins of rows that are
// kept in memory, end with their statement: the library asks only between rows of the answer. Rows that differ only in
// the case of texts are equal for DISTINCT, UNION, INTERSECT, EXCEPT and hash joins.
type executor struct {
	builder sql.NodeExecBuilder
}

// newExecutor is the library's executor with these checks.
func newExecutor() sql.NodeExecBuilder {
	e := &executor{}
	e.builder = rowexec.NewOverrideBuilder(e)
	return e.builder
}

// underway is the key, in a context, of the node for which the library makes the iterator.
type underway struct{}

// Build implements sql.NodeExecBuilder. Nil leaves the node to the library.
func (e *executor) Build(ctx *sql.Context, node sql.Node, row sql.Row) (sql.RowIter, error) {
	if ctx.Value(underway{}) == node {
		return nil, nil
	}
	switch node := node.(type) {
	case *built:
		return node.rows, nil
	case *plan.Distinct:
		return e.distinct(ctx, node, row)
	case *plan.SetOp:
		return e.setOp(ctx, node, row)
	case *plan.Sort:
		return e.libraryIter(ctx, plan.NewSort(endingOrder(node.SortFields), node.Child), row)
	case *plan.Window:
		return e.libraryIter(ctx, endingWindow(node), row)
	case *plan.ShowColumns:
		rows, err := e.libraryIter(ctx, node, row)
		return &changingIter{rows, func(row sql.Row) {
			if len(row) > 6 && row[2] != nil {
				row[2] = collation.Name()
			}
		}}, err
	case *plan.Kill:
		if !slices.ContainsFunc(ctx.ProcessList.Processes(), func(p sql.Process) bool { return p.Connection == node.ConnID }) {
			return nil, mysql.NewSQLError(1094, mysql.SSUnknownSQLState, "Unknown thread id: %d", node.ConnID)
		}
		return nil, nil
	case *plan.HashLookup:
		keyValues(node)
	case *plan.Filter:
		for _, condition := range expression.SplitConjunction(node.Expression) {
			if _, ok := condition.(*outside); !ok {
				continue
			}
			value, err := condition.Eval(ctx, row)
			if err != nil {
				return nil, err
			}
			if yes, err := isTrue(ctx, value); err != nil || !yes {
				return sql.RowsToRowIter(), err
			}
		}
		return nil, nil
	case *plan.JoinNode, *plan.CachedResults, *plan.RecursiveTable, *plan.RecursiveCte, *plan.SubqueryAlias, *plan.JSONTable,
		*plan.Values, *plan.Concat:
	default:
		return nil, nil
	}
	return e.libraryIter(ctx, node, row)
}

// libraryIter is the library's iterator of the node, and ends with the statement.
func (e *executor) libraryIter(ctx *sql.Context, node sql.Node, row sql.Row) (sql.RowIter, error) {
	made, err := e.builder.Build(ctx.WithContext(context.WithValue(ctx.Context, underway{}, node)), node, row)
	if err != nil {
		return nil, err
	}
	if alias, ok := node.(*plan.SubqueryAlias); ok {
		if columns := decimalsOfGroups(alias); len(columns) > 0 {
			made = &changingIter{made, func(row sql.Row) {
				for column, digits := range columns {
					if number, ok := row[column].(decimal.Decimal); ok {
						row[column] = number.Round(digits)
					}
				}
			}}
		}
	}
	return &endingIter{made}, nil
}

// decimalsOfGroups are the columns of a derived table that hold decimals, by their places, if it has groups. MySQL keeps the rows
// of such a table, with as many digits as the type has.
func decimalsOfGroups(alias *plan.SubqueryAlias) map[int]int32 {
	grouped := false
	transform.Inspect(alias.Child, func(node sql.Node) bool {
		_, isGroup := node.(*plan.GroupBy)
		grouped = grouped || isGroup
		return !grouped
	})
	columns := map[int]int32{}
	for i, column := range alias.Schema() {
		if grouped && types.IsDecimal(column.Type) {
			columns[i] = int32(scaleOf(column.Type))
		}
	}
	return columns
}

// changingIter changes a copy of each row.
type changingIter struct {
	sql.RowIter
	change func(sql.Row)
}

// Next implements sql.RowIter.
func (i *changingIter) Next(ctx *sql.Context) (sql.Row, error) {
	row, err := i.RowIter.Next(ctx)
	if err != nil {
		return nil, err
	}
	row = row.Copy()
	i.change(row)
	return row, nil
}

// endingIter ends with its statement.
type endingIter struct {
	sql.RowIter
}

// Next implements sql.RowIter.
func (i *endingIter) Next(ctx *sql.Context) (sql.Row, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return i.RowIter.Next(ctx)
}
