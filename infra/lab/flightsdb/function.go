package flightsdb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/expression/function"
	"github.com/dolthub/go-mysql-server/sql/types"
)

var _ sql.FunctionProvider = (*database)(nil)

// Function implements sql.FunctionProvider: the functions that differ from the library's own. They reach no file on
// the host, and make no text longer than a packet; the library would make gigabytes of it.
func (db *database) Function(ctx *sql.Context, name string) (sql.Function, bool) {
	name = strings.ToLower(name)
	if name == "load_file" {
		return sql.Function1{Name: name, Fn: func(sql.Expression) sql.Expression {
			return expression.NewLiteral(nil, types.LongBlob)
		}}, true
	}
	if own, ok := ownFunctions[name]; ok {
		return own, true
	}
	if own, ok := ownAggregates[name]; ok {
		return own, true
	}
	if cast, ok := castFunction(name); ok {
		return cast, true
	}
	if operator, ok := strings.CutPrefix(name, calculationPrefix); ok {
		return sql.Function2{Name: name, Fn: func(left, right sql.Expression) sql.Expression { return newOperation(operator, left, right) }}, true
	}
	if name == "session_user" || name == "system_user" {
		return db.functions.Function(ctx, "user")
	}
	original, ok := db.functions.Function(ctx, name)
	if !ok {
		return nil, false
	}
	if _, ok := calculations[name]; ok {
		return preferred(original, func(arguments []sql.Expression) (sql.Expression, bool) { return newCalculation(name, arguments...) }), true
	}
	if _, ok := choices[name]; ok {
		return preferred(original, func(arguments []sql.Expression) (sql.Expression, bool) { return newChoice(name, arguments...) }), true
	}
	length, isLong := textLengths[name]
	if coercions[name] == "" && !isLong {
		return nil, false
	}
	return sql.FunctionN{Name: name, Fn: func(arguments ...sql.Expression) (sql.Expression, error) {
		arguments, err := coerced(name, arguments)
		if err != nil {
			return nil, err
		}
		made, err := original.NewInstance(arguments)
		if err != nil {
			return nil, err
		}
		if isLong {
			return &shortText{newCollated(made), name, length}, nil
		}
		if collatedFunctions[name] {
			return newCollated(made), nil
		}
		return made, nil
	}}, true
}

// preferred is a function that leaves to the original what own does not take.
func preferred(original sql.Function, own func(arguments []sql.Expression) (sql.Expression, bool)) sql.Function {
	return sql.FunctionN{Name: original.FunctionName(), Fn: func(arguments ...sql.Expression) (sql.Expression, error) {
		if made, ok := own(arguments); ok {
			return made, nil
		}
		name := original.FunctionName()
		if limits, isCalculation := calculations[name]; name == "greatest" || name == "least" || isCalculation && len(arguments) >= limits[0] && len(arguments) <= limits[1] {
			return nil, unsupported("The function " + strings.ToUpper(name) + " of such values")
		}
		return original.NewInstance(arguments)
	}}
}

