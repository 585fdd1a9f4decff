package flightsdb

import (
	"slices"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// choice is IF, IFNULL, COALESCE, NULLIF, GREATEST, LEAST or CASE: an expression that returns one of its arguments, in a type that
// holds them all. The library's own return it in the type of the first, or do not know decimals. The arguments of CASE are
// a condition and a value for each branch, and the value of ELSE; those of CASE OF begin with the value after the word. No argument is
// evaluated twice: nested choices would take exponential time.
type choice struct {
	name      string
	arguments []sql.Expression
	// typ is kept: finding it out anew takes exponential time for nested choices.
	typ sql.Type
}

var (
	_ sql.FunctionExpression = (*choice)(nil)
	_ sql.CollationCoercible = (*choice)(nil)
)

// choices are the functions with their smallest and largest number of arguments.
var choices = map[string][2]int{
	"if": {3, 3}, "ifnull": {2, 2}, "coalesce": {1, 1000}, "nullif": {2, 2}, "greatest": {2, 1000}, "least": {2, 1000},
}

// newChoice is false for other values than numbers and texts, and for those that are compared in ways of their own.
func newChoice(name string, arguments ...sql.Expression) (*choice, bool) {
	limits := choices[name]
	if len(arguments) < limits[0] || len(arguments) > limits[1] {
		return nil, false
	}
	c := makeChoice(name, arguments)
	if name == "nullif" || name == "greatest" || name == "least" {
		return c, isChoosable(arguments) && c.typ != types.Date
	}
	if !isChoosable(c.values()) {
		c = makeChoice(name, append(slices.Clone(arguments[:len(arguments)-len(c.values())]), momentsAsTexts(c.values())...))
	}
	return c, isChoosable(c.values())
}

// isChoosable tells whether all values are numbers and texts, or all dates, besides NULL.
func isChoosable(values []sql.Expression) bool {
	dates, others := false, false
	for _, value := range values {
		typ := value.Type()
		switch {
		case typ == types.Null:
		case types.IsDateType(typ):
			dates = true
		case !isCalculable(typ) || types.NumColumns(typ) > 1:
			return false
		default:
			others = true
		}
	}
	return !dates || !others
}

func makeChoice(name string, arguments []sql.Expression) *choice {
	c := &choice{name: name, arguments: arguments}
	c.typ = c.typeOfValues()
	return c
}

// caseOf is CASE with a value after the word.
const caseOf = "case of"

// newCase is the choice instead of one of the library's CASE, or nil.
func newCase(e *expression.Case) sql.Expression {
	name, arguments := "case", []sql.Expression(nil)
	if e.Expr != nil {
		name, arguments = caseOf, append(arguments, e.Expr)
		if types.NumColumns(e.Expr.Type()) > 1 {
			return nil
		}
	}
	var values []sql.Expression
	for _, branch := range e.Branches {
		values = append(values, branch.Value)
	}
	if e.Else == nil {
		values = append(values, expression.NewLiteral(nil, types.Null))
	} else {
		values = append(values, e.Else)
	}
	if !isChoosable(values) {
		values = momentsAsTexts(values)
	}
	if !isChoosable(values) {
		return nil
	}
	for i, branch := range e.Branches {
		arguments = append(arguments, branch.Cond, values[i])
	}
	return makeChoice(name, append(arguments, values[len(values)-1]))
}

// values are the arguments of which one is returned.
func (c *choice) values() []sql.Expression {
	switch c.name {
	case "if":
		return c.arguments[1:]
	case "nullif":
		return c.arguments[:1]
	case "case", caseOf:
		var values []sql.Expression
		for i := len(c.arguments) - 2; i > 0; i -= 2 {
			values = append(values, c.arguments[i])
		}
		return append(values, c.arguments[len(c.arguments)-1])
	}
	return c.arguments
}

// Type implements sql.Expression.
func (c *choice) Type() sql.Type { return c.typ }

// typeOfValues is a type that holds all values.
func (c *choice) typeOfValues() sql.Type {
	var texts, dates, floats, decimals, signed, unsigned bool
	scale := uint8(0)
	for _, value := range c.values() {
		typ := value.Type()
		switch {
		case typ == types.Null:
		case kindOf(typ) == text:
			texts = true
		case types.IsDateType(typ):
			dates = true
		case kindOf(typ) == float:
			floats = true
		case types.IsDecimal(typ):
			decimals = true
			scale = max(scale, scaleOf(typ))
		case types.IsUnsigned(typ):
			unsigned = true
		default:
			signed = true
		}
	}
	switch {
	case texts:
		return types.CreateLongText(collation)
	case dates:
		return types.Date
	case floats:
		return types.Float64
	case decimals, signed && unsigned:
		return decimalType(scale)
	case unsigned:
		return types.Uint64
	case signed:
		return types.Int64
	}
	return types.Null
}

// Eval implements sql.Expression.
func (c *choice) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	if err := made(ctx, 0); err != nil {
		return nil, err
	}
	chosen, value, err := c.choose(ctx, row)
	if err != nil || value == nil {
		return nil, err
	}
	if value, err = sql.UnwrapAny(ctx, value); err != nil {
		return nil, err
	}
	typ := c.Type()
	switch {
	case typ == types.Float64:
		return toFloat(value)
	case kindOf(typ) == exact:
		number, err := exactNumber(chosen.Type(), value)
		if err != nil || types.IsDecimal(typ) {
			return number, err
		}
		return cast(number, typ)
	}
	if decimals, ok := chosen.Type().(sql.DecimalType); ok {
		value, _, err = decimals.Convert(ctx, value)
		if err != nil {
			return nil, err
		}
	}
	converted, _, err := typ.Convert(ctx, value)
	return converted, err
}

