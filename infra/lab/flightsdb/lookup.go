package flightsdb

import (
	"slices"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
)

var _ sql.IndexSearchableTable = (*table)(nil)

// SkipIndexCosting implements sql.IndexSearchable. LookupForExpressions decides, and the order of an index may still serve ORDER BY.
func (t *table) SkipIndexCosting() bool { return false }

// maxRanges bounds the ranges of a lookup. A scan of all rows takes some 20 ms.
const maxRanges = 2000

// LookupForExpressions implements sql.IndexSearchable: the lookup in the index that serves most of the conditions, and the
// conditions that remain. The lookup is empty when no index helps. It never leaves the search to the library, which takes
// minutes for some hundred values, and uses an index for comparisons that mean something else, such as that of a text
// with a number.
func (t *table) LookupForExpressions(ctx *sql.Context, conditions ...sql.Expression) (sql.IndexLookup, *sql.FuncDepSet, sql.Expression, bool, error) {
	restricted := t.restrict(ctx, conditions)
	var best candidate
	for _, index := range t.indexes {
		if found := index.candidate(restricted); found.score > best.score {
			best = found
		}
	}
	if best.index == nil {
		return sql.IndexLookup{}, nil, nil, true, nil
	}
	var rest []sql.Expression
	for number, condition := range conditions {
		if !slices.Contains(best.served, number) {
			rest = append(rest, condition)
		}
	}
	ranges := best.ranges()
	lookup := sql.NewIndexLookup(best.index, ranges, best.isPoint(), len(ranges) == 0, false, false)
	return lookup, best.dependencies(), expression.JoinAnd(rest...), true, nil
}

// restriction is what conditions allow for a column: ranges in order, without overlaps.
type restriction struct {
	ranges []sql.MySQLRangeColumnExpr
	// points says that each range is one value.
	points bool
	served []int
}

// finding is what is known of a condition besides its ranges.
type finding struct {
	// tables are the names of the table in the conditions so far.
	tables map[string]bool
	// imprecise says that the condition has to be checked for the rows in the ranges.
	imprecise bool
}

// restrict finds the conditions that an index may serve, by column.
func (t *table) restrict(ctx *sql.Context, conditions []sql.Expression) map[int]restriction {
	columns := map[int]restriction{}
	tables := map[string]bool{}
	for number, condition := range conditions {
		f := &finding{tables: tables}
		column, ranges, points, ok := t.ranges(ctx, condition, f)
		if !ok || len(tables) > 1 {
			continue
		}
		var served []int
		if !f.imprecise {
			served = []int{number}
		}
		known, restricted := columns[column]
		switch {
		case !restricted:
			columns[column] = restriction{ranges, points, served}
		case len(known.ranges) == 1 && len(ranges) == 1:
			// Both ends of an interval.
			both, overlap, err := known.ranges[0].TryIntersect(ranges[0])
			if err != nil {
				continue
			}
			known.ranges, known.points = nil, known.points || points
			if overlap {
				known.ranges = []sql.MySQLRangeColumnExpr{both}
			}
			known.served = append(known.served, served...)
			columns[column] = known
		}
	}
	return columns
}

// ranges are the values of a column that satisfy the condition. The condition compares the column with constants of
// its own kind. What else is known goes into f.
func (t *table) ranges(ctx *sql.Context, condition sql.Expression, f *finding) (column int, ranges []sql.MySQLRangeColumnExpr, points, ok bool) {
	switch e := condition.(type) {
	case *expression.Equals:
		return t.compared(ctx, e, f, func(key any, _ bool, typ sql.Type) sql.MySQLRangeColumnExpr {
			return sql.ClosedRangeColumnExpr(key, key, typ)
		}, true)
	case *expression.GreaterThan:
		return t.compared(ctx, e, f, func(key any, swapped bool, typ sql.Type) sql.MySQLRangeColumnExpr {
			return bound(key, !swapped, false, typ)
		}, false)
	case *expression.GreaterThanOrEqual:
		return t.compared(ctx, e, f, func(key any, swapped bool, typ sql.Type) sql.MySQLRangeColumnExpr {
			return bound(key, !swapped, true, typ)
		}, false)
	case *expression.LessThan:
		return t.compared(ctx, e, f, func(key any, swapped bool, typ sql.Type) sql.MySQLRangeColumnExpr {
			return bound(key, swapped, false, typ)
		}, false)
	case *expression.LessThanOrEqual:
		return t.compared(ctx, e, f, func(key any, swapped bool, typ sql.Type) sql.MySQLRangeColumnExpr {
			return bound(key, swapped, true, typ)
		}, false)
	case *expression.IsNull:
		column, ok = t.columnOf(e.Child, f)
		if !ok {
			return 0, nil, false, false
		}
		return column, []sql.MySQLRangeColumnExpr{sql.NullRangeColumnExpr(t.columns[column].Type)}, true, true
	case *inList:
		return t.listed(e, f)
	case *expression.Or:
		return t.either(ctx, e, f)
	}
	return 0, nil, false, false
}

