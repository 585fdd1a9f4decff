package flightsdb

import (
	"fmt"
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// inList is IN with a list of expressions. Constants are looked up in a hash table: the library compares them one by
// one, and turns each into a range of an index. The rows of both sides are lists of one or more columns.
type inList struct {
	notText
	left  sql.Expression
	right []sql.Expression

	// set is known as soon as all of right is constant, and keys are its values for a single column.
	set  *valueSet
	keys []any
}

var (
	_ sql.Expression         = (*inList)(nil)
	_ sql.CollationCoercible = (*inList)(nil)
)

// newInList returns false if the library has to compare the values.
func newInList(ctx *sql.Context, left sql.Expression, right []sql.Expression) (*inList, bool, error) {
	in := &inList{left: left, right: right}
	constant := true
	for _, element := range right {
		if types.NumColumns(element.Type()) != types.NumColumns(left.Type()) {
			return nil, false, sql.ErrInvalidOperandColumns.New(types.NumColumns(left.Type()), types.NumColumns(element.Type()))
		}
		if _, ok := comparers(ctx, left, element); !ok {
			return nil, false, nil
		}
		constant = constant && isConstantRow(element)
	}
	if !constant {
		return in, true, nil
	}
	set, err := in.evaluate(ctx, nil)
	in.set = set
	return in, true, err
}

// isConstantRow is isConstant of each column.
func isConstantRow(e sql.Expression) bool {
	for _, column := range columnsOf(e) {
		if !isConstant(column) {
			return false
		}
	}
	return true
}

// columnsOf are the columns of a row expression.
func columnsOf(e sql.Expression) []sql.Expression {
	if tuple, ok := e.(expression.Tuple); ok && len(tuple) > 1 {
		return tuple
	}
	return []sql.Expression{e}
}

// comparer is how a column is compared.
type comparer struct {
	kind      kind
	collation sql.CollationID
}

// comparers are how the columns of two rows are compared; ok is false if the library has to.
func comparers(ctx *sql.Context, left, right sql.Expression) (columns []comparer, ok bool) {
	lefts, rights := columnsOf(left), columnsOf(right)
	if len(lefts) != len(rights) {
		return nil, false
	}
	for i := range lefts {
		c, ok := comparerOf(ctx, lefts[i], rights[i])
		if !ok {
			return nil, false
		}
		columns = append(columns, c)
	}
	return columns, true
}

// comparerOf is how two expressions are compared.
func comparerOf(ctx *sql.Context, left, right sql.Expression) (comparer, bool) {
	l, r := left.Type(), right.Type()
	if l == types.Null || r == types.Null {
		return comparer{kind: text, collation: collation}, true
	}
	c := comparer{kind: common(kindOf(l), kindOf(r))}
	if c.kind == text {
		c.collation = collationOf(ctx, left, right)
	}
	return c, c.kind != other
}

// evaluate makes the set of the values on the right.
func (in *inList) evaluate(ctx *sql.Context, row sql.Row) (*valueSet, error) {
	set := newValueSet()
	for _, element := range in.right {
		columns, _ := comparers(ctx, in.left, element)
		var values []any
		for _, column := range columnsOf(element) {
			value, err := column.Eval(ctx, row)
			if err != nil {
				return nil, err
			}
			values = append(values, value)
		}
		if len(values) == 1 && values[0] != nil {
			in.keys = append(in.keys, values[0])
		}
		if err := set.add(ctx, columns, values); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// Eval implements sql.Expression.
func (in *inList) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	left, err := evalRow(ctx, in.left, row)
	if err != nil {
		return nil, err
	}
	if in.set != nil {
		return in.set.has(ctx, left)
	}
	volatile := &inList{left: in.left, right: in.right}
	set, err := volatile.evaluate(ctx, row)
	if err != nil {
		return nil, err
	}
	return set.has(ctx, left)
}

// evalRow evaluates each column.
func evalRow(ctx *sql.Context, e sql.Expression, row sql.Row) ([]any, error) {
	var values []any
	for _, column := range columnsOf(e) {
		value, err := column.Eval(ctx, row)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

func (in *inList) Resolved() bool   { return expression.ExpressionsResolved(in.Children()...) }
func (in *inList) String() string   { return fmt.Sprintf("(%s IN %s)", in.left, list(in.right)) }
func (in *inList) Type() sql.Type   { return types.Boolean }
func (in *inList) IsNullable() bool { return true }
func (in *inList) Children() []sql.Expression {
	return append([]sql.Expression{in.left}, in.right...)
}

// WithChildren implements sql.Expression.
func (in *inList) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	if len(children) != len(in.right)+1 {
		return nil, sql.ErrInvalidChildrenNumber.New(in, len(children), len(in.right)+1)
	}
	changed := *in
	changed.left, changed.right = children[0], children[1:]
	return &changed, nil
}

// valueSet is a set of rows, which may hold NULL.
type valueSet struct {
	// keys holds a set for each way in which columns are compared.
	keys map[string]*keySet
	size int
}

type keySet struct {
	columns []comparer
	full    map[string]struct{}
	// partial are the rows that hold NULL: the keys of their columns, nil for NULL.
	partial [][]*string
}

func newValueSet() *valueSet { return &valueSet{keys: map[string]*keySet{}} }

// add puts a row into the set.
func (s *valueSet) add(ctx *sql.Context, columns []comparer, values []any) error {
	s.size++
	id := fmt.Sprint(columns)
	set := s.keys[id]
	if set == nil {
		set = &keySet{columns: columns, full: map[string]struct{}{}}
		s.keys[id] = set
	}
	keys, full, err := set.keysOf(ctx, values)
	switch {
	case err != nil:
		return err
	case full:
		set.full[joined(keys)] = struct{}{}
	case len(set.partial) == 0 || len(values) > 1:
		set.partial = append(set.partial, keys)
	}
	return nil
}

// has tells whether the row is in the set: true, false, or nil if that depends on a NULL.
func (s *valueSet) has(ctx *sql.Context, values []any) (any, error) {
	if s.size == 0 {
		return false, nil
	}
	unknown := false
	for _, set := range s.keys {
		keys, full, err := set.keysOf(ctx, values)
		if err != nil {
			return nil, err
		}
		if full {
			if _, ok := set.full[joined(keys)]; ok {
				return true, nil
			}
		} else if len(values) == 1 {
			return nil, nil
		} else {
			for other := range set.full {
				unknown = unknown || possible(keys, strings.Split(other, separator))
			}
		}
		for _, other := range set.partial {
			unknown = unknown || possibleKeys(keys, other)
		}
	}
	if unknown {
		return nil, nil
	}
	return false, nil
}

// separator stands between the keys of the columns: no key holds it, since weights have no such bytes in a row.
const separator = "\x00\xff\x00\xfe\x00"

// keysOf are the keys of the columns; full is false if one is NULL.
func (s *keySet) keysOf(ctx *sql.Context, values []any) (keys []*string, full bool, err error) {
	full = true
	for i, value := range values {
		if value == nil {
			keys, full = append(keys, nil), false
			continue
		}
		key, err := keyOfValue(ctx, s.columns[i].kind, s.columns[i].collation, value)
		if err != nil {
			return nil, false, err
		}
		keys = append(keys, &key)
	}
	return keys, full, nil
}

func joined(keys []*string) string {
	if len(keys) == 1 {
		return *keys[0]
	}
	var all []string
	for _, key := range keys {
		all = append(all, *key)
	}
	return strings.Join(all, separator)
}

// possible tells whether a row with NULLs may be equal to another.
func possible(keys []*string, other []string) bool {
	for i, key := range keys {
		if key != nil && i < len(other) && *key != other[i] {
			return false
		}
	}
	return true
}

// possibleKeys is possible when both have NULLs.
func possibleKeys(keys, other []*string) bool {
	for i, key := range keys {
		if key != nil && other[i] != nil && *key != *other[i] {
			return false
		}
	}
	return true
}

// inSubquery is IN with a subquery. The library's own treats texts that differ in case as different, for example.
type inSubquery struct {
	notText
	expression.BinaryExpressionStub
	// set is kept for as long as the subquery keeps its rows.
	set *valueSet
}

var (
	_ sql.Expression         = (*inSubquery)(nil)
	_ sql.CollationCoercible = (*inSubquery)(nil)
)

func newInSubquery(left, right sql.Expression) *inSubquery {
	return &inSubquery{BinaryExpressionStub: expression.BinaryExpressionStub{LeftChild: left, RightChild: right}}
}

// Eval implements sql.Expression.
func (in *inSubquery) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	left, err := evalRow(ctx, in.LeftChild, row)
	if err != nil {
		return nil, err
	}
	set := in.set
	if set == nil {
		if set, err = in.evaluate(ctx, row); err != nil {
			return nil, err
		}
	}
	return set.has(ctx, left)
}

// evaluate makes the set of the rows of the subquery.
func (in *inSubquery) evaluate(ctx *sql.Context, row sql.Row) (*valueSet, error) {
	subquery, ok := in.RightChild.(*plan.Subquery)
	if !ok {
		return nil, expression.ErrUnsupportedInOperand.New(in.RightChild)
	}
	lefts, schema := columnsOf(in.LeftChild), subquery.Query.Schema()
	if len(lefts) != len(schema) {
		return nil, sql.ErrInvalidOperandColumns.New(len(lefts), len(schema))
	}
	var columns []comparer
	for i, left := range lefts {
		right := expression.NewGetField(0, schema[i].Type, schema[i].Name, true)
		c, ok := comparerOf(ctx, left, right)
		if !ok {
			return nil, unsupported("IN with values of these types")
		}
		columns = append(columns, c)
	}
	rows, err := subquery.EvalMultiple(ctx, row)
	if err != nil {
		return nil, err
	}
	set := newValueSet()
	for _, found := range rows {
		values, ok := found.([]any)
		if !ok || len(columns) == 1 {
			values = []any{found}
		}
		if err := set.add(ctx, columns, values); err != nil {
			return nil, err
		}
	}
	if subquery.CanCacheResults() {
		in.set = set
	}
	return set, nil
}

func (in *inSubquery) String() string   { return fmt.Sprintf("(%s IN %s)", in.LeftChild, in.RightChild) }
func (in *inSubquery) Type() sql.Type   { return types.Boolean }
func (in *inSubquery) IsNullable() bool { return true }

// WithChildren implements sql.Expression.
func (in *inSubquery) WithChildren(children ...sql.Expression) (sql.Expression, error) {
	if len(children) != 2 {
		return nil, sql.ErrInvalidChildrenNumber.New(in, len(children), 2)
	}
	return newInSubquery(children[0], children[1]), nil
}
