package flightsdb

import (
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/expression/function"
	"github.com/dolthub/go-mysql-server/sql/types"
)

var _ sql.FunctionProvider = (*database)(nil)

// Function implements sql.FunctionProvider: the functions that differ from the library's own. They reach no file of the
// host, and make no text longer than a packet, of which the library would make gigabytes.
func (db *database) Function(_ *sql.Context, name string) (sql.Function, bool) {
	switch strings.ToLower(name) {
	case "load_file":
		return sql.Function1{Name: name, Fn: func(sql.Expression) sql.Expression {
			return expression.NewLiteral(nil, types.LongBlob)
		}}, true
	case "repeat":
		return sql.Function2{Name: name, Fn: func(text, count sql.Expression) sql.Expression {
			return newShortText(function.NewRepeat(text, count), 1, 0)
		}}, true
	case "space":
		return sql.Function1{Name: name, Fn: func(count sql.Expression) sql.Expression {
			return newShortText(function.NewSpace(count), 0, -1)
		}}, true
	case "lpad", "rpad":
		return sql.FunctionN{Name: name, Fn: func(arguments ...sql.Expression) (sql.Expression, error) {
			pad := function.NewLeftPad
			if strings.EqualFold(name, "rpad") {
				pad = function.NewRightPad
			}
			made, err := pad(arguments...)
			if err != nil {
				return nil, err
			}
			return newShortText(made, 1, -1), nil
		}}, true
	}
	return nil, false
}

// shortText is a function that makes a text, or NULL where the text would be longer than a packet, as in MySQL.
type shortText struct {
	sql.Expression
	// count is the argument that says how long the text is: in units of the argument unit, or in letters when that is -1.
	count, unit int
}

func newShortText(made sql.Expression, count, unit int) sql.Expression {
	return &shortText{made, count, unit}
}

// WithChildren implements sql.Expression.
func (s *shortText) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	made, err := s.Expression.WithChildren(children...)
	if err != nil {
		return nil, err
	}
	return newShortText(made, s.count, s.unit), nil
}

// IsNullable implements sql.Expression.
func (s *shortText) IsNullable() bool { return true }

// Eval implements sql.Expression.
func (s *shortText) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	length := int64(1)
	if s.unit >= 0 {
		unit, err := s.argument(ctx, row, s.unit, types.LongText)
		if unit == nil || err != nil {
			return nil, err
		}
		length = int64(len(unit.(string)))
	}
	count, err := s.argument(ctx, row, s.count, types.Int64)
	if count == nil || err != nil {
		return nil, err
	}
	if length > 0 && count.(int64) > maxPacket/length {
		ctx.Warn(1301, "Result of %s was larger than max_allowed_packet (%d) - truncated", s.Expression, maxPacket)
		return nil, nil
	}
	return s.Expression.Eval(ctx, row)
}

// argument is the value of an argument as that type, or nil.
func (s *shortText) argument(ctx *sql.Context, row sql.Row, at int, typ sql.Type) (any, error) {
	value, err := s.Children()[at].Eval(ctx, row)
	if value == nil || err != nil {
		return nil, err
	}
	value, _, err = typ.Convert(ctx, value)
	return value, err
}
