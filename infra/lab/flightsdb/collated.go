package flightsdb

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// collated is an expression that makes a text. The library gives such a text a collation of its own, in which it would group and
// order it.
type collated struct {
	sql.Expression
	// typ is kept: finding it out anew takes exponential time for nested expressions.
	typ sql.Type
}

func newCollated(e sql.Expression) *collated { return &collated{e, collatedType(e)} }

// collatedFunctions are functions that make a text, besides those of textLengths.
var collatedFunctions = map[string]bool{"left": true, "right": true, "elt": true}

// Type implements sql.Expression.
func (c *collated) Type() sql.Type { return c.typ }

// WithChildren implements sql.Expression.
func (c *collated) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	changed, err := c.Expression.WithChildren(children...)
	if err != nil {
		return nil, err
	}
	return newCollated(changed), nil
}

// CollationCoercibility implements sql.CollationCoercible.
func (c *collated) CollationCoercibility(ctx *sql.Context) (sql.CollationID, byte) {
	return sql.GetCoercibility(ctx, c.Expression)
}

// hasLibraryCollation tells whether values of a type are texts in the collation that the library gives them.
func hasLibraryCollation(typ sql.Type) bool {
	text, ok := typ.(sql.StringType)
	return ok && types.IsTextOnly(typ) && text.Collation() == sql.Collation_Default
}

// collatedType is the type of an expression with the explicit collation of an argument, or with that of the server.
func collatedType(e sql.Expression) sql.Type {
	if typ := e.Type(); !hasLibraryCollation(typ) {
		return typ
	}
	for _, child := range e.Children() {
		if text, ok := child.Type().(sql.StringType); ok && types.IsTextOnly(text) && !hasLibraryCollation(text) && text.Collation() != collation {
			return types.CreateLongText(text.Collation())
		}
	}
	return types.CreateLongText(collation)
}
