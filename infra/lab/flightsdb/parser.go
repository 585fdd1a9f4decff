package flightsdb

import (
	"context"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/dolthub/vitess/go/vt/sqlparser"
)

// parser is the library's parser for the statements that the server agrees to run: those that change nothing, and that are
// not so complex that planning them would bring the process down.
type parser struct {
	sql.Parser
	prepared *prepared
}

// ParseSimple implements sql.Parser.
func (p parser) ParseSimple(query string) (sqlparser.Statement, error) {
	query, err := asRead(query)
	if err != nil {
		return nil, err
	}
	statement, err := p.Parser.ParseSimple(query)
	return accept(query, statement, syntaxError(query, err))
}

// Parse implements sql.Parser.
func (p parser) Parse(ctx *sql.Context, query string, multi bool) (sqlparser.Statement, string, string, error) {
	return p.ParseWithOptions(ctx, query, ';', multi, sql.LoadSqlMode(ctx).ParserOptions())
}

// ParseWithOptions implements sql.Parser.
func (p parser) ParseWithOptions(ctx context.Context, query string, delimiter rune, multi bool, options sqlparser.ParserOptions) (sqlparser.Statement, string, string, error) {
	query, err := asRead(query)
	if err != nil {
		return nil, query, "", err
	}
	statement, parsed, rest, err := p.Parser.ParseWithOptions(ctx, query, delimiter, multi, options)
	statement, err = p.accept(ctx, query, statement, syntaxError(query, err))
	return statement, parsed, rest, err
}

// ParseOneWithOptions implements sql.Parser.
func (p parser) ParseOneWithOptions(ctx context.Context, query string, options sqlparser.ParserOptions) (sqlparser.Statement, int, error) {
	query, err := asRead(query)
	if err != nil {
		return nil, 0, err
	}
	statement, next, err := p.Parser.ParseOneWithOptions(ctx, query, options)
	statement, err = p.accept(ctx, query, statement, syntaxError(query, err))
	return statement, next, err
}

// check is the error that the statement gets, or would get if it were prepared.
func (p parser) check(query string, options sqlparser.ParserOptions) (err error) {
	defer func() {
		if recover() != nil {
			err = errUnable
		}
	}()
	if query, err = asRead(query); err != nil {
		return err
	}
	statement, _, _, err := p.Parser.ParseWithOptions(context.Background(), query, ';', false, options)
	statement, err = accept(query, statement, syntaxError(query, err))
	switch statement.(type) {
	case *sqlparser.Prepare, *sqlparser.Execute, *sqlparser.Deallocate:
		return errNotPrepared
	}
	return err
}

// accept is the function of that name, and bounds PREPARE.
func (p parser) accept(ctx context.Context, query string, statement sqlparser.Statement, err error) (sqlparser.Statement, error) {
	prepare, ok := statement.(*sqlparser.Prepare)
	if err != nil || !ok {
		return accept(query, statement, err)
	}
	session, ok := ctx.(*sql.Context)
	if !ok {
		return nil, errReadOnly
	}
	text := prepare.Expr
	if variable, ok := strings.CutPrefix(text, "@"); ok {
		_, value, err := session.GetUserVariable(session, variable)
		if err != nil {
			return nil, err
		}
		text, _ = value.(string)
	}
	return statement, p.prepared.name(session.Session.ID(), prepare.Name, text)
}

// showGrants is run for SHOW GRANTS: the library would look into a database of accounts, which does not exist.
const showGrants = "SELECT CONCAT('GRANT SELECT ON *.* TO ', CURRENT_USER()) AS Grants"

