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
	found, unfit, err := columnsOf(db)
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
		if cause := unfit[table.Table]; cause != "" {
			return fmt.Errorf("%s in the database %s %s", table.Table, name, cause)
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

// columnsOf are the columns of each table of the database, sorted, and why a table cannot hold the data.
func columnsOf(db *gorm.DB) (columns map[string][]string, unfit map[string]string, err error) {
	var rows []struct{ Owner, Kind, Entry, Letters string }
	err = db.Raw("SELECT c.table_name AS owner, t.table_type AS kind, c.column_name AS entry, COALESCE(c.character_set_name, '') AS letters " +
		"FROM information_schema.columns c JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name " +
		"WHERE c.table_schema = DATABASE()").Scan(&rows).Error
	columns, unfit = map[string][]string{}, map[string]string{}
	for _, row := range rows {
		columns[row.Owner] = append(columns[row.Owner], row.Entry)
		switch {
		case strings.Contains(row.Kind, "VIEW"):
			unfit[row.Owner] = "is a view, not a table; name an empty database, or drop the view if nobody needs it"
		case row.Letters != "" && !strings.HasPrefix(row.Letters, "utf8"):
			unfit[row.Owner] = fmt.Sprintf("stores %s, which lacks letters that many airports have in their names; run SET foreign_key_checks = 0; "+
				"ALTER TABLE %s CONVERT TO CHARACTER SET utf8mb4; there, or name an empty database", row.Letters, row.Owner)
		}
	}
	for _, names := range columns {
		slices.Sort(names)
	}
	return columns, unfit, err
}

// shorten lists at most five names.
func shorten(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
