package flightsdb

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/vt/sqlparser"
	gormmysql "gorm.io/driver/mysql"
	"gorm.io/gorm/schema"
)

// collation makes strings equal whatever their case, as MySQL does by default.
const collation = sql.Collation_utf8mb4_0900_ai_ci

// newTable makes the table of a slice of GORM models. Its columns, keys and indexes are those that GORM would create on a
// MySQL server from the same tags. The error names the column that has no MySQL type.
func newTable(rows any) (*table, error) {
	slice := reflect.ValueOf(rows)
	model, err := schema.Parse(reflect.New(slice.Type().Elem()).Interface(), &sync.Map{}, schema.NamingStrategy{})
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	t := &table{name: model.Table, rows: slice}
	for _, name := range model.DBNames {
		field := model.FieldsByDBName[name]
		column, err := newColumn(model.Table, field)
		if err != nil {
			return nil, fmt.Errorf("column %s of %s: %w", name, model.Table, err)
		}
		if field.PrimaryKey {
			t.primaryKey = append(t.primaryKey, len(t.columns))
		}
		t.columns = append(t.columns, column)
		t.fields = append(t.fields, field.StructField.Index[0])
	}
	t.indexes = append(t.indexes, newIndex(t, "PRIMARY", t.primaryKey))
	for _, index := range model.ParseIndexes() {
		var columns []int
		for _, option := range index.Fields {
			columns = append(columns, t.columns.IndexOfColName(option.DBName))
		}
		t.indexes = append(t.indexes, newIndex(t, index.Name, columns))
	}
	t.declared = foreignKeys(model)
	return t, nil
}

// newColumn is the column of a field of a model.
func newColumn(table string, field *schema.Field) (*sql.Column, error) {
	typ, err := columnType((gormmysql.Dialector{Config: &gormmysql.Config{}}).DataTypeOf(field))
	if err != nil {
		return nil, err
	}
	return &sql.Column{
		Name:           field.DBName,
		Type:           typ,
		Nullable:       !field.NotNull && !field.PrimaryKey,
		PrimaryKey:     field.PrimaryKey,
		Source:         table,
		DatabaseSource: databaseName,
	}, nil
}

// columnType is the type that a column has in a CREATE TABLE statement.
func columnType(text string) (sql.Type, error) {
	statement, err := sqlparser.Parse("CREATE TABLE t (c " + text + ")")
	if err != nil {
		return nil, fmt.Errorf("read type %s: %w", text, err)
	}
	column := statement.(*sqlparser.DDL).TableSpec.Columns[0].Type
	if strings.HasPrefix(text, "varchar") || strings.HasPrefix(text, "char") {
		column.Collate = collation.Name()
	}
	return types.ColumnTypeToType(&column)
}

// foreignKeys are the constraints that GORM creates with the table of a model.
func foreignKeys(model *schema.Schema) []sql.ForeignKeyConstraint {
	var keys []sql.ForeignKeyConstraint
	for _, relation := range model.Relationships.BelongsTo {
		constraint := relation.ParseConstraint()
		keys = append(keys, sql.ForeignKeyConstraint{
			Name:           constraint.Name,
			Database:       databaseName,
			Table:          model.Table,
			Columns:        names(constraint.ForeignKeys),
			ParentDatabase: databaseName,
			ParentTable:    constraint.ReferenceSchema.Table,
			ParentColumns:  names(constraint.References),
			OnUpdate:       sql.ForeignKeyReferentialAction_DefaultAction,
			OnDelete:       sql.ForeignKeyReferentialAction_DefaultAction,
			IsResolved:     true,
		})
	}
	return keys
}

func names(fields []*schema.Field) []string {
	var names []string
	for _, field := range fields {
		names = append(names, field.DBName)
	}
	return names
}
