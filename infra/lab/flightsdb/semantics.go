package flightsdb

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// semanticsRule is the number of semantics among the library's rules.
const semanticsRule analyzer.RuleId = 1001

// semantics replaces the expressions for which the library gives other values than MySQL.
func semantics(ctx *sql.Context, _ *analyzer.Analyzer, node sql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *sql.QueryFlags) (sql.Node, transform.TreeIdentity, error) {
	return transform.NodeExprsWithOpaque(node, func(e sql.Expression) (sql.Expression, transform.TreeIdentity, error) {
		replaced, err := replace(ctx, e)
		if err != nil || replaced == nil {
			return e, transform.SameTree, err
		}
		return replaced, transform.NewTree, nil
	})
}

// replace is the expression instead of one of the library's, or nil.
func replace(ctx *sql.Context, e sql.Expression) (sql.Expression, error) {
	switch e := e.(type) {
	case *expression.InTuple:
		tuple, ok := e.Right().(expression.Tuple)
		if !ok {
			return nil, nil
		}
		in, ok, err := newInList(ctx, e.Left(), tuple)
		if err != nil || !ok {
			return nil, err
		}
		return in, nil
	case *plan.InSubquery:
		return newInSubquery(e.Left(), e.Right()), nil
	case *expression.Like:
		return &like{expression.BinaryExpressionStub{LeftChild: e.LeftChild, RightChild: e.RightChild}, e.Escape}, nil
	case *expression.Equals, *expression.NullSafeEquals, *expression.GreaterThan, *expression.GreaterThanOrEqual,
		*expression.LessThan, *expression.LessThanOrEqual:
		compared := e.(expression.Comparer)
		if types.IsTuple(compared.Left().Type()) || isForIndexes(ctx, compared.Left(), compared.Right()) {
			return nil, nil
		}
		return &comparison{compared}, nil
	}
	return nil, nil
}

// removedRules are the library's rules that make wrong plans: IN with a subquery as a join repeats rows.
var removedRules = map[string]bool{"unnestInSubqueries": true}

// removeRules takes them out of an analyzer.
func removeRules(a *analyzer.Analyzer) {
	for _, batch := range a.Batches {
		var kept []analyzer.Rule
		for _, rule := range batch.Rules {
			if !removedRules[rule.Id.String()] {
				kept = append(kept, rule)
			}
		}
		batch.Rules = kept
	}
}
