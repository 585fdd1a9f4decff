package flightsdb

import (
	"slices"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/expression/function/aggregation"
	"github.com/dolthub/go-mysql-server/sql/plan"
)

// ending is an expression that ends with its statement, for the orders by which the library sorts: it sorts hundreds of thousands of
// rows without another look at the statement.
type ending struct {
	sql.Expression
}

// Eval implements sql.Expression.
func (e ending) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return e.Expression.Eval(ctx, row)
}

// endingOrder is the order with expressions that end with the statement.
func endingOrder(order sql.SortFields) sql.SortFields {
	order = slices.Clone(order)
	for i, by := range order {
		order[i].Column = ending{by.Column}
	}
	return order
}

// endingWindow is the node with functions that end with the statement.
func endingWindow(node *plan.Window) *plan.Window {
	changed := *node
	changed.SelectExprs = slices.Clone(node.SelectExprs)
	for i, e := range changed.SelectExprs {
		if alias, ok := e.(*expression.Alias); ok {
			e = alias.Child
		}
		if function, ok := e.(windowFunction); ok && function.Window() != nil {
			changed.SelectExprs[i] = endingFunction{function}
		}
	}
	return &changed
}

// windowFunction is what the library calls sql.WindowAggregation, and sql.Aggregation has as well.
type windowFunction = sql.WindowAdaptableExpression

// endingFunction is a function over a window. The library calls a WindowAggregation what has the methods of a WindowFunction, too; it
// calls NewWindowFunction alone.
type endingFunction struct {
	windowFunction
}

// Window implements sql.WindowAdaptableExpression.
func (f endingFunction) Window() *sql.WindowDefinition {
	window := *f.windowFunction.Window()
	window.OrderBy = endingOrder(window.OrderBy)
	window.PartitionBy = slices.Clone(window.PartitionBy)
	for i, by := range window.PartitionBy {
		window.PartitionBy[i] = ending{by}
	}
	return &window
}

// NewBuffer implements sql.Aggregation, by which the library knows a function over a window.
func (f endingFunction) NewBuffer() (sql.AggregationBuffer, error) {
	return nil, aggregation.ErrEvalUnsupportedOnAggregation.New(f)
}

// NewWindowFunction implements sql.WindowAdaptableExpression.
func (f endingFunction) NewWindowFunction() (sql.WindowFunction, error) {
	made, err := f.windowFunction.NewWindowFunction()
	if err != nil {
		return nil, err
	}
	e := &endingWindowFunction{WindowFunction: made}
	_, e.ofFrame = f.windowFunction.(sql.Aggregation)
	switch f.windowFunction.(type) {
	case *aggregation.Min:
		e.typ, e.better = f.Type(), -1
	case *aggregation.Max:
		e.typ, e.better = f.Type(), 1
	}
	return e, nil
}

// endingWindowFunction computes a function over a window and ends with its statement. The library goes through the whole frame for each
// row, which takes hours for 67,663 rows in one frame.
type endingWindowFunction struct {
	sql.WindowFunction
	// ofFrame says that rows with the same frame have the same value.
	ofFrame bool
	// better is the sign of a value that replaces another, for MIN and MAX of values of that type: the value of a frame is the better of
	// those of its parts.
	better int
	typ    sql.Type

	last  sql.WindowInterval
	value any
}

// StartPartition implements sql.WindowFunction.
func (f *endingWindowFunction) StartPartition(ctx *sql.Context, partition sql.WindowInterval, rows sql.WindowBuffer) error {
	f.last = sql.WindowInterval{}
	return f.WindowFunction.StartPartition(ctx, partition, rows)
}

// Compute implements sql.WindowFunction. It cannot return an error, so that it ends the statement; the library's functions return it as
// if it were a value.
func (f *endingWindowFunction) Compute(ctx *sql.Context, frame sql.WindowInterval, rows sql.WindowBuffer) any {
	if ctx.Err() != nil {
		return nil
	}
	known := f.ofFrame && f.last.End > f.last.Start
	if known && frame == f.last {
		return f.value
	}
	value, err := f.compute(ctx, frame, rows, known)
	if err != nil {
		fail(ctx, err)
		return nil
	}
	f.last, f.value = frame, value
	return value
}

func (f *endingWindowFunction) compute(ctx *sql.Context, frame sql.WindowInterval, rows sql.WindowBuffer, known bool) (any, error) {
	longer := known && f.better != 0 && frame.Start == f.last.Start && frame.End > f.last.End
	if longer {
		frame.Start = f.last.End
	}
	value := f.WindowFunction.Compute(ctx, frame, rows)
	if err, failed := value.(error); failed {
		return nil, err
	}
	if !longer || f.value == nil {
		return value, nil
	}
	if value == nil {
		return f.value, nil
	}
	order, err := f.typ.Compare(ctx, value, f.value)
	if err != nil || order == f.better {
		return value, err
	}
	return f.value, nil
}

// DefaultFramer implements sql.WindowFunction.
func (f *endingWindowFunction) DefaultFramer() sql.WindowFramer {
	return endingFramer{f.WindowFunction.DefaultFramer()}
}

// endingFramer ends with its statement.
type endingFramer struct {
	sql.WindowFramer
}

// NewFramer implements sql.WindowFramer.
func (f endingFramer) NewFramer(partition sql.WindowInterval) (sql.WindowFramer, error) {
	made, err := f.WindowFramer.NewFramer(partition)
	return endingFramer{made}, err
}

// Next implements sql.WindowFramer.
func (f endingFramer) Next(ctx *sql.Context, rows sql.WindowBuffer) (sql.WindowInterval, error) {
	if err := ctx.Err(); err != nil {
		return sql.WindowInterval{}, err
	}
	return f.WindowFramer.Next(ctx, rows)
}
