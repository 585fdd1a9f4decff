package flightsdb

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/expression/function"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// largestTime is 838:59:59 in microseconds: no time is longer.
const largestTime = int64(838*3600+59*60+59) * 1e6

// clock matches days, hours, minutes and seconds, or their digits without colons.
var clock = regexp.MustCompile(`^\s*(-?)(?:(?:(\d{1,2})\s+)?(\d{1,4}):(\d\d?)(?::(\d\d?))?|(\d{1,2})\s+(\d{1,2})|(\d{1,7}))(?:\.(\d{1,6})\d*)?`)

// clockOf is a value as a time, or as a day with one since 1970, in microseconds. MySQL reads a text that is too short for a day and a time as a time alone; the library as a
// day. It is not ok for what is no time.
func clockOf(ctx *sql.Context, e sql.Expression, value any) (micros int64, ok bool, err error) {
	if isMoment(e, value) {
		at, _, ok, err := moment(ctx, value)
		return at.UnixMicro(), ok, err
	}
	if span, ok := value.(types.Timespan); ok {
		return span.AsMicroseconds(), true, nil
	}
	written, err := toText(ctx, value)
	if err != nil {
		return 0, false, err
	}
	match := clock.FindStringSubmatch(written)
	if _, isText := value.(string); !isText && (match == nil || len(match[0]) != len(written)) {
		return 0, false, unsupported("Such a number as a time")
	}
	if match == nil {
		ctx.Warn(1292, "Truncated incorrect time value: '%.100s'", written)
		return 0, false, nil
	}
	part := func(at int) int64 {
		number, _ := strconv.ParseInt(match[at], 10, 64)
		return number
	}
	hours, minutes, seconds := part(2)*24+part(3)+part(6)*24+part(7), part(4), part(5)
	if packed := part(8); packed > 0 {
		hours, minutes, seconds = packed/10000, packed/100%100, packed%100
	}
	fraction, _ := strconv.ParseInt((match[9] + "000000")[:6], 10, 64)
	micros = min((hours*3600+minutes*60+seconds)*1e6+fraction, largestTime)
	if match[1] == "-" {
		micros = -micros
	}
	return micros, minutes < 60 && seconds < 60, nil
}

// isMoment tells whether a value is a day with a time, or a text long enough for one.
func isMoment(e sql.Expression, value any) bool {
	written, _ := value.(string)
	_, isTime := value.(time.Time)
	return isTime || isShift(e) || kindOf(e.Type()) == temporal || len(written) >= len("2000-01-01 0") && !strings.Contains(written[:3], ":")
}

// newClock is a function of a time with values of that type.
func newClock(name string, typ sql.Type, e sql.Expression, of func(micros int64) (any, error)) sql.Expression {
	return &dated{name: name, typ: typ, arguments: []sql.Expression{e}, value: func(ctx *sql.Context, values []any) (any, error) {
		micros, ok, err := clockOf(ctx, e, values[0])
		if err != nil || !ok {
			return nil, err
		}
		if isMoment(e, values[0]) {
			micros = (micros%86400e6 + 86400e6) % 86400e6
		}
		return of(micros)
	}}
}

// clockUnits are the parts of a time, and how many of each are in the one before as digits count.
var (
	clockUnits = []string{"HOUR", "MINUTE", "SECOND", "MICROSECOND"}
	clockSizes = []int64{3600e6, 60e6, 1e6, 1}
)

// newClockPart is EXTRACT(unit FROM time), for units within a day, and HOUR, MINUTE, SECOND and MICROSECOND. It is nil for other units.
func newClockPart(unit string, e sql.Expression) sql.Expression {
	first, last, isRange := strings.Cut(strings.ToUpper(unit), "_")
	if !isRange {
		last = first
	}
	from, to := slices.Index(clockUnits, first), slices.Index(clockUnits, last)
	if from < 0 || to < 0 {
		return nil
	}
	return newClock(strings.ToLower(unit), types.Int64, e, func(micros int64) (any, error) {
		number, rest := int64(0), max(micros, -micros)
		for i, size := range clockSizes {
			if i >= from && i <= to {
				number = number*map[bool]int64{true: 1e6, false: 100}[i == 3] + rest/size
			}
			rest %= size
		}
		if micros < 0 && isRange {
			number = -number
		}
		return number, nil
	})
}

