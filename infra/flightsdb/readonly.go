package flightsdb

import (
	"context"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/vt/sqlparser"
)

const readOnlyMessage = "The MySQL server is running with the --read-only option so it cannot execute this statement"

// errReadOnly is what MySQL answers to a write when it runs with --read-only: error 1290.
func errReadOnly() error {
	return mysql.NewSQLError(mysql.EROptionPreventsStatement, mysql.SSUnknownSQLState, readOnlyMessage)
}

// readOnlyParser refuses every statement that is not known to leave the server as it is.
type readOnlyParser struct {
	sql.Parser
}

// ParseSimple implements sql.Parser.
func (p readOnlyParser) ParseSimple(query string) (sqlparser.Statement, error) {
	statement, err := p.Parser.ParseSimple(query)
	if err != nil {
		return nil, err
	}
	return statement, check(statement)
}

// Parse implements sql.Parser.
func (p readOnlyParser) Parse(ctx *sql.Context, query string, multi bool) (sqlparser.Statement, string, string, error) {
	return p.ParseWithOptions(ctx, query, ';', multi, sql.LoadSqlMode(ctx).ParserOptions())
}

// ParseWithOptions implements sql.Parser.
func (p readOnlyParser) ParseWithOptions(ctx context.Context, query string, delimiter rune, multi bool, options sqlparser.ParserOptions) (sqlparser.Statement, string, string, error) {
	statement, parsed, rest, err := p.Parser.ParseWithOptions(ctx, query, delimiter, multi, options)
	if err != nil {
		return nil, parsed, rest, err
	}
	return statement, parsed, rest, check(statement)
}

// ParseOneWithOptions implements sql.Parser.
func (p readOnlyParser) ParseOneWithOptions(ctx context.Context, query string, options sqlparser.ParserOptions) (sqlparser.Statement, int, error) {
	statement, next, err := p.Parser.ParseOneWithOptions(ctx, query, options)
	if err != nil {
		return nil, next, err
	}
	return statement, next, check(statement)
}

// check returns errReadOnly for a statement that may change something, now or when it is executed.
func check(statement sqlparser.Statement) error {
	switch statement := statement.(type) {
	case *sqlparser.Select, *sqlparser.SetOp, *sqlparser.ParenSelect:
		return checkInto(statement)
	case *sqlparser.Explain:
		return check(statement.Statement)
	case *sqlparser.Set:
		return checkScope(statement)
	case *sqlparser.Show, *sqlparser.ShowGrants, *sqlparser.ShowPrivileges, *sqlparser.OtherRead,
		*sqlparser.Use, *sqlparser.Begin, *sqlparser.Commit, *sqlparser.Rollback,
		*sqlparser.Savepoint, *sqlparser.RollbackSavepoint, *sqlparser.ReleaseSavepoint,
		*sqlparser.LockTables, *sqlparser.UnlockTables, *sqlparser.Kill,
		// What they prepare goes through this parser as well.
		*sqlparser.Prepare, *sqlparser.Execute, *sqlparser.Deallocate:
		return nil
	default:
		return errReadOnly()
	}
}

// checkInto refuses SELECT ... INTO OUTFILE and DUMPFILE, which write a file on the server.
func checkInto(statement sqlparser.SQLNode) error {
	return sqlparser.Walk(func(node sqlparser.SQLNode) (bool, error) {
		into, ok := node.(*sqlparser.Into)
		if ok && into != nil && (into.Outfile != "" || into.Dumpfile != "") {
			return false, errReadOnly()
		}
		return true, nil
	}, statement)
}

// checkScope refuses SET GLOBAL and PERSIST, which reach beyond the session.
func checkScope(set *sqlparser.Set) error {
	for _, variable := range set.Exprs {
		switch variable.Scope {
		case sqlparser.SetScope_Global, sqlparser.SetScope_Persist, sqlparser.SetScope_PersistOnly:
			return errReadOnly()
		}
	}
	return nil
}
