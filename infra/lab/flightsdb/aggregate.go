package flightsdb

import (
	"encoding/hex"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/expression/function/aggregation"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/vt/sqlparser"
	"github.com/shopspring/decimal"
)

// libraryNames are the names under which the library plans aggregate functions of this package, by their names in SQL. For
// its own SUM and AVG, it assumes floating-point numbers whatever they return, and its COUNT(DISTINCT) is not a function of
// the catalogue. FIRST and LAST are no functions of MySQL, and VAR_POP is another name of VARIANCE.
var libraryNames = map[string]string{"sum": "first", "avg": "last", "variance": "var_pop"}

// countDistinctName is such a name for COUNT(DISTINCT).
const countDistinctName = "variance"

// renameAggregates gives the functions of a parsed statement the names under which the library plans them.
func renameAggregates(functions []*sqlparser.FuncExpr) error {
	for _, function := range functions {
		name := function.Name.Lowered()
		switch renamed, ok := libraryNames[name]; {
		case name == "first" || name == "last":
			return mysql.NewSQLError(1305, mysql.SSClientError, "FUNCTION %s.%s does not exist", databaseName, name)
		case ok:
			function.Name = sqlparser.NewColIdent(renamed)
		case name == "count" && function.Distinct && !isStar(function.Exprs):
			if function.Over != nil {
				return unsupported("COUNT(DISTINCT) OVER")
			}
			function.Name, function.Distinct = sqlparser.NewColIdent(countDistinctName), false
		}
	}
	return nil
}

// isStar tells whether the arguments are a star.
func isStar(arguments sqlparser.SelectExprs) bool {
	if len(arguments) == 0 {
		return false
	}
	_, ok := arguments[0].(*sqlparser.StarExpr)
	return ok
}

// ownAggregates are the aggregate functions of this package, by the names under which the library plans them.
var ownAggregates = map[string]sql.Function{
	"first":           newAggregate("first", "SUM"),
	"last":            newAggregate("last", "AVG"),
	countDistinctName: newAggregate(countDistinctName, countDistinct),
	"std":             newAggregate("std", "STD"),
	"stddev":          newAggregate("stddev", "STD"),
	"stddev_pop":      newAggregate("stddev_pop", "STD"),
	"stddev_samp":     newAggregate("stddev_samp", "STDDEV_SAMP"),
	"var_pop":         newAggregate("var_pop", "VAR_POP"),
	"var_samp":        newAggregate("var_samp", "VAR_SAMP"),
}

const countDistinct = "COUNT DISTINCT"

// newAggregate is the function of the catalogue.
func newAggregate(libraryName, name string) sql.Function {
	return sql.FunctionN{Name: libraryName, Fn: func(arguments ...sql.Expression) (sql.Expression, error) {
		if len(arguments) != 1 && name != countDistinct {
			return nil, sql.ErrInvalidArgumentNumber.New(name, 1, len(arguments))
		}
		return &aggregate{name: name, arguments: arguments}, nil
	}}
}

// aggregate is SUM, AVG, a standard deviation, a variance or COUNT(DISTINCT), of groups and over windows, with the types and
// values of MySQL: SUM and AVG of exact numbers are exact.
type aggregate struct {
	notText
	name      string
	arguments []sql.Expression
	window    *sql.WindowDefinition
	id        sql.ColumnId
}

var (
	_ sql.Aggregation        = (*aggregate)(nil)
	_ sql.CollationCoercible = (*aggregate)(nil)
)

// avgScale is how many more digits than what is divided AVG and / have after the point, div_precision_increment.
const avgScale = 4

// Type implements sql.Expression.
func (a *aggregate) Type() sql.Type {
	if a.name == countDistinct {
		return types.Int64
	}
	scale := scaleOf(a.arguments[0].Type())
	switch {
	case kindOf(a.arguments[0].Type()) != exact:
		return types.Float64
	case a.name == "SUM":
		return decimalType(scale)
	case a.name == "AVG":
		return decimalType(scale + avgScale)
	}
	return types.Float64
}

// scaleOf is how many digits an exact number has after the point.
func scaleOf(typ sql.Type) uint8 {
	if typ, ok := typ.(sql.DecimalType); ok {
		return typ.Scale()
	}
	return 0
}

func (a *aggregate) String() string {
	text := a.name + list(a.arguments)
	if a.window != nil {
		text += " " + a.window.String()
	}
	return text
}

func (a *aggregate) IsNullable() bool              { return a.name != countDistinct }
func (a *aggregate) Id() sql.ColumnId              { return a.id }
func (a *aggregate) FunctionName() string          { return strings.ToLower(a.name) }
func (a *aggregate) Description() string           { return "returns " + a.name + " of a group of rows." }
func (a *aggregate) Window() *sql.WindowDefinition { return a.window }

