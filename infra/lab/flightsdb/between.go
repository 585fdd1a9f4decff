package flightsdb

import (
	"fmt"
	"slices"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// between is BETWEEN of values that the library compares in another way than MySQL: texts with numbers, or in an explicit collation.
type between struct {
	// arguments are the value, the lower bound and the upper one.
	arguments []sql.Expression
}

var (
	_ sql.Expression         = (*between)(nil)
	_ sql.CollationCoercible = (*between)(nil)
)

// newBetween is BETWEEN, of dates and numbers as numbers, or nil for what an index may serve. What mixes texts with them is for a real server.
func newBetween(ctx *sql.Context, e *expression.Between) (sql.Expression, error) {
	arguments, numbers, kinds := e.Children(), []sql.Expression(nil), map[kind]bool{}
	for _, argument := range arguments {
		number, k := numberOf(argument), kindOf(argument.Type())
		if number != argument && number != nil {
			k = temporal
		}
		kinds[k], numbers = true, append(numbers, number)
	}
	switch mixed := kinds[temporal] && (kinds[exact] || kinds[float]); {
	case mixed && (kinds[text] || slices.Contains(numbers, nil)):
		return nil, unsupported("BETWEEN of a date, a number and a text")
	case mixed:
		return &between{numbers}, nil
	case isForIndexes(ctx, e.Val, e.Lower) && isForIndexes(ctx, e.Val, e.Upper):
		return nil, nil
	}
	return &between{arguments}, nil
}

// Eval implements sql.Expression. It is NULL if that depends on a NULL.
func (b *between) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	if err := made(ctx, 0); err != nil {
		return nil, err
	}
	value, err := b.arguments[0].Eval(ctx, row)
	if err != nil {
		return nil, err
	}
	unknown := false
	for i, sign := range []int{1, -1} {
		bound, err := b.arguments[i+1].Eval(ctx, row)
		if err != nil {
			return nil, err
		}
		if value == nil || bound == nil {
			unknown = true
			continue
		}
		order, err := b.compare(ctx, i+1, value, bound)
		if err != nil || order*sign < 0 {
			return false, err
		}
	}
	if unknown {
		return nil, nil
	}
	return true, nil
}

// compare compares the value with a bound. MySQL compares all three as numbers if one of them is a number and another a text.
func (b *between) compare(ctx *sql.Context, at int, value, bound any) (int, error) {
	kinds := map[kind]bool{}
	for _, argument := range b.arguments {
		kinds[kindOf(argument.Type())] = true
	}
	if kinds[text] && (kinds[exact] || kinds[float]) && !kinds[temporal] {
		return compareAs(ctx, float, b.arguments[0], b.arguments[at], value, bound)
	}
	return compareValues(ctx, b.arguments[0], b.arguments[at], value, bound)
}

func (b *between) Type() sql.Type             { return types.Boolean }
func (b *between) IsNullable() bool           { return true }
func (b *between) Resolved() bool             { return expression.ExpressionsResolved(b.arguments...) }
func (b *between) Children() []sql.Expression { return b.arguments }

func (b *between) String() string {
	return fmt.Sprintf("(%s BETWEEN %s AND %s)", b.arguments[0], b.arguments[1], b.arguments[2])
}

// CollationCoercibility implements sql.CollationCoercible.
func (b *between) CollationCoercibility(*sql.Context) (sql.CollationID, byte) {
	return sql.Collation_binary, 5
}

// WithChildren implements sql.Expression.
func (b *between) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	if len(children) != len(b.arguments) {
		return nil, sql.ErrInvalidChildrenNumber.New(b, len(children), len(b.arguments))
	}
	return &between{children}, nil
}
