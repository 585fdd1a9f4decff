package seed

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"chaosworkshop/shared/model"
)

// inspect refuses a database in which somebody might lose data: one with tables outside the flights schema, unless forced,
// and always one with a table that has only the name in common with one of the schema.
func inspect(db *gorm.DB, name string, force bool) error {
	found, err := columnsOf(db)
	if err != nil {
		return fmt.Errorf("list the tables: %w", err)
	}
	for _, one := range model.All() {
		table, err := schema.Parse(one, &sync.Map{}, db.NamingStrategy)
		if err != nil {
			return fmt.Errorf("read the schema: %w", err)
		}
		columns, exists := found[table.Table]
		delete(found, table.Table)
		if exists && !slices.Equal(columns, slices.Sorted(slices.Values(table.DBNames))) {
			return fmt.Errorf("the database %s holds a table %s with other columns than the flights schema; name an empty database, or drop that table if nobody needs it",
				name, table.Table)
		}
	}
	if len(found) == 0 || force {
		return nil
	}
	others := []string{}
	for table := range found {
		others = append(others, table)
	}
	slices.Sort(others)
	return fmt.Errorf("the database %s holds other tables (%s); name an empty database, or add --force, which leaves them as they are",
		name, shorten(others))
}

// columnsOf are the columns of each table of the database, sorted.
func columnsOf(db *gorm.DB) (map[string][]string, error) {
	var rows []struct{ Owner, Entry string }
	err := db.Raw("SELECT table_name AS owner, column_name AS entry FROM information_schema.columns WHERE table_schema = DATABASE()").
		Scan(&rows).Error
	columns := map[string][]string{}
	for _, row := range rows {
		columns[row.Owner] = append(columns[row.Owner], row.Entry)
	}
	for _, names := range columns {
		slices.Sort(names)
	}
	return columns, err
}

// shorten lists at most five names.
func shorten(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