// ownFunctions are the functions for which the library gives other values than MySQL.
var ownFunctions = map[string]sql.Function{
	"instr":        sql.Function2{Name: "instr", Fn: newInstr},
	"locate":       sql.FunctionN{Name: "locate", Fn: newLocate("locate")},
	"rand":         sql.FunctionN{Name: "rand", Fn: newRand},
	"position":     sql.FunctionN{Name: "position", Fn: newLocate("position")},
	"adddate":      sql.FunctionN{Name: "adddate", Fn: newDateAdd(1)},
	"curdate":      sql.Function0{Name: "curdate", Fn: newCurrentDate},
	"current_date": sql.Function0{Name: "current_date", Fn: newCurrentDate},
	"date_add":     sql.FunctionN{Name: "date_add", Fn: newDateAdd(1)},
	"date_sub":     sql.FunctionN{Name: "date_sub", Fn: newDateAdd(-1)},
	"subdate":      sql.FunctionN{Name: "subdate", Fn: newDateAdd(-1)},
	"str_to_date":  sql.Function2{Name: "str_to_date", Fn: newStrToDate},
	"date":         sql.Function1{Name: "date", Fn: newDay},
	"datediff":     sql.Function2{Name: "datediff", Fn: newDateDiff},
	"datetime":     sql.FunctionN{Name: "datetime", Fn: newTimestamp},
	"field":        sql.FunctionN{Name: "field", Fn: newField},
	"format":       sql.FunctionN{Name: "format", Fn: newFormat},
	"hour":         sql.Function1{Name: "hour", Fn: func(e sql.Expression) sql.Expression { return newClockPart("hour", e) }},
	"json_value": sql.FunctionN{Name: "json_value", Fn: func(...sql.Expression) (sql.Expression, error) {
		return nil, unsupported("The function JSON_VALUE")
	}},
	"microsecond": sql.Function1{Name: "microsecond", Fn: func(e sql.Expression) sql.Expression { return newClockPart("microsecond", e) }},
	"minute":      sql.Function1{Name: "minute", Fn: func(e sql.Expression) sql.Expression { return newClockPart("minute", e) }},
	"second":      sql.Function1{Name: "second", Fn: func(e sql.Expression) sql.Expression { return newClockPart("second", e) }},
	"time":        sql.Function1{Name: "time", Fn: newTime},
	"time_format": sql.Function2{Name: "time_format", Fn: newTimeFormat},
	"time_to_sec": sql.Function1{Name: "time_to_sec", Fn: newTimeToSec},
	"timediff":    sql.Function2{Name: "timediff", Fn: newTimeDiff},
	"timestamp":   sql.FunctionN{Name: "timestamp", Fn: newTimestamp},
	"truncate":    sql.FunctionN{Name: "truncate", Fn: newTruncate},
	"week":        sql.FunctionN{Name: "week", Fn: newWeek},
}

// newRand refuses a seed: the library makes other numbers of it.
func newRand(arguments ...sql.Expression) (sql.Expression, error) {
	if len(arguments) > 0 {
		return nil, unsupported("RAND with a seed")
	}
	return function.NewRand()
}

// textLengths are the longest texts that functions make from their arguments: functions that a few words can ask for
// gigabytes, and functions that double their arguments.
var textLengths = map[string]func(arguments []any) float64{
	"repeat":          func(a []any) float64 { return length(a[0]) * count(a[1]) },
	"space":           func(a []any) float64 { return count(a[0]) },
	"lpad":            func(a []any) float64 { return count(a[1]) },
	"rpad":            func(a []any) float64 { return count(a[1]) },
	"concat":          lengths,
	"concat_ws":       func(a []any) float64 { return lengths(a) + length(a[0])*float64(len(a)) },
	"replace":         func(a []any) float64 { return length(a[0]) * max(1, length(a[2])) },
	"regexp_replace":  func(a []any) float64 { return (length(a[0]) + 1) * max(1, length(a[2])) },
	"substring_index": func(a []any) float64 { return length(a[0]) },
	"hex":             func(a []any) float64 { return 2 * length(a[0]) },
	"to_base64":       func(a []any) float64 { return 2 * length(a[0]) },
	"quote":           func(a []any) float64 { return 2 * length(a[0]) },
	"json_quote":      func(a []any) float64 { return 2 * length(a[0]) },
	"export_set":      func(a []any) float64 { return 64 * lengths(a) },
}

// lengths is the sum of the lengths of all arguments.
func lengths(arguments []any) float64 {
	sum := 0.0
	for _, argument := range arguments {
		sum += length(argument)
	}
	return sum
}

// length is how many bytes a value has as a text, at most.
func length(value any) float64 {
	switch value := value.(type) {
	case nil:
		return 0
	case string:
		return float64(len(value))
	case []byte:
		return float64(len(value))
	default:
		// The text of a number or a time.
		return 100
	}
}

// sizeOf is how many bytes a value takes: a JSON document may hold the same part many times.
func sizeOf(value any) float64 {
	left := maxPacket
	countParts(value, &left)
	return float64(maxPacket - left)
}

func countParts(value any, left *int) {
	switch value := value.(type) {
	case string:
		*left -= len(value)
	case []byte:
		*left -= len(value)
	case types.JSONDocument:
		countParts(value.Val, left)
	case []any:
		for _, part := range value {
			if *left < 0 {
				return
			}
			countParts(part, left)
		}
	case map[string]any:
		for name, part := range value {
			if *left < 0 {
				return
			}
			*left -= len(name)
			countParts(part, left)
		}
	}
	*left -= 16
}

// count is a value as a number; 0 if it is not one.
func count(value any) float64 {
	number, err := toFloat(value)
	if err != nil {
		return 0
	}
	return number
}

