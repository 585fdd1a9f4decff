package flightsdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/expression"
	"github.com/dolthub/go-mysql-server/sql/plan"
	"github.com/dolthub/go-mysql-server/sql/types"
	"github.com/shopspring/decimal"
)

// appendValueKey appends what is the same for values of that type that are equal, and only for those.
func appendValueKey(ctx *sql.Context, key []byte, typ sql.Type, used sql.CollationID, value any) ([]byte, error) {
	if value == nil {
		return append(key, 0), nil
	}
	if number, ok := value.(decimal.Decimal); ok && types.IsDecimal(typ) {
		value = number.Round(int32(scaleOf(typ))) // MySQL keeps the digits of the type.
	}
	part, err := keyOfValue(ctx, kindOf(typ), used, value)
	if err != nil {
		// A value that the kind of the column does not fit, or a kind of which all values differ in their texts.
		unwrapped, unwrapErr := sql.UnwrapAny(ctx, value)
		if unwrapErr != nil {
			return nil, unwrapErr
		}
		part = fmt.Sprint(unwrapped)
	}
	return append(binary.AppendUvarint(append(key, 1), uint64(len(part))), part...), nil
}

// rowKey is the key of all columns of a row.
func rowKey(ctx *sql.Context, columns sql.Schema, row sql.Row) (string, error) {
	var key []byte
	for i, value := range row {
		typ := columns[i].Type
		used := collation
		// The library gives its own default to the results of functions.
		if text, ok := typ.(sql.StringType); ok && text.Collation() != sql.Collation_Default {
			used = text.Collation()
		}
		var err error
		if key, err = appendValueKey(ctx, key, typ, used, value); err != nil {
			return "", err
		}
	}
	return string(key), nil
}

// nextKeyed is the next row, with its key.
func nextKeyed(ctx *sql.Context, rows sql.RowIter, columns sql.Schema) (sql.Row, string, error) {
	row, err := rows.Next(ctx)
	if err != nil {
		return nil, "", err
	}
	if err := made(ctx, 0); err != nil {
		return nil, "", err
	}
	key, err := rowKey(ctx, columns, row)
	return row, key, err
}

// distinctIter leaves out rows that are equal to one before. The library's own compares texts byte by byte.
type distinctIter struct {
	sql.RowIter
	columns sql.Schema
	seen    map[string]struct{}
}

// Next implements sql.RowIter.
func (i *distinctIter) Next(ctx *sql.Context) (sql.Row, error) {
	for {
		row, key, err := nextKeyed(ctx, i.RowIter, i.columns)
		if err != nil {
			return nil, err
		}
		if _, ok := i.seen[key]; !ok {
			i.seen[key] = struct{}{}
			return row, nil
		}
	}
}

// commonIter is INTERSECT ALL, or EXCEPT ALL: the rows of the left side that are, or are not, among those of the right. Each
// of the right is used up once.
type commonIter struct {
	sql.RowIter
	right   sql.RowIter
	columns sql.Schema
	common  bool
	counts  map[string]int
}

// Next implements sql.RowIter.
func (i *commonIter) Next(ctx *sql.Context) (sql.Row, error) {
	if i.counts == nil {
		i.counts = map[string]int{}
		for {
			_, key, err := nextKeyed(ctx, i.right, i.columns)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
			i.counts[key]++
		}
	}
	for {
		row, key, err := nextKeyed(ctx, i.RowIter, i.columns)
		if err != nil {
			return nil, err
		}
		found := i.counts[key] > 0
		if found {
			i.counts[key]--
		}
		if found == i.common {
			return row, nil
		}
	}
}

// Close implements sql.RowIter.
func (i *commonIter) Close(ctx *sql.Context) error {
	return errors.Join(i.RowIter.Close(ctx), i.right.Close(ctx))
}

// distinct is the iterator of DISTINCT.
func (e *executor) distinct(ctx *sql.Context, node *plan.Distinct, row sql.Row) (sql.RowIter, error) {
	child, err := e.builder.Build(ctx, node.Child, row)
	if err != nil {
		return nil, err
	}
	return &distinctIter{child, node.Schema(), map[string]struct{}{}}, nil
}

