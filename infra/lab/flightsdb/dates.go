package flightsdb

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/expression/function"
	"github.com/dolthub/go-mysql-server/sql/planbuilder/dateparse"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// dated is a function, of dates for the most part, with the values of MySQL: NULL if an argument is. The library's own count weeks, months and
// years in other ways, and take neither the number 20240229 nor the text 24-2-29 for a date.
type dated struct {
	name      string
	typ       sql.Type
	arguments []sql.Expression
	// value is the function's; no argument is NULL.
	value func(ctx *sql.Context, values []any) (any, error)
}

var (
	_ sql.FunctionExpression = (*dated)(nil)
	_ sql.CollationCoercible = (*dated)(nil)
)

// Eval implements sql.Expression.
func (d *dated) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	values, isNull, err := valuesOf(ctx, row, d.arguments)
	if isNull || err != nil {
		return nil, err
	}
	return d.value(ctx, values)
}

// Type implements sql.Expression.
func (d *dated) Type() sql.Type       { return d.typ }
func (d *dated) FunctionName() string { return d.name }
func (d *dated) Description() string  { return "calculates with dates." }
func (d *dated) IsNullable() bool     { return true }

// String implements sql.Expression. What only reads an argument does not show in the name of a column.
func (d *dated) String() string {
	if d.name == "moment" || d.name == "truth" || d.name == "text" {
		return d.arguments[0].String()
	}
	return d.name + list(d.arguments)
}

// CollationCoercibility implements sql.CollationCoercible.
func (d *dated) CollationCoercibility(*sql.Context) (sql.CollationID, byte) {
	if types.IsText(d.typ) {
		return collation, 4
	}
	return sql.Collation_binary, 5
}

// Resolved implements sql.Expression.
func (d *dated) Resolved() bool { return expression.ExpressionsResolved(d.arguments...) }

// Children implements sql.Expression.
func (d *dated) Children() []sql.Expression { return d.arguments }

// WithChildren implements sql.Expression.
func (d *dated) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	changed := *d
	changed.arguments = children
	return &changed, nil
}

// isWritten tells whether a value is a text or a number, as people write dates.
func isWritten(e sql.Expression) bool {
	if made, ok := e.(*dated); ok && made.name == "moment" {
		return false
	}
	switch kindOf(e.Type()) {
	case text, exact, float:
		return true
	}
	return false
}

// momentOf is a text or a number as the text of a date, or of a date and a time, as the library writes them: NULL if it is none.
func momentOf(e sql.Expression) sql.Expression {
	if !isWritten(e) {
		return e
	}
	return &dated{name: "moment", typ: types.CreateLongText(collation), arguments: []sql.Expression{e}, value: func(ctx *sql.Context, values []any) (any, error) {
		at, isDay, ok, err := moment(ctx, values[0])
		if err != nil || !ok {
			return nil, err
		}
		return momentText(at, isDay), nil
	}}
}

// momentText is a date, or a date and a time, as a text.
func momentText(at time.Time, isDay bool) string {
	if isDay {
		return at.Format(time.DateOnly)
	}
	return at.Format("2006-01-02 15:04:05.999999")
}

// parted and packed match a date, and perhaps a time, with signs between the parts, and without.
var (
	parted = regexp.MustCompile(`^\s*(\d{1,4})[^\w\s](\d{1,2})[^\w\s](\d{1,2})(?:[T\s]+(\d{1,2})(?:[^\w\s](\d{1,2})(?:[^\w\s](\d{1,2})(?:\.(\d{1,6})\d*)?)?)?)?(\s*[+-]\d\d:\d\d)?`)
	packed = regexp.MustCompile(`^\s*(\d\d|\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)(?:\.(\d{1,6})\d*)?)?(?:\.\d*)?\s*$`)
)

// moment reads a value as a date, or as a date and a time. It is not ok, with a warning, for a value that is neither.
func moment(ctx *sql.Context, value any) (at time.Time, isDay, ok bool, err error) {
	switch value := value.(type) {
	case time.Time:
		return value, false, true, nil
	case types.Timespan:
		return at, false, false, unsupported("A time of the day as a date")
	}
	written, err := toText(ctx, value)
	if err != nil {
		return at, false, false, err
	}
	shown := written
	_, isText := value.(string)
	if whole, fraction, _ := strings.Cut(written, "."); !isText && len(whole) > 2 && len(whole) < 14 {
		// A number lacks zeros at its beginning.
		length := map[bool]int{len(whole) <= 6: 6, len(whole) == 7 || len(whole) == 8: 8, len(whole) > 8 && len(whole) <= 12: 12, len(whole) == 13: 14}[true]
		written = strings.Repeat("0", length-len(whole)) + whole + "." + fraction
	}
	if at, isDay, ok, err = readMoment(written); err == nil && !ok {
		ctx.Warn(1292, "Incorrect datetime value: '%.100s'", shown)
	}
	return at, isDay, ok, err
}