// bound is all values above the key, or below it.
func bound(key any, above, inclusive bool, typ sql.Type) sql.MySQLRangeColumnExpr {
	switch {
	case above && inclusive:
		return sql.GreaterOrEqualRangeColumnExpr(key, typ)
	case above:
		return sql.GreaterThanRangeColumnExpr(key, typ)
	case inclusive:
		return sql.LessOrEqualRangeColumnExpr(key, typ)
	}
	return sql.LessThanRangeColumnExpr(key, typ)
}

// compared is ranges of a comparison.
func (t *table) compared(ctx *sql.Context, e expression.Comparer, f *finding, toRange func(key any, swapped bool, typ sql.Type) sql.MySQLRangeColumnExpr, points bool) (int, []sql.MySQLRangeColumnExpr, bool, bool) {
	field, constant, swapped := e.Left(), e.Right(), false
	if _, ok := field.(*expression.GetField); !ok {
		field, constant, swapped = constant, field, true
	}
	column, ok := t.columnOf(field, f)
	if !ok {
		return 0, nil, false, false
	}
	typ := t.columns[column].Type
	key, ok := keyOf(ctx, typ, constant)
	if !ok {
		return 0, nil, false, false
	}
	return column, []sql.MySQLRangeColumnExpr{toRange(key, swapped, typ)}, points, true
}

// columnOf is the number of the column that the expression reads.
func (t *table) columnOf(e sql.Expression, f *finding) (int, bool) {
	field, ok := e.(*expression.GetField)
	if !ok {
		return 0, false
	}
	column := t.columns.IndexOfColName(field.Name())
	if column < 0 {
		return 0, false
	}
	f.tables[field.Table()] = true
	return column, true
}

// keyOf is the value of a constant in the form that an index of that type has, if the constant is of the same kind: whole
// numbers or text.
func keyOf(ctx *sql.Context, typ sql.Type, e sql.Expression) (any, bool) {
	if !isConstant(e) {
		return nil, false
	}
	value, err := e.Eval(ctx, nil)
	if err != nil || value == nil {
		return nil, false
	}
	return toKey(ctx, typ, value)
}

// toKey is keyOf for a value.
func toKey(ctx *sql.Context, typ sql.Type, value any) (any, bool) {
	switch value := value.(type) {
	case int8, int16, int32, int64, int, uint8, uint16, uint32:
		if !types.IsInteger(typ) {
			return nil, false
		}
		key, inRange, err := types.Int64.Convert(ctx, value)
		return key, err == nil && inRange == sql.InRange
	case string:
		return value, types.IsText(typ)
	}
	return nil, false
}

// isConstant tells whether the expression is made of literals without a collation of their own.
func isConstant(e sql.Expression) bool {
	return !transform.InspectExpr(e, func(e sql.Expression) bool {
		switch e.(type) {
		case *expression.Literal, *expression.UnaryMinus:
			return false
		}
		return true
	})
}

// listed is ranges of IN.
func (t *table) listed(e *inList, f *finding) (int, []sql.MySQLRangeColumnExpr, bool, bool) {
	column, ok := t.columnOf(e.left, f)
	if !ok || e.set == nil || len(e.keys) > maxRanges {
		return 0, nil, false, false
	}
	typ := t.columns[column].Type
	var ranges []sql.MySQLRangeColumnExpr
	for _, key := range e.keys {
		value, ok := toKey(nil, typ, key)
		if !ok {
			return 0, nil, false, false
		}
		ranges = append(ranges, sql.ClosedRangeColumnExpr(value, value, typ))
	}
	ranges, ok = union(ranges)
	return column, ranges, true, ok
}

// either is ranges of OR, when both sides restrict the same column.
func (t *table) either(ctx *sql.Context, e *expression.Or, f *finding) (int, []sql.MySQLRangeColumnExpr, bool, bool) {
	column, all, allPoints := -1, []sql.MySQLRangeColumnExpr(nil), true
	for _, side := range expression.SplitDisjunction(e) {
		if isNever(ctx, side) {
			continue
		}
		of, ranges, points, ok := t.ranges(ctx, side, f)
		if and, isAnd := side.(*expression.And); isAnd {
			of, ranges, points, ok = t.part(ctx, and, column, f)
		}
		if !ok || column >= 0 && of != column || len(all)+len(ranges) > maxRanges {
			return 0, nil, false, false
		}
		column, all, allPoints = of, append(all, ranges...), allPoints && points
	}
	all, ok := union(all)
	return column, all, allPoints, ok && column >= 0
}

