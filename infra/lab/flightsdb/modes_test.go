package flightsdb

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"chaosworkshop/infra/lab/openflights"
)

// refusedStatements are statements that MySQL, or this server, refuses, with the numbers of the errors.
var refusedStatements = []struct {
	query string
	want  uint16
}{
	// Not supported here.
	{"SELECT * FROM airlines WHERE alid = ANY (SELECT alid FROM routes)", 1235},
	{"SELECT * FROM airlines WHERE alid >= ALL (SELECT alid FROM routes)", 1235},
	{"SELECT stops, COUNT(*) FROM routes GROUP BY stops WITH ROLLUP", 1235},
	{"EXPLAIN FORMAT=JSON SELECT 1", 1235},
	{"SELECT @a := 1", 1235}, {"DO 1", 1235}, {"SHOW OPEN TABLES", 1235}, {"SHOW ERRORS", 1235}, {"CHECK TABLE routes", 1235}, {"HANDLER routes OPEN", 1235},
	{"DESCRIBE routes rid", 1235}, {"SELECT ROW(1, 2) = ROW(1, 2)", 1235}, {"SELECT * FROM routes USE INDEX (PRIMARY)", 1235}, {"CREATE FUNCTION f() RETURNS INT RETURN 1", 1235},
	{"SELECT ~0", 1235}, {"SELECT SEC_TO_TIME(1)", 1235}, {"SELECT ST_CENTROID(1)", 1235}, {"SELECT 1 COLLATE utf8mb4_bin", 1235},
	{"SELECT country, RANK() OVER (ORDER BY COUNT(*)) FROM airlines GROUP BY country", 1235},
	{"SELECT STR_TO_DATE('2024-02-30', '%Y-%m-%d')", 1235}, {"SELECT STR_TO_DATE('12.5', '%s.%f')", 1235}, {"SELECT YEAR('2024-00-00')", 1235}, {"SELECT {d '2024-02-29'}", 1235}, {"SELECT NULL IS UNKNOWN", 1235},
	{"SELECT '2024-01-01' + INTERVAL '1 2' DAY_HOUR", 1235}, {"SELECT DATE(CURTIME())", 1235}, {"SELECT CAST(NOW() AS DATETIME(3))", 1235}, {"SELECT 1 UNION SELECT '1' UNION SELECT 1.0", 1235},
	{"SET lc_time_names = 'de_DE'", 1235}, {"SET div_precision_increment = 2", 1235}, {"SET sql_mode = 'PIPES_AS_CONCAT'", 1235}, {"SET timestamp = 1", 1235},
	// Wrong.
	{"SELEC 1", 1064}, {"SELECT FROM", 1064}, {"SELECT '", 1064}, {"SELECT 1 +", 1064},
	{"SELECT nowhere FROM routes", 1054}, {"SELECT * FROM nowhere", 1146}, {"SELECT * FROM nowhere.routes", 1049},
	{"SELECT rid FROM routes a, routes b", 1052}, {"SELECT 1 FROM routes, routes", 1066}, {"SELECT nofunction(1)", 1305},
	{"SELECT @@nowhere", 1193}, {"SELECT ABS(1, 2)", 1582}, {"SELECT 1 UNION SELECT 1, 2", 1222}, {"SELECT (1, 2)", 1241},
	{"SELECT airlines.nope FROM airlines", 1054}, {"SELECT name, country FROM airlines GROUP BY country", 1055}, {"SELECT * FROM (SELECT 1)", 1248},
	{"SET nope = 1", 1193}, {"SET version = 1", 1238}, {"SET max_connections = 1", 1229}, {"SET NAMES nope", 1115}, {"SET sql_mode = 'nope'", 1231},
	{"SELECT 'a' COLLATE nope", 1273}, {"SELECT 'a' COLLATE latin1_bin", 1253}, {"SELECT 1e400", 1367}, {"SHOW CREATE PROCEDURE p", 1305},
	{"KILL 999999", 1094}, {"KILL QUERY 999999", 1094}, {"SET time_zone = 'nope'", 1298}, {"SET time_zone = '+25:00'", 1298}, {"SET autocommit = 'nope'", 1231}, {"SET wait_timeout = 'x'", 1231},
	{"SELECT DATE '2024-02-30'", 1525}, {"SELECT TIMESTAMP 'x'", 1525}, {"SELECT TIME '25:61:00'", 1525}, {"WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n", 3636},
	{"SELECT CAST(1 AS UNSIGNED) - 2", 1690}, {"SELECT @@nope.x", 1193},
	{"SELECT (SELECT rid FROM routes)", 1242}, {"SELECT 9223372036854775807 + 1", 1690},
	// Changes.
	{"DELETE FROM routes", 1290}, {"CREATE TABLE t (a INT)", 1290}, {"DROP DATABASE flights", 1290}, {"INSERT INTO locales VALUES ('a', 'b')", 1290},
	{"SET GLOBAL max_connections = 1", 1290},
	// Too much.
	{"SELECT 1" + strings.Repeat("+1", maxDepth), 1436},
}

