package flightsdb

import (
	"slices"

	"github.com/dolthub/go-mysql-server/sql"
)

// order is the rows of a table in the order of some columns.
type order struct {
	columns []*ranking
	rows    []int32
}

// newOrder sorts the rows by their ranks, the last column first: each pass keeps the order of the one before.
func newOrder(t *table, columns []int) *order {
	o := &order{rows: make([]int32, t.rows.Len())}
	for row := range o.rows {
		o.rows[row] = int32(row)
	}
	for _, column := range columns {
		o.columns = append(o.columns, newRanking(t, column))
	}
	for _, column := range slices.Backward(o.columns) {
		o.rows = column.sort(o.rows)
	}
	return o
}

// between returns the rows whose columns are in the ranges, one a column; a column without a range is not restricted.
func (o *order) between(ctx *sql.Context, ranges sql.MySQLRange) (rowNumbers, error) {
	rows := o.rows
	for at, columnRange := range ranges {
		column := o.columns[at]
		from, err := column.position(ctx, columnRange.LowerBound)
		if err != nil {
			return nil, err
		}
		to, err := column.position(ctx, columnRange.UpperBound)
		if err != nil {
			return nil, err
		}
		if at == 0 || o.constant(rows, at) {
			rows = column.cut(rows, from, to)
			continue
		}
		rows = slices.DeleteFunc(slices.Clone(rows), func(row int32) bool {
			return column.of[row] < from || column.of[row] >= to
		})
	}
	return rows, nil
}

// constant tells whether the columns before that one are the same in all rows, so that the rows are in its order.
func (o *order) constant(rows []int32, at int) bool {
	if len(rows) == 0 {
		return true
	}
	first, last := rows[0], rows[len(rows)-1]
	for _, column := range o.columns[:at] {
		if column.of[first] != column.of[last] {
			return false
		}
	}
	return true
}
