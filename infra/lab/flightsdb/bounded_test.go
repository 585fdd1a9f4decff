package flightsdb

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/lab/openflights"
)

// hostile are statements that would run for hours or take gigabytes.
func hostile() map[string]string {
	list := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	return map[string]string{
		"IN x IN":         "SELECT COUNT(*) FROM routes WHERE src_ap IN (" + list(300, "'A%d'") + ") AND dst_ap IN (" + list(300, "'B%d'") + ")",
		"IN x IN codes":   "SELECT COUNT(*) FROM routes WHERE src_apid IN (" + list(2000, "%d") + ") AND dst_apid IN (" + list(2000, "%d") + ")",
		"NOT IN x NOT IN": "SELECT COUNT(*) FROM routes WHERE src_apid NOT IN (" + list(2000, "%d") + ") AND dst_apid NOT IN (" + list(2000, "%d") + ")",
		"IN 60,000":       "SELECT COUNT(*) FROM routes WHERE rid IN (" + list(60_000, "%d") + ")",
		"IN texts":        "SELECT COUNT(*) FROM routes WHERE src_ap IN (" + list(60_000, "'%d'") + ")",
		"IN pairs":        "SELECT COUNT(*) FROM routes WHERE (src_apid, dst_apid) IN (" + list(30_000, "(%[1]d, %[1]d)") + ")",
		"OR of pairs":     "SELECT COUNT(*) FROM routes WHERE 0" + many(250, " OR (src_ap = 'A%[1]d' AND dst_ap = 'B%[1]d')"),
		"OR in parentheses": "SELECT COUNT(*) FROM routes WHERE " + strings.Repeat("(", 12) + "rid = 1" +
			strings.Repeat(" OR rid = 2) AND (rid = 3", 12) + strings.Repeat(")", 12),
		"AND of ORs":       "SELECT COUNT(*) FROM routes WHERE 1" + many(100, " AND (src_ap = 'A%[1]d' OR dst_ap = 'B%[1]d' OR alid = %[1]d)"),
		"NOT EQUALS":       "SELECT COUNT(*) FROM routes WHERE 1" + many(250, " AND rid <> %d"),
		"decimal exponent": "SELECT CAST('1e1000000000' AS DECIMAL(65,30))",
		"exponent literal": "SELECT 1e1000000000", "negative exponent": "SELECT CAST('1e-1000000000' AS DECIMAL(65,30))",
		"exponent compared":         "SELECT COUNT(*) FROM routes WHERE rid < CAST('1e900000000' AS DECIMAL)",
		"exponent rounded":          "SELECT ROUND(1e200, 2000000000), TRUNCATE(1.5, 2000000000), FORMAT(1.5, 2000000000)",
		"exponent of text":          "SELECT '1e999999999' + 1, ROUND('1e999999999', 5), -'1e999999999', '1e999999999' * 1.0",
		"power":                     "SELECT POW(10, 1e9), EXP(1e9), 2 << 2000000000",
		"self-join with <":          "SELECT COUNT(*) FROM airlines a JOIN airlines b ON a.alid < b.alid JOIN airlines c ON b.alid < c.alid",
		"self-join with < of text":  "SELECT COUNT(*) FROM routes a JOIN routes b ON a.equipment < b.equipment",
		"cross join":                "SELECT COUNT(*) FROM routes a, routes b, routes c, routes d",
		"cross join of kept rows":   "SELECT COUNT(*) FROM (SELECT 1 AS n FROM routes) a, (SELECT 2 AS n FROM routes) b, (SELECT 3 AS n FROM routes) c WHERE a.n + b.n + c.n = 7",
		"cross join ordered":        "SELECT a.rid FROM routes a, routes b ORDER BY a.rid + b.rid",
		"cross join grouped":        "SELECT a.rid, b.rid, COUNT(*) FROM routes a, routes b GROUP BY a.rid, b.rid",
		"cross join distinct":       "SELECT DISTINCT a.rid, b.rid FROM routes a, routes b",
		"cross join in a union":     "SELECT a.rid, b.rid FROM routes a, routes b UNION SELECT 1, 2",
		"cross join windowed":       "SELECT ROW_NUMBER() OVER (ORDER BY a.equipment, b.equipment) FROM routes a, routes b LIMIT 1",
		"cross join concatenated":   "SELECT LENGTH(GROUP_CONCAT(a.equipment, b.equipment)) FROM routes a, routes b",
		"cross join as JSON":        "SELECT JSON_ARRAYAGG(a.equipment) FROM routes a, routes b",
		"cross join as JSON object": "SELECT JSON_OBJECTAGG(CONCAT(a.rid, '-', b.rid), a.equipment) FROM routes a, routes b",
		"count distinct":            "SELECT COUNT(DISTINCT CONCAT(a.rid, '-', b.rid)) FROM routes a, routes b",
		"correlated":                "SELECT COUNT(*) FROM routes a WHERE (SELECT COUNT(*) FROM routes b WHERE b.equipment > a.equipment) > 10",
		"IN of a group":             "SELECT COUNT(*) FROM routes WHERE src_ap IN (SELECT src_ap FROM routes GROUP BY src_ap HAVING COUNT(*) > 200)",
		"recursion":                 "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n",
		"recursion doubled":         "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n UNION ALL SELECT i + 2 FROM n) SELECT COUNT(*) FROM n",
		"recursion of texts":        "WITH RECURSIVE n AS (SELECT CAST('a' AS CHAR(60000)) AS s UNION ALL SELECT CONCAT(s, s) FROM n) SELECT MAX(LENGTH(s)) FROM n",
		"recursion joined":          "WITH RECURSIVE n AS (SELECT rid AS i FROM routes UNION ALL SELECT n.i FROM n, routes) SELECT COUNT(*) FROM n",
		"sleep":                     "SELECT SLEEP(3600)", "sleep a row": "SELECT SLEEP(0.5) FROM routes",
		"benchmark":        "SELECT BENCHMARK(1000000000, SHA2('a', 512))",
		"lock":             "SELECT GET_LOCK('a', 0), GET_LOCK('a', 3600)",
		"lock names":       "SELECT COUNT(GET_LOCK(CONCAT(REPEAT('x', 1000), a.rid), 0)) FROM routes a, routes b",
		"texts in a row":   "SELECT " + list(2000, "LOWER(REPEAT('a', 1000000 + %d))"),
		"texts in rows":    "SELECT REPEAT('a', 1000000) FROM routes",
		"texts ordered":    "SELECT REPEAT('a', 900000 + rid) AS s FROM routes ORDER BY s",
		"texts grouped":    "SELECT REPEAT('a', 900000 + rid) AS s FROM routes GROUP BY s",
		"texts aggregated": "SELECT GROUP_CONCAT(REPEAT('a', 900000)) FROM routes",
		"JSON nested":      "SELECT " + strings.Repeat("JSON_ARRAY(", 150) + "1" + strings.Repeat(")", 150),
		"JSON doubled": "WITH a AS (SELECT JSON_ARRAY(1,1,1,1,1,1,1,1,1,1) AS j), b AS (SELECT JSON_ARRAY(j,j,j,j,j,j,j,j,j,j) AS j FROM a), c AS (SELECT JSON_ARRAY(j,j,j,j,j,j,j,j,j,j) AS j FROM b)," +
			"d AS (SELECT JSON_ARRAY(j,j,j,j,j,j,j,j,j,j) AS j FROM c), e AS (SELECT JSON_ARRAY(j,j,j,j,j,j,j,j,j,j) AS j FROM d), f AS (SELECT JSON_ARRAY(j,j,j,j,j,j,j,j,j,j) AS j FROM e) SELECT JSON_ARRAY(j,j,j,j,j,j,j,j,j,j) FROM f",
		"regex":              "SELECT REPEAT('a', 1000000) REGEXP '((a{1,30}){1,30}){1,30}b'",
		"regex of a row":     "SELECT COUNT(*) FROM routes WHERE REPEAT(equipment, 10000) REGEXP '(x+x+)+y'",
		"regex long":         "SELECT 'a' REGEXP '" + strings.Repeat("(x{1000})", 20_000) + "'",
		"like":               "SELECT REPEAT('a', 1000000) LIKE '" + strings.Repeat("%a", 20_000) + "b'",
		"many columns":       "SELECT " + list(40_000, "%d AS c%[1]d"),
		"many columns twice": "SELECT * FROM (SELECT " + list(5_000, "%d AS c%[1]d") + ") a, (SELECT " + list(5_000, "%d AS d%[1]d") + ") b",
		"stars":              "SELECT " + list(2000, "r.* /* %d */") + " FROM routes r",
		"values":             "SELECT * FROM (VALUES " + list(30_000, "ROW(%d)") + ") t, routes a, routes b",
		"case":               "SELECT CASE 1 " + many(20_000, "WHEN %[1]d THEN %[1]d ") + "END",
		"concat":             "SELECT CONCAT(" + list(60_000, "'%d'") + ")",
		"json array":         "SELECT JSON_ARRAY(" + list(60_000, "%d") + ")",
		"unions":             "SELECT COUNT(*) FROM routes" + strings.Repeat(" UNION ALL SELECT COUNT(*) FROM routes a, routes b", 40),
		"subqueries":         "SELECT " + list(2000, "(SELECT COUNT(*) FROM routes WHERE rid > %d)"),
		"group by many":      "SELECT COUNT(*) FROM routes GROUP BY " + list(2000, "rid + %d"),
		"order by many":      "SELECT 1 FROM routes ORDER BY " + list(2000, "rid + %d"),
		"windows":            "SELECT " + list(300, "SUM(rid) OVER (ORDER BY equipment, rid + %d)") + " FROM routes",
		"window of all":      "SELECT SUM(rid) OVER (ORDER BY rid ROWS BETWEEN 100000 PRECEDING AND 100000 FOLLOWING) FROM routes",
		"long alias":         "SELECT 1 AS `" + strings.Repeat("a", 900_000) + "`",
		"long name":          "SELECT * FROM `" + strings.Repeat("a", 900_000) + "`",
		"long function":      "SELECT " + strings.Repeat("a", 900_000) + "()",
		"long comment":       "SELECT 1 /* " + strings.Repeat("a", 900_000) + " */",
		"blanks":             "SELECT 1" + strings.Repeat(" ", 900_000),
		"semicolons":         strings.Repeat(";", 900_000),
		"quotes":             "SELECT '" + strings.Repeat("''", 400_000) + "'",
		"hex":                "SELECT LENGTH(0x" + strings.Repeat("ab", 400_000) + ")",
		"dates":              "SELECT DATE_ADD('2024-01-01', INTERVAL 9223372036854775807 YEAR), MAKEDATE(9999999, 99999999), SEC_TO_TIME(1e300)",
		"conv":               "SELECT CONV(REPEAT('9', 1000000), 10, 36)", "format": "SELECT FORMAT(REPEAT('9', 1000000), 1000000)",
		"hash": "SELECT SHA2(REPEAT('a', 1000000), 512), MD5(REPEAT('a', 1000000)) FROM routes",
		"uuid": "SELECT COUNT(UUID()) FROM routes a, routes b", "random": "SELECT COUNT(RANDOM_BYTES(1024)) FROM routes a, routes b",
		"soundex": "SELECT LENGTH(SOUNDEX(REPEAT('abcd', 250000))) FROM routes",
		"elt":     "SELECT ELT(1, " + list(60_000, "%d") + ")", "field": "SELECT FIELD(1, " + list(60_000, "%d") + ")",
		"find_in_set":         "SELECT COUNT(FIND_IN_SET(rid, REPEAT('1,', 500000))) FROM routes",
		"instr":               "SELECT COUNT(INSTR(REPEAT('a', 1000000), CONCAT(REPEAT('a', 500000), 'b'))) FROM routes",
		"replace":             "SELECT COUNT(REPLACE(REPEAT('ab', 500000), 'a', '')) FROM routes",
		"substring_index":     "SELECT COUNT(SUBSTRING_INDEX(REPEAT('a,', 500000), ',', 400000)) FROM routes",
		"variables":           "SELECT COUNT(@a := CONCAT(@a, rid)) FROM routes",
		"information":         "SELECT COUNT(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c, information_schema.columns d",
		"information ordered": "SELECT a.column_name FROM information_schema.columns a, information_schema.columns b, information_schema.columns c ORDER BY a.column_name, b.column_name",
		"lateral":             "SELECT COUNT(*) FROM routes a, LATERAL (SELECT b.rid FROM routes b WHERE b.equipment > a.equipment) c",
		"json_table":          "SELECT COUNT(*) FROM JSON_TABLE(CONCAT('[1', REPEAT(',1', 100000), ']'), '$[*]' COLUMNS(n INT PATH '$')) a, routes b, routes c",
		"exists":              "SELECT COUNT(*) FROM routes a WHERE NOT EXISTS (SELECT 1 FROM routes b WHERE b.equipment > CONCAT(a.equipment, 'zzzz') AND b.rid > a.rid)",
		"all":                 "SELECT COUNT(*) FROM routes a LEFT JOIN routes b ON a.equipment LIKE CONCAT('%', b.equipment, '%')",
		"window of texts":     "SELECT MAX(x) FROM (SELECT JSON_ARRAYAGG(equipment) OVER () AS x FROM routes) t", "window of a minimum": "SELECT MAX(x) FROM (SELECT MIN(rid) OVER (ORDER BY rid ROWS BETWEEN 9999 PRECEDING AND 9999 FOLLOWING) AS x FROM routes) t",
		"window sorted": "SELECT MAX(x) FROM (SELECT RANK() OVER (PARTITION BY stops ORDER BY equipment, src_ap DESC) AS x FROM routes) t", "window of a range": "SELECT MAX(x) FROM (SELECT COUNT(*) OVER (ORDER BY rid RANGE BETWEEN 9999 PRECEDING AND 9999 FOLLOWING) AS x FROM routes) t",
		"regex of its size": "SELECT REGEXP_LIKE(REPEAT('a', 1000000), REPEAT('a', 1000000))", "regex replaced": "SELECT LENGTH(REGEXP_REPLACE(REPEAT('a', 1000000), 'a*b|a', 'b'))",
		"regex of places": "SELECT LENGTH(REGEXP_REPLACE(REPEAT('a', 1000000), '\\\\ba*b|a', 'b'))", "regex occurrence": "SELECT REGEXP_INSTR(REPEAT('a', 1000000), 'a*b|a', 1, 999999)",
		"full":      "SELECT COUNT(*) FROM routes a FULL OUTER JOIN routes b ON a.equipment < b.equipment",
		"intersect": "SELECT a.rid FROM routes a, routes b INTERSECT SELECT a.rid FROM routes a, routes b",
		"prepare":   "PREPARE s FROM 'SELECT COUNT(*) FROM routes a, routes b, routes c'", "set": "SET @a = REPEAT('a', 1000000)",
		"show":            "SHOW VARIABLES WHERE variable_name LIKE '" + strings.Repeat("%a", 20_000) + "b'",
		"explain":         "EXPLAIN SELECT COUNT(*) FROM routes WHERE rid IN (" + list(60_000, "%d") + ")",
		"explain analyze": "EXPLAIN ANALYZE SELECT COUNT(*) FROM routes a, routes b, routes c",
	}
}