// modes are the ways to send a statement.
var modes = map[string]func(*sql.DB, string) error{
	"text": func(db *sql.DB, query string) error {
		_, err := answer(db, query)
		return err
	},
	"prepared": func(db *sql.DB, query string) error { return run(db, query, true) },
}

// TestErrorsInEveryMode gives a statement the same error however a client sends it.
func TestErrorsInEveryMode(t *testing.T) {
	s := start(t, openflights.Sample())
	for _, multi := range []bool{false, true} {
		db := connectAs(t, s.Addr(), "root", password, func(config *driver.Config) { config.MultiStatements = multi })
		db.SetMaxOpenConns(1)
		connection := ask(t, db, "SELECT CONNECTION_ID()")[0]
		for mode, send := range modes {
			for _, statement := range refusedStatements {
				err := send(db, statement.query)
				if got := number(t, err); got != statement.want {
					t.Errorf("%s, several statements %v: %.100s: error %v, want %d", mode, multi, statement.query, err, statement.want)
				}
			}
		}
		if got := ask(t, db, "SELECT CONNECTION_ID()")[0]; got != connection {
			t.Errorf("several statements %v: connection %s, want %s as before", multi, got, connection)
		}
	}
}

// TestErrorAfterRows asks for answers that fail when part of them has been sent: the error follows, and the connection goes on.
func TestErrorAfterRows(t *testing.T) {
	limits := defaultLimits
	limits.statement = 300 * time.Millisecond
	s := startLimited(t, openflights.Sample(), limits)
	for _, multi := range []bool{false, true} {
		db := connectAs(t, s.Addr(), "root", password, func(config *driver.Config) { config.MultiStatements = multi })
		db.SetMaxOpenConns(1)
		connection := ask(t, db, "SELECT CONNECTION_ID()")[0]
		for mode, send := range modes {
			for _, statement := range []struct {
				query string
				want  uint16
			}{
				{"WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", 3636},
				{"WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT SUM(i) + 1 FROM n WHERE i < 3) SELECT * FROM n", 3636},
				{"WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT 9223372036854775000 + i FROM n", 1690},
				{"WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i, SLEEP(IF(i > 300, 1, 0)) FROM n", 3024},
			} {
				err := send(db, statement.query)
				if got := number(t, err); got != statement.want {
					t.Errorf("%s, several statements %v: %s: error %v, want %d", mode, multi, statement.query, err, statement.want)
				}
				if got := ask(t, db, "SELECT COUNT(*) FROM countries"); len(got) != 1 {
					t.Errorf("the next answer is %v", got)
				}
			}
		}
		if got := ask(t, db, "SELECT CONNECTION_ID()")[0]; got != connection {
			t.Errorf("several statements %v: connection %s, want %s as before", multi, got, connection)
		}
	}
}

// TestMaxExecutionTime ends statements sooner than the server would, until the variable is 0 again or the connection starts over.
func TestMaxExecutionTime(t *testing.T) {
	db := connect(t, start(t, openflights.Sample()).Addr(), "root", password)
	db.SetMaxOpenConns(1)
	for _, test := range []struct {
		set  string
		want uint16
	}{{"100", 3024}, {"0", 0}, {"100", 3024}, {"DEFAULT", 0}, {"5000", 0}} {
		ask(t, db, "SET max_execution_time = "+test.set)
		_, err := answer(db, "SELECT SLEEP(0.4)")
		if got := number(t, err); got != test.want {
			t.Errorf("at most %s ms: got error %v, want %d", test.set, err, test.want)
		}
	}
}