// readMoment reads a text. The error is for one that this server cannot read.
func readMoment(written string) (at time.Time, isDay, ok bool, err error) {
	match := parted.FindStringSubmatch(written)
	if match == nil {
		match = packed.FindStringSubmatch(written)
	}
	if match == nil {
		return at, false, false, nil
	}
	var parts [6]int
	for i := range parts {
		parts[i], _ = strconv.Atoi(match[1+i])
	}
	if len(match[1]) <= 2 {
		parts[0] += map[bool]int{true: 2000, false: 1900}[parts[0] < 70]
	}
	micros, _ := strconv.Atoi((match[7] + "000000")[:6])
	at = time.Date(parts[0], time.Month(parts[1]), parts[2], parts[3], parts[4], parts[5], micros*1000, time.UTC)
	switch {
	case len(match) > 8 && match[8] != "":
		return at, false, false, unsupported("A time zone in a text")
	case parts[1] <= 12 && parts[2] <= 31 && (parts[0] == 0 || parts[1] == 0 || parts[2] == 0):
		return at, false, false, unsupported("A date with a year, month or day of zero")
	}
	ok = int(at.Month()) == parts[1] && at.Day() == parts[2] && at.Hour() == parts[3] && at.Minute() == parts[4] && at.Second() == parts[5]
	return at, match[4] == "", ok, nil
}

// newMomentNumber is the number of a date, a time, or both, with which MySQL calculates, such as 20240229.
func newMomentNumber(e sql.Expression) sql.Expression {
	typ := sql.Type(types.Int64)
	if kindOf(e.Type()) == text {
		typ = types.Float64
	}
	return &dated{name: "number", typ: typ, arguments: []sql.Expression{e}, value: func(ctx *sql.Context, values []any) (any, error) {
		number, fraction := int64(0), int64(0)
		if span, ok := values[0].(types.Timespan); ok {
			seconds := span.AsMicroseconds() / 1e6
			number, fraction = seconds/3600*10000+seconds/60%60*100+seconds%60, span.AsMicroseconds()%1e6
		} else {
			at, isDay, ok, err := moment(ctx, values[0])
			if err != nil || !ok {
				return nil, err
			}
			layout := "20060102150405"
			if isDay || types.IsDateType(e.Type()) {
				layout = "20060102"
			}
			number, _ = strconv.ParseInt(at.Format(layout), 10, 64)
			fraction = int64(at.Nanosecond())
		}
		if fraction != 0 {
			return nil, unsupported("A calculation with a part of a second")
		}
		if typ == types.Float64 {
			return float64(number), nil
		}
		return number, nil
	}}
}

// newWeek is WEEK(date, mode).
func newWeek(arguments ...sql.Expression) (sql.Expression, error) {
	if len(arguments) < 1 || len(arguments) > 2 {
		return nil, sql.ErrInvalidArgumentNumber.New("WEEK", "1 or 2", len(arguments))
	}
	arguments, err := coerced("week", arguments)
	if len(arguments) > 1 {
		arguments[1], _ = newChoice("ifnull", arguments[1], expression.NewLiteral(int64(0), types.Int64))
	}
	return &dated{name: "week", typ: types.Int64, arguments: arguments, value: func(ctx *sql.Context, values []any) (any, error) {
		mode := int64(0)
		if len(values) > 1 {
			mode, _ = toInt64(values[1])
		}
		at, _, ok, err := moment(ctx, values[0])
		if err != nil || !ok {
			return nil, err
		}
		return int64(weekOf(at, int(mode)&7)), nil
	}}, err
}

// weekOf is the number of a week as MySQL counts it: mode 1 begins weeks on Monday, 2 counts from 1, and 4 turns around whether the first week
// begins in the year or has most of its days there.
func weekOf(at time.Time, mode int) int {
	begins, fromOne := time.Weekday(mode&1), mode&2 != 0
	whole := mode&4 != 0
	if begins == time.Sunday {
		whole = !whole
	}
	first := func(year int) time.Time {
		newYear := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		into := int(newYear.Weekday()-begins+7) % 7 // Days of the week that lie in the year before.
		if whole && into > 0 || !whole && into >= 4 {
			into -= 7
		}
		return newYear.AddDate(0, 0, -into)
	}
	day := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
	start := first(at.Year())
	switch {
	case day.Before(start) && !fromOne:
		return 0
	case day.Before(start):
		start = first(at.Year() - 1)
	case fromOne && !day.Before(first(at.Year()+1)):
		return 1
	}
	return int(day.Sub(start).Hours())/24/7 + 1
}