// accept returns the statement to run for one that was parsed from the query, or the reason not to run it.
func accept(query string, statement sqlparser.Statement, err error) (sqlparser.Statement, error) {
	if err != nil {
		return nil, err
	}
	if _, ok := statement.(*sqlparser.ShowGrants); ok {
		return sqlparser.Parse(showGrants)
	}
	// Never a statement together with an error: the library would run it for a client that may send several at once.
	measured, err := measure(statement)
	if err != nil {
		return nil, err
	}
	if err := checkReadOnly(statement); err != nil {
		return nil, err
	}
	if err := renameAggregates(measured.functions); err != nil {
		return nil, err
	}
	labelColumns(query, measured.selects)
	nameOperators(measured.operators)
	shortenCasts(measured.casts)
	for _, group := range measured.groups {
		for _, order := range group.OrderBy {
			if value, ok := order.Expr.(*sqlparser.SQLVal); ok && value.Type == sqlparser.IntVal {
				number, err := strconv.Atoi(string(value.Val))
				if err != nil || number < 1 || number > len(group.Exprs) {
					return nil, mysql.NewSQLError(mysql.ERBadFieldError, mysql.SSBadFieldError, "Unknown column '%s' in 'order clause'", value.Val)
				}
				if column, ok := group.Exprs[number-1].(*sqlparser.AliasedExpr); ok {
					order.Expr = column.Expr
				}
			}
		}
		// The library would keep the first alone, with its own text of a number.
		group.Exprs = sqlparser.SelectExprs{&sqlparser.AliasedExpr{Expr: &sqlparser.FuncExpr{Name: sqlparser.NewColIdent("concat"), Exprs: group.Exprs}}}
	}
	nameColumns(measured.unions)
	orderByNames(measured.distinct)
	return statement, nil
}

// shortenCasts makes CAST(x AS CHAR(n)) take the first n letters of a text: the library takes bytes.
func shortenCasts(casts []*sqlparser.ConvertExpr) {
	for _, cast := range casts {
		if cast.Type == nil || cast.Type.Length == nil || !strings.EqualFold(cast.Type.Type, "char") {
			continue
		}
		whole := &sqlparser.ConvertExpr{Name: cast.Name, Expr: cast.Expr, Type: &sqlparser.ConvertType{Type: cast.Type.Type}}
		cast.Expr = &sqlparser.FuncExpr{Name: sqlparser.NewColIdent("left"), Exprs: sqlparser.SelectExprs{
			&sqlparser.AliasedExpr{Expr: whole}, &sqlparser.AliasedExpr{Expr: cast.Type.Length},
		}}
		cast.Type.Length = nil
	}
}

// numberTypes are the types of numbers for CAST.
var numberTypes = map[string]bool{"signed": true, "unsigned": true, "decimal": true, "double": true, "real": true, "float": true}

// arithmetic are the operators of numbers.
var arithmetic = map[string]bool{
	sqlparser.PlusStr: true, sqlparser.MinusStr: true, sqlparser.MultStr: true, sqlparser.DivStr: true, sqlparser.IntDivStr: true, sqlparser.ModStr: true,
}

// nameOperators makes functions of operators, inner ones first: the library takes the types of its own for those of what is made of them.
func nameOperators(places []reflect.Value) {
	for _, place := range slices.Backward(places) {
		name, arguments := "", []sqlparser.Expr(nil)
		switch e := place.Interface().(type) {
		case *sqlparser.ConvertExpr:
			name, arguments = castPrefix+strings.ToLower(sqlparser.String(e.Type)), []sqlparser.Expr{e.Expr}
		case *sqlparser.BinaryExpr:
			name, arguments = calculationPrefix+e.Operator, []sqlparser.Expr{e.Left, e.Right}
			if _, isShift := e.Right.(*sqlparser.IntervalExpr); isShift {
				name = map[string]string{sqlparser.PlusStr: "date_add", sqlparser.MinusStr: "date_sub"}[e.Operator]
			}
		}
		call := &sqlparser.FuncExpr{Name: sqlparser.NewColIdent(name)}
		for _, argument := range arguments {
			call.Exprs = append(call.Exprs, &sqlparser.AliasedExpr{Expr: argument})
		}
		place.Set(reflect.ValueOf(call))
	}
}

