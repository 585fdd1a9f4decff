// Package model holds the GORM models of the flights schema, one file for each table.
//
// The same models work on the embedded flights database, on MariaDB and on MySQL 8.
package model

// Dataset is the whole content of the flights database, in memory.
type Dataset struct {
	Airlines  []Airline
	Airports  []Airport
	Countries []Country
	Locales   []Locale
	Routes    []Route
}

// All lists one zero value of every model, in an order that satisfies the foreign keys: for migrations.
func All() []any {
	return []any{&Country{}, &Locale{}, &Airline{}, &Airport{}, &Route{}}
}
