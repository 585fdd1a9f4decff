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
	"abs": {1, 1}, "sign": {1, 1}, "floor": {1, 1}, "ceil": {1, 1}, "ceiling": {1, 1}, "round": {1, 2}, "truncate": {2, 2}, "mod": {2, 2},
	"acos": {1, 1}, "asin": {1, 1}, "atan": {1, 2}, "atan2": {2, 2}, "cos": {1, 1}, "cot": {1, 1}, "degrees": {1, 1}, "exp": {1, 1}, "ln": {1, 1}, "log": {1, 2},
	"log10": {1, 1}, "log2": {1, 1}, "pow": {2, 2}, "power": {2, 2}, "radians": {1, 1}, "sin": {1, 1}, "sqrt": {1, 1}, "tan": {1, 1},
}

// floats are the functions of floating-point numbers. What is not a number is NULL, and what is infinite an error.
var floats = map[string]func(a, b float64) float64{
	// Exact for small angles, such as those between places: the standard library's lose half of the digits.
	"acos": func(a, _ float64) float64 { return 2 * math.Atan2(math.Sqrt(1-a), math.Sqrt(1+a)) },
	"asin": func(a, _ float64) float64 { return math.Atan2(a, math.Sqrt((1-a)*(1+a))) },
	"atan": func(a, _ float64) float64 { return math.Atan(a) }, "atan2": math.Atan2,
	"cos": func(a, _ float64) float64 { return math.Cos(a) }, "sin": func(a, _ float64) float64 { return math.Sin(a) }, "tan": func(a, _ float64) float64 { return math.Tan(a) },
	"cot": func(a, _ float64) float64 { return 1 / math.Tan(a) }, "exp": func(a, _ float64) float64 { return math.Exp(a) },
	"degrees": func(a, _ float64) float64 { return a * (180 / math.Pi) }, "radians": func(a, _ float64) float64 { return a * (math.Pi / 180) },
	"ln": func(a, _ float64) float64 { return logarithm(a) }, "log2": func(a, _ float64) float64 { return logarithm(a) / math.Ln2 },
	"log10": func(a, _ float64) float64 { return math.Log10(positive(a)) }, "log": func(base, a float64) float64 {
		if base == 1 {
			return math.NaN()
		}
		return logarithm(a) / logarithm(base)
	},
	"sqrt": func(a, _ float64) float64 { return math.Sqrt(a) },
	"pow": func(a, b float64) float64 {
		if power := math.Pow(a, b); !math.IsNaN(power) {
			return power
		}
		return math.Inf(1)
	},
}

// positive is NaN for a number that is not.
func positive(a float64) float64 {
	if a <= 0 {
		return math.NaN()
	}
	return a
}

func logarithm(a float64) float64 { return math.Log(positive(a)) }

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
	case "power":
		name = "pow"
	case "atan":
		name = map[int]string{1: "atan", 2: "atan2"}[len(arguments)]
	case "log":
		name = map[int]string{1: "ln", 2: "log"}[len(arguments)]
	}
	arguments = slices.Clone(arguments)
	for i, argument := range arguments {
		if _, isInterval := argument.(*expression.Interval); isInterval {
			return nil, false
		}
		if arguments[i] = numberOf(argument); arguments[i] == nil {
			return nil, false
		}
	}
	if name == "round" || name == "truncate" {
		for i := range arguments[1:] {
			arguments[1+i] = wholeOf(arguments[1+i])
		}
	}
	return makeCalculation(name, arguments), true
}

// calculationPrefix begins the names of the functions that the parser makes of operators: they know their types from the beginning.
const calculationPrefix = "calculation "

// newOperation is the calculation of an operator, or the library's for semantics to refuse.
func newOperation(operator string, left, right sql.Expression) sql.Expression {
	if made, ok := newCalculation(operator, left, right); ok {
		return made
	}
	switch operator {
	case "/":
		return expression.NewDiv(left, right)
	case "div":
		return expression.NewIntDiv(left, right)
	case "%":
		return expression.NewMod(left, right)
	}
	return expression.NewArithmetic(left, right, operator)
}

