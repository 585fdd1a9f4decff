package flightsdb

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/shopspring/decimal"
)

// calculation is an operator or a function of numbers, with the values of MySQL: exact numbers stay exact, whole numbers do not
// wrap around, and a text is the number that it begins with. The library's own take integers for floating-point
// numbers within a division, and return values of other types than they say.
type calculation struct {
	notText
	name      string
	arguments []sql.Expression
	// typ and isExact are kept: finding them out anew takes exponential time for nested calculations.
	typ sql.Type
	// isExact says that no argument is a floating-point number, or a text.
	isExact bool
}

var (
	_ sql.FunctionExpression = (*calculation)(nil)
	_ sql.CollationCoercible = (*calculation)(nil)
)

// calculations are the functions with their smallest and largest number of arguments.
var calculations = map[string][2]int{
	"abs": {1, 1}, "sign": {1, 1}, "floor": {1, 1}, "ceil": {1, 1}, "ceiling": {1, 1}, "round": {1, 2}, "mod": {2, 2},
}

// newCalculation is false for other values than numbers and texts.
func newCalculation(name string, arguments ...sql.Expression) (*calculation, bool) {
	if limits, isFunction := calculations[name]; isFunction && (len(arguments) < limits[0] || len(arguments) > limits[1]) {
		return nil, false
	}
	switch name {
	case "mod":
		name = "%"
	case "ceiling":
		name = "ceil"
	}
	arguments = slices.Clone(arguments)
	for i, argument := range arguments {
		if _, isInterval := argument.(*expression.Interval); isInterval {
			return nil, false
		}
		if kindOf(argument.Type()) == temporal {
			arguments[i] = newMomentNumber(argument)
		} else if !isCalculable(argument.Type()) {
			return nil, false
		}
	}
	return makeCalculation(name, arguments), true
}

func makeCalculation(name string, arguments []sql.Expression) *calculation {
	c := &calculation{name: name, arguments: arguments, isExact: true}
	argumentTypes := make([]sql.Type, len(arguments))
	for i, argument := range arguments {
		argumentTypes[i] = argument.Type()
		c.isExact = c.isExact && (argumentTypes[i] == types.Null || kindOf(argumentTypes[i]) == exact)
	}
	c.typ = c.typeOf(argumentTypes)
	return c
}

// isCalculable tells whether values of a type are numbers, texts or NULL.
func isCalculable(typ sql.Type) bool {
	if typ == types.Null {
		return true
	}
	switch kindOf(typ) {
	case exact, float, text:
		return true
	}
	return false
}

// calculated is the calculation instead of one of the library's operators, or nil.
func calculated(e sql.Expression) sql.Expression {
	name := ""
	switch e := e.(type) {
	case *expression.Arithmetic:
		name = e.Op
	case *expression.Div:
		name = "/"
	case *expression.IntDiv:
		name = "div"
	case *expression.Mod:
		name = "%"
	case *expression.UnaryMinus:
		// The minus of a literal is a constant, which an index may serve.
		if _, isLiteral := e.Child.(*expression.Literal); isLiteral && kindOf(e.Child.Type()) != text {
			return nil
		}
		name = "-"
	}
	if made, ok := newCalculation(name, e.Children()...); ok {
		return made
	}
	return nil
}

// Type implements sql.Expression.
func (c *calculation) Type() sql.Type { return c.typ }

// typeOf is the type for arguments of those types.
func (c *calculation) typeOf(arguments []sql.Type) sql.Type {
	whole, unsigned, largest, sum := true, false, uint8(0), uint8(0)
	for _, typ := range arguments {
		whole = whole && (types.IsInteger(typ) || typ == types.Null)
		unsigned = unsigned || types.IsUnsigned(typ)
		largest = max(largest, scaleOf(typ))
		sum += scaleOf(typ)
	}
	first := scaleOf(arguments[0])
	switch {
	case c.name == "div", c.name == "sign":
		return types.Int64
	case !c.isExact:
		return types.Float64
	case c.name == "/":
		return decimalType(first + avgScale)
	case whole && unsigned && (c.name != "-" || len(arguments) > 1):
		return types.Uint64
	case whole:
		return types.Int64
	case c.name == "floor", c.name == "ceil":
		return decimalType(0)
	case c.name == "round":
		return decimalType(c.roundedScale(first))
	case c.name == "*":
		return decimalType(sum)
	}
	return decimalType(largest)
}

