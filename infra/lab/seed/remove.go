package seed

import (
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// mayRemove asks before rows are removed. It refuses if the removal would change a table that is not ours.
func mayRemove(db *gorm.DB, results []Result, confirm func([]Result) error) error {
	var ours, shrinking []string
	for _, result := range results {
		ours = append(ours, result.Table)
		if result.Removed > 0 {
			shrinking = append(shrinking, result.Table)
		}
	}
	if len(shrinking) == 0 {
		return nil
	}
	var follows []struct{ Owner, Target, Rule string }
	err := db.Raw("SELECT table_name AS owner, referenced_table_name AS target, delete_rule AS rule FROM information_schema.referential_constraints "+
		"WHERE unique_constraint_schema = DATABASE() AND referenced_table_name IN ? AND delete_rule NOT IN ('RESTRICT', 'NO ACTION') "+
		"AND NOT (constraint_schema = DATABASE() AND table_name IN ?)", shrinking, ours).Scan(&follows).Error
	if err != nil {
		return fmt.Errorf("list the foreign keys: %w", err)
	}
	for _, follow := range follows {
		return fmt.Errorf("the table %s refers to %s with ON DELETE %s, so removing rows from %s would change it; drop that foreign key, or name an empty database",
			follow.Owner, follow.Target, follow.Rule, follow.Target)
	}
	if confirm == nil {
		return nil
	}
	return confirm(results)
}

// Removal says how many rows a Run would remove, and from which tables.
func Removal(results []Result) string {
	all, parts := 0, []string{}
	for _, result := range results {
		if result.Removed > 0 {
			all += result.Removed
			parts = append(parts, fmt.Sprintf("%d of %s", result.Removed, result.Table))
		}
	}
	return fmt.Sprintf("%d rows that do not belong to the data (%s)", all, strings.Join(parts, ", "))
}
