package flightsdb

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// guard is an expression that makes a text or a JSON document. It counts what it makes, and ends with its statement.
type guard struct {
	sql.Expression
}

// WithChildren implements sql.Expression.
func (g *guard) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	changed, err := g.Expression.WithChildren(children...)
	if err != nil {
		return nil, err
	}
	return &guard{changed}, nil
}

// CollationCoercibility implements sql.CollationCoercible.
func (g *guard) CollationCoercibility(ctx *sql.Context) (sql.CollationID, byte) {
	return sql.GetCoercibility(ctx, g.Expression)
}

// Eval implements sql.Expression.
func (g *guard) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	if err := made(ctx, 0); err != nil {
		return nil, err
	}
	value, err := g.Expression.Eval(ctx, row)
	if err != nil {
		return nil, err
	}
	switch value := value.(type) {
	case string:
		err = made(ctx, len(value))
	case []byte:
		err = made(ctx, len(value))
	case sql.JSONWrapper:
		// The same part may be in a document many times: it is small until it is written.
		var document any
		if document, err = value.ToInterface(); err == nil && sizeOf(document) >= maxPacket {
			err = errOutOfMemory
		}
	}
	return value, err
}

// boundedNumbers bounds the exponents of the texts that an expression takes for numbers: the library writes the number
// of '1e1000000000' out, digit by digit.
func boundedNumbers(e sql.Expression) (sql.Expression, error) {
	if function, ok := e.(sql.FunctionExpression); ok && !numeric[strings.ToLower(function.FunctionName())] {
		return nil, nil
	}
	children := slices.Clone(e.Children())
	bounded := false
	for i, child := range children {
		if _, already := child.(*boundedNumber); !already && types.IsText(child.Type()) {
			children[i], bounded = &boundedNumber{wrapper{child}}, true
		}
	}
	if !bounded {
		return nil, nil
	}
	return e.WithChildren(children...)
}

// numeric are the functions that read texts as numbers.
var numeric = map[string]bool{"conv": true}

// boundedNumber is a text that is taken for a number.
type boundedNumber struct{ wrapper }

// exponent matches a number with an exponent that no type holds.
var exponent = regexp.MustCompile(`^([ \t\r\n]*[+-]?[0-9.]+[eE])([+-]?\d{4,})`)

// Eval implements sql.Expression.
func (b *boundedNumber) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	value, err := b.Expression.Eval(ctx, row)
	if err != nil {
		return nil, err
	}
	switch value := value.(type) {
	case string:
		return bounded(value), nil
	case []byte:
		return bounded(string(value)), nil
	}
	return value, nil
}

// bounded is the text of a number without an exponent that no type holds.
func bounded(text string) string {
	if match := exponent.FindStringSubmatch(text); match != nil {
		power, err := strconv.Atoi(match[2])
		if err != nil || power > 400 || power < -400 {
			if match[2][0] == '-' {
				return "0"
			}
			return match[1] + "400"
		}
	}
	return text
}

// WithChildren implements sql.Expression.
func (b *boundedNumber) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	return &boundedNumber{wrapper{children[0]}}, nil
}