// newTruncate is TRUNCATE(number, digits), which the library does not have.
func newTruncate(arguments ...sql.Expression) (sql.Expression, error) {
	made, ok := newCalculation("truncate", arguments...)
	if !ok {
		return nil, sql.ErrInvalidArgumentNumber.New("TRUNCATE", 2, len(arguments))
	}
	return made, nil
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
	case *expression.BitOp:
		name = e.Op
	case *expression.UnaryMinus:
		// The minus of a literal is a constant, which an index may serve.
		if _, isLiteral := e.Child.(*expression.Literal); isLiteral && kindOf(e.Child.Type()) == exact && numberOf(e.Child) == e.Child {
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
	case c.isOfBits():
		return types.Uint64
	case c.name == "div" && unsigned, c.name == "%" && whole && types.IsUnsigned(arguments[0]):
		return types.Uint64
	case c.name == "div", c.name == "sign", c.name == "%" && whole:
		return types.Int64
	case floats[c.name] != nil:
		return types.Float64
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
	case c.name == "round", c.name == "truncate":
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

// isOfBits tells whether the calculation is one of the bits of its arguments.
func (c *calculation) isOfBits() bool { return strings.Contains("&|^<<>>", c.name) }

// roundedScale is how many digits ROUND and TRUNCATE leave of that many.
func (c *calculation) roundedScale(scale uint8) uint8 {
	if len(c.arguments) < 2 {
		return 0
	}
	if digits, ok := c.arguments[1].(*expression.Literal); ok {
		if number, ok := toInt64(digits.Value()); ok {
			return uint8(min(max(number, 0), types.DecimalTypeMaxScale))
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
	if c.isOfBits() {
		return c.ofBits(values)
	}
	if c.isExact && floats[c.name] == nil {
		return c.exactly(ctx, values)
	}
	var numbers []float64
	for _, value := range values {
		number, err := toFloat(value)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, number)
	}
	return c.roughly(ctx, numbers)
}

// ofBits calculates with the bits of whole numbers.
func (c *calculation) ofBits(values []any) (any, error) {
	var bits [2]uint64
	for i, value := range values {
		whole, err := cast(value, types.Uint64)
		if err != nil {
			return nil, err
		}
		bits[i] = whole.(uint64)
	}
	switch a, b := bits[0], bits[1]; c.name {
	case "&":
		return a & b, nil
	case "|":
		return a | b, nil
	case "^":
		return a ^ b, nil
	case "<<":
		return a << b, nil
	default:
		return a >> b, nil
	}
}

// exactly calculates with exact numbers.
func (c *calculation) exactly(ctx *sql.Context, values []any) (any, error) {
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
			return nil, dividedByZero(ctx)
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
	case "round", "truncate":
		digits := int32(max(min(b.IntPart(), types.DecimalTypeMaxScale), -types.DecimalTypeMaxPrecision))
		if c.name == "round" {
			a = a.Round(digits)
		} else {
			a = a.Shift(digits).Truncate(0).Shift(-digits)
		}
	}
	return c.fit(a)
}

// dividedByZero warns; the quotient is NULL.
func dividedByZero(ctx *sql.Context) error {
	ctx.Warn(1365, "Division by 0")
	return nil
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
func (c *calculation) roughly(ctx *sql.Context, numbers []float64) (any, error) {
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
			return nil, dividedByZero(ctx)
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
			return c.fit(decimal.NewFromFloat(a))
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
	case "round", "truncate":
		unit := math.Pow(10, b)
		scaled := a * unit
		switch {
		case unit == 0:
			a = 0
		case math.IsInf(scaled, 0) || math.IsNaN(scaled):
		case c.name == "round":
			a = math.RoundToEven(scaled) / unit
		default:
			a = math.Trunc(scaled) / unit
		}
	default:
		if a = floats[c.name](a, b); math.IsNaN(a) {
			return nil, nil
		}
	}
	if math.IsInf(a, 0) || math.IsNaN(a) {
		return nil, outOfRange("DOUBLE", c)
	}
	return a + 0, nil // Not -0, which the library shows and groups as another number.
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
