package flightsdb

import (
	"regexp"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// displayRule is the number of display among the library's rules, above the library's own.
const displayRule analyzer.RuleId = 1000

// explain matches a statement that asks for the plan of another.
var explain = regexp.MustCompile(`(?i)^\s*(EXPLAIN|DESCRIBE|DESC)\b`)

// display fixes what EXPLAIN and DESCRIBE show.
func display(ctx *sql.Context, _ *analyzer.Analyzer, node sql.Node, _ *plan.Scope, _ analyzer.RuleSelector, flags *sql.QueryFlags) (sql.Node, transform.TreeIdentity, error) {
	if explain.MatchString(ctx.Query()) {
		// If the explained statement returns at most one row, the library would allow its plan only one line.
		flags.Unset(sql.QFlagMax1Row)
	}
	return transform.Node(node, func(node sql.Node) (sql.Node, transform.TreeIdentity, error) {
		columns, ok := node.(*plan.ShowColumns)
		if !ok {
			return node, transform.SameTree, nil
		}
		shown, err := columns.WithTargetSchema(withoutCollation(columns.TargetSchema()))
		return shown, transform.NewTree, err
	})
}

// withoutCollation returns the columns with the types that MySQL would show: without the collation, which is the table's.
func withoutCollation(columns sql.Schema) sql.Schema {
	shown := columns.Copy()
	for _, column := range shown {
		if text, ok := column.Type.(sql.StringType); ok {
			column.Type = types.MustCreateString(text.Type(), text.MaxCharacterLength(), sql.Collation_Default)
		}
	}
	return shown
}