// Resolved implements sql.Expression.
func (a *aggregate) Resolved() bool {
	return expression.ExpressionsResolved(a.Children()...)
}

// Children implements sql.Expression.
func (a *aggregate) Children() []sql.Expression {
	return append(append([]sql.Expression(nil), a.arguments...), a.window.ToExpressions()...)
}

// WithChildren implements sql.Expression.
func (a *aggregate) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	if len(children) != len(a.Children()) {
		return nil, sql.ErrInvalidChildrenNumber.New(a, len(children), len(a.Children()))
	}
	changed := *a
	changed.arguments = children[:len(a.arguments):len(a.arguments)]
	var err error
	changed.window, err = a.window.FromExpressions(children[len(a.arguments):])
	return &changed, err
}

// WithId implements sql.IdExpression.
func (a *aggregate) WithId(id sql.ColumnId) sql.IdExpression {
	changed := *a
	changed.id = id
	return &changed
}

// WithWindow implements sql.WindowAdaptableExpression.
func (a *aggregate) WithWindow(window *sql.WindowDefinition) sql.WindowAdaptableExpression {
	changed := *a
	changed.window = window
	return &changed
}

// Eval implements sql.Expression.
func (a *aggregate) Eval(*sql.Context, sql.Row) (any, error) {
	return nil, aggregation.ErrEvalUnsupportedOnAggregation.New(a.name)
}

// NewBuffer implements sql.Aggregation.
func (a *aggregate) NewBuffer() (sql.AggregationBuffer, error) { return a.newAccumulator() }

// newAccumulator has arguments of its own: one with DISTINCT keeps what it has seen.
func (a *aggregate) newAccumulator() (*accumulator, error) {
	made := &accumulator{aggregate: a}
	for _, argument := range a.arguments {
		cloned, err := transform.Clone(argument)
		if err != nil {
			return nil, err
		}
		made.arguments = append(made.arguments, cloned)
	}
	made.exact = kindOf(a.arguments[0].Type()) == exact && (a.name == "SUM" || a.name == "AVG")
	return made, nil
}

// accumulator collects the rows of a group or of a window.
type accumulator struct {
	*aggregate
	arguments []sql.Expression
	exact     bool

	count    int64
	whole    decimal.Decimal
	sum      float64
	mean, m2 float64 // As Welford defines them.
	seen     map[string]struct{}
}

var _ sql.AggregationBuffer = (*accumulator)(nil)

// Dispose implements sql.Disposable.
func (a *accumulator) Dispose() {}

// reset forgets all rows.
func (a *accumulator) reset() {
	a.count, a.whole, a.sum, a.mean, a.m2, a.seen = 0, decimal.Zero, 0, 0, 0, nil
}

// Update implements sql.AggregationBuffer.
func (a *accumulator) Update(ctx *sql.Context, row sql.Row) error { return a.update(ctx, row, 1) }

// update adds a row, or removes one for the sign -1; only SUM and AVG can.
func (a *accumulator) update(ctx *sql.Context, row sql.Row, sign int64) error {
	if err := made(ctx, 0); err != nil {
		return err
	}
	if a.name == countDistinct {
		return a.see(ctx, row)
	}
	value, err := a.arguments[0].Eval(ctx, row)
	if err != nil || value == nil {
		return err
	}
	if value, err = sql.UnwrapAny(ctx, value); err != nil {
		return err
	}
	a.count += sign
	if a.exact {
		number, err := exactNumber(a.arguments[0].Type(), value)
		a.whole = a.whole.Add(number.Mul(decimal.NewFromInt(sign)))
		return err
	}
	if k := kindOf(a.arguments[0].Type()); k == other || k == temporal {
		return unsupported(a.name + " of " + a.arguments[0].Type().String())
	}
	number, err := toFloat(value)
	a.sum += float64(sign) * number
	distance := number - a.mean
	a.mean += distance / float64(a.count)
	a.m2 += distance * (number - a.mean)
	return err
}

// see counts a row of values that are not NULL once.
func (a *accumulator) see(ctx *sql.Context, row sql.Row) error {
	var key []byte
	for _, argument := range a.arguments {
		value, err := argument.Eval(ctx, row)
		if err != nil || value == nil {
			return err
		}
		used, _ := sql.GetCoercibility(ctx, argument)
		if key, err = appendValueKey(ctx, key, argument.Type(), used, value); err != nil {
			return err
		}
	}
	if a.seen == nil {
		a.seen = map[string]struct{}{}
	}
	a.seen[string(key)] = struct{}{}
	return nil
}

// Eval implements sql.AggregationBuffer.
func (a *accumulator) Eval(*sql.Context) (any, error) { return a.result(), nil }