// choose is the argument that is returned, and its value.
func (c *choice) choose(ctx *sql.Context, row sql.Row) (sql.Expression, any, error) {
	evaluated := func(argument sql.Expression) (sql.Expression, any, error) {
		value, err := argument.Eval(ctx, row)
		return argument, value, err
	}
	last := c.arguments[len(c.arguments)-1]
	switch c.name {
	case "if", "case":
		for i := 0; i+1 < len(c.arguments); i += 2 {
			condition, err := c.arguments[i].Eval(ctx, row)
			if err != nil {
				return nil, nil, err
			}
			if yes, err := isTrue(ctx, condition); err != nil || yes {
				if err != nil {
					return nil, nil, err
				}
				return evaluated(c.arguments[i+1])
			}
		}
		return evaluated(last)
	case "ifnull", "coalesce":
		for _, argument := range c.arguments {
			value, err := argument.Eval(ctx, row)
			if err != nil || value != nil {
				return argument, value, err
			}
		}
		return last, nil, nil
	}
	first := c.arguments[0]
	value, err := first.Eval(ctx, row)
	if err != nil {
		return nil, nil, err
	}
	switch c.name {
	case caseOf:
		for i := 1; i+1 < len(c.arguments) && value != nil; i += 2 {
			other, err := c.arguments[i].Eval(ctx, row)
			if err != nil {
				return nil, nil, err
			}
			if other == nil {
				continue
			}
			order, err := compareValues(ctx, first, c.arguments[i], value, other)
			if err != nil {
				return nil, nil, err
			}
			if order == 0 {
				return evaluated(c.arguments[i+1])
			}
		}
		return evaluated(last)
	case "nullif":
		_, second, err := evaluated(last)
		if err != nil || value == nil || second == nil {
			return first, value, err
		}
		order, err := c.compare(ctx, first, last, value, second)
		if err != nil || order == 0 {
			return first, nil, err
		}
		return first, value, nil
	}
	best := first
	for _, argument := range c.arguments[1:] {
		_, other, err := evaluated(argument)
		if err != nil || other == nil || value == nil {
			return first, nil, err
		}
		order, err := c.compare(ctx, argument, best, other, value)
		if err != nil {
			return nil, nil, err
		}
		if c.name == "greatest" && order > 0 || c.name == "least" && order < 0 {
			best, value = argument, other
		}
	}
	return best, value, nil
}

// compare compares the values of two arguments.
func (c *choice) compare(ctx *sql.Context, left, right sql.Expression, a, b any) (int, error) {
	l, r := kindOf(left.Type()), kindOf(right.Type())
	switch common(l, r) {
	case exact:
		x, err := exactNumber(left.Type(), a)
		if err != nil {
			return 0, err
		}
		y, err := exactNumber(right.Type(), b)
		return x.Cmp(y), err
	case text:
		return compareAs(ctx, text, left, right, a, b)
	case float:
		if c.name != "nullif" && (l == text || r == text) {
			return 0, unsupported(c.name + " of a text and a number")
		}
		return compareAs(ctx, float, left, right, a, b)
	}
	return 0, unsupported(c.name + " of these types")
}

// isTrue tells whether a value counts as true; a text does if it begins with a number other than zero.
func isTrue(ctx *sql.Context, value any) (bool, error) {
	value, err := sql.UnwrapAny(ctx, value)
	if err != nil || value == nil {
		return false, err
	}
	if _, ok := value.(string); ok {
		number, err := toFloat(value)
		return number != 0, err
	}
	return sql.ConvertToBool(ctx, value)
}

func (c *choice) FunctionName() string { return c.name }
func (c *choice) Description() string  { return "returns one of its arguments." }
func (c *choice) IsNullable() bool     { return true }
func (c *choice) String() string       { return c.name + list(c.arguments) }

// CollationCoercibility implements sql.CollationCoercible.
func (c *choice) CollationCoercibility(ctx *sql.Context) (sql.CollationID, byte) {
	used, coercibility := sql.Collation_binary, byte(6)
	for _, value := range c.values() {
		if kindOf(value.Type()) == text {
			next, nextCoercibility := sql.GetCoercibility(ctx, value)
			used, coercibility = sql.ResolveCoercibility(used, coercibility, next, nextCoercibility)
		}
	}
	return used, coercibility
}

// Resolved implements sql.Expression.
func (c *choice) Resolved() bool { return expression.ExpressionsResolved(c.arguments...) }

// Children implements sql.Expression.
func (c *choice) Children() []sql.Expression { return c.arguments }

// WithChildren implements sql.Expression.
func (c *choice) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	if len(children) != len(c.arguments) {
		return nil, sql.ErrInvalidChildrenNumber.New(c, len(children), len(c.arguments))
	}
	return makeChoice(c.name, children), nil
}