// labelColumns gives the columns of SELECTs the names that MySQL gives them: the text of the expression as it was typed, but for a value or
// a column in parentheses those of the value or the column.
func labelColumns(query string, selects []*sqlparser.Select) {
	for _, selected := range selects {
		for _, column := range selected.SelectExprs {
			aliased, ok := column.(*sqlparser.AliasedExpr)
			if !ok || !aliased.As.IsEmpty() || aliased.StartParsePos >= aliased.EndParsePos || aliased.EndParsePos > len(query) {
				continue
			}
			start := aliased.StartParsePos
			if _, isNot := aliased.Expr.(*sqlparser.NotExpr); isNot {
				// The parser's text begins after the word.
				start -= len(nots.FindString(query[:start]))
			}
			label := asTyped(strings.Trim(query[start:aliased.EndParsePos], ", \t\r\n"))
			switch e := bare(aliased.Expr).(type) {
			case *sqlparser.ColName:
				aliased.Expr, label = e, ""
			case *sqlparser.NullVal:
				label = "NULL"
			case sqlparser.BoolVal:
				label = strings.ToUpper(strings.Trim(label, "() \t\r\n"))
			case *sqlparser.SQLVal:
				// The parser makes one number of signs and a number.
				if e.Type == sqlparser.StrVal || (e.Type == sqlparser.IntVal || e.Type == sqlparser.FloatVal) && !strings.Contains(label, "-") {
					aliased.Expr, label = e, strings.TrimLeft(string(e.Val), " \t\r\n")
				}
			}
			aliased.InputExpression = label
		}
	}
}

// orderByNames makes ORDER BY name of ORDER BY 1 where the column of a SELECT DISTINCT is an expression: the library would look for what the
// expression is made of in the rows of the result.
func orderByNames(queries []*sqlparser.Select) {
	for _, query := range queries {
		for _, order := range query.OrderBy {
			value, ok := order.Expr.(*sqlparser.SQLVal)
			if !ok || value.Type != sqlparser.IntVal {
				continue
			}
			number, err := strconv.Atoi(string(value.Val))
			if err != nil || number < 1 || number > len(query.SelectExprs) {
				continue
			}
			if slices.ContainsFunc(query.SelectExprs[:number], func(e sqlparser.SelectExpr) bool { _, one := e.(*sqlparser.AliasedExpr); return !one }) {
				continue // After a *, nothing says which column it is.
			}
			column := query.SelectExprs[number-1].(*sqlparser.AliasedExpr)
			if _, isColumn := column.Expr.(*sqlparser.ColName); isColumn {
				continue
			}
			if column.As.IsEmpty() {
				column.As = sqlparser.NewColIdent(column.InputExpression)
			}
			order.Expr = &sqlparser.ColName{Name: column.As}
		}
	}
}

// nots are words at the end of a text.
var nots = regexp.MustCompile(`(?i)(?:\bNOT\s*)+$`)

// bare is an expression without parentheses, plus signs and character sets around it.
func bare(e sqlparser.Expr) sqlparser.Expr {
	switch outer := e.(type) {
	case *sqlparser.ParenExpr:
		return bare(outer.Expr)
	case *sqlparser.UnaryExpr:
		if outer.Operator == sqlparser.UPlusStr || strings.HasPrefix(outer.Operator, "_") {
			return bare(outer.Expr)
		}
	}
	return e
}

// nameColumns gives the expressions of UNIONs that are ordered the names that they are shown with: the library orders by their values in
// one SELECT otherwise.
func nameColumns(unions []*sqlparser.SetOp) {
	for _, union := range unions {
		first := sqlparser.SelectStatement(union)
		for len(union.OrderBy) > 0 {
			switch part := first.(type) {
			case *sqlparser.SetOp:
				first = part.Left
				continue
			case *sqlparser.ParenSelect:
				first = part.Select
				continue
			case *sqlparser.Select:
				for _, column := range part.SelectExprs {
					if aliased, ok := column.(*sqlparser.AliasedExpr); ok && aliased.As.IsEmpty() {
						if _, isColumn := aliased.Expr.(*sqlparser.ColName); !isColumn {
							aliased.As = sqlparser.NewColIdent(aliased.InputExpression)
						}
					}
				}
			}
			break
		}
	}
}
