package flightsdb

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	driver "github.com/go-sql-driver/mysql"
	gormmysql "gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"chaosworkshop/infra/internal/mariadb"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/shared/model"
)

// fill creates the tables of the flights schema in a MariaDB, with the data.
func fill(t testing.TB, pool *sql.DB, data model.Dataset) {
	t.Helper()
	db, err := gorm.Open(gormmysql.New(gormmysql.Config{Conn: pool}), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.AutoMigrate(model.All()...); err != nil {
		t.Fatal(err)
	}
	for _, rows := range []any{data.Countries, data.Locales, data.Airlines, data.Airports, data.Routes} {
		if err := db.CreateInBatches(rows, 1000).Error; err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Exec("ANALYZE TABLE routes, airlines").Error; err != nil {
		t.Fatal(err)
	}
}

// TestAsMariaDB asks both servers the same questions about the same data. Known to differ, and not asked: blanks at
// the end of a text (ignored by MariaDB, not by MySQL 8), and column_key in information_schema (the library marks every
// column of an index, where MySQL marks the first).
func TestAsMariaDB(t *testing.T) {
	// The collation that is closest to MySQL's own.
	addr, rootPassword := mariadb.Start(t, "--collation-server=utf8mb4_uca1400_nopad_ai_ci")
	data := openflights.Sample()
	reference := connect(t, addr, "root", rootPassword)
	fill(t, reference, data)
	ours := connect(t, start(t, data).Addr(), "root", password)
	for name, queries := range map[string][]string{"data": dataQueries, "schema": schemaQueries, "once wrong": onceWrong} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, query := range queries {
				checkSame(t, ours, reference, query)
			}
		})
	}
	t.Run("generated", func(t *testing.T) {
		t.Parallel()
		if _, err := reference.Exec("CREATE DATABASE few"); err != nil {
			t.Fatal(err)
		}
		checkGenerated(t, connectAs(t, addr, "root", rootPassword, func(config *driver.Config) { config.DBName = "few" }))
	})
}

// checkSame compares the answers to a query.
func checkSame(t *testing.T, ours, reference *sql.DB, query string) {
	t.Helper()
	got, err := answer(ours, query)
	want, wantErr := answer(reference, query)
	if !strings.Contains(query, "ORDER BY") {
		slices.Sort(got)
		slices.Sort(want)
	}
	if err != nil || wantErr != nil || !slices.Equal(got, want) {
		t.Errorf("%s:\n%s, %v\nwant, as MariaDB:\n%s, %v", query, shown(got), err, shown(want), wantErr)
	}
}

// shown is the lines, but for the middle of many.
func shown(lines []string) string {
	if len(lines) > 20 {
		lines = append(append(slices.Clone(lines[:10]), "..."), lines[len(lines)-10:]...)
	}
	return strings.Join(lines, "\n")
}

// schemaQueries ask for what GORM creates from the models.
var schemaQueries = []string{
	"SHOW TABLES",
	// MariaDB writes how wide numbers are displayed, as MySQL did before version 8.
	`SELECT table_name, column_name, ordinal_position, is_nullable, data_type,
		REGEXP_REPLACE(column_type, '(int|double|float)[(][0-9]+[)]', '\\1') AS type, character_maximum_length
		FROM information_schema.columns WHERE table_schema = 'flights'`,
	`SELECT table_name, index_name, seq_in_index, column_name, non_unique, nullable
		FROM information_schema.statistics WHERE table_schema = 'flights'`,
	`SELECT table_name, constraint_name, column_name, ordinal_position, referenced_table_name, referenced_column_name
		FROM information_schema.key_column_usage WHERE table_schema = 'flights'`,
	`SELECT table_name, constraint_name, constraint_type
		FROM information_schema.table_constraints WHERE table_schema = 'flights'`,
	`SELECT table_name, constraint_name, referenced_table_name, unique_constraint_name
		FROM information_schema.referential_constraints WHERE constraint_schema = 'flights'`,
	"SELECT table_name, table_type, engine FROM information_schema.tables WHERE table_schema = 'flights'",
}

