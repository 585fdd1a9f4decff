package seed

import (
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"chaosworkshop/shared/model"
)

// batch is how many rows one statement writes or removes: some 100 KB, far below the packet size that any server accepts.
const batch = 1000

// page is how many rows one statement reads: some servers, such as Vitess, refuse larger answers.
const page = 5000

// table is the content that one table should have.
type table struct {
	name string
	rows int
	// plan compares the table with that content.
	plan func(*gorm.DB) (change, error)
}

// change is what brings one table in line.
type change struct {
	// written and extra are the rows to add or change, and those to remove.
	written, extra int
	// write adds and changes rows until all rows that belong in the table are there.
	write func(*gorm.DB, report) error
	// prune removes the rows that do not belong there.
	prune func(*gorm.DB, report) error
}

// report is called with the number of finished rows, and of all.
type report func(done, all int)

// tables are in an order that satisfies the foreign keys: a table refers only to tables before it.
func tables(data model.Dataset) []table {
	return []table{
		tableOf("countries", "code", data.Countries, func(c model.Country) any { return c.Code }),
		tableOf("locales", "locale", data.Locales, func(l model.Locale) any { return l.Locale }),
		tableOf("airlines", "alid", data.Airlines, func(a model.Airline) any { return a.ALID }),
		tableOf("airports", "apid", data.Airports, func(a model.Airport) any { return a.APID }),
		tableOf("routes", "rid", data.Routes, func(r model.Route) any { return r.RID }),
	}
}

// tableOf is the table name with the primary key column, which should hold the rows.
func tableOf[T any](name, column string, rows []T, key func(T) any) table {
	return table{name: name, rows: len(rows), plan: func(db *gorm.DB) (change, error) {
		there, err := present(db, column, key)
		if err != nil {
			return change{}, err
		}
		var changed []T
		for _, row := range rows {
			old, ok := there[key(row)]
			if !ok || !reflect.DeepEqual(old, row) {
				changed = append(changed, row)
			}
			delete(there, key(row))
		}
		extra := slices.Collect(maps.Keys(there))
		return change{
			written: len(changed), extra: len(extra),
			write: func(db *gorm.DB, report report) error { return write(db, changed, report) },
			prune: func(db *gorm.DB, report report) error { return prune[T](db, column, extra, report) },
		}, nil
	}}
}

// fill plans every table and asks before it removes rows. Then it writes every table, prunes them in reverse order, so that no
// row is removed while another refers to it, and checks what it wrote.
func fill(db *gorm.DB, tables []table, confirm func([]Result) error, progress *progress) ([]Result, error) {
	results, changes := make([]Result, len(tables)), make([]change, len(tables))
	for i, table := range tables {
		var err error
		if changes[i], err = table.plan(db); err != nil {
			return nil, fmt.Errorf("read %s: %w", table.name, err)
		}
		results[i] = Result{Table: table.name, Rows: table.rows, Written: changes[i].written, Removed: changes[i].extra}
	}
	if err := mayRemove(db, results, confirm); err != nil {
		return nil, err
	}
	for i, table := range tables {
		err := db.Transaction(func(db *gorm.DB) error { return changes[i].write(db, progress.of(table.name, "written")) })
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", table.name, err)
		}
		progress.say("%-9s %d rows, %d written", table.name, table.rows, results[i].Written)
	}
	for i, table := range slices.Backward(tables) {
		if results[i].Removed == 0 {
			continue
		}
		err := db.Transaction(func(db *gorm.DB) error { return changes[i].prune(db, progress.of(table.name, "removed")) })
		if err != nil {
			return nil, fmt.Errorf("clean %s: %w", table.name, err)
		}
		progress.say("%-9s %d rows removed that do not belong to the data", table.name, results[i].Removed)
	}
	return results, verify(db, tables, changes)
}

// verify reads back the tables that changed: a server may accept what it does not keep.
func verify(db *gorm.DB, tables []table, changes []change) error {
	for i, table := range tables {
		if changes[i].written+changes[i].extra == 0 {
			continue
		}
		left, err := table.plan(db)
		if err != nil {
			return fmt.Errorf("read %s: %w", table.name, err)
		}
		if wrong := left.written + left.extra; wrong > 0 {
			return fmt.Errorf("the server did not keep what was written: %d rows of %s read back differently; "+
				"look for triggers, replicas that lag, or another program that writes, or name an empty database", wrong, table.name)
		}
	}
	return nil
}

func write[T any](db *gorm.DB, changed []T, report report) error {
	written := 0
	for part := range slices.Chunk(changed, batch) {
		err := db.Clauses(clause.OnConflict{UpdateAll: true}).Omit(clause.Associations).Create(&part).Error
		if err != nil {
			return err
		}
		written += len(part)
		report(written, len(changed))
	}
	return nil
}

func prune[T any](db *gorm.DB, column string, extra []any, report report) error {
	done := 0
	for part := range slices.Chunk(extra, batch) {
		if err := db.Where(clause.IN{Column: column, Values: part}).Delete(new(T)).Error; err != nil {
			return err
		}
		done += len(part)
		report(done, len(extra))
	}
	return nil
}

// present are the rows of a table by their key.
func present[T any](db *gorm.DB, column string, key func(T) any) (map[any]T, error) {
	found := map[any]T{}
	next := db.Order(column).Limit(page)
	for {
		var rows []T
		if err := next.Find(&rows).Error; err != nil {
			return nil, err
		}
		for _, row := range rows {
			found[key(row)] = row
		}
		if len(rows) < page {
			return found, nil
		}
		next = db.Where(clause.Gt{Column: column, Value: key(rows[len(rows)-1])}).Order(column).Limit(page)
	}
}

// progress says how far a Run has got.
type progress struct {
	out  io.Writer
	last time.Time
}

// say writes one line.
func (p *progress) say(format string, values ...any) {
	fmt.Fprintf(p.out, format+"\n", values...)
	p.last = time.Now()
}

// of reports on one table: a line whenever a second has passed without one.
func (p *progress) of(table, verb string) func(done, all int) {
	return func(done, all int) {
		if done < all && time.Since(p.last) >= time.Second {
			p.say("%-9s %d of %d %s", table, done, all, verb)
		}
	}
}
