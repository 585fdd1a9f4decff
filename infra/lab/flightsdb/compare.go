package flightsdb

import (
	"cmp"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// comparison is a comparison that no index may serve, because it is not the one of the column: of a text with a number,
// or in another collation.
type comparison struct {
	expression.Comparer
}

var _ sql.CollationCoercible = (*comparison)(nil)

// WithChildren implements sql.Expression.
func (c *comparison) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	changed, err := c.Comparer.WithChildren(children...)
	if err != nil {
		return nil, err
	}
	return &comparison{changed.(expression.Comparer)}, nil
}

// CollationCoercibility implements sql.CollationCoercible.
func (c *comparison) CollationCoercibility(*sql.Context) (sql.CollationID, byte) {
	return sql.Collation_binary, 5
}

// Eval implements sql.Expression.
func (c *comparison) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	kinds := common(kindOf(c.Left().Type()), kindOf(c.Right().Type()))
	if kinds != float && kinds != text {
		return c.Comparer.Eval(ctx, row)
	}
	left, err := c.Left().Eval(ctx, row)
	if err != nil {
		return nil, err
	}
	right, err := c.Right().Eval(ctx, row)
	if err != nil {
		return nil, err
	}
	if left == nil || right == nil {
		if _, nullSafe := c.Comparer.(*expression.NullSafeEquals); nullSafe {
			return left == nil && right == nil, nil
		}
		return nil, nil
	}
	order, err := compareAs(ctx, kinds, c.Left(), c.Right(), left, right)
	if err != nil {
		return nil, err
	}
	switch c.Comparer.(type) {
	case *expression.GreaterThan:
		return order > 0, nil
	case *expression.GreaterThanOrEqual:
		return order >= 0, nil
	case *expression.LessThan:
		return order < 0, nil
	case *expression.LessThanOrEqual:
		return order <= 0, nil
	}
	return order == 0, nil
}

// compareAs compares two values as texts, in the collation of their expressions, or as floating-point numbers.
func compareAs(ctx *sql.Context, k kind, left, right sql.Expression, a, b any) (int, error) {
	if k == text {
		return types.CreateLongText(collationOf(ctx, left, right)).Compare(ctx, a, b)
	}
	x, err := toFloat(a)
	if err != nil {
		return 0, err
	}
	y, err := toFloat(b)
	return cmp.Compare(x, y), err
}

// compareValues compares two values that are not NULL as = does.
func compareValues(ctx *sql.Context, left, right sql.Expression, a, b any) (int, error) {
	l, r := left.Type(), right.Type()
	if k := common(kindOf(l), kindOf(r)); k == text || k == float {
		return compareAs(ctx, k, left, right, a, b)
	}
	return expression.NewEquals(expression.NewLiteral(a, l), expression.NewLiteral(b, r)).Compare(ctx, nil)
}

// collationOf is the collation in which two expressions are compared.
func collationOf(ctx *sql.Context, left, right sql.Expression) sql.CollationID {
	leftCollation, leftCoercibility := sql.GetCoercibility(ctx, left)
	rightCollation, rightCoercibility := sql.GetCoercibility(ctx, right)
	used, coercibility := sql.ResolveCoercibility(leftCollation, leftCoercibility, rightCollation, rightCoercibility)
	if used == sql.Collation_Default && coercibility > 0 {
		return collation // The library gives its own default to the results of functions.
	}
	return used
}

// isForIndexes tells whether an index, or a hash table, compares the values as the expression does.
func isForIndexes(ctx *sql.Context, left, right sql.Expression) bool {
	l, r := left.Type(), right.Type()
	if l == types.Null || r == types.Null {
		return true
	}
	kinds := common(kindOf(l), kindOf(r))
	if kinds == float && kindOf(l) != kindOf(r) {
		// The library rounds floating-point numbers to the digits of decimals.
		return !types.IsDecimal(l) && !types.IsDecimal(r) && kindOf(l) != text && kindOf(r) != text
	}
	if kinds != text {
		return true
	}
	for _, e := range []sql.Expression{left, right} {
		// An explicit collation.
		if _, coercibility := sql.GetCoercibility(ctx, e); coercibility == 0 {
			return false
		}
	}
	// The library compares texts of the same type in the collation of the type, which for CONCAT is not that of its arguments.
	typ, ok := l.(sql.TypeWithCollation)
	return !ok || !types.TypesEqual(l, r) || typ.Collation() == collationOf(ctx, left, right)
}