// dataQueries ask in all the ways in which an index, a scan or a join may answer.
var dataQueries = []string{
	"SELECT * FROM airlines", "SELECT * FROM airports", "SELECT * FROM countries", "SELECT * FROM locales",
	"SELECT * FROM routes", "SELECT COUNT(*) FROM routes",
	// One value, in any case, and none.
	"SELECT * FROM routes WHERE rid = 7", "SELECT * FROM routes WHERE rid = -7", "SELECT * FROM routes WHERE rid = '7'",
	"SELECT * FROM airports WHERE iata = 'lhr'",
	"SELECT * FROM airports WHERE city = 'zürich'", "SELECT * FROM airports WHERE city = 'ZURICH'",
	"SELECT * FROM countries WHERE code = 'gb'", "SELECT * FROM countries WHERE name = 'germany'",
	"SELECT * FROM routes WHERE src_ap = 'LHR'", "SELECT * FROM routes WHERE src_ap = 'lhr' AND dst_ap = 'jfk'",
	"SELECT * FROM routes WHERE dst_ap = 'LHR'", "SELECT * FROM routes WHERE src_ap = ''",
	"SELECT * FROM routes WHERE src_apid = 1 AND dst_apid = 2", "SELECT * FROM routes WHERE dst_apid = 2",
	"SELECT 'a' = 'A', 'a' LIKE 'A', 'a' IN ('A'), 'a' < 'B', 'é' = 'E', 'a' REGEXP 'A'",
	"SELECT iata FROM airports WHERE CONCAT(iata, '') = 'lhr' OR LOWER(icao) = 'LFPG'",
	// Null.
	"SELECT * FROM airports WHERE uid IS NULL", "SELECT COUNT(*) FROM routes WHERE alid IS NULL",
	"SELECT COUNT(*) FROM routes WHERE alid IS NOT NULL", "SELECT * FROM routes WHERE alid = NULL",
	"SELECT * FROM routes WHERE alid <=> 3", "SELECT COUNT(*) FROM routes WHERE NOT (alid = 3)",
	// Ranges.
	"SELECT * FROM routes WHERE rid < 5", "SELECT * FROM routes WHERE rid <= 5", "SELECT * FROM routes WHERE rid > 3000",
	"SELECT * FROM routes WHERE rid BETWEEN 10 AND 20", "SELECT * FROM routes WHERE rid > 10 AND rid < 12.5",
	"SELECT COUNT(*) FROM routes WHERE src_ap > 'LHR'", "SELECT COUNT(*) FROM routes WHERE src_ap >= 'lhr'",
	"SELECT COUNT(*) FROM routes WHERE src_ap <> 'LHR'", "SELECT COUNT(*) FROM routes WHERE src_ap NOT IN ('LHR', 'JFK')",
	"SELECT COUNT(*) FROM routes WHERE src_ap > 'L' AND dst_ap < 'D'", "SELECT COUNT(*) FROM routes WHERE src_ap BETWEEN 'A' AND 'B' AND dst_ap = 'LHR'",
	"SELECT * FROM routes WHERE src_ap = 'LHR' AND dst_ap > 'M'", "SELECT * FROM routes WHERE src_ap = 'LHR' AND dst_ap LIKE 'j%'",
	"SELECT * FROM routes WHERE src_ap IN ('LHR', 'JFK', 'XXX') AND dst_ap IN ('CDG', 'lhr')",
	"SELECT * FROM routes WHERE rid IN (1, 2, 3, 2, 1, -1)", "SELECT * FROM routes WHERE rid = 1 OR src_ap = 'CDG'",
	"SELECT * FROM routes WHERE (src_ap = 'LHR' AND dst_ap = 'JFK') OR (src_ap = 'JFK' AND dst_ap = 'LHR')",
	"SELECT name FROM airlines WHERE name LIKE 'air%'",
	"SELECT name FROM airports WHERE name REGEXP '^london|paris'", "SELECT name FROM airports WHERE name NOT REGEXP 'a'",
	// Order, by the index and against it.
	"SELECT rid FROM routes ORDER BY rid DESC LIMIT 7", "SELECT rid FROM routes ORDER BY rid LIMIT 3 OFFSET 5",
	"SELECT src_ap, dst_ap, rid FROM routes ORDER BY src_ap, dst_ap, rid LIMIT 50",
	"SELECT src_ap, dst_ap, rid FROM routes ORDER BY src_ap DESC, dst_ap DESC, rid LIMIT 50",
	"SELECT dst_ap FROM routes WHERE src_ap = 'LHR' ORDER BY dst_ap DESC LIMIT 9",
	"SELECT src_ap FROM routes WHERE src_ap > 'S' ORDER BY src_ap LIMIT 9", "SELECT src_ap FROM routes WHERE src_ap < 'S' ORDER BY src_ap DESC LIMIT 9",
	"SELECT alid FROM routes ORDER BY alid LIMIT 9", "SELECT iata, y FROM airports ORDER BY y DESC, iata LIMIT 9",
	// Groups.
	"SELECT src_ap, COUNT(*) AS n FROM routes GROUP BY src_ap ORDER BY n DESC, src_ap LIMIT 9",
	"SELECT country_code, COUNT(*), MIN(iata), MAX(elevation) FROM airports GROUP BY country_code HAVING COUNT(*) > 3",
	"SELECT COUNT(DISTINCT src_ap), COUNT(DISTINCT alid) FROM routes", "SELECT MIN(rid), MAX(rid), SUM(stops) FROM routes",
	"SELECT DISTINCT stops, codeshare FROM routes", "SELECT ROUND(AVG(elevation)) FROM airports",
	// Joins and subqueries.
	"SELECT r.rid, a.name FROM routes r JOIN airlines a ON a.alid = r.alid WHERE r.src_ap = 'LHR'",
	"SELECT r.rid, a.name FROM routes r LEFT JOIN airlines a ON a.alid = r.alid AND a.active = 'N' WHERE r.dst_ap = 'LHR'",
	"SELECT a.iata, COUNT(r.rid) FROM airports a LEFT JOIN routes r ON r.src_apid = a.apid GROUP BY a.iata",
	"SELECT r.rid FROM routes r JOIN airports a ON a.apid = r.src_apid WHERE a.iata = 'LHR'",
	"SELECT COUNT(*) FROM routes r JOIN airlines a ON a.alid = r.alid WHERE a.iata = 'BA'",
	`SELECT r.rid, l.name, s.name, d.name, c.name FROM routes r JOIN airlines l ON l.alid = r.alid
		JOIN airports s ON s.apid = r.src_apid JOIN airports d ON d.apid = r.dst_apid JOIN countries c ON c.code = d.country_code
		WHERE r.src_ap = 'LHR'`,
	"SELECT c.name, COUNT(*) FROM airports a JOIN countries c ON c.code = a.country_code GROUP BY c.name",
	`SELECT o.rid, b.rid FROM routes o JOIN routes b ON b.src_ap = o.dst_ap AND b.dst_ap = o.src_ap AND b.alid = o.alid
		WHERE o.src_ap = 'LHR'`,
	"SELECT name FROM airlines WHERE alid IN (SELECT alid FROM routes WHERE src_ap = 'LHR' AND dst_ap = 'JFK')",
	"SELECT name FROM airlines a WHERE NOT EXISTS (SELECT 1 FROM routes r WHERE r.alid = a.alid AND r.stops = 0)",
	"SELECT iata, (SELECT COUNT(*) FROM routes r WHERE r.src_apid = a.apid) FROM airports a WHERE country_code = 'GB'",
	"SELECT src_ap FROM routes WHERE dst_ap = 'LHR' UNION SELECT dst_ap FROM routes WHERE src_ap = 'JFK'",
	"WITH hubs AS (SELECT src_ap, COUNT(*) AS n FROM routes GROUP BY src_ap) SELECT * FROM hubs WHERE n > 60",
}
