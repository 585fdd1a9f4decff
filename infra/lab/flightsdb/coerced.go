package flightsdb

import (
	"encoding/binary"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/shopspring/decimal"
)

// coercions say what functions take their arguments for: a text (t), a whole number (w), the whole number that
// their text begins with (n), a whole number if they are numbers and a text otherwise (h), seconds (s), a date, perhaps with a time (d), a part of a document (j), or what they
// are (-). The last letter is that of all arguments that follow. The library's own functions fail for, or misread, values of other types.
var coercions = map[string]string{
	"ascii": "t", "bin": "n", "bit_count": "w", "bit_length": "t", "char": "w", "char_length": "t", "character_length": "t", "concat": "t", "concat_ws": "t",
	"convert_tz": "dt", "crc32": "t", "date_format": "dt", "day": "d", "dayname": "d", "dayofmonth": "d", "dayofweek": "d", "dayofyear": "d",
	"elt": "wt", "export_set": "wttt", "extract": "-d", "find_in_set": "t", "from_base64": "t", "from_days": "w", "from_unixtime": "st", "hex": "h", "inet_aton": "t", "instr": "t", "json_array": "j", "json_array_append": "j", "json_array_insert": "j",
	"json_insert": "j", "json_object": "j", "json_replace": "j", "json_set": "j", "last_day": "d",
	"lcase": "t", "left": "tw", "length": "t", "locate": "ttw", "lower": "t", "lpad": "twt", "ltrim": "t", "md5": "t", "mid": "tw", "month": "d", "monthname": "d",
	"octet_length": "t", "ord": "t", "position": "ttw", "quarter": "d", "quote": "t", "repeat": "tw", "replace": "t", "reverse": "t", "right": "tw", "rpad": "twt",
	"rtrim": "t", "sha": "t", "sha1": "t", "sha2": "tw", "soundex": "t", "space": "w", "strcmp": "t", "substr": "tw", "substring": "tw", "substring_index": "ttw",
	"to_base64": "t", "to_days": "d", "ucase": "t", "unhex": "t", "unix_timestamp": "d", "upper": "t", "week": "dw", "weekday": "d", "weekofyear": "d", "year": "d", "yearweek": "dw",
}

// coerced are the arguments of a function as it takes them.
func coerced(name string, arguments []sql.Expression) ([]sql.Expression, error) {
	kinds := coercions[name]
	if kinds == "" {
		return arguments, nil
	}
	arguments = slices.Clone(arguments)
	for i, argument := range arguments {
		switch kinds[min(i, len(kinds)-1)] {
		case 't':
			arguments[i] = textOf(argument)
		case 'n':
			arguments[i] = wholeOf(textOf(argument))
		case 'w':
			arguments[i] = wholeOf(argument)
		case 'h':
			switch typ := argument.Type(); {
			case kindOf(typ) == exact, kindOf(typ) == float:
				arguments[i] = wholeOf(argument)
			case !types.IsDeferredType(typ):
				arguments[i] = textOf(argument)
			}
		case 'j':
			if types.IsDateType(argument.Type()) {
				arguments[i] = textOf(argument)
			} else if kindOf(argument.Type()) == temporal || argument.Type() == types.Time {
				return nil, unsupported("A time in a document")
			}
		case 's':
			arguments[i] = secondsOf(argument)
		case 'd':
			if argument.Type() == types.Time {
				return nil, unsupported("A time of the day as a date")
			}
			switch k := kindOf(argument.Type()); {
			case name == "unix_timestamp" && k == temporal:
				// That of a text has no parts of a second.
				arguments[i] = textOf(argument)
			case name != "unix_timestamp" || k != text:
				// UNIX_TIMESTAMP is 0 for a text that is no date, not NULL.
				arguments[i] = momentOf(argument)
			}
		}
	}
	return arguments, nil
}

// secondsOf is a value as a number of seconds: NULL for fewer than none.
func secondsOf(e sql.Expression) sql.Expression {
	return &dated{name: "seconds", typ: types.Int64, arguments: []sql.Expression{e}, value: func(_ *sql.Context, values []any) (any, error) {
		number, err := toFloat(values[0])
		switch {
		case err != nil || number < 0:
			return nil, err
		case number != math.Trunc(number):
			return nil, unsupported("A part of a second in FROM_UNIXTIME")
		}
		return cast(number, types.Int64)
	}}
}

// textOf is a value as a text.
func textOf(e sql.Expression) sql.Expression {
	if typ := e.Type(); typ == types.Null || types.IsText(typ) || types.IsJSON(typ) {
		return e
	}
	return &dated{name: "text", typ: types.CreateLongText(collation), arguments: []sql.Expression{e}, value: func(ctx *sql.Context, values []any) (any, error) {
		return shownAs(ctx, e, values[0])
	}}
}

