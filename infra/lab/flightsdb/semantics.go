package flightsdb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/expression/function"
	"github.com/dolthub/go-mysql-server/sql/expression/function/aggregation"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/transform"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/dolthub/vitess/go/mysql"
)

// semanticsRule is the number of semantics among the library's rules.
const semanticsRule analyzer.RuleId = 1001

// semantics replaces the expressions for which the library gives other values than MySQL.
func semantics(ctx *sql.Context, _ *analyzer.Analyzer, node sql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *sql.QueryFlags) (sql.Node, transform.TreeIdentity, error) {
	if ofDays(node) {
		return nil, transform.SameTree, unsupported("A recursive query of dates")
	}
	node, _, err := transform.NodeWithOpaque(node, replaceNode)
	if err != nil {
		return nil, transform.SameTree, err
	}
	return transform.NodeExprsWithOpaque(node, func(e sql.Expression) (sql.Expression, transform.TreeIdentity, error) {
		replaced, err := replace(ctx, e)
		if err != nil || replaced == nil {
			return e, transform.SameTree, err
		}
		return replaced, transform.NewTree, nil
	})
}

// replaceNode is replace for nodes: their conditions are true or false as those of AND and OR are.
func replaceNode(node sql.Node) (sql.Node, transform.TreeIdentity, error) {
	switch node := node.(type) {
	case *plan.SetOp:
		return alignDecimals(node)
	case *plan.Filter:
		return plan.NewFilter(truthOf(node.Expression), node.Child), transform.NewTree, nil
	case *plan.Having:
		return plan.NewHaving(truthOf(node.Cond), node.Child), transform.NewTree, nil
	case *plan.JoinNode:
		if node.Filter == nil {
			return node, transform.SameTree, nil
		}
		changed, err := node.WithExpressions(truthOf(node.Filter))
		return changed, transform.NewTree, err
	}
	return node, transform.SameTree, nil
}

// alignDecimals gives the decimals of a UNION as many digits after the point as the side with more has: the library gives them thirty.
func alignDecimals(union *plan.SetOp) (sql.Node, transform.TreeIdentity, error) {
	scales, converted := map[int]uint8{}, map[int]bool{}
	var sides []sql.Node
	for range 2 {
		sides = nil
		for _, side := range union.Children() {
			project, ok := side.(*plan.Project)
			if !ok {
				return union, transform.SameTree, nil
			}
			columns := slices.Clone(project.Projections)
			for i, column := range columns {
				alias, ok := column.(*expression.Alias)
				if !ok || !types.IsDecimal(alias.Type()) {
					continue
				}
				value := alias.Child
				if made, ok := value.(*expression.Convert); ok {
					value, converted[i] = made.Child, true
				}
				if scales[i] = max(scales[i], scaleOf(project.Child.Schema()[i].Type)); converted[i] {
					columns[i] = expression.NewAlias(alias.Name(), castOf(value, decimalType(scales[i])))
				}
			}
			sides = append(sides, plan.NewProject(columns, project.Child))
		}
	}
	aligned, err := union.WithChildren(sides...)
	return aligned, transform.NewTree, err
}

// ofDays tells whether a recursive query begins with dates: the library adds a time to them.
func ofDays(node sql.Node) bool {
	found := false
	_, _, _ = transform.NodeWithOpaque(node, func(node sql.Node) (sql.Node, transform.TreeIdentity, error) {
		if recursive, ok := node.(*plan.RecursiveCte); ok {
			found = found || slices.ContainsFunc(recursive.Left().Schema(), func(column *sql.Column) bool { return types.IsDateType(column.Type) })
		}
		return node, transform.SameTree, nil
	})
	return found
}

