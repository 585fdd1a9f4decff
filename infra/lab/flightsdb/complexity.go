package flightsdb

import (
	"math"
	"reflect"

	"github.com/dolthub/vitess/go/vt/sqlparser"
)

// complexity is the number of join orders of a statement, by a rule of thumb: a SELECT with n tables, including those of its
// subqueries, has 3 to the power of n, and the library plans the branches of a UNION one by one.
type complexity float64

var (
	selectType = reflect.TypeFor[*sqlparser.Select]()
	unionType  = reflect.TypeFor[*sqlparser.SetOp]()
	tableType  = reflect.TypeFor[*sqlparser.AliasedTableExpr]()
)

// checkLength returns an error for a text that is too long to be parsed: the parser needs a hundred bytes and more for each word.
// It counts at most as many words as there are, so that a text without blanks ends somewhere, too.
func checkLength(query string) error {
	words, inWord := 0, false
	for i := range len(query) {
		letter := query[i] >= '0' && query[i] <= '9' || query[i] >= 'A' || query[i] == '$'
		if !letter || !inWord {
			words++
		}
		if query[i] <= ' ' {
			words--
		}
		inWord = letter
	}
	if words > maxTokens {
		return errTooManyTokens
	}
	return nil
}

// checkComplexity returns an error for a statement that is too large to be planned.
func checkComplexity(statement sqlparser.Statement) error {
	var c complexity
	if err := c.addBranch(reflect.ValueOf(statement), 0, 0); err != nil {
		return err
	}
	if c > complexity(math.Pow(3, maxTables)) {
		return errTooManyTables
	}
	return nil
}

// addBranch adds what the library plans separately.
func (c *complexity) addBranch(node reflect.Value, depth, selects int) error {
	tables, err := c.countTables(node, depth, selects)
	*c += complexity(math.Pow(3, float64(tables)))
	return err
}

// countTables counts the tables below a node, except those in the branches of a UNION. It uses reflection, because the
// library's own walk leaves out some nodes.
func (c *complexity) countTables(node reflect.Value, depth, selects int) (tables int, err error) {
	var children []reflect.Value
	switch node.Kind() {
	case reflect.Interface:
		return c.countTables(node.Elem(), depth, selects)
	case reflect.Pointer:
		if node.IsNil() {
			return 0, nil
		}
		depth++
		switch node.Type() {
		case selectType:
			selects++
		case tableType:
			tables++
		case unionType:
			depth += unionDepth
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