// shownAs is the text of a value. The library adds a time to a date, and writes large numbers out.
func shownAs(ctx *sql.Context, e sql.Expression, value any) (any, error) {
	switch value := value.(type) {
	case types.Timespan:
		return value.String(), nil
	case time.Time:
		if types.IsDateType(e.Type()) {
			return value.Format(time.DateOnly), nil
		}
	case float64:
		if rounded, ok := e.(*calculation); ok && len(rounded.arguments) == 2 && (rounded.name == "round" || rounded.name == "truncate") {
			if digits, ok := rounded.arguments[1].(*expression.Literal); ok {
				return strconv.FormatFloat(value, 'f', int(min(max(count(digits.Value()), 0), 30)), 64), nil
			}
		}
		return floatText(value, 64), nil
	case float32:
		return floatText(float64(value), 32), nil
	case bool:
		return map[bool]string{true: "1", false: "0"}[value], nil
	case decimal.Decimal:
		if types.IsDecimal(e.Type()) {
			return value.StringFixed(int32(scaleOf(e.Type()))), nil
		}
	}
	return toText(ctx, value)
}

// floatText is a floating-point number as MySQL writes it: with an exponent from 1e15 on, and below 1e-15.
func floatText(number float64, bits int) string {
	if size := math.Abs(number); size != 0 && (size < 1e-15 || size >= 1e15) {
		return strings.Replace(strconv.FormatFloat(number, 'e', -1, bits), "e+", "e", 1)
	}
	return strconv.FormatFloat(number, 'f', -1, bits)
}

// numberOf is a value as one that calculations take, a date or a time as a number such as 20240229, and 0x41 as 65. It is nil for what is no number.
// Nothing is known yet of the arguments of a statement that is being prepared.
func numberOf(e sql.Expression) sql.Expression {
	if literal, ok := e.(*expression.Literal); ok && types.IsBinaryType(literal.Type()) {
		if bytes, ok := literal.Value().([]byte); ok && len(bytes) <= 8 {
			return expression.NewLiteral(binary.BigEndian.Uint64(append(make([]byte, 8-len(bytes)), bytes...)), types.Uint64)
		}
	}
	switch typ := e.Type(); {
	case kindOf(typ) == temporal, typ == types.Time, isShift(e):
		return newMomentNumber(e)
	case isCalculable(typ), types.IsDeferredType(typ):
		return e
	}
	return nil
}

// wholeOf is a value as a whole number.
func wholeOf(e sql.Expression) sql.Expression {
	if types.IsSigned(e.Type()) {
		return e
	}
	return castOf(e, types.Int64)
}

// castOf is CAST(e AS typ) for a type of numbers, or e if it is of that type or no number. The library wraps around, and takes what is too large for 0.
func castOf(e sql.Expression, typ sql.Type) sql.Expression {
	number := numberOf(e)
	if number == nil || e.Type() == typ {
		return e
	}
	return &dated{name: "cast as " + typ.String(), typ: typ, arguments: []sql.Expression{number}, value: func(ctx *sql.Context, values []any) (any, error) {
		return cast(values[0], typ)
	}}
}

// castPrefix begins the names of the functions that the parser makes of CAST: they know the type from the beginning.
const castPrefix = "cast as "

// castFunction is CAST for a type of numbers.
func castFunction(name string) (sql.Function, bool) {
	written, ok := strings.CutPrefix(name, castPrefix)
	if !ok {
		return nil, false
	}
	return sql.FunctionN{Name: name, Fn: func(arguments ...sql.Expression) (sql.Expression, error) {
		if strings.HasSuffix(written, "signed") {
			written = "bigint " + written
		}
		typ, err := columnType(written)
		if err == nil && numberOf(arguments[0]) == nil {
			err = unsupported("CAST of such a value AS " + strings.ToUpper(written))
		}
		return castOf(arguments[0], typ), err
	}}, true
}