// replace is the expression instead of one of the library's, or nil.
func replace(ctx *sql.Context, e sql.Expression) (sql.Expression, error) {
	switch e := e.(type) {
	case sql.WindowAdaptableExpression:
		if err := checkFrame(e.Window()); err != nil {
			return nil, err
		}
		if group, ok := e.(*aggregation.GroupConcat); ok && strings.HasPrefix(group.String(), "group_concat(distinct ") {
			return &distinctConcat{group}, nil
		}
		changed := newWindow(e)
		if function, ok := e.(sql.FunctionExpression); ok && strings.HasPrefix(function.FunctionName(), "Bit") && !types.IsInteger(e.Children()[0].Type()) {
			if changed == nil {
				changed = e
			}
			arguments := slices.Clone(changed.Children())
			arguments[0] = castOf(arguments[0], types.Uint64)
			return changed.WithChildren(arguments...)
		}
		return changed, nil
	case *expression.InTuple:
		tuple, ok := e.Right().(expression.Tuple)
		if !ok || types.IsTuple(e.Left().Type()) {
			return nil, nil
		}
		return orNil(newInList(ctx, e.Left(), tuple))
	case *expression.Like:
		return &like{expression.BinaryExpressionStub{LeftChild: textOf(e.LeftChild), RightChild: textOf(e.RightChild)}, e.Escape}, nil
	case *expression.Equals, *expression.NullSafeEquals, *expression.GreaterThan, *expression.GreaterThanOrEqual,
		*expression.LessThan, *expression.LessThanOrEqual:
		if replaced := compared(ctx, e.(expression.Comparer)); replaced != e {
			return replaced, nil
		}
		return nil, nil
	case *expression.Between:
		return newBetween(ctx, e)
	case *expression.Case:
		return newCase(e), nil
	case *expression.And, *expression.Or, *expression.Xor, *expression.Not, *expression.IsTrue:
		return truths(e)
	case *calculation, *choice, *between, *dated:
		return nil, nil
	case *function.DateAdd:
		return newShift(e.Date, e.Interval, 1), nil
	case *function.DateSub:
		return newShift(e.Date, e.Interval, -1), nil
	case *function.TimestampDiff:
		unit, ok := e.Children()[0].(*expression.Literal)
		if !ok {
			return nil, unsupported("This TIMESTAMPDIFF")
		}
		name := strings.TrimPrefix(strings.ToUpper(fmt.Sprint(unit.Value())), "SQL_TSI_")
		if strings.Contains(name, "_") {
			return nil, mysql.NewSQLError(mysql.ERParseError, mysql.SSClientError, "You have an error in your SQL syntax; TIMESTAMPDIFF has no %s", name)
		}
		return newDifference(name, e.Children()[1], e.Children()[2]), nil
	case *function.Extract:
		unit, _ := e.LeftChild.(*expression.Literal)
		if unit == nil {
			return nil, unsupported("This EXTRACT")
		}
		name := fmt.Sprint(unit.Value())
		if name == "WEEK" {
			return newWeek(e.RightChild)
		}
		if part := newClockPart(name, e.RightChild); part != nil {
			return part, nil
		}
		return withCoerced(e)
	case *expression.Arithmetic, *expression.UnaryMinus, *expression.Div, *expression.IntDiv, *expression.Mod, *expression.BitOp:
		if made := calculated(e); made != nil {
			return made, nil
		}
		if slices.ContainsFunc(e.Children(), func(child sql.Expression) bool { return types.IsBinaryType(child.Type()) || types.IsJSON(child.Type()) }) {
			return nil, unsupported("A calculation with a binary text or a document")
		}
		return boundedNumbers(e)
	case *expression.Convert:
		return converted(e)
	case sql.FunctionExpression:
		if made, err := withCoerced(e); made != nil || err != nil {
			return made, err
		}
		return boundedNumbers(e)
	}
	return nil, nil
}

// withCoerced is the function with arguments as it takes them, or nil if they are so already.
func withCoerced(e sql.FunctionExpression) (sql.Expression, error) {
	children := e.Children()
	arguments, err := coerced(strings.ToLower(e.FunctionName()), children)
	if err != nil || slices.Equal(arguments, children) {
		return nil, err
	}
	return e.WithChildren(arguments...)
}

// converted is a conversion with the values of MySQL, or nil.
func converted(e *expression.Convert) (sql.Expression, error) {
	typ, child := e.Type(), e.Child
	switch {
	case hasLibraryCollation(typ):
		changed, err := e.WithChildren(textOf(child))
		return newCollated(changed), err
	case types.IsBinaryType(typ):
		return e.WithChildren(textOf(child))
	case typ == types.Time:
		return newTime(child), nil
	case kindOf(typ) == temporal && child.Type() == types.Time:
		return nil, unsupported("A time of the day as a date")
	case kindOf(typ) == temporal && isWritten(child):
		return e.WithChildren(momentOf(child))
	case (types.IsInteger(typ) || types.IsDecimal(typ) || types.IsFloat(typ)) && numberOf(child) != nil:
		return castOf(child, typ), nil
	}
	return boundedNumbers(e)
}

