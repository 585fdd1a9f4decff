package flightsdb

import (
	"errors"
	"slices"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression/function"

	"chaosworkshop/shared/model"
)

// databaseName is the only database besides the server's own.
const databaseName = "flights"

// database is the flights database and its provider.
type database struct {
	tables map[string]*table
	names  []string
	// functions are the library's own.
	functions sql.FunctionProvider
}

var (
	_ sql.DatabaseProvider = (*database)(nil)
	_ sql.Database         = (*database)(nil)
	_ sql.CollatedDatabase = (*database)(nil)
)

// newDatabase makes a table of each kind of row in the data.
func newDatabase(data model.Dataset) (*database, error) {
	db := &database{tables: map[string]*table{}, functions: function.NewRegistry()}
	err := errors.Join(
		db.add(data.Airlines),
		db.add(data.Airports),
		db.add(data.Countries),
		db.add(data.Locales),
		db.add(data.Routes),
	)
	for _, t := range db.tables {
		for _, key := range t.declared {
			parent := db.tables[key.ParentTable]
			parent.referenced = append(parent.referenced, key)
		}
	}
	return db, err
}

func (db *database) add(rows any) error {
	t, err := newTable(rows)
	if err != nil {
		return err
	}
	db.tables[t.name] = t
	db.names = append(db.names, t.name)
	return nil
}

// Name implements sql.Database.
func (db *database) Name() string { return databaseName }

// GetTableInsensitive implements sql.Database.
func (db *database) GetTableInsensitive(_ *sql.Context, name string) (sql.Table, bool, error) {
	t, ok := db.tables[strings.ToLower(name)]
	if !ok {
		return nil, false, nil
	}
	return t, true, nil
}

// GetTableNames implements sql.Database.
func (db *database) GetTableNames(*sql.Context) ([]string, error) { return slices.Clone(db.names), nil }

// GetCollation implements sql.CollatedDatabase.
func (db *database) GetCollation(*sql.Context) sql.CollationID { return collation }

// SetCollation implements sql.CollatedDatabase.
func (db *database) SetCollation(*sql.Context, sql.CollationID) error { return errReadOnly }

// Database implements sql.DatabaseProvider.
func (db *database) Database(_ *sql.Context, name string) (sql.Database, error) {
	if !strings.EqualFold(name, databaseName) {
		return nil, sql.ErrDatabaseNotFound.New(name)
	}
	return db, nil
}

// HasDatabase implements sql.DatabaseProvider.
func (db *database) HasDatabase(_ *sql.Context, name string) bool {
	return strings.EqualFold(name, databaseName)
}

// AllDatabases implements sql.DatabaseProvider.
func (db *database) AllDatabases(*sql.Context) []sql.Database { return []sql.Database{db} }