// newFormat is FORMAT(number, digits), with commas between thousands.
func newFormat(arguments ...sql.Expression) (sql.Expression, error) {
	if len(arguments) == 3 {
		return nil, unsupported("FORMAT for a language")
	}
	if len(arguments) != 2 {
		return nil, sql.ErrInvalidArgumentNumber.New("FORMAT", "2 or 3", len(arguments))
	}
	arguments = []sql.Expression{numberOf(arguments[0]), wholeOf(arguments[1])}
	if arguments[0] == nil {
		return nil, unsupported("FORMAT of such a value")
	}
	return &dated{name: "format", typ: types.CreateLongText(collation), arguments: arguments, value: func(ctx *sql.Context, values []any) (any, error) {
		digits := int32(max(min(count(values[1]), 30), 0))
		rounded := makeCalculation("round", []sql.Expression{expression.NewLiteral(values[0], arguments[0].Type()), expression.NewLiteral(int64(digits), types.Int64)})
		value, err := rounded.Eval(ctx, nil)
		if err != nil {
			return nil, err
		}
		number, isFloat := value.(float64)
		shown := decimal.NewFromFloat(number)
		if !isFloat {
			if shown, err = toDecimal(value); err != nil {
				return nil, err
			}
		}
		whole, fraction, hasFraction := strings.Cut(shown.StringFixed(digits), ".")
		for at := len(whole) - 3; at > len(whole)-len(strings.TrimPrefix(whole, "-")); at -= 3 {
			whole = whole[:at] + "," + whole[at:]
		}
		if hasFraction {
			whole += "." + fraction
		}
		return whole, nil
	}}, nil
}

// newField is FIELD(value, ...): where the first that equals the value is, or 0. All are compared as numbers unless
// all are texts or dates.
func newField(arguments ...sql.Expression) (sql.Expression, error) {
	if len(arguments) < 2 {
		return nil, sql.ErrInvalidArgumentNumber.New("FIELD", "2 or more", len(arguments))
	}
	kinds := map[kind]bool{}
	for _, e := range arguments {
		if e.Type() != types.Null {
			kinds[kindOf(e.Type())] = true
		}
	}
	texts := len(kinds) == 2 && kinds[text] && kinds[temporal]
	var branches []sql.Expression
	for i, e := range arguments {
		switch {
		case texts:
			e = textOf(e)
		case len(kinds) > 1:
			e = castOf(e, types.Float64)
		}
		if numberOf(e) == nil {
			return nil, unsupported("FIELD of such values")
		}
		branches = append(branches, e, expression.NewLiteral(int64(i), types.Int64))
	}
	// The value has no number, and 0 stands for none.
	return makeChoice(caseOf, append(append(branches[:1:1], branches[2:]...), expression.NewLiteral(int64(0), types.Int64))), nil
}

// cast is a value in a type of numbers: the nearest that the type holds.
func cast(value any, typ sql.Type) (any, error) {
	if types.IsFloat(typ) {
		number, err := toFloat(value)
		if typ == types.Float32 {
			return float32(number), err
		}
		return number, err
	}
	decimals, isDecimal := typ.(sql.DecimalType)
	if isDecimal {
		if text, ok := value.(string); ok {
			value = leadingNumber.FindString(text)
		}
		number, err := exactly(value)
		largest := decimal.New(1, int32(decimals.Precision())).Sub(decimal.NewFromInt(1)).Shift(-int32(decimals.Scale()))
		return decimal.Max(decimal.Min(number.Round(int32(decimals.Scale())), largest), largest.Neg()), err
	}
	number, err := wholeNumber(value)
	if err != nil {
		return nil, err
	}
	whole := number.BigInt()
	least, most := decimal.NewFromInt(math.MinInt64), decimal.NewFromInt(math.MaxInt64)
	switch _, rounded := value.(decimal.Decimal); {
	case number.Cmp(least) < 0:
		whole = least.BigInt()
	case whole.IsUint64() && (typ == types.Uint64 || !rounded):
		// The bits of a negative number.
		if typ == types.Int64 {
			return int64(whole.Uint64()), nil
		}
		return whole.Uint64(), nil
	case number.Cmp(most) > 0 && typ == types.Uint64:
		return uint64(math.MaxUint64), nil
	case number.Cmp(most) > 0:
		whole = most.BigInt()
	}
	if typ == types.Uint64 {
		return uint64(whole.Int64()), nil
	}
	return whole.Int64(), nil
}

// leadingWhole is the whole number with which a text begins.
var leadingWhole = regexp.MustCompile(`^[ \t\r\n]*[+-]?\d+`)

// wholeNumber is a value rounded, or the whole number with which a text begins.
func wholeNumber(value any) (decimal.Decimal, error) {
	switch value := value.(type) {
	case string:
		return exactly(leadingWhole.FindString(value))
	case float64:
		if math.Abs(value) >= math.MaxInt64 {
			return decimal.NewFromInt(map[bool]int64{true: math.MaxInt64, false: math.MinInt64}[value > 0]), nil
		}
		return decimal.NewFromFloat(math.RoundToEven(value)), nil
	}
	number, err := exactly(value)
	return number.Round(0), err
}

// exactly is a value as an exact number, 0 for an empty text. No type holds larger exponents than 400.
func exactly(value any) (decimal.Decimal, error) {
	text, ok := value.(string)
	if text = strings.TrimSpace(text); !ok || text == "" {
		if ok {
			value = int64(0)
		}
		return toDecimal(value)
	}
	return decimal.NewFromString(bounded(text))
}
