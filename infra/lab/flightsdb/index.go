package flightsdb

import (
	"cmp"
	"encoding/binary"
	"reflect"
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
	// rows are the numbers of all rows in the order of the index. They are sorted on first use, so that the
	// server is ready sooner.
	rows func() []int32
}

var _ sql.OrderedIndex = (*index)(nil)

func newIndex(t *table, name string, columns []int) *index {
	return &index{table: t, name: name, columns: columns, rows: sync.OnceValue(func() []int32 { return sortRows(t, columns) })}
}

func (i *index) ID() string       { return i.name }
func (i *index) Database() string { return databaseName }
func (i *index) Table() string    { return i.table.name }

func (i *index) Expressions() []string {
	var expressions []string
	for _, column := range i.columns {
		expressions = append(expressions, i.table.name+"."+i.table.columns[column].Name)
	}
	return expressions
}

func (i *index) ColumnExpressionTypes() []sql.ColumnExpressionType {
	var types []sql.ColumnExpressionType
	for at, expression := range i.Expressions() {
		types = append(types, sql.ColumnExpressionType{Expression: expression, Type: i.table.columns[i.columns[at]].Type})
	}
	return types
}

// IsUnique implements sql.Index: in the flights schema, only primary keys are unique.
func (i *index) IsUnique() bool                             { return i.name == "PRIMARY" }
func (i *index) IsSpatial() bool                            { return false }
func (i *index) IsFullText() bool                           { return false }
func (i *index) IsVector() bool                             { return false }
func (i *index) IsGenerated() bool                          { return false }
func (i *index) Comment() string                            { return "" }
func (i *index) IndexType() string                          { return "BTREE" }
func (i *index) CanSupport(*sql.Context, ...sql.Range) bool { return true }
func (i *index) CanSupportOrderBy(sql.Expression) bool      { return false }
func (i *index) PrefixLengths() []uint16                    { return nil }
func (i *index) Order() sql.IndexOrder                      { return sql.IndexOrderAsc }
func (i *index) Reversible() bool                           { return true }

// find returns the rows in the ranges of the lookup, in the order of the index or in reverse.
func (i *index) find(ctx *sql.Context, lookup sql.IndexLookup) (rowNumbers, error) {
	found := rowNumbers{}
	if lookup.IsEmptyRange {
		return found, nil
	}
	for _, columns := range lookup.Ranges.(sql.MySQLRangeCollection) {
		rows, err := i.between(ctx, columns)
		if err != nil {
			return nil, err
		}
		at := len(found)
		found = append(found, rows...)
		if lookup.IsReverse {
			slices.Reverse(found[at:])
		}
	}
	return found, nil
}

// between returns the rows whose columns are in the ranges, one a column; a column without a range is not restricted.
func (i *index) between(ctx *sql.Context, ranges sql.MySQLRange) (rows []int32, failed error) {
	rows = i.rows()
	// sorted says that the remaining rows are in the order of the next column: the columns before it have one value each.
	sorted := true
	for at, columnRange := range ranges {
		column := i.columns[at]
		above := func(row int32, cut sql.MySQLRangeCut) bool {
			is, err := aboveCut(ctx, i.table.columns[column].Type, i.table.value(int(row), column), cut)
			failed = cmp.Or(failed, err)
			return is
		}
		lower, upper := columnRange.LowerBound, columnRange.UpperBound
		if sorted {
			from := sort.Search(len(rows), func(n int) bool { return above(rows[n], lower) })
			rows = rows[from:]
			rows = rows[:sort.Search(len(rows), func(n int) bool { return above(rows[n], upper) })]
		} else {
			rows = slices.DeleteFunc(slices.Clone(rows), func(row int32) bool { return !above(row, lower) || above(row, upper) })
		}
		sorted = sorted && len(rows) > 0 && i.table.value(int(rows[0]), column) == i.table.value(int(rows[len(rows)-1]), column)
	}
	return rows, failed
}

// aboveCut tells whether a value is above a cut in the order of all values, which begins with NULL.
func aboveCut(ctx *sql.Context, typ sql.Type, value any, cut sql.MySQLRangeCut) (bool, error) {
	least := 0
	var key any
	switch cut := cut.(type) {
	case sql.BelowNull:
		return true, nil
	case sql.AboveNull:
		return value != nil, nil
	case sql.Below:
		key = cut.Key
	case sql.Above:
		key, least = cut.Key, 1
	default:
		return false, nil
	}
	if value == nil {
		return false, nil
	}
	compared, err := typ.Compare(ctx, value, key)
	return compared >= least, err
}

// sortRows returns the numbers of all rows in the order of the columns; rows with the same values keep their order.
func sortRows(t *table, columns []int) []int32 {
	type entry struct {
		key string
		row int32
	}
	entries := make([]entry, t.rows.Len())
	var key []byte
	for row := range entries {
		key = key[:0]
		for _, column := range columns {
			key = appendKey(key, t.rows.Index(row).Field(t.fields[column]))
		}
		entries[row] = entry{string(key), int32(row)}
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	rows := make([]int32, len(entries))
	for i, entry := range entries {
		rows[i] = entry.row
	}
	return rows
}

// appendKey appends a field in a form that sorts as its values compare: NULL first, texts as the collation has it.
func appendKey(key []byte, field reflect.Value) []byte {
	if field.Kind() == reflect.Pointer && field.IsNil() {
		return append(key, 0)
	}
	key = append(key, 1)
	field = reflect.Indirect(field)
	if field.Kind() != reflect.String {
		const sign = 1 << 63
		return binary.BigEndian.AppendUint64(key, uint64(field.Int())^sign)
	}
	weight := collation.Sorter()
	for _, letter := range field.String() {
		key = binary.BigEndian.AppendUint32(key, uint32(weight(letter)))
	}
	return append(key, 0, 0, 0, 0) // The end of the text, before any letter.
}
