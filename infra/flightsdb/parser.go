package flightsdb

import (
	"context"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/vt/sqlparser"
)

// parser is the library's parser for the statements that the server is ready to run: those that leave it as it is, and
// that are not so complex that planning them would take the process down.
type parser struct {
	sql.Parser
}

// ParseSimple implements sql.Parser.
func (p parser) ParseSimple(query string) (sqlparser.Statement, error) {
	statement, err := p.Parser.ParseSimple(query)
	return statement, check(statement, err)
}

// Parse implements sql.Parser.
func (p parser) Parse(ctx *sql.Context, query string, multi bool) (sqlparser.Statement, string, string, error) {
	return p.ParseWithOptions(ctx, query, ';', multi, sql.LoadSqlMode(ctx).ParserOptions())
}

// ParseWithOptions implements sql.Parser.
func (p parser) ParseWithOptions(ctx context.Context, query string, delimiter rune, multi bool, options sqlparser.ParserOptions) (sqlparser.Statement, string, string, error) {
	statement, parsed, rest, err := p.Parser.ParseWithOptions(ctx, query, delimiter, multi, options)
	return statement, parsed, rest, check(statement, err)
}

// ParseOneWithOptions implements sql.Parser.
func (p parser) ParseOneWithOptions(ctx context.Context, query string, options sqlparser.ParserOptions) (sqlparser.Statement, int, error) {
	statement, next, err := p.Parser.ParseOneWithOptions(ctx, query, options)
	return statement, next, check(statement, err)
}

// check returns why a statement is not run, or the error with which it was parsed.
func check(statement sqlparser.Statement, err error) error {
	if err != nil {
		return err
	}
	if err := checkReadOnly(statement); err != nil {
		return err
	}
	return checkComplexity(statement)
}