// setOp is the iterator of a UNION, INTERSECT or EXCEPT.
func (e *executor) setOp(ctx *sql.Context, node *plan.SetOp, row sql.Row) (sql.RowIter, error) {
	rows, err := e.combined(ctx, node, row)
	if err != nil {
		return nil, err
	}
	var ordered sql.Node = &built{node, rows}
	if len(node.SortFields) > 0 {
		ordered = plan.NewSort(retyped(node.SortFields, node.Left().Schema()), ordered)
	}
	if node.Offset != nil {
		ordered = plan.NewOffset(node.Offset, ordered)
	}
	if node.Limit != nil {
		ordered = plan.NewLimit(node.Limit, ordered)
	}
	return e.builder.Build(ctx, ordered, row)
}

// retyped is the order by columns with the types in the schema: the library keeps those of the first SELECT, whose numbers it has made texts
// if the second has texts.
func retyped(order sql.SortFields, schema sql.Schema) sql.SortFields {
	order = slices.Clone(order)
	for i, by := range order {
		if field, ok := by.Column.(*expression.GetField); ok && field.Index() < len(schema) {
			order[i].Column = expression.NewGetField(field.Index(), schema[field.Index()].Type, field.Name(), field.IsNullable())
		}
	}
	return order
}

// combined is the iterator of the rows of both sides, in no order.
func (e *executor) combined(ctx *sql.Context, node *plan.SetOp, row sql.Row) (sql.RowIter, error) {
	distinct := func(rows sql.RowIter) sql.RowIter {
		if !node.Distinct {
			return rows
		}
		return &distinctIter{rows, node.Schema(), map[string]struct{}{}}
	}
	if node.SetOpType == plan.UnionType {
		all := plan.NewSetOp(plan.UnionType, node.Left(), node.Right(), false, nil, nil, nil)
		rows, err := e.libraryIter(ctx, all, row)
		if err != nil {
			return nil, err
		}
		return distinct(rows), nil
	}
	left, err := e.builder.Build(ctx, node.Left(), row)
	if err != nil {
		return nil, err
	}
	right, err := e.builder.Build(ctx, node.Right(), row)
	if err != nil {
		return nil, errors.Join(err, left.Close(ctx))
	}
	return &commonIter{RowIter: distinct(left), right: right, columns: node.Schema(), common: node.SetOpType == plan.IntersectType}, nil
}

// built is a node whose iterator there is already.
type built struct {
	sql.Node
	rows sql.RowIter
}

// keyValues makes a hash join find the values that are equal: the library's own keys are the bytes of texts, and decimals
// that are never equal. A key may be the same for texts that differ, since the join compares what it finds.
func keyValues(node *plan.HashLookup) {
	node.Mutex.Lock()
	defer node.Mutex.Unlock()
	node.LeftProbeKey, node.RightEntryKey = keyed(node.LeftProbeKey, node.RightEntryKey)
}

// keyed are the keys of both sides for a pair of values, or for pairs in several columns.
func keyed(left, right sql.Expression) (sql.Expression, sql.Expression) {
	lefts, isTuple := left.(expression.Tuple)
	rights, alsoTuple := right.(expression.Tuple)
	if isTuple && alsoTuple && len(lefts) == len(rights) {
		leftKeys, rightKeys := make(expression.Tuple, len(lefts)), make(expression.Tuple, len(rights))
		for i := range lefts {
			leftKeys[i], rightKeys[i] = keyed(lefts[i], rights[i])
		}
		return leftKeys, rightKeys
	}
	l, r := left.Type(), right.Type()
	k := common(kindOf(l), kindOf(r))
	if types.IsInteger(l) && types.IsInteger(r) || k != text && k != exact && k != float {
		return left, right
	}
	return &valueKey{left, k}, &valueKey{right, k}
}

// valueKey is the key of a value that is compared as that kind.
type valueKey struct {
	sql.Expression
	kind kind
}

// Type implements sql.Expression.
func (*valueKey) Type() sql.Type { return types.LongBlob }

// Eval implements sql.Expression.
func (v *valueKey) Eval(ctx *sql.Context, row sql.Row) (any, error) {
	value, err := v.Expression.Eval(ctx, row)
	if err != nil || value == nil {
		return nil, err
	}
	key, err := keyOfValue(ctx, v.kind, collation, value)
	return []byte(key), err
}
