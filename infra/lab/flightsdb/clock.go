package flightsdb

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// clockFunctions read the time of the day. MySQL reads a text that is too short for a day and a time as a time alone; the library as a day.
var clockFunctions = map[string]bool{"hour": true, "minute": true, "second": true, "time": true, "time_to_sec": true}

// clockText is the time in a text, on some day.
type clockText struct{ wrapper }

// clock matches hours, minutes and seconds, or their digits without colons.
var clock = regexp.MustCompile(`^\s*(?:(\d{1,3}):(\d\d?)(?::(\d\d?))?|(\d{1,7}))`)

// Eval implements sql.Expression. It is NULL for what is no time.
func (c *clockText) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	value, err := c.Expression.Eval(ctx, row)
	if err != nil || value == nil {
		return nil, err
	}
	text, err := toText(ctx, value)
	if err != nil || len(text) >= len("2000-01-01 0") {
		return text, err
	}
	match := clock.FindStringSubmatch(text)
	if match == nil {
		return nil, nil
	}
	var parts [3]int
	for i := range parts {
		parts[i], _ = strconv.Atoi(match[1+i])
	}
	if digits, err := strconv.Atoi(match[4]); err == nil {
		parts = [3]int{digits / 10000, digits / 100 % 100, digits % 100}
	}
	switch {
	case parts[1] > 59 || parts[2] > 59:
		return nil, nil
	case parts[0] > 23:
		return nil, unsupported("A time of more than a day")
	}
	return fmt.Sprintf("2000-01-01 %02d:%02d:%02d", parts[0], parts[1], parts[2]), nil
}

// Type implements sql.Expression.
func (*clockText) Type() sql.Type { return types.CreateLongText(collation) }

// WithChildren implements sql.Expression.
func (*clockText) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	return &clockText{wrapper{children[0]}}, nil
}