// newCurrentDate is CURDATE(), which the library makes a text.
func newCurrentDate() sql.Expression {
	return &dated{name: "curdate", typ: types.Date, arguments: []sql.Expression{function.NewCurrDate()}, value: func(ctx *sql.Context, values []any) (any, error) {
		at, _, _, err := moment(ctx, values[0])
		return at, err
	}}
}

// newDateDiff is DATEDIFF.
func newDateDiff(a, b sql.Expression) sql.Expression {
	// The library's ends at 292 years.
	return newDifference("DAY", newDay(b), newDay(a))
}

// newDay is DATE(e).
func newDay(e sql.Expression) sql.Expression {
	return &dated{name: "date", typ: types.Date, arguments: []sql.Expression{e}, value: func(ctx *sql.Context, values []any) (any, error) {
		if e.Type() == types.Time {
			return nil, unsupported("A time of the day as a date")
		}
		at, _, ok, err := moment(ctx, values[0])
		if err != nil || !ok {
			return nil, err
		}
		return at.Truncate(24 * time.Hour), nil
	}}
}

// newDifference is TIMESTAMPDIFF.
func newDifference(unit string, from, to sql.Expression) sql.Expression {
	return &dated{name: "timestampdiff_" + unit, typ: types.Int64, arguments: []sql.Expression{from, to}, value: func(ctx *sql.Context, values []any) (any, error) {
		a, _, ok, err := moment(ctx, values[0])
		if err != nil || !ok {
			return nil, err
		}
		b, _, ok, err := moment(ctx, values[1])
		if err != nil || !ok {
			return nil, err
		}
		sign := int64(1)
		if b.Before(a) {
			a, b, sign = b, a, -1
		}
		months := int64(b.Year()-a.Year())*12 + int64(b.Month()-a.Month())
		inMonth := func(t time.Time) int64 {
			return t.UnixMicro() - time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC).UnixMicro()
		}
		if inMonth(b) < inMonth(a) {
			months--
		}
		switch unit {
		case "YEAR":
			return sign * (months / 12), nil
		case "QUARTER":
			return sign * (months / 3), nil
		case "MONTH":
			return sign * months, nil
		}
		micros, ok := map[string]int64{"WEEK": 7 * 86400e6, "DAY": 86400e6, "HOUR": 3600e6, "MINUTE": 60e6, "SECOND": 1e6, "MICROSECOND": 1}[unit]
		if !ok {
			return nil, unsupported("TIMESTAMPDIFF in " + unit)
		}
		return sign * ((b.UnixMicro() - a.UnixMicro()) / micros), nil
	}}
}

// newShift is a date with an interval added, or taken off if sign is -1; nil leaves it to the library.
func newShift(date sql.Expression, interval *expression.Interval, sign int64) sql.Expression {
	amount, isDay := interval.Child, types.IsDateType(date.Type())
	onlyDays := map[string]bool{"YEAR": true, "QUARTER": true, "MONTH": true, "WEEK": true, "DAY": true, "YEAR_MONTH": true}[interval.Unit]
	typ := sql.Type(types.CreateLongText(collation))
	switch kindOf(date.Type()) {
	case temporal:
		typ = types.DatetimeMaxPrecision
		if isDay && onlyDays {
			typ = types.Date
		}
	case text, exact, float:
	default:
		if date.Type() != types.Time {
			return nil
		}
	}
	// MySQL shows parts of a second after any interval of seconds that is no whole number.
	ofParts := interval.Unit == "SECOND" && !types.IsInteger(amount.Type())
	name := fmt.Sprintf("shift_%s_%d", interval.Unit, sign)
	return &dated{name: name, typ: typ, arguments: []sql.Expression{date, amount}, value: func(ctx *sql.Context, values []any) (any, error) {
		at, isWritten, ok, err := moment(ctx, values[0])
		if err != nil || !ok {
			return nil, err
		}
		if !strings.Contains(interval.Unit, "_") {
			number, err := toFloat(values[1])
			if err != nil {
				return nil, err
			}
			if ofParts {
				return nil, unsupported("A part of a second in an interval")
			}
			if math.Abs(number) > 1e15 {
				return nil, nil
			}
			values[1] = int64(math.Round(number))
		}
		delta, err := expression.NewInterval(expression.NewLiteral(values[1], types.LongText), interval.Unit).EvalDelta(ctx, nil)
		if err != nil || delta == nil {
			return nil, err
		}
		shifted, ok := shift(at, delta, sign)
		if !ok {
			ctx.Warn(1441, "Datetime function: datetime field overflow")
			return nil, nil
		}
		if kindOf(date.Type()) != temporal {
			return momentText(shifted, isWritten && onlyDays), nil
		}
		return shifted, nil
	}}
}

