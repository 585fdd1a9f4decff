package flightsdb

import (
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/expression/function/aggregation"
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
		if !ok || types.IsTuple(e.Left().Type()) {
			return nil, nil
		}
		return orNil(newInList(ctx, e.Left(), tuple))
	case *expression.Like:
		return &like{expression.BinaryExpressionStub{LeftChild: e.LeftChild, RightChild: e.RightChild}, e.Escape}, nil
	case *expression.Equals, *expression.NullSafeEquals, *expression.GreaterThan, *expression.GreaterThanOrEqual,
		*expression.LessThan, *expression.LessThanOrEqual:
		compared := e.(expression.Comparer)
		if types.IsTuple(compared.Left().Type()) || isForIndexes(ctx, compared.Left(), compared.Right()) {
			return nil, nil
		}
		return &comparison{compared}, nil
	case *expression.Arithmetic:
		if whole := newWholeArithmetic(e); whole != nil {
			return whole, nil
		}
		return boundedNumbers(e)
	case *expression.Convert, *expression.UnaryMinus, *expression.Div, *expression.IntDiv, *expression.Mod,
		*expression.BitOp, *aggregation.Sum, *aggregation.Avg, sql.FunctionExpression:
		return boundedNumbers(e)
	}
	return nil, nil
}

// orNil leaves the expression to the library if ok is false.
func orNil(in *inList, ok bool, err error) (sql.Expression, error) {
	if err != nil || !ok {
		return nil, err
	}
	return in, nil
}

// lateSemanticsRule is the number of lateSemantics among the library's rules.
const lateSemanticsRule analyzer.RuleId = 1002

// lateSemantics is semantics for the expressions that the library's rules have to know until the end.
func lateSemantics(ctx *sql.Context, _ *analyzer.Analyzer, node sql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *sql.QueryFlags) (sql.Node, transform.TreeIdentity, error) {
	return transform.NodeExprsWithOpaque(node, func(e sql.Expression) (sql.Expression, transform.TreeIdentity, error) {
		replaced, err := replaceLate(ctx, e)
		if err != nil || replaced == nil {
			return e, transform.SameTree, err
		}
		return replaced, transform.NewTree, nil
	})
}

// replaceLate is replace for lateSemantics.
func replaceLate(ctx *sql.Context, e sql.Expression) (sql.Expression, error) {
	switch e := e.(type) {
	case *plan.InSubquery:
		return newInSubquery(e.Left(), e.Right()), nil
	case *expression.InTuple:
		if tuple, ok := e.Right().(expression.Tuple); ok {
			return orNil(newInList(ctx, e.Left(), tuple))
		}
	case *expression.HashInTuple:
		if tuple, ok := e.Right().(expression.Tuple); ok {
			return orNil(newInList(ctx, e.Left(), tuple))
		}
	case sql.FunctionExpression:
		if _, aggregates := e.(sql.WindowAdaptableExpression); !aggregates && (types.IsText(e.Type()) || types.IsJSON(e.Type())) {
			return &guard{e}, nil
		}
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
