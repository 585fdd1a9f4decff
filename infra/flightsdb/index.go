package flightsdb

import (
	"slices"
	"sort"
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

// ranking numbers the distinct values of a column in their order. Rank 0 is NULL; equal values have equal ranks.
type ranking struct {
	typ    sql.Type
	values []any   // By rank.
	of     []int32 // By row.
}

func newRanking(t *table, column int) *ranking {
	ctx := sql.NewEmptyContext()
	r := &ranking{typ: t.columns[column].Type, values: []any{nil}, of: make([]int32, t.rows.Len())}
	ids := map[any]int32{nil: 0}
	distinct := []any{nil}
	for row := range r.of {
		value := value(t.rows.Index(row).Field(t.fields[column]))
		id, ok := ids[value]
		if !ok {
			id = int32(len(distinct))
			ids[value] = id
			distinct = append(distinct, value)
		}
		r.of[row] = id
	}
	sorted := make([]int32, len(distinct)-1)
	for i := range sorted {
		sorted[i] = int32(i + 1)
	}
	compare := func(a, b int32) int {
		// Values of the column itself always compare.
		result, _ := r.typ.Compare(ctx, distinct[a], distinct[b])
		return result
	}
	slices.SortFunc(sorted, compare)
	ranks := make([]int32, len(distinct))
	for i, id := range sorted {
		if i == 0 || compare(sorted[i-1], id) != 0 {
			r.values = append(r.values, distinct[id])
		}
		ranks[id] = int32(len(r.values) - 1)
	}
	for row, id := range r.of {
		r.of[row] = ranks[id]
	}
	return r
}

// sort returns the rows in the order of their ranks; rows of one rank keep their order.
func (r *ranking) sort(rows []int32) []int32 {
	starts := make([]int, len(r.values)+1)
	for _, rank := range r.of {
		starts[rank+1]++
	}
	for rank := range r.values {
		starts[rank+1] += starts[rank]
	}
	sorted := make([]int32, len(rows))
	for _, row := range rows {
		rank := r.of[row]
		sorted[starts[rank]] = row
		starts[rank]++
	}
	return sorted
}

// cut returns the rows whose rank is at least from and less than to; the rows are in the order of their ranks.
func (r *ranking) cut(rows []int32, from, to int32) []int32 {
	start := sort.Search(len(rows), func(i int) bool { return r.of[rows[i]] >= from })
	end := start + sort.Search(len(rows)-start, func(i int) bool { return r.of[rows[start+i]] >= to })
	return rows[start:end]
}

// position is the first rank above a cut of the line of all values.
func (r *ranking) position(ctx *sql.Context, cut sql.MySQLRangeCut) (int32, error) {
	switch cut := cut.(type) {
	case sql.BelowNull:
		return 0, nil
	case sql.AboveNull:
		return 1, nil
	case sql.Below:
		return r.search(ctx, cut.Key, 0)
	case sql.Above:
		return r.search(ctx, cut.Key, 1)
	default:
		return int32(len(r.values)), nil
	}
}

// search is the first rank whose value compares to the key with at least that result.
func (r *ranking) search(ctx *sql.Context, key any, result int) (int32, error) {
	var failed error
	rank := 1 + sort.Search(len(r.values)-1, func(i int) bool {
		compared, err := r.typ.Compare(ctx, r.values[i+1], key)
		if err != nil {
			failed = err
		}
		return compared >= result
	})
	return int32(rank), failed
}
