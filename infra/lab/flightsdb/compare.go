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
	if common(kindOf(c.Left().Type()), kindOf(c.Right().Type())) != float {
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
	_, nullSafe := c.Comparer.(*expression.NullSafeEquals)
	if left == nil || right == nil {
		if nullSafe {
			return left == nil && right == nil, nil
		}
		return nil, nil
	}
	a, err := toFloat(left)
	if err != nil {
		return nil, err
	}
	b, err := toFloat(right)
	if err != nil {
		return nil, err
	}
	order := cmp.Compare(a, b)
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

// isForIndexes tells whether an index, or a hash table, compares the values as the expression does.
func isForIndexes(ctx *sql.Context, left, right sql.Expression) bool {
	l, r := left.Type(), right.Type()
	if l == types.Null || r == types.Null {
		return true
	}
	kinds := common(kindOf(l), kindOf(r))
	if kinds == float && kindOf(l) != kindOf(r) {
		return kindOf(l) != text && kindOf(r) != text
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
	return true
}