// decimalType has that many digits after the point.
func decimalType(scale uint8) sql.Type {
	return types.MustCreateColumnDecimalType(types.DecimalTypeMaxPrecision, min(scale, types.DecimalTypeMaxScale))
}

// roundedScale is how many digits ROUND leaves of that many.
func (c *calculation) roundedScale(scale uint8) uint8 {
	if len(c.arguments) < 2 {
		return 0
	}
	if digits, ok := c.arguments[1].(*expression.Literal); ok {
		if number, ok := toInt64(digits.Value()); ok {
			return uint8(min(max(number, 0), int64(scale)))
		}
		return scale
	}
	if _, isMinus := c.arguments[1].(*expression.UnaryMinus); isMinus {
		return 0
	}
	return scale
}

// valuesOf evaluates the arguments of a function. It stops at the first that is NULL, which makes the function's result NULL.
func valuesOf(ctx *sql.Context, row sql.Row, arguments []sql.Expression) (values []any, isNull bool, err error) {
	if err := made(ctx, 0); err != nil {
		return nil, false, err
	}
	for _, argument := range arguments {
		value, err := argument.Eval(ctx, row)
		if err != nil || value == nil {
			return nil, value == nil, err
		}
		if value, err = sql.UnwrapAny(ctx, value); err != nil {
			return nil, false, err
		}
		values = append(values, value)
	}
	return values, false, nil
}

// Eval implements sql.Expression.
func (c *calculation) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	values, isNull, err := valuesOf(ctx, row, c.arguments)
	if isNull || err != nil {
		return nil, err
	}
	if c.isExact {
		return c.exactly(values)
	}
	var numbers []float64
	for _, value := range values {
		number, err := toFloat(value)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, number)
	}
	return c.roughly(numbers)
}

// exactly calculates with exact numbers.
func (c *calculation) exactly(values []any) (any, error) {
	var a, b decimal.Decimal
	var err error
	if a, err = exactNumber(c.arguments[0].Type(), values[0]); err != nil {
		return nil, err
	}
	if len(values) > 1 {
		if b, err = exactNumber(c.arguments[1].Type(), values[1]); err != nil {
			return nil, err
		}
	}
	switch c.name {
	case "+":
		a = a.Add(b)
	case "-":
		if len(values) == 1 {
			a, b = decimal.Zero, a
		}
		a = a.Sub(b)
	case "*":
		a = a.Mul(b)
	case "/", "div", "%":
		if b.IsZero() {
			return nil, nil
		}
		switch c.name {
		case "/":
			a = divide(a, b)
		case "div":
			a, _ = a.QuoRem(b, 0)
		default:
			a = a.Mod(b)
		}
	case "abs":
		a = a.Abs()
	case "sign":
		a = decimal.NewFromInt(int64(a.Sign()))
	case "floor":
		a = a.Floor()
	case "ceil":
		a = a.Ceil()
	case "round":
		a = a.Round(int32(max(min(b.IntPart(), types.DecimalTypeMaxScale), -types.DecimalTypeMaxPrecision)))
	}
	return c.fit(a)
}

// divide has the digits that MySQL keeps of a quotient until it is shown: they come in groups of nine.
func divide(a, b decimal.Decimal) decimal.Decimal {
	const group = 9
	groups := func(digits int32) int32 { return (max(digits, 0) + group - 1) / group }
	digits := max(groups(-a.Exponent()-b.Exponent()+avgScale), groups(-a.Exponent())+groups(-b.Exponent())) * group
	return a.DivRound(b, digits+2).Truncate(digits)
}