// compared is a comparison that an index may serve, if that finds the right rows.
func compared(ctx *sql.Context, e expression.Comparer) sql.Expression {
	// The library's <=> compares texts byte by byte.
	_, nullSafe := e.(*expression.NullSafeEquals)
	left, right := kindOf(e.Left().Type()), kindOf(e.Right().Type())
	isNumber := left == exact || left == float || right == exact || right == float
	if l, r := numberOf(e.Left()), numberOf(e.Right()); isNumber && l != nil && r != nil && (l != e.Left() || r != e.Right()) {
		if changed, err := e.WithChildren(l, r); err == nil {
			e = changed.(expression.Comparer)
		}
	}
	ofTexts := common(kindOf(e.Left().Type()), kindOf(e.Right().Type())) == text
	if l, ok := e.Left().(expression.Tuple); ok {
		if r, ok := e.Right().(expression.Tuple); ok && len(l) == len(r) {
			return comparedParts(ctx, e, l, r)
		}
	}
	if types.IsTuple(e.Left().Type()) || isForIndexes(ctx, e.Left(), e.Right()) && !(nullSafe && ofTexts) {
		return e
	}
	return &comparison{e}
}

// comparedParts compares two rows part by part: the library takes NULL for equal to NULL.
func comparedParts(ctx *sql.Context, e expression.Comparer, left, right expression.Tuple) sql.Expression {
	part := func(e expression.Comparer, at int) sql.Expression {
		changed, err := e.WithChildren(left[at], right[at])
		if err != nil {
			return e
		}
		return compared(ctx, changed.(expression.Comparer))
	}
	strict := e
	switch e.(type) {
	case *expression.GreaterThanOrEqual:
		strict = expression.NewGreaterThan(e.Left(), e.Right())
	case *expression.LessThanOrEqual:
		strict = expression.NewLessThan(e.Left(), e.Right())
	}
	last := len(left) - 1
	all := part(e, last)
	for at := last - 1; at >= 0; at-- {
		switch e.(type) {
		case *expression.Equals, *expression.NullSafeEquals:
			all = expression.NewAnd(part(e, at), all)
		default:
			all = expression.NewOr(part(strict, at), expression.NewAnd(part(expression.NewEquals(left[at], right[at]), at), all))
		}
	}
	return all
}

// truths makes numbers of the texts and dates that AND, OR, XOR, NOT and IS TRUE take for true or false, or returns nil.
func truths(e sql.Expression) (sql.Expression, error) {
	children := slices.Clone(e.Children())
	changed := false
	for i, child := range children {
		children[i] = truthOf(child)
		changed = changed || children[i] != child
	}
	if !changed {
		return nil, nil
	}
	return e.WithChildren(children...)
}

// truthOf is the number of a text or a date that is taken for true or false, or the value itself.
func truthOf(e sql.Expression) sql.Expression {
	number := numberOf(e)
	if number == nil || number == e && !types.IsTextOnly(e.Type()) {
		return e
	}
	return &dated{name: "truth", typ: types.Float64, arguments: []sql.Expression{number}, value: func(_ *sql.Context, values []any) (any, error) {
		return toFloat(values[0])
	}}
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
			if rule.Id.String() == "validateOperands" {
				rule.Apply = withoutIn(rule.Apply)
			}
			if rule.Id.String() == "unnestExistsSubqueries" {
				rule.Apply = ofEqualities(rule.Apply)
			}
			if rule.Id.String() == "hoistOutOfScopeFilters" {
				rule.Apply = markOutside
			}
			if !removedRules[rule.Id.String()] {
				kept = append(kept, rule)
			}
		}
		batch.Rules = kept
	}
}

// withoutIn is the rule that refuses lists of columns as operands, but for those of IN, which this package has checked: the
// library knows only its own expressions.
func withoutIn(check analyzer.RuleFunc) analyzer.RuleFunc {
	return func(ctx *sql.Context, a *analyzer.Analyzer, node sql.Node, scope *plan.Scope, selector analyzer.RuleSelector, flags *sql.QueryFlags) (sql.Node, transform.TreeIdentity, error) {
		checked, _, err := transform.NodeExprsWithOpaque(node, func(e sql.Expression) (sql.Expression, transform.TreeIdentity, error) {
			switch e.(type) {
			case *inList, *inSubquery:
				return expression.NewLiteral(true, types.Boolean), transform.NewTree, nil
			}
			return e, transform.SameTree, nil
		})
		if err == nil {
			_, _, err = check(ctx, a, checked, scope, selector, flags)
		}
		return node, transform.SameTree, err
	}
}

