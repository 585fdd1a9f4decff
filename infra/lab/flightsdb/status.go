package flightsdb

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/variables"
)

// status is the library's registry of status variables without those of a session. The library makes some 300 of them
// for every connection, two thirds of all that a connection allocates, and SHOW STATUS does not need them: it
// falls back to the server's own.
type status struct{ sql.StatusVariableRegistry }

// NewSessionMap is empty.
func (status) NewSessionMap() map[string]sql.StatusVarValue { return map[string]sql.StatusVarValue{} }

// dropSessionStatus replaces the library's registry.
func dropSessionStatus() {
	variables.InitStatusVariables()
	sql.StatusVariables = status{sql.StatusVariables}
}
