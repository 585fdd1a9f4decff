package flightsdb

import (
	"math"
	"math/big"
	"reflect"
	"strings"

	"github.com/dolthub/vitess/go/vt/sqlparser"
)

// complexity is how much there is to plan. The number of join orders is by a rule of thumb: a SELECT with n tables, including those of its
// subqueries, has 3 to the power of n, and the library plans the branches of a UNION one by one.
type complexity struct {
	orders float64
	// columns and windows count those of all SELECTs.
	columns, windows int
	functions        []*sqlparser.FuncExpr
	casts            []*sqlparser.ConvertExpr
	unions           []*sqlparser.SetOp
	groups           []*sqlparser.GroupConcatExpr
	selects          []*sqlparser.Select
	// distinct are the ordered SELECT DISTINCTs.
	distinct []*sqlparser.Select
	// operators are where numbers are calculated with or made of other values, and intervals added to dates or taken off, outer ones first.
	operators []reflect.Value
}

var (
	selectType = reflect.TypeFor[*sqlparser.Select]()
	unionType  = reflect.TypeFor[*sqlparser.SetOp]()
	tableType  = reflect.TypeFor[*sqlparser.AliasedTableExpr]()
	joinType   = reflect.TypeFor[*sqlparser.JoinTableExpr]()
	castType   = reflect.TypeFor[*sqlparser.ConvertExpr]()
	overType   = reflect.TypeFor[*sqlparser.Over]()
	funcType   = reflect.TypeFor[*sqlparser.FuncExpr]()
)

// checkLength returns an error for a text with too many words, or signs, to be parsed: the parser needs a hundred bytes and
// more for each.
func checkLength(query string) error {
	words, inWord := 0, false
	var quote byte
	for i := range len(query) {
		letter := query[i]
		switch {
		case quote != 0:
			if letter == quote {
				quote = 0
			}
			continue
		case letter == '\'' || letter == '"' || letter == '`':
			quote, inWord = letter, false
			words++
			continue
		}
		wasWord := inWord
		inWord = letter >= '0' && letter <= '9' || letter >= 'A' || letter == '$'
		if letter > ' ' && !(inWord && wasWord) {
			words++
		}
	}
	if words > maxTokens {
		return errTooManyTokens
	}
	return nil
}

// measure is the complexity of a statement; the error says that it is too large to be planned.
func measure(statement sqlparser.Statement) (complexity, error) {
	var c complexity
	err := c.addBranch(reflect.ValueOf(statement), 0, 0)
	switch {
	case err != nil:
		return c, err
	case c.orders > math.Pow(3, maxTables):
		return c, errTooManyTables
	case c.columns > maxColumns:
		return c, errTooManyColumns
	case c.windows > maxWindows:
		return c, errTooManyWindows
	}
	return c, nil
}

// addBranch adds what the library plans separately.
func (c *complexity) addBranch(node reflect.Value, depth, selects int) error {
	tables, err := c.countTables(node, depth, selects)
	c.orders += math.Pow(3, float64(tables))
	return err
}

// countTables counts the tables below a node, except those in the branches of a UNION. It uses reflection, because the
// library's own walk leaves out some nodes.
func (c *complexity) countTables(node reflect.Value, depth, selects int) (tables int, err error) {
	var children []reflect.Value
	switch node.Kind() {
	case reflect.Interface:
		switch e := node.Interface().(type) {
		case *sqlparser.ConvertExpr:
			if e.Type != nil && numberTypes[strings.ToLower(e.Type.Type)] {
				c.operators = append(c.operators, node)
			}
		case *sqlparser.SQLVal:
			if bits, ok := new(big.Int).SetString("0"+string(e.Val), 2); ok && e.Type == sqlparser.BitVal {
				digits := strings.Repeat("0", (len(e.Val)+7)/8*2) + bits.Text(16)
				e.Type, e.Val = sqlparser.HexVal, []byte(digits[len(digits)-(len(e.Val)+7)/8*2:]) // The library takes bits for a number.
			}
		case *sqlparser.GroupConcatExpr:
			c.groups = append(c.groups, e)
		case *sqlparser.BinaryExpr:
			if _, ok := e.Left.(*sqlparser.IntervalExpr); ok {
				e.Left, e.Right = e.Right, e.Left
			}
			_, isShift := e.Right.(*sqlparser.IntervalExpr)
			if arithmetic[e.Operator] && (!isShift || e.Operator == sqlparser.PlusStr || e.Operator == sqlparser.MinusStr) {
				c.operators = append(c.operators, node)
			}
		}
		return c.countTables(node.Elem(), depth, selects)
	case reflect.Pointer:
		if node.IsNil() {
			return 0, nil
		}
		depth++
		switch node.Type() {
		case selectType:
			selects++
			query := node.Interface().(*sqlparser.Select)
			c.selects, c.columns = append(c.selects, query), c.columns+len(query.SelectExprs)
			if query.QueryOpts.Distinct && len(query.OrderBy) > 0 {
				c.distinct = append(c.distinct, query)
			}
		case tableType:
			tables++
		case joinType:
			if node.Interface().(*sqlparser.JoinTableExpr).Join == sqlparser.FullOuterJoinStr {
				return 0, errFullJoin
			}
		case overType:
			c.windows++
		case funcType:
			c.functions = append(c.functions, node.Interface().(*sqlparser.FuncExpr))
		case castType:
			// shortenCasts makes three of one.
			depth += 2
			cast := node.Interface().(*sqlparser.ConvertExpr)
			if cast.Type != nil && cast.Type.Length != nil && strings.HasSuffix(strings.ToLower(cast.Type.Type), "time") {
				return 0, unsupported("CAST AS " + strings.ToUpper(cast.Type.Type) + " with parts of a second")
			}
			c.casts = append(c.casts, cast)
		case unionType:
			depth += unionDepth
			c.unions = append(c.unions, node.Interface().(*sqlparser.SetOp))
		}
		switch {
		case depth > maxDepth:
			return 0, errTooDeep
		case selects > maxSelects:
			return 0, errTooManySelects
		}
		children = append(children, node.Elem())
	case reflect.Struct:
		for _, field := range node.Fields() {
			children = append(children, field)
		}
	case reflect.Slice:
		if node.Type().Elem().Kind() == reflect.Uint8 {
			return 0, nil
		}
		for i := range node.Len() {
			children = append(children, node.Index(i))
		}
	}
	for _, child := range children {
		if node.Type() == unionType.Elem() {
			err = c.addBranch(child, depth, selects)
		} else {
			var below int
			below, err = c.countTables(child, depth, selects)
			tables += below
		}
		if err != nil {
			return 0, err
		}
	}
	return tables, nil
}