// newTime is TIME(e), and CAST(e AS TIME).
func newTime(e sql.Expression) sql.Expression { return newClock("time", types.Time, e, timespan) }

// newTimeToSec is TIME_TO_SEC(e).
func newTimeToSec(e sql.Expression) sql.Expression {
	return newClock("time_to_sec", types.Int64, e, func(micros int64) (any, error) { return micros / 1e6, nil })
}

// dayUnits are what TIME_FORMAT writes of a day, which a time does not have.
var dayUnits = regexp.MustCompile(`^(?:%[^a-ejmuvwxyDMUVWXY]|[^%])*%[a-ejmuvwxyDMUVWXY]`)

// newTimeFormat is TIME_FORMAT(e, format).
func newTimeFormat(e, format sql.Expression) sql.Expression {
	return &dated{name: "time_format", typ: types.CreateLongText(collation), arguments: []sql.Expression{newTime(e), textOf(format)}, value: func(ctx *sql.Context, values []any) (any, error) {
		layout, err := toText(ctx, values[1])
		if err != nil || layout == "" {
			return nil, err
		}
		if dayUnits.MatchString(layout) {
			return nil, unsupported("A day in TIME_FORMAT")
		}
		return function.NewTimeFormat(expression.NewLiteral(values[0], types.Time), expression.NewLiteral(layout, types.LongText)).Eval(ctx, nil)
	}}
}

// newTimestamp is TIMESTAMP(date) and TIMESTAMP(date, time).
func newTimestamp(arguments ...sql.Expression) (sql.Expression, error) {
	if len(arguments) < 1 || len(arguments) > 2 {
		return nil, sql.ErrInvalidArgumentNumber.New("TIMESTAMP", "1 or 2", len(arguments))
	}
	return &dated{name: "timestamp", typ: types.DatetimeMaxPrecision, arguments: arguments, value: func(ctx *sql.Context, values []any) (any, error) {
		at, _, ok, err := moment(ctx, values[0])
		if err != nil || !ok {
			return nil, err
		}
		if len(values) == 1 {
			return at, nil
		}
		if isMoment(arguments[1], values[1]) {
			return nil, nil
		}
		micros, ok, err := clockOf(ctx, arguments[1], values[1])
		if err != nil || !ok {
			return nil, err
		}
		return at.Add(time.Duration(micros) * time.Microsecond), nil
	}}, nil
}

// newTimeDiff is TIMEDIFF, of two times, or of two days with times: NULL for one of each.
func newTimeDiff(a, b sql.Expression) sql.Expression {
	return &dated{name: "timediff", typ: types.Time, arguments: []sql.Expression{a, b}, value: func(ctx *sql.Context, values []any) (any, error) {
		if types.IsDateType(a.Type()) || types.IsDateType(b.Type()) {
			return nil, unsupported("TIMEDIFF of a day")
		}
		if isMoment(a, values[0]) != isMoment(b, values[1]) {
			return nil, nil
		}
		from, ok, err := clockOf(ctx, b, values[1])
		if err != nil || !ok {
			return nil, err
		}
		to, ok, err := clockOf(ctx, a, values[0])
		if err != nil || !ok {
			return nil, err
		}
		return timespan(to - from)
	}}
}

// timespan is a time of that many microseconds.
func timespan(micros int64) (any, error) {
	if micros%1e6 != 0 {
		return nil, unsupported("A part of a second in a time")
	}
	return types.Timespan(max(min(micros, largestTime), -largestTime)), nil
}
