package flightsdb

import "github.com/dolthub/go-mysql-server/sql"

var _ sql.ForeignKeyTable = (*table)(nil)

// GetDeclaredForeignKeys implements sql.ForeignKeyTable.
func (t *table) GetDeclaredForeignKeys(*sql.Context) ([]sql.ForeignKeyConstraint, error) {
	return t.declared, nil
}

// GetReferencedForeignKeys implements sql.ForeignKeyTable.
func (t *table) GetReferencedForeignKeys(*sql.Context) ([]sql.ForeignKeyConstraint, error) {
	return t.referenced, nil
}

// CreateIndexForForeignKey implements sql.ForeignKeyTable.
func (t *table) CreateIndexForForeignKey(*sql.Context, sql.IndexDef) error { return errReadOnly }

// AddForeignKey implements sql.ForeignKeyTable.
func (t *table) AddForeignKey(*sql.Context, sql.ForeignKeyConstraint) error { return errReadOnly }

// DropForeignKey implements sql.ForeignKeyTable.
func (t *table) DropForeignKey(*sql.Context, string) error { return errReadOnly }

// UpdateForeignKey implements sql.ForeignKeyTable.
func (t *table) UpdateForeignKey(*sql.Context, string, sql.ForeignKeyConstraint) error {
	return errReadOnly
}

// GetForeignKeyEditor implements sql.ForeignKeyTable. Only a write asks for it, and no write gets this far.
func (t *table) GetForeignKeyEditor(*sql.Context) sql.ForeignKeyEditor { return nil }