// TestServedStatements are large, but not too large.
func TestServedStatements(t *testing.T) {
	statements := hostile()
	limits := defaultLimits
	limits.statement = 3 * time.Minute // A busy machine under the race detector needs more than the usual limit for some.
	db := connect(t, startLimited(t, openflights.Sample(), limits).Addr(), "root", password)
	for _, name := range []string{
		"IN x IN", "IN x IN codes", "NOT IN x NOT IN", "IN 60,000", "IN pairs", "OR of pairs", "AND of ORs", "IN of a group",
		"decimal exponent", "negative exponent", "json array", "elt", "field", "case", "blanks", "long comment", "like", "hex",
	} {
		if err := run(db, statements[name], false); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestStalledReader asks for much and reads nothing: its statement ends all the same.
func TestStalledReader(t *testing.T) {
	limits := defaultLimits
	limits.statement, limits.grace = time.Second, 100*time.Millisecond // Enough for a good statement under the race detector.
	s := startLimited(t, openflights.Sample(), limits)
	c := dialQuery(t, s, "SELECT * FROM routes a, routes b")
	awaitIdle(t, s, "a client that reads nothing")
	c.Close()
	checkServes(t, s)
}

// TestGoneClient asks for much and hangs up: its statement ends long before its limit.
func TestGoneClient(t *testing.T) {
	s := start(t, openflights.Sample())
	for _, query := range []string{"SELECT SLEEP(3600)", "SELECT COUNT(*) FROM routes a, routes b, routes c", "SELECT * FROM routes a, routes b"} {
		dialQuery(t, s, query).Close()
		awaitIdle(t, s, query)
	}
	checkServes(t, s)
}

// TestCloseWhileStatementsRun closes the server in time whatever runs.
func TestCloseWhileStatementsRun(t *testing.T) {
	s, err := Start(context.Background(), Options{Addr: "127.0.0.1:0", RootPassword: password, Data: openflights.Sample()})
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"SELECT SLEEP(3600)", "SELECT COUNT(*) FROM routes a, routes b, routes c", "SELECT * FROM routes a, routes b"} {
		dialQuery(t, s, query)
	}
	started := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(started); took > 2*time.Second {
		t.Errorf("closed after %v, want 2 s at most", took)
	}
}

// dialQuery sends a query from a client that reads nothing of the answer, and returns when the statement runs.
func dialQuery(t *testing.T, s *Server, query string) net.Conn {
	t.Helper()
	c := login(t, s)
	if _, err := c.Write(join(packet(0x03, 1+len(query))[:5], []byte(query))); err != nil {
		t.Fatal(err)
	}
	awaitRunning(t, s)
	return c
}

// login is a bare connection of root: the driver logs in, and from then on, the connection is ours.
func login(t testing.TB, s *Server) net.Conn {
	t.Helper()
	db := connect(t, s.Addr(), "root", password)
	connection, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	var c net.Conn
	raw := func(driver any) error {
		field := reflect.ValueOf(driver).Elem().FieldByName("netConn")
		c = *(*net.Conn)(field.Addr().UnsafePointer())
		return nil
	}
	if err := connection.Raw(raw); err != nil {
		t.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// awaitRunning waits until a statement runs.
func awaitRunning(t *testing.T, s *Server) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for s.statements.count() == 0 {
		if time.Now().After(deadline) {
			t.Fatal("no statement runs after 5 s")
		}
		time.Sleep(time.Millisecond)
	}
}

// awaitIdle waits until no statement runs.
func awaitIdle(t *testing.T, s *Server, who string) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for s.statements.count() > 0 {
		if time.Now().After(deadline) {
			t.Fatalf("%s: the statement still runs after 5 s", who)
		}
		time.Sleep(time.Millisecond)
	}
}

// count is how many statements run.
func (s *statements) count() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return len(s.running)
}

// run runs a query and reads its rows.
func run(db *sql.DB, query string, prepared bool) error {
	var rows *sql.Rows
	var err error
	if prepared {
		statement, prepareErr := db.Prepare(query)
		if prepareErr != nil {
			return prepareErr
		}
		defer statement.Close()
		rows, err = statement.Query()
	} else {
		rows, err = db.Query(query)
	}
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}
