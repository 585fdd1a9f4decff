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

// table is the content that one table should have.
type table struct {
	name string
	rows int
	// write adds and changes rows until all rows that belong in the table are there. It returns how many it wrote, and the
	// keys of the rows that do not belong there.
	write func(*gorm.DB, report) (written int, extra []any, err error)
	// prune removes the rows with those keys.
	prune func(*gorm.DB, []any, report) error
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
	return table{
		name: name,
		rows: len(rows),
		write: func(db *gorm.DB, report report) (int, []any, error) {
			return write(db, rows, key, report)
		},
		prune: func(db *gorm.DB, extra []any, report report) error {
			return prune[T](db, column, extra, report)
		},
	}
}

// fill writes every table, then prunes them in reverse order: no row is removed while another refers to it.
func fill(db *gorm.DB, tables []table, progress *progress) ([]Result, error) {
	results, extra := make([]Result, len(tables)), make([][]any, len(tables))
	for i, table := range tables {
		results[i] = Result{Table: table.name, Rows: table.rows}
		err := db.Transaction(func(db *gorm.DB) (err error) {
			results[i].Written, extra[i], err = table.write(db, progress.of(table.name, "written"))
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", table.name, err)
		}
		progress.say("%-9s %d rows, %d written", table.name, table.rows, results[i].Written)
	}
	for i, table := range slices.Backward(tables) {
		results[i].Removed = len(extra[i])
		if results[i].Removed == 0 {
			continue
		}
		err := db.Transaction(func(db *gorm.DB) error {
			return table.prune(db, extra[i], progress.of(table.name, "removed"))
		})
		if err != nil {
			return nil, fmt.Errorf("clean %s: %w", table.name, err)
		}
		progress.say("%-9s %d rows removed that do not belong to the data", table.name, results[i].Removed)
	}
	return results, nil
}

func write[T any](db *gorm.DB, rows []T, key func(T) any, report report) (written int, extra []any, err error) {
	there, err := present(db, key)
	if err != nil {
		return 0, nil, err
	}
	var changed []T
	for _, row := range rows {
		old, ok := there[key(row)]
		if !ok || !reflect.DeepEqual(old, row) {
			changed = append(changed, row)
		}
		delete(there, key(row))
	}
	for part := range slices.Chunk(changed, batch) {
		err := db.Clauses(clause.OnConflict{UpdateAll: true}).Omit(clause.Associations).Create(&part).Error
		if err != nil {
			return 0, nil, err
		}
		written += len(part)
		report(written, len(changed))
	}
	return written, slices.Collect(maps.Keys(there)), nil
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
func present[T any](db *gorm.DB, key func(T) any) (map[any]T, error) {
	var rows []T
	if err := db.Find(&rows).Error; err != nil {
		return nil, err
	}
	found := make(map[any]T, len(rows))
	for _, row := range rows {
		found[key(row)] = row
	}
	return found, nil
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
