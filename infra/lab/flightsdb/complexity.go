package flightsdb

import (
	"reflect"

	"github.com/dolthub/vitess/go/vt/sqlparser"
)

// checkComplexity returns an error for a statement that is too large to be planned.
func checkComplexity(statement sqlparser.Statement) error {
	c := complexity{}
	return c.measure(reflect.ValueOf(statement), 0, 0)
}

// complexity is what was counted in a statement so far.
type complexity struct {
	tables int
}

var (
	selectType = reflect.TypeFor[*sqlparser.Select]()
	tableType  = reflect.TypeFor[*sqlparser.AliasedTableExpr]()
)

// measure visits what is below a node. It goes by reflection, because the library's own walk leaves out some nodes.
func (c *complexity) measure(node reflect.Value, depth, selects int) error {
	switch node.Kind() {
	case reflect.Interface:
		return c.measure(node.Elem(), depth, selects)
	case reflect.Pointer:
		if node.IsNil() {
			return nil
		}
		depth++
		switch node.Type() {
		case selectType:
			selects++
		case tableType:
			c.tables++
		}
		if err := exceeded(depth, c.tables, selects); err != nil {
			return err
		}
		return c.measure(node.Elem(), depth, selects)
	case reflect.Struct:
		for i := range node.NumField() {
			if err := c.measure(node.Field(i), depth, selects); err != nil {
				return err
			}
		}
	case reflect.Slice:
		if node.Type().Elem().Kind() == reflect.Uint8 {
			return nil
		}
		for i := range node.Len() {
			if err := c.measure(node.Index(i), depth, selects); err != nil {
				return err
			}
		}
	}
	return nil
}

func exceeded(depth, tables, selects int) error {
	switch {
	case depth > maxDepth:
		return errTooDeep
	case tables > maxTables:
		return errTooManyTables
	case selects > maxSelects:
		return errTooManySelects
	}
	return nil
}