// isShift tells whether an expression is a date with an interval added. That of a text is a text, but calculates as a date.
func isShift(e sql.Expression) bool {
	made, ok := e.(*dated)
	return ok && strings.HasPrefix(made.name, "shift_")
}

// newDateAdd makes DATE_ADD, or DATE_SUB if sign is -1. The interval may be a number of days.
func newDateAdd(sign int64) func(...sql.Expression) (sql.Expression, error) {
	return func(arguments ...sql.Expression) (sql.Expression, error) {
		if len(arguments) != 2 {
			return nil, sql.ErrInvalidArgumentNumber.New("DATE_ADD", 2, len(arguments))
		}
		interval, ok := arguments[1].(*expression.Interval)
		if !ok {
			interval = expression.NewInterval(arguments[1], "DAY")
		}
		if made := newShift(arguments[0], interval, sign); made != nil {
			return made, nil
		}
		if sign < 0 {
			return function.NewDateSub(arguments[0], interval)
		}
		return function.NewDateAdd(arguments[0], interval)
	}
}

// shift adds the interval, sign times; it is not ok beyond the years from 1 to 9999. A month that has no such day ends with its last.
func shift(at time.Time, delta *expression.TimeDelta, sign int64) (time.Time, bool) {
	seconds := delta.Hours*3600 + delta.Minutes*60 + delta.Seconds + delta.Microseconds/1e6
	months, days := sign*(delta.Years*12+delta.Months), sign*(delta.Days+seconds/86400)
	if max(months, -months) > 12*9999 || max(days, -days) > 366*9999 {
		return at, false
	}
	if months != 0 {
		day := at.Day()
		at = at.AddDate(0, int(months), 1-day)
		at = at.AddDate(0, 0, min(day, at.AddDate(0, 1, -1).Day())-1)
	}
	at = at.AddDate(0, 0, int(days)).Add(time.Duration(sign*(seconds%86400))*time.Second + time.Duration(sign*(delta.Microseconds%1e6))*time.Microsecond)
	return at, at.Year() >= 1 && at.Year() <= 9999
}

// blanks and zeros match what STR_TO_DATE reads as well as what DATE_FORMAT writes.
var blanksAndZeros = regexp.MustCompile(`\s+|\b0+`)

// newStrToDate is STR_TO_DATE for the texts that the library reads correctly: written in the same format again, the date is the text.
func newStrToDate(written, format sql.Expression) sql.Expression {
	typ := function.NewStrToDate(written, format).Type()
	return &dated{name: "str_to_date", typ: typ, arguments: []sql.Expression{written, format}, value: func(ctx *sql.Context, values []any) (any, error) {
		from, err := toText(ctx, values[0])
		if err != nil {
			return nil, err
		}
		layout, err := toText(ctx, values[1])
		if err != nil {
			return nil, err
		}
		parsed, err := dateparse.ParseDateWithFormat(from, layout)
		at, ok := parsed.(time.Time)
		if err != nil || !ok {
			ctx.Warn(1411, "Incorrect datetime value: '%.100s' for function str_to_date", from)
			return nil, nil
		}
		isDay, _, err := dateparse.HasDateOrTime(layout)
		if err != nil || strings.Contains(layout, "%f") || isDay && at.Year() < 100 {
			return nil, unsupported("Such a text of a date")
		}
		if !isDay {
			at = time.Date(2000, 1, 1, at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
		}
		again, err := function.NewDateFormat(expression.NewLiteral(at, types.DatetimeMaxPrecision), expression.NewLiteral(layout, types.LongText)).Eval(ctx, nil)
		if err != nil {
			return nil, err
		}
		plain := func(text string) string { return strings.ToLower(blanksAndZeros.ReplaceAllString(text, "")) }
		if !strings.HasPrefix(plain(from), plain(fmt.Sprint(again))) {
			return nil, unsupported("Such a text of a date")
		}
		return at, nil
	}}
}
