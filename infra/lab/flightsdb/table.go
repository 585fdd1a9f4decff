package flightsdb

import (
	"io"
	"reflect"

	"github.com/dolthub/go-mysql-server/sql"
)

// table serves a slice of models. It is never written, so any number of sessions may read it at once.
type table struct {
	name       string
	rows       reflect.Value
	columns    sql.Schema
	fields     []int // Of the model's struct, one for each column.
	primaryKey []int
	indexes    []*index
	declared   []sql.ForeignKeyConstraint
	referenced []sql.ForeignKeyConstraint

	// What a query asks for; nil is every column.
	projection []int
}

var (
	_ sql.IndexAddressableTable = (*table)(nil)
	_ sql.IndexedTable          = (*table)(nil)
	_ sql.ProjectedTable        = (*table)(nil)
	_ sql.PrimaryKeyTable       = (*table)(nil)
	_ sql.StatisticsTable       = (*table)(nil)
	_ sql.Databaseable          = (*table)(nil)
)

// Name implements sql.Table.
func (t *table) Name() string { return t.name }

// String implements sql.Table.
func (t *table) String() string { return t.name }

// Database implements sql.Databaseable.
func (t *table) Database() string { return databaseName }

// Collation implements sql.Table.
func (t *table) Collation() sql.CollationID { return collation }

// Schema implements sql.Table: the columns that the query asks for.
func (t *table) Schema() sql.Schema {
	if t.projection == nil {
		return t.columns
	}
	columns := make(sql.Schema, len(t.projection))
	for i, column := range t.projection {
		columns[i] = t.columns[column]
	}
	return columns
}

// PrimaryKeySchema implements sql.PrimaryKeyTable.
func (t *table) PrimaryKeySchema() sql.PrimaryKeySchema {
	return sql.NewPrimaryKeySchema(t.columns, t.primaryKey...)
}

// RowCount implements sql.StatisticsTable. The count is exact.
func (t *table) RowCount(*sql.Context) (uint64, bool, error) {
	return uint64(t.rows.Len()), true, nil
}

// DataLength implements sql.StatisticsTable.
func (t *table) DataLength(*sql.Context) (uint64, error) {
	return uint64(t.rows.Len()) * uint64(t.rows.Type().Elem().Size()), nil
}

// WithProjections implements sql.ProjectedTable.
func (t *table) WithProjections(names []string) sql.Table {
	projected := *t
	projected.projection = make([]int, len(names))
	for i, name := range names {
		projected.projection[i] = t.columns.IndexOfColName(name)
	}
	return &projected
}

// Projections implements sql.ProjectedTable.
func (t *table) Projections() []string {
	if t.projection == nil {
		return nil
	}
	names := make([]string, len(t.projection))
	for i, column := range t.projection {
		names[i] = t.columns[column].Name
	}
	return names
}

// GetIndexes implements sql.IndexAddressable.
func (t *table) GetIndexes(*sql.Context) ([]sql.Index, error) {
	indexes := make([]sql.Index, len(t.indexes))
	for i, index := range t.indexes {
		indexes[i] = index
	}
	return indexes, nil
}

// IndexedAccess implements sql.IndexAddressable.
func (t *table) IndexedAccess(*sql.Context, sql.IndexLookup) sql.IndexedTable { return t }

// PreciseMatch implements sql.IndexAddressable: what an index finds needs no further filter.
func (t *table) PreciseMatch() bool { return true }

// Partitions implements sql.Table: all rows are in one.
func (t *table) Partitions(*sql.Context) (sql.PartitionIter, error) {
	return sql.PartitionsToPartitionIter(wholeTable{}), nil
}

// LookupPartitions implements sql.IndexedTable: all rows that the lookup finds are in one.
func (t *table) LookupPartitions(ctx *sql.Context, lookup sql.IndexLookup) (sql.PartitionIter, error) {
	found, err := lookup.Index.(*index).find(ctx, lookup)
	if err != nil {
		return nil, err
	}
	return sql.PartitionsToPartitionIter(found), nil
}

// PartitionRows implements sql.Table.
func (t *table) PartitionRows(_ *sql.Context, partition sql.Partition) (sql.RowIter, error) {
	if found, ok := partition.(rowNumbers); ok {
		return &rowIter{table: t, numbers: found, count: len(found)}, nil
	}
	return &rowIter{table: t, count: t.rows.Len()}, nil
}

// wholeTable is the partition of a full scan.
type wholeTable struct{}

// Key implements sql.Partition.
func (wholeTable) Key() []byte { return []byte("table") }

// rowNumbers is the partition of the rows that an index found, in its order.
type rowNumbers []int32

// Key implements sql.Partition.
func (rowNumbers) Key() []byte { return []byte("index") }

// rowIter makes one row after another.
type rowIter struct {
	table   *table
	numbers rowNumbers // Nil is every row.
	count   int
	next    int
}

// Next implements sql.RowIter. It ends with the context, which the library asks for only between rows of the answer.
func (i *rowIter) Next(ctx *sql.Context) (sql.Row, error) {
	if i.next == i.count {
		return nil, io.EOF
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	number := i.next
	if i.numbers != nil {
		number = int(i.numbers[i.next])
	}
	i.next++
	return i.table.row(number), nil
}

// Close implements sql.RowIter.
func (i *rowIter) Close(*sql.Context) error { return nil }

// row is the row with that number, in the columns that the query asks for.
func (t *table) row(number int) sql.Row {
	if t.projection == nil {
		row := make(sql.Row, len(t.columns))
		for column := range row {
			row[column] = t.value(number, column)
		}
		return row
	}
	row := make(sql.Row, len(t.projection))
	for i, column := range t.projection {
		row[i] = t.value(number, column)
	}
	return row
}

// value is a column of the row with that number.
func (t *table) value(number, column int) any {
	return value(t.rows.Index(number).Field(t.fields[column]))
}

// value is a field as the engine represents it in a row: its Go type follows from the column's type.
func value(field reflect.Value) any {
	switch field.Kind() {
	case reflect.Pointer:
		if field.IsNil() {
			return nil
		}
		return value(field.Elem())
	case reflect.Int:
		return field.Int()
	case reflect.String:
		return field.String()
	default:
		return field.Interface()
	}
}