// fit is a number in the type of the calculation.
func (c *calculation) fit(number decimal.Decimal) (any, error) {
	switch c.Type() {
	case types.Uint64:
		if whole := number.BigInt(); whole.IsUint64() {
			return whole.Uint64(), nil
		}
		return nil, outOfRange("BIGINT UNSIGNED", c)
	case types.Int64:
		if whole := number.BigInt(); whole.IsInt64() {
			return whole.Int64(), nil
		}
		return nil, outOfRange("BIGINT", c)
	}
	return number, nil
}

// roughly calculates with floating-point numbers.
func (c *calculation) roughly(numbers []float64) (any, error) {
	a, b := numbers[0], 0.0
	if len(numbers) > 1 {
		b = numbers[1]
	}
	switch c.name {
	case "+":
		a += b
	case "-":
		if len(numbers) == 1 {
			a, b = 0, a
		}
		a -= b
	case "*":
		a *= b
	case "/", "div", "%":
		if b == 0 {
			return nil, nil
		}
		switch c.name {
		case "/":
			a /= b
		case "%":
			a = math.Mod(a, b)
		default:
			a = math.Trunc(a / b)
			if math.Abs(a) >= math.MaxInt64 {
				return nil, outOfRange("BIGINT", c)
			}
			return int64(a), nil
		}
	case "abs":
		a = math.Abs(a)
	case "sign":
		switch {
		case a > 0:
			return int64(1), nil
		case a < 0:
			return int64(-1), nil
		}
		return int64(0), nil
	case "floor":
		a = math.Floor(a)
	case "ceil":
		a = math.Ceil(a)
	case "round":
		unit := math.Pow(10, math.Trunc(b))
		if scaled := a * unit; !math.IsInf(scaled, 0) && unit != 0 {
			a = math.RoundToEven(scaled) / unit
		}
	}
	if math.IsInf(a, 0) || math.IsNaN(a) {
		return nil, outOfRange("DOUBLE", c)
	}
	return a, nil
}

// exactNumber is a value of an exact type, with the digits of the type: MySQL's numbers know them.
func exactNumber(typ sql.Type, value any) (decimal.Decimal, error) {
	number, err := toDecimal(value)
	if scale := int32(scaleOf(typ)); err == nil && -number.Exponent() < scale {
		number = number.Add(decimal.New(0, -scale))
	}
	return number, err
}

// outOfRange is the error of a value that the type does not hold.
func outOfRange(typ string, e sql.Expression) error {
	shown := e.String()
	return mysql.NewSQLError(mysql.ERDataOutOfRange, "22003", "%s value is out of range in '%s'", typ, shown[:min(len(shown), 100)])
}

func (c *calculation) FunctionName() string { return c.name }
func (c *calculation) Description() string  { return "calculates with numbers." }
func (c *calculation) IsNullable() bool     { return true }

// String implements sql.Expression.
func (c *calculation) String() string {
	if len(c.arguments) == 1 && c.name == "-" {
		return c.name + c.arguments[0].String()
	}
	if len(c.arguments) == 2 && c.name != "round" {
		return fmt.Sprintf("(%s %s %s)", c.arguments[0], c.name, c.arguments[1])
	}
	return c.name + list(c.arguments)
}

// list is the arguments of a function in parentheses.
func list(arguments []sql.Expression) string {
	var all []string
	for _, argument := range arguments {
		all = append(all, argument.String())
	}
	return "(" + strings.Join(all, ",") + ")"
}

// Resolved implements sql.Expression.
func (c *calculation) Resolved() bool { return expression.ExpressionsResolved(c.arguments...) }

// Children implements sql.Expression.
func (c *calculation) Children() []sql.Expression { return c.arguments }

// WithChildren implements sql.Expression.
func (c *calculation) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	if len(children) != len(c.arguments) {
		return nil, sql.ErrInvalidChildrenNumber.New(c, len(children), len(c.arguments))
	}
	return makeCalculation(c.name, children), nil
}
