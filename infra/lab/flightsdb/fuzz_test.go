package flightsdb

import (
	"io"
	"net"
	"testing"
	"time"

	"chaosworkshop/infra/lab/openflights"
)

// FuzzWire sends anything in place of a login: the server hangs up, and keeps running.
func FuzzWire(f *testing.F) {
	for _, seed := range [][]byte{
		{}, {0, 0, 0, 1}, {0xff, 0xff, 0xff, 1}, []byte("GET / HTTP/1.0\r\n\r\n"),
		append([]byte{32, 0, 0, 1, 0x8d, 0xa6, 0xff, 0x01, 0, 0, 0, 1, 33}, make([]byte, 23)...),
	} {
		f.Add(seed)
	}
	s := start(f, openflights.Sample())
	f.Fuzz(func(t *testing.T, garbage []byte) {
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		c.Write(garbage)
		c.(*net.TCPConn).CloseWrite()
		if _, err := io.Copy(io.Discard, c); err != nil {
			if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
				t.Fatal("the server neither answers nor hangs up")
			}
		}
	})
}

// FuzzStatement runs anything as a statement: the connection stays up, and no table changes.
func FuzzStatement(f *testing.F) {
	for _, query := range dataQueries {
		f.Add(query)
	}
	for _, query := range schemaQueries {
		f.Add(query)
	}
	for _, query := range []string{
		"", ";", "--", "/*", "SELECT", "SELECT '", "SELECT 1;SELECT 2", "DELETE FROM routes", "DROP DATABASE flights",
		"SHOW VARIABLES LIKE '%'", "SET @a = (SELECT 1)", "PREPARE s FROM 'SELECT ?'", "EXECUTE s USING @a",
		"SELECT JSON_ARRAY(1, 'a', NULL)", "SELECT CAST('1' AS DECIMAL(65,30))", "SELECT GROUP_CONCAT(name) FROM airlines",
		"SELECT ROW_NUMBER() OVER (ORDER BY rid) FROM routes LIMIT 3", "SELECT DATE_ADD('2024-02-30', INTERVAL 1 MONTH)",
		"WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT * FROM n",
	} {
		f.Add(query)
	}
	limits := defaultLimits
	limits.statement = time.Second
	// A few rows of each table: a statement takes no longer than it must.
	data := openflights.Sample()
	data.Airlines, data.Airports, data.Routes = data.Airlines[:20], data.Airports[:20], data.Routes[:20]
	db := connect(f, startLimited(f, data, limits).Addr(), "root", password)
	db.SetMaxOpenConns(1)
	const state = "SELECT COUNT(*), MIN(rid), MAX(rid), SUM(stops) FROM flights.routes"
	want := ask(f, db, state)[0]
	connection := ask(f, db, "SELECT CONNECTION_ID()")[0]
	f.Fuzz(func(t *testing.T, query string) {
		_, _ = answer(db, query)
		if got := ask(t, db, state)[0]; got != want {
			t.Errorf("after %q: %s, want %s", query, got, want)
		}
		if got := ask(t, db, "SELECT CONNECTION_ID()")[0]; got != connection {
			t.Errorf("%q: the connection was lost", query)
			connection = got
		}
	})
}
