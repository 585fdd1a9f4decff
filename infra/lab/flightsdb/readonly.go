package flightsdb

import (
	"slices"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/vt/sqlparser"
)

// checkReadOnly returns errReadOnly for every statement that might change something, now or when it is executed, and a plain
// error for a format of EXPLAIN that there is not.
func checkReadOnly(statement sqlparser.Statement) error {
	switch statement := statement.(type) {
	case *sqlparser.Select, *sqlparser.SetOp, *sqlparser.ParenSelect:
		return checkInto(statement)
	case *sqlparser.Explain:
		switch strings.ToLower(statement.ExplainFormat) {
		case "":
			// The library fills the table of MySQL's own format with text where clients expect numbers.
			statement.ExplainFormat = sqlparser.TreeStr
		case sqlparser.TreeStr:
		default:
			return unsupported("EXPLAIN FORMAT=" + strings.ToUpper(statement.ExplainFormat))
		}
		return checkReadOnly(statement.Statement)
	case *sqlparser.Set:
		return checkScope(statement)
	case *sqlparser.Show, *sqlparser.ShowPrivileges, *sqlparser.OtherRead,
		*sqlparser.Use, *sqlparser.Begin, *sqlparser.Commit, *sqlparser.Rollback,
		*sqlparser.Savepoint, *sqlparser.RollbackSavepoint, *sqlparser.ReleaseSavepoint,
		*sqlparser.LockTables, *sqlparser.UnlockTables, *sqlparser.Kill,
		// The statements that they prepare go through the parser as well.
		*sqlparser.Prepare, *sqlparser.Execute, *sqlparser.Deallocate:
		return nil
	default:
		return errReadOnly
	}
}

// checkInto refuses SELECT ... INTO OUTFILE and DUMPFILE, which write a file on the server.
func checkInto(statement sqlparser.SQLNode) error {
	return sqlparser.Walk(func(node sqlparser.SQLNode) (bool, error) {
		into, ok := node.(*sqlparser.Into)
		if ok && into != nil && (into.Outfile != "" || into.Dumpfile != "") {
			return false, errReadOnly
		}
		return true, nil
	}, statement)
}

// checkScope refuses SET GLOBAL and PERSIST, which reach beyond the session, and variables that do not exist: the library takes them for columns.
func checkScope(set *sqlparser.Set) error {
	for _, variable := range set.Exprs {
		switch variable.Scope {
		case sqlparser.SetScope_Global, sqlparser.SetScope_Persist, sqlparser.SetScope_PersistOnly:
			return errReadOnly
		}
		name := variable.Name.Name.Lowered()
		if _, _, known := sql.SystemVariables.GetGlobal(name); !known && variable.Scope == sqlparser.SetScope_None && !slices.Contains(settings, name) {
			return mysql.NewSQLError(mysql.ERUnknownSystemVariable, mysql.SSUnknownSQLState, "Unknown system variable '%s'", name)
		}
	}
	return nil
}

// settings are what SET sets besides variables.
var settings = []string{"names", sqlparser.CharsetStr, sqlparser.TransactionStr}