// isNever tells whether the condition is a constant that is true for no row.
func isNever(ctx *sql.Context, condition sql.Expression) bool {
	if !isConstant(condition) {
		return false
	}
	value, err := condition.Eval(ctx, nil)
	if err != nil {
		return false
	}
	yes, err := isTrue(ctx, value)
	return err == nil && !yes
}

// part is ranges of one of the conditions that AND joins: of the column, if that is known.
func (t *table) part(ctx *sql.Context, e *expression.And, column int, f *finding) (int, []sql.MySQLRangeColumnExpr, bool, bool) {
	f.imprecise = true
	for _, condition := range expression.SplitConjunction(e) {
		of, ranges, points, ok := t.ranges(ctx, condition, f)
		if ok && (column < 0 || of == column) {
			return of, ranges, points, true
		}
	}
	return 0, nil, false, false
}

// union puts ranges in order and merges those that overlap.
func union(ranges []sql.MySQLRangeColumnExpr) ([]sql.MySQLRangeColumnExpr, bool) {
	ok := true
	slices.SortFunc(ranges, func(a, b sql.MySQLRangeColumnExpr) int {
		lower, err := a.LowerBound.Compare(b.LowerBound, a.Typ)
		ok = ok && err == nil
		return lower
	})
	var merged []sql.MySQLRangeColumnExpr
	for _, next := range ranges {
		if len(merged) > 0 {
			last := &merged[len(merged)-1]
			gap, err := next.LowerBound.Compare(last.UpperBound, next.Typ)
			ok = ok && err == nil
			if gap <= 0 {
				if further, err := next.UpperBound.Compare(last.UpperBound, next.Typ); err != nil {
					ok = false
				} else if further > 0 {
					last.UpperBound = next.UpperBound
				}
				continue
			}
		}
		merged = append(merged, next)
	}
	return merged, ok
}

// candidate is a way to use an index: restrictions of its first columns.
type candidate struct {
	index   *index
	columns []restriction
	served  []int
	score   int
}

// candidate is how the index serves the restrictions; the better it does, the higher the score.
func (i *index) candidate(restricted map[int]restriction) candidate {
	c := candidate{index: i}
	ranges := 1
	for at, column := range i.columns {
		restriction, ok := restricted[column]
		// An empty restriction allows nothing, and so does the lookup.
		if !ok || ranges*max(len(restriction.ranges), 1) > maxRanges {
			break
		}
		ranges *= max(len(restriction.ranges), 1)
		c.columns = append(c.columns, restriction)
		c.served = append(c.served, restriction.served...)
		switch {
		case restriction.points && len(restriction.ranges) <= 1:
			c.score += 1000
		case restriction.points:
			c.score += 500 - min(len(restriction.ranges), 400)
		default:
			c.score += 50
		}
		if at == 0 && i.IsUnique() {
			c.score++
		}
		if !restriction.points {
			break
		}
	}
	if len(c.columns) == 0 {
		c.index = nil
	}
	return c
}

// ranges are the ranges of the whole index, in its order.
func (c candidate) ranges() sql.MySQLRangeCollection {
	all := sql.MySQLRangeCollection{{}}
	for at := range c.index.columns {
		var longer sql.MySQLRangeCollection
		next := []sql.MySQLRangeColumnExpr{sql.AllRangeColumnExpr(c.index.table.columns[c.index.columns[at]].Type)}
		if at < len(c.columns) {
			next = c.columns[at].ranges
		}
		for _, first := range all {
			for _, last := range next {
				longer = append(longer, append(slices.Clone(first), last))
			}
		}
		all = longer
	}
	return all
}

// isPoint tells whether the lookup is for one value of each column.
func (c candidate) isPoint() bool {
	if len(c.columns) < len(c.index.columns) {
		return false
	}
	for _, column := range c.columns {
		if !column.points || len(column.ranges) != 1 {
			return false
		}
	}
	return true
}

// dependencies say whether the lookup finds at most one row.
func (c candidate) dependencies() *sql.FuncDepSet {
	if !c.index.IsUnique() || !c.isPoint() {
		return &sql.FuncDepSet{}
	}
	columns := sql.NewColSet(1)
	return sql.NewMax1RowFDs(columns, columns)
}
