package flightsdb

import (
	"slices"

	"github.com/dolthub/go-mysql-server/sql"
)

// order is the rows of a table in the order of some columns.
type order struct {
	columns []*ranking
	rows    []int32
	// keys counts the distinct values of the first column, of the first two, and so on.
	keys []int
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
	for prefix := range o.columns {
		o.keys = append(o.keys, o.count(prefix+1))
	}
	return o
}

// count counts the distinct values of the first columns.
func (o *order) count(columns int) int {
	keys := 0
	for at, row := range o.rows {
		if at == 0 || slices.ContainsFunc(o.columns[:columns], func(column *ranking) bool {
			return column.of[row] != column.of[o.rows[at-1]]
		}) {
			keys++
		}
	}
	return keys
}

// rowsPerKey is how many rows have the same values in the first columns, on average.
func (o *order) rowsPerKey(columns int) float64 {
	return float64(len(o.rows)) / float64(max(1, o.keys[columns-1]))
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
