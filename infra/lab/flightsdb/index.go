package flightsdb

import (
	"slices"
	"sync"

	"github.com/dolthub/go-mysql-server/sql"
)

// index finds the rows of a table by the values of some columns, in the order of these values.
type index struct {
	table   *table
	name    string
	columns []int
	// order is built when it is first used: the server is ready before.
	order func() *order
}

var _ sql.OrderedIndex = (*index)(nil)

func newIndex(t *table, name string, columns []int) *index {
	return &index{table: t, name: name, columns: columns, order: sync.OnceValue(func() *order { return newOrder(t, columns) })}
}

// ID implements sql.Index.
func (i *index) ID() string { return i.name }

// Database implements sql.Index.
func (i *index) Database() string { return databaseName }

// Table implements sql.Index.
func (i *index) Table() string { return i.table.name }

// Expressions implements sql.Index.
func (i *index) Expressions() []string {
	expressions := make([]string, len(i.columns))
	for at, column := range i.columns {
		expressions[at] = i.table.name + "." + i.table.columns[column].Name
	}
	return expressions
}

// ColumnExpressionTypes implements sql.Index.
func (i *index) ColumnExpressionTypes() []sql.ColumnExpressionType {
	types := make([]sql.ColumnExpressionType, len(i.columns))
	for at, expression := range i.Expressions() {
		types[at] = sql.ColumnExpressionType{Expression: expression, Type: i.table.columns[i.columns[at]].Type}
	}
	return types
}

// IsUnique implements sql.Index: of the flights schema, only primary keys are.
func (i *index) IsUnique() bool { return i.name == "PRIMARY" }

// IsSpatial implements sql.Index.
func (i *index) IsSpatial() bool { return false }

// IsFullText implements sql.Index.
func (i *index) IsFullText() bool { return false }

// IsVector implements sql.Index.
func (i *index) IsVector() bool { return false }

// Comment implements sql.Index.
func (i *index) Comment() string { return "" }

// IndexType implements sql.Index.
func (i *index) IndexType() string { return "BTREE" }

// IsGenerated implements sql.Index.
func (i *index) IsGenerated() bool { return false }

// CanSupport implements sql.Index.
func (i *index) CanSupport(*sql.Context, ...sql.Range) bool { return true }

// CanSupportOrderBy implements sql.Index.
func (i *index) CanSupportOrderBy(sql.Expression) bool { return false }

// PrefixLengths implements sql.Index.
func (i *index) PrefixLengths() []uint16 { return nil }

// Order implements sql.OrderedIndex.
func (i *index) Order() sql.IndexOrder { return sql.IndexOrderAsc }

// Reversible implements sql.OrderedIndex.
func (i *index) Reversible() bool { return true }

// find returns the rows in the ranges of the lookup, in the order of the index or against it.
func (i *index) find(ctx *sql.Context, lookup sql.IndexLookup) (rowNumbers, error) {
	if lookup.IsEmptyRange {
		return rowNumbers{}, nil
	}
	found := rowNumbers{}
	for _, columns := range lookup.Ranges.(sql.MySQLRangeCollection) {
		rows, err := i.order().between(ctx, columns)
		if err != nil {
			return nil, err
		}
		if lookup.IsReverse {
			rows = slices.Clone(rows)
			slices.Reverse(rows)
		}
		found = append(found, rows...)
	}
	return found, nil
}