// outside is a condition of a subquery that reads only the outer query. It has one value for all rows of the subquery, and no index serves it.
type outside struct{ wrapper }

// WithChildren implements sql.Expression.
func (o *outside) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	return &outside{wrapper{children[0]}}, nil
}

// markOutside marks such conditions. The library takes them out of the subquery, which makes NOT EXISTS NULL if the condition is.
func markOutside(_ *sql.Context, _ *analyzer.Analyzer, node sql.Node, _ *plan.Scope, _ analyzer.RuleSelector, _ *sql.QueryFlags) (sql.Node, transform.TreeIdentity, error) {
	return transform.NodeExprsWithOpaque(node, func(e sql.Expression) (sql.Expression, transform.TreeIdentity, error) {
		subquery, ok := e.(*plan.Subquery)
		if !ok || subquery.Correlated().Empty() {
			return e, transform.SameTree, nil
		}
		query, same, err := transform.Node(subquery.Query, func(node sql.Node) (sql.Node, transform.TreeIdentity, error) {
			filter, ok := node.(*plan.Filter)
			if !ok {
				return node, transform.SameTree, nil
			}
			conditions := expression.SplitConjunction(filter.Expression)
			same := transform.SameTree
			for i, condition := range conditions {
				_, marked := condition.(*outside)
				if reads, inside := columnsRead(condition, subquery.Correlated()); reads && !inside && !marked {
					conditions[i], same = &outside{wrapper{condition}}, transform.NewTree
				}
			}
			return plan.NewFilter(expression.JoinAnd(conditions...), filter.Child), same, nil
		})
		return subquery.WithQuery(query), same, err
	})
}

// columnsRead tells whether an expression reads columns of the outer query, and others. A subquery may read both.
func columnsRead(e sql.Expression, outer sql.ColSet) (outside, inside bool) {
	transform.InspectExpr(e, func(e sql.Expression) bool {
		switch e := e.(type) {
		case *expression.GetField:
			outside, inside = outside || outer.Contains(e.Id()), inside || !outer.Contains(e.Id())
		case *plan.Subquery:
			outside, inside = true, true
		}
		return false
	})
	return outside, inside
}

// ofEqualities is the rule that makes joins of EXISTS, but for statements with one whose conditions on the outer query are others than that a
// column is equal to one of its own, and for those with a LEFT JOIN: such joins repeat rows, and lose those with NULL.
func ofEqualities(unnest analyzer.RuleFunc) analyzer.RuleFunc {
	return func(ctx *sql.Context, a *analyzer.Analyzer, node sql.Node, scope *plan.Scope, selector analyzer.RuleSelector, flags *sql.QueryFlags) (sql.Node, transform.TreeIdentity, error) {
		others := false
		transform.Inspect(node, func(node sql.Node) bool {
			join, ok := node.(*plan.JoinNode)
			others = others || ok && join.Op.IsLeftOuter()
			return !others
		})
		transform.InspectExpressions(node, func(e sql.Expression) bool {
			if exists, ok := e.(*plan.ExistsSubquery); ok && !joinsByEquality(exists.Query) {
				others = true
			}
			return !others
		})
		if others {
			return node, transform.SameTree, nil
		}
		return unnest(ctx, a, node, scope, selector, flags)
	}
}

// joinsByEquality tells whether every condition of the subquery that reads the outer query is an equality of its columns and those of the subquery.
func joinsByEquality(query *plan.Subquery) bool {
	outer := query.Correlated()
	ok := true
	transform.Inspect(query.Query, func(node sql.Node) bool {
		filter, isFilter := node.(*plan.Filter)
		if !isFilter {
			return ok
		}
		for _, condition := range expression.SplitConjunction(filter.Expression) {
			if reads, _ := columnsRead(condition, outer); !reads {
				continue
			}
			equality, isEquality := condition.(*expression.Equals)
			if !isEquality {
				ok = false
				continue
			}
			left, leftInside := columnsRead(equality.Left(), outer)
			right, rightInside := columnsRead(equality.Right(), outer)
			ok = ok && left != leftInside && right != rightInside && left != right
		}
		return ok
	})
	return ok
}
