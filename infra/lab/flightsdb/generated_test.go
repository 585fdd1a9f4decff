package flightsdb

import (
	"database/sql"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/shared/model"
)

// seedVariable is the seed of the generated statements; empty is the one of every day.
const seedVariable = "FLIGHTSDB_TEST_SEED"

// generated is how many statements are generated.
const generated = 500

// checkGenerated asks a MariaDB, whose database it fills, and a server of the same data hundreds of generated questions. An answer is the
// one of MariaDB, or the statement is refused in plain words.
func checkGenerated(t *testing.T, reference *sql.DB) {
	t.Helper()
	seed := uint64(19)
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s: %v", seedVariable, err)
		}
	}
	data := openflights.Sample()
	// With all routes, the statements take minutes.
	data.Routes = slices.DeleteFunc(data.Routes, func(route model.Route) bool { return route.RID%10 > 0 })
	fill(t, reference, data)
	reference.SetMaxOpenConns(1)
	if _, err := reference.Exec("SET NAMES utf8mb4 COLLATE utf8mb4_uca1400_nopad_ai_ci"); err != nil {
		t.Fatal(err)
	}
	ours := connect(t, start(t, data).Addr(), "root", password)
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
	refused, failed := 0, 0
	for range generated {
		query := g.statement()
		want, numeric, wantErr := reply(reference, query, nil)
		got, _, err := reply(ours, query, numeric)
		switch {
		case wantErr != nil && number(t, wantErr) == number(t, err):
		case wantErr != nil && number(t, wantErr) != 1690:
			t.Errorf("MariaDB refuses %s: %v", query, wantErr)
		// MySQL refuses to compare a date with a text that is not a date; MariaDB takes the text for NULL.
		case number(t, err) == 1525:
			refused++
		case number(t, err) == 1235 && strings.Contains(err.Error(), "is not supported here"):
			refused++
		case err != nil || wantErr != nil || !slices.Equal(got, want):
			failed++
			t.Errorf("%s:\n%s, %v\nwant, as MariaDB:\n%s, %v", query, shown(got), err, shown(want), wantErr)
		}
	}
	t.Logf("seed %d: %d of %d refused, %d wrong", seed, refused, generated, failed)
	if refused > generated/20 {
		t.Errorf("refused: %d of %d, want 5 %% at most", refused, generated)
	}
}

// reply is the answer to a query, in which numbers are written in one way. Its lines are sorted unless the query orders
// them. Numeric says which columns are numbers; nil asks the server.
func reply(db *sql.DB, query string, numeric []bool) ([]string, []bool, error) {
	rows, err := db.Query(query)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	columns, err := rows.ColumnTypes()
	if err != nil {
		return nil, nil, err
	}
	if numeric == nil {
		for _, column := range columns {
			switch strings.TrimPrefix(column.DatabaseTypeName(), "UNSIGNED ") {
			case "DECIMAL", "DOUBLE", "FLOAT", "TINYINT", "SMALLINT", "INT", "BIGINT":
				numeric = append(numeric, true)
			default:
				numeric = append(numeric, false)
			}
		}
	}
	table, err := fieldsOf(rows)
	if err != nil {
		return nil, nil, err
	}
	var lines []string
	for _, fields := range table {
		for i, field := range fields {
			if i < len(numeric) && numeric[i] {
				if number, err := strconv.ParseFloat(field, 64); err == nil {
					fields[i] = strconv.FormatFloat(number+0, 'g', 9, 64)
				}
			}
		}
		lines = append(lines, strings.Join(fields, "|"))
	}
	if !strings.Contains(query, "LIMIT") {
		slices.Sort(lines)
	}
	return lines, numeric, nil
}
