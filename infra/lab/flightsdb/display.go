package flightsdb

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// displayRule is the number of display among the library's rules, above the library's own.
const displayRule analyzer.RuleId = 1000

// display fixes what DESCRIBE shows, and how many rows there are.
func display(_ *sql.Context, _ *analyzer.Analyzer, node sql.Node, _ *plan.Scope, _ analyzer.RuleSelector, flags *sql.QueryFlags) (sql.Node, transform.TreeIdentity, error) {
	// The library means one part of the statement: a UNION, or the plan that EXPLAIN shows, may have more.
	flags.Unset(sql.QFlagMax1Row)
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