// result is NULL without a value.
func (a *accumulator) result() any {
	switch {
	case a.name == countDistinct:
		return int64(len(a.seen))
	case a.count == 0:
		return nil
	case a.name == "SUM" && a.exact:
		return a.whole
	case a.name == "AVG" && a.exact:
		return divide(a.whole, decimal.NewFromInt(a.count))
	case a.name == "SUM":
		return a.sum
	case a.name == "AVG":
		return a.sum / float64(a.count)
	case a.name == "VAR_POP":
		return a.m2 / float64(a.count)
	case a.name == "STD":
		return math.Sqrt(a.m2 / float64(a.count))
	case a.count == 1:
		return nil
	case a.name == "VAR_SAMP":
		return a.m2 / float64(a.count-1)
	default: // STDDEV_SAMP
		return math.Sqrt(a.m2 / float64(a.count-1))
	}
}

// NewWindowFunction implements sql.WindowAdaptableExpression.
func (a *aggregate) NewWindowFunction() (sql.WindowFunction, error) {
	collected, err := a.newAccumulator()
	if err != nil {
		return nil, err
	}
	w := &windowAggregate{accumulator: collected, framer: aggregation.NewPartitionFramer()}
	if a.window != nil && a.window.Frame != nil {
		w.framer, err = a.window.Frame.NewFramer(a.window)
	}
	return w, err
}

// windowAggregate is an aggregate over the frames of a window, of which each has most rows in common with the one before.
type windowAggregate struct {
	*accumulator
	framer   sql.WindowFramer
	interval sql.WindowInterval
	failed   error
}

// DefaultFramer implements sql.WindowFunction.
func (w *windowAggregate) DefaultFramer() sql.WindowFramer { return w.framer }

// StartPartition implements sql.WindowFunction.
func (w *windowAggregate) StartPartition(_ *sql.Context, partition sql.WindowInterval, _ sql.WindowBuffer) error {
	w.reset()
	w.interval = sql.WindowInterval{Start: partition.Start, End: partition.Start}
	return w.failed
}

// Compute implements sql.WindowFunction. It cannot return an error, so that it ends the statement.
func (w *windowAggregate) Compute(ctx *sql.Context, frame sql.WindowInterval, rows sql.WindowBuffer) any {
	if w.failed != nil || frame.Start >= frame.End {
		return nil
	}
	old := w.interval
	removable := w.name == "SUM" || w.name == "AVG"
	if frame.Start < old.Start || frame.Start > old.End || frame.End < old.End || frame.Start > old.Start && !removable {
		w.reset()
		old = sql.WindowInterval{Start: frame.Start, End: frame.Start}
	}
	w.interval = frame
	for _, row := range rows[old.Start:frame.Start] {
		if w.failed == nil {
			w.failed = w.update(ctx, row, -1)
		}
	}
	for _, row := range rows[old.End:frame.End] {
		if w.failed == nil {
			w.failed = w.update(ctx, row, 1)
		}
	}
	if w.failed != nil {
		fail(ctx, w.failed)
		return nil
	}
	return w.result()
}

// peersFrame is the frame of a window with an order but without a frame: all rows up to the last peer of the current
// one. The library's own ends with the current row for most functions.
type peersFrame struct{ sql.WindowFrame }

// newWindow is a function over a window with that frame if it has none, and with an order that the library's functions
// compare correctly: they take decimals and texts for different that are equal. It is nil if nothing changes.
func newWindow(function sql.WindowAdaptableExpression) sql.Expression {
	window := function.Window()
	if window == nil || len(window.OrderBy) == 0 {
		return nil
	}
	changed := *window
	changed.OrderBy = slices.Clone(window.OrderBy)
	differs := window.Frame == nil
	if differs {
		changed.Frame = peersFrame{plan.NewRangeUnboundedPrecedingToCurrentRowFrame()}
	}
	for i, by := range changed.OrderBy {
		_, isKey := by.Column.(*orderKey)
		switch typ := by.Column.Type(); {
		case types.IsDecimal(typ):
			changed.OrderBy[i].Column, differs = expression.NewConvert(by.Column, expression.ConvertToDouble), true
		case kindOf(typ) == text && !isKey:
			changed.OrderBy[i].Column, differs = &orderKey{wrapper{by.Column}}, true
		}
	}
	if !differs {
		return nil
	}
	return function.WithWindow(&changed)
}

// orderKey is a text by which rows are ordered, as digits that are the same for texts that are equal.
type orderKey struct{ wrapper }

// Type implements sql.Expression.
func (*orderKey) Type() sql.Type { return types.CreateLongText(sql.Collation_utf8mb4_bin) }

// WithChildren implements sql.Expression.
func (*orderKey) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	return &orderKey{wrapper{children[0]}}, nil
}

