package flightsdb

import (
	"math/big"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/mysql"
)

// wholeArithmetic is +, - or * of whole numbers. The library's own wraps around.
type wholeArithmetic struct {
	*expression.Arithmetic
}

// newWholeArithmetic returns nil for other operands.
func newWholeArithmetic(e *expression.Arithmetic) sql.Expression {
	if !types.IsInteger(e.LeftChild.Type()) || !types.IsInteger(e.RightChild.Type()) || !types.IsInteger(e.Type()) {
		return nil
	}
	return &wholeArithmetic{e}
}

// Eval implements sql.Expression.
func (w *wholeArithmetic) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	left, err := w.LeftChild.Eval(ctx, row)
	if err != nil || left == nil {
		return nil, err
	}
	right, err := w.RightChild.Eval(ctx, row)
	if err != nil || right == nil {
		return nil, err
	}
	a, aErr := toDecimal(left)
	b, bErr := toDecimal(right)
	if aErr != nil || bErr != nil {
		evaluated, err := w.Arithmetic.WithChildren(
			expression.NewLiteral(left, w.LeftChild.Type()), expression.NewLiteral(right, w.RightChild.Type()))
		if err != nil {
			return nil, err
		}
		return evaluated.Eval(ctx, row)
	}
	result := new(big.Int)
	switch w.Op {
	case "+":
		result.Add(a.BigInt(), b.BigInt())
	case "-":
		result.Sub(a.BigInt(), b.BigInt())
	default:
		result.Mul(a.BigInt(), b.BigInt())
	}
	if types.IsUnsigned(w.Type()) {
		if !result.IsUint64() {
			return nil, outOfRange("BIGINT UNSIGNED", w)
		}
		return result.Uint64(), nil
	}
	if !result.IsInt64() {
		return nil, outOfRange("BIGINT", w)
	}
	return result.Int64(), nil
}

// outOfRange is the error of a value that the type does not hold.
func outOfRange(typ string, e sql.Expression) error {
	shown := e.String()
	return mysql.NewSQLError(mysql.ERDataOutOfRange, "22003", "%s value is out of range in '%s'", typ, shown[:min(len(shown), 100)])
}

// WithChildren implements sql.Expression.
func (w *wholeArithmetic) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	changed, err := w.Arithmetic.WithChildren(children...)
	if err != nil {
		return nil, err
	}
	return &wholeArithmetic{changed.(*expression.Arithmetic)}, nil
}
