package flightsdb

import (
	"fmt"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// like is LIKE. The library's own looks a pattern such as 'C%' up in ways that lose rows.
type like struct {
	expression.BinaryExpressionStub
	escape sql.Expression // Nil is a backslash.
}

var (
	_ sql.Expression         = (*like)(nil)
	_ sql.CollationCoercible = (*like)(nil)
)

// Eval implements sql.Expression.
func (l *like) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	var texts [3]string
	texts[2] = `\`
	for i, e := range []sql.Expression{l.LeftChild, l.RightChild, l.escape} {
		if e == nil {
			continue
		}
		value, err := e.Eval(ctx, row)
		if err != nil || value == nil {
			return nil, err
		}
		if texts[i], err = toText(ctx, value); err != nil {
			return nil, err
		}
	}
	escape := []rune(texts[2])
	if len(escape) > 1 {
		return nil, sql.ErrInvalidArgument.New("ESCAPE")
	}
	escape = append(escape, -1) // An empty text escapes nothing.
	used, _ := l.CollationCoercibility(ctx)
	return newPattern(texts[1], escape[0], used).matches(texts[0]), nil
}

func (l *like) String() string { return fmt.Sprintf("%s LIKE %s", l.LeftChild, l.RightChild) }

// Type implements sql.Expression.
func (l *like) Type() sql.Type { return types.Boolean }

// WithChildren implements sql.Expression.
func (l *like) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	if len(children) != 2 {
		return nil, sql.ErrInvalidChildrenNumber.New(l, len(children), 2)
	}
	return &like{expression.BinaryExpressionStub{LeftChild: children[0], RightChild: children[1]}, l.escape}, nil
}

// CollationCoercibility implements sql.CollationCoercible.
func (l *like) CollationCoercibility(ctx *sql.Context) (sql.CollationID, byte) {
	if types.IsBinaryType(l.LeftChild.Type()) || types.IsBinaryType(l.RightChild.Type()) {
		return sql.Collation_binary, 0
	}
	leftCollation, leftCoercibility := sql.GetCoercibility(ctx, l.LeftChild)
	rightCollation, rightCoercibility := sql.GetCoercibility(ctx, l.RightChild)
	return sql.ResolveCoercibility(leftCollation, leftCoercibility, rightCollation, rightCoercibility)
}

// pattern is the pattern of LIKE: the weights of its letters, or one of the wildcards.
type pattern struct {
	weight  func(rune) int32
	letters []int32
	wild    []rune // '_', '%', or 0 for a letter.
}

func newPattern(s string, escape rune, collation sql.CollationID) pattern {
	p := pattern{weight: collation.Sorter()}
	if p.weight == nil {
		p.weight = func(letter rune) int32 { return letter }
	}
	escaped := false
	for _, letter := range s {
		switch {
		case letter == escape && !escaped:
			escaped = true
			continue
		case (letter == '_' || letter == '%') && !escaped:
			p.letters, p.wild = append(p.letters, 0), append(p.wild, letter)
		default:
			p.letters, p.wild = append(p.letters, p.weight(letter)), append(p.wild, 0)
		}
		escaped = false
	}
	if escaped {
		p.letters, p.wild = append(p.letters, p.weight(escape)), append(p.wild, 0)
	}
	return p
}

// matches goes back to the last % only, so that the time is at most the product of both lengths.
func (p pattern) matches(s string) bool {
	var letters []int32
	for _, letter := range s {
		letters = append(letters, p.weight(letter))
	}
	at, in := 0, 0
	lastPercent, resume := -1, 0
	for in < len(letters) {
		switch {
		case at < len(p.letters) && p.wild[at] == '%':
			lastPercent, resume = at, in
			at++
		case at < len(p.letters) && (p.wild[at] == '_' || p.wild[at] == 0 && p.letters[at] == letters[in]):
			at++
			in++
		case lastPercent >= 0:
			resume++
			at, in = lastPercent+1, resume
		default:
			return false
		}
	}
	for at < len(p.letters) && p.wild[at] == '%' {
		at++
	}
	return at == len(p.letters)
}
