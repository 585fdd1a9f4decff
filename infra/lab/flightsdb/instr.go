package flightsdb

import (
	"fmt"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// instr is INSTR, LOCATE and POSITION: where a text is in another, by the collation. The library's own compares bytes, and
// takes the product of both lengths.
type instr struct {
	name string
	// text, part, and from if there is one.
	arguments []sql.Expression
}

var (
	_ sql.FunctionExpression = (*instr)(nil)
	_ sql.CollationCoercible = (*instr)(nil)
)

// newInstr is the function INSTR(text, part).
func newInstr(text, part sql.Expression) sql.Expression {
	return &instr{"instr", []sql.Expression{text, part}}
}

// newLocate is the function LOCATE(part, text[, from]).
func newLocate(name string) func(arguments ...sql.Expression) (sql.Expression, error) {
	return func(arguments ...sql.Expression) (sql.Expression, error) {
		if len(arguments) != 2 && len(arguments) != 3 {
			return nil, sql.ErrInvalidArgumentNumber.New(name, "2 or 3", len(arguments))
		}
		return &instr{name, append([]sql.Expression{arguments[1], arguments[0]}, arguments[2:]...)}, nil
	}
}

// Eval implements sql.Expression.
func (i *instr) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	var texts []string
	for _, argument := range i.arguments[:2] {
		value, err := argument.Eval(ctx, row)
		if err != nil || value == nil {
			return nil, err
		}
		converted, _, err := types.LongText.Convert(ctx, value)
		if err != nil {
			return nil, err
		}
		converted, err = sql.UnwrapAny(ctx, converted)
		if err != nil {
			return nil, err
		}
		texts = append(texts, fmt.Sprint(converted))
	}
	from := int64(1)
	if len(i.arguments) > 2 {
		value, err := i.arguments[2].Eval(ctx, row)
		if err != nil || value == nil {
			return nil, err
		}
		converted, _, err := types.Int64.Convert(ctx, value)
		if err != nil {
			return nil, err
		}
		from = converted.(int64)
	}
	used := collationOf(ctx, i.arguments[0], i.arguments[1])
	return position(textKey(used, texts[0]), textKey(used, texts[1]), weightLength(used), from), nil
}

// weightLength is how many bytes a letter has in a textKey; 0 if they differ.
func weightLength(collation sql.CollationID) int {
	if collation.Sorter() == nil {
		return 0
	}
	return 4
}

// position is where the part begins in the text, both as keys whose letters have that many bytes, from a letter on.
func position(text, part string, width int, from int64) int64 {
	width = max(width, 1)
	if from < 1 || from-1 > int64(len(text)/width) {
		return 0
	}
	at := int(from-1) * width
	for {
		found := strings.Index(text[at:], part)
		if found < 0 {
			return 0
		}
		if at += found; at%width == 0 {
			return int64(at/width) + 1
		}
		at++
	}
}

func (i *instr) FunctionName() string { return i.name }
func (i *instr) Description() string  { return "returns the position of a text in another." }
func (i *instr) Type() sql.Type       { return types.Int64 }
func (i *instr) IsNullable() bool     { return true }

// Children implements sql.Expression.
func (i *instr) Children() []sql.Expression { return i.arguments }

func (i *instr) Resolved() bool { return expression.ExpressionsResolved(i.arguments...) }

func (i *instr) String() string { return i.name + list(i.arguments) }

// WithChildren implements sql.Expression.
func (i *instr) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	if len(children) != len(i.arguments) {
		return nil, sql.ErrInvalidChildrenNumber.New(i, len(children), len(i.arguments))
	}
	return &instr{i.name, children}, nil
}

// CollationCoercibility implements sql.CollationCoercible.
func (i *instr) CollationCoercibility(*sql.Context) (sql.CollationID, byte) {
	return sql.Collation_binary, 5
}