// shortText is a function that makes a text, or NULL if the text would be longer than a packet, as in MySQL.
type shortText struct {
	*collated
	name   string
	length func(arguments []any) float64
}

// WithChildren implements sql.Expression.
func (s *shortText) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	made, err := s.Expression.WithChildren(children...)
	if err != nil {
		return nil, err
	}
	return &shortText{newCollated(made), s.name, s.length}, nil
}

// IsNullable implements sql.Expression.
func (s *shortText) IsNullable() bool { return true }

// Eval implements sql.Expression. Each argument is evaluated once: nested functions would take exponential time.
func (s *shortText) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	children := s.Children()
	values, literals := make([]any, len(children)), make([]sql.Expression, len(children))
	for i, child := range children {
		value, err := child.Eval(ctx, row)
		if err != nil {
			return nil, err
		}
		values[i], literals[i] = value, expression.NewLiteral(value, child.Type())
	}
	if s.length(values) > maxPacket {
		ctx.Warn(1301, "Result of %s was larger than max_allowed_packet (%d) - truncated", s.Expression, maxPacket)
		return nil, nil
	}
	if own, ok, err := ownText(ctx, s.name, values); ok || err != nil {
		return own, err
	}
	evaluated, err := s.Expression.WithChildren(literals...)
	if err != nil {
		return nil, err
	}
	return evaluated.Eval(ctx, row)
}

// ownText is the text of the functions for which the library fails: a text repeated less than never or padded to less than nothing, parts between nothing, blanks one by one, or a text padded to a number of
// letters, where the library counts bytes. For others, ok is false.
func ownText(ctx *sql.Context, name string, values []any) (own any, ok bool, err error) {
	if slices.Contains(values, nil) {
		// The text of NULL is a word.
		return "NULL", name == "quote", nil
	}
	switch name {
	case "repeat":
		return "", count(values[1]) < 0, nil
	case "space":
		return strings.Repeat(" ", max(0, int(count(values[0])))), true, nil
	case "substring_index":
		delimiter, err := toText(ctx, values[1])
		return "", delimiter == "", err
	case "lpad", "rpad":
	default:
		return "", false, nil
	}
	text, err := toText(ctx, values[0])
	if err != nil {
		return "", false, err
	}
	padding, err := toText(ctx, values[2])
	size := int(count(values[1]))
	if size < 0 {
		return nil, true, err
	}
	if err != nil || padding == "" {
		return "", false, err
	}
	letters := []rune(text)
	if len(letters) >= size {
		return string(letters[:size]), true, nil
	}
	missing := size - len(letters)
	pad := []rune(strings.Repeat(padding, missing/len([]rune(padding))+1))[:missing]
	if name == "lpad" {
		return string(pad) + text, true, nil
	}
	return text + string(pad), true, nil
}

// toText is a value as a text.
func toText(ctx *sql.Context, value any) (string, error) {
	converted, _, err := types.LongText.Convert(ctx, value)
	if err != nil {
		return "", err
	}
	text, _, err := sql.Unwrap[string](ctx, converted)
	return text, err
}

// momentsAsTexts makes texts of the dates and times among the values of a choice that has others as well. A choice between dates and times is refused.
func momentsAsTexts(values []sql.Expression) []sql.Expression {
	all, found := slices.Clone(values), map[string]bool{}
	for i, value := range values {
		typ := value.Type()
		if isMoment := kindOf(typ) == temporal || typ == types.Time; isMoment {
			all[i] = &dated{name: "text", typ: types.CreateLongText(collation), arguments: []sql.Expression{textOf(value)}, value: func(_ *sql.Context, values []any) (any, error) {
				if len(found) > 1 && !found["other"] {
					return nil, unsupported("A choice between dates and times")
				}
				return values[0], nil
			}}
			found[fmt.Sprint(types.IsDateType(typ), typ == types.Time)] = true
		} else if typ != types.Null {
			found["other"] = true
		}
	}
	if len(found) == 1 {
		return values
	}
	return all
}

// wrapper is an expression around another, whose value it changes. The other may be a column, whose place in the row the library changes.
type wrapper struct{ sql.Expression }

// Children implements sql.Expression.
func (w wrapper) Children() []sql.Expression { return []sql.Expression{w.Expression} }

// CollationCoercibility implements sql.CollationCoercible.
func (w wrapper) CollationCoercibility(ctx *sql.Context) (sql.CollationID, byte) {
	return sql.GetCoercibility(ctx, w.Expression)
}
