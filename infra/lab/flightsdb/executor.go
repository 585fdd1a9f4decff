package flightsdb

import (
	"context"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/rowexec"
)

// executor makes the iterators of a plan. Those that may make billions of rows from few, such as joins of rows that are
// kept in memory, end with their statement: the library asks only between rows of the answer.
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
	switch node.(type) {
	case *plan.JoinNode, *plan.CachedResults, *plan.HashLookup, *plan.RecursiveTable, *plan.RecursiveCte, *plan.SetOp,
		*plan.SubqueryAlias, *plan.JSONTable, *plan.Values, *plan.Concat:
	default:
		return nil, nil
	}
	if ctx.Value(underway{}) == node {
		return nil, nil
	}
	made, err := e.builder.Build(ctx.WithContext(context.WithValue(ctx.Context, underway{}, node)), node, row)
	if err != nil {
		return nil, err
	}
	return &endingIter{made}, nil
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