// Eval implements sql.Expression.
func (o *orderKey) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	value, err := o.Expression.Eval(ctx, row)
	if err != nil || value == nil {
		return nil, err
	}
	used, _ := sql.GetCoercibility(ctx, o.Expression)
	key, err := keyOfValue(ctx, text, used, value)
	return hex.EncodeToString([]byte(key)), err
}

// distinctConcat is GROUP_CONCAT(DISTINCT): the library's own takes texts that are equal for different.
type distinctConcat struct{ *aggregation.GroupConcat }

// WithId implements sql.IdExpression.
func (d *distinctConcat) WithId(id sql.ColumnId) sql.IdExpression {
	return &distinctConcat{d.GroupConcat.WithId(id).(*aggregation.GroupConcat)}
}

// WithChildren implements sql.Expression.
func (d *distinctConcat) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	changed, err := d.GroupConcat.WithChildren(children...)
	if err != nil {
		return nil, err
	}
	return (&distinctConcat{changed.(*aggregation.GroupConcat)}).WithId(d.Id()), nil
}

// NewBuffer implements sql.Aggregation.
func (d *distinctConcat) NewBuffer() (sql.AggregationBuffer, error) {
	buffer, err := d.GroupConcat.NewBuffer()
	children := d.Children()
	return &distinctBuffer{buffer, children[len(children)-1], map[string]struct{}{}}, err
}

// distinctBuffer leaves out the rows whose value is equal to one before.
type distinctBuffer struct {
	sql.AggregationBuffer
	value sql.Expression
	seen  map[string]struct{}
}

// Update implements sql.AggregationBuffer.
func (b *distinctBuffer) Update(ctx *sql.Context, row sql.Row) error {
	value, err := b.value.Eval(ctx, row)
	if err != nil || value == nil {
		return err
	}
	used, _ := sql.GetCoercibility(ctx, b.value)
	key, err := appendValueKey(ctx, nil, b.value.Type(), used, value)
	if _, ok := b.seen[string(key)]; ok || err != nil {
		return err
	}
	b.seen[string(key)] = struct{}{}
	return b.AggregationBuffer.Update(ctx, row)
}

// checkFrame refuses the frames that the library does not know: RANGE between rows of several orders.
func checkFrame(window *sql.WindowDefinition) error {
	if window == nil || window.Frame == nil || len(window.OrderBy) == 1 {
		return nil
	}
	if _, peers := window.Frame.(peersFrame); !peers && strings.Contains(reflect.TypeOf(window.Frame).String(), "Range") {
		return unsupported("A frame of RANGE with several orders")
	}
	return nil
}

// NewFramer implements sql.WindowFrame.
func (peersFrame) NewFramer(window *sql.WindowDefinition) (sql.WindowFramer, error) {
	return &peersFramer{order: window.OrderBy.ToExpressions()}, nil
}

// peersFramer makes the frames of a partition.
type peersFramer struct {
	order     []sql.Expression
	partition sql.WindowInterval
	row, end  int
}

// NewFramer implements sql.WindowFramer.
func (f *peersFramer) NewFramer(partition sql.WindowInterval) (sql.WindowFramer, error) {
	return &peersFramer{order: f.order, partition: partition, row: partition.Start, end: partition.Start}, nil
}

// Next implements sql.WindowFramer.
func (f *peersFramer) Next(ctx *sql.Context, rows sql.WindowBuffer) (sql.WindowInterval, error) {
	if f.row >= f.partition.End {
		return sql.WindowInterval{}, io.EOF
	}
	if f.row >= f.end {
		for f.end = f.row + 1; f.end < f.partition.End; f.end++ {
			peers, err := f.peers(ctx, rows[f.row], rows[f.end])
			if err != nil {
				return sql.WindowInterval{}, err
			}
			if !peers {
				break
			}
		}
	}
	f.row++
	return f.Interval()
}

// peers tells whether two rows have the same place in the order.
func (f *peersFramer) peers(ctx *sql.Context, a, b sql.Row) (bool, error) {
	for _, by := range f.order {
		left, err := by.Eval(ctx, a)
		if err != nil {
			return false, err
		}
		right, err := by.Eval(ctx, b)
		if err != nil {
			return false, err
		}
		if left == nil || right == nil {
			if left != nil || right != nil {
				return false, nil
			}
			continue
		}
		if order, err := by.Type().Compare(ctx, left, right); err != nil || order != 0 {
			return false, err
		}
	}
	return true, nil
}

func (f *peersFramer) FirstIdx() int { return f.partition.Start }
func (f *peersFramer) LastIdx() int  { return f.end }

// Interval implements sql.WindowFramer.
func (f *peersFramer) Interval() (sql.WindowInterval, error) {
	return sql.WindowInterval{Start: f.partition.Start, End: f.end}, nil
}
