package flightsdb

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"chaosworkshop/infra/lab/openflights"
)

// dial opens a bare connection to the server and reads its greeting.
func dial(t testing.TB, s *Server) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// readPacket reads one packet, or returns how the connection ended.
func readPacket(c io.Reader) ([]byte, error) {
	header := make([]byte, 4)
	if _, err := io.ReadFull(c, header); err != nil {
		return nil, err
	}
	payload := make([]byte, int(header[0])|int(header[1])<<8|int(header[2])<<16)
	_, err := io.ReadFull(c, payload)
	return payload, err
}

// refusal is the number of the error that a packet is.
func refusal(payload []byte) int {
	if len(payload) < 3 || payload[0] != 0xff {
		return 0
	}
	return int(binary.LittleEndian.Uint16(payload[1:]))
}

// checkServes reports when the server no longer answers a well-behaved client.
func checkServes(t testing.TB, s *Server) {
	t.Helper()
	db := connect(t, s.Addr(), "root", password)
	defer db.Close()
	if _, err := answer(db, routesQuery, "LHR", "JFK"); err != nil {
		t.Errorf("a good client after the bad ones: %v", err)
	}
}

// heap is the memory in use, in megabytes.
func heap() float64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapInuse) / (1 << 20)
}

func TestGarbageInsteadOfLogin(t *testing.T) {
	s := start(t, openflights.Sample())
	for _, garbage := range [][]byte{
		{}, {0}, []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), bytes.Repeat([]byte{0}, 100),
		bytes.Repeat([]byte{0xff}, 100), bytes.Repeat([]byte("x"), 5000), {3, 0, 0, 1, 'a'}, {0, 0, 0, 1}, {32, 0, 0, 1},
		append([]byte{32, 0, 0, 1}, bytes.Repeat([]byte{0xff}, 32)...), {1, 0, 0, 7, 1},
	} {
		c := dial(t, s)
		if _, err := c.Write(garbage); err != nil {
			t.Fatal(err)
		}
		c.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, c)
		c.Close()
	}
	checkServes(t, s)
}

// TestAnnouncedGigabyte announces as much as three bytes can, like a client that sends a gigabyte.
func TestAnnouncedGigabyte(t *testing.T) {
	s := start(t, openflights.Sample())
	before := heap()
	for range 50 {
		c := dial(t, s)
		if _, err := readPacket(c); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte{0xff, 0xff, 0xff, 1}); err != nil {
			t.Fatal(err)
		}
		payload, err := readPacket(c)
		if got := refusal(payload); err != nil || got != 1153 {
			t.Fatalf("answer: error %d, %v; want 1153", got, err)
		}
	}
	if grown := heap() - before; grown > 20 {
		t.Errorf("memory grew by %.0f MB", grown)
	}
	checkServes(t, s)
}

func TestTooLongStatement(t *testing.T) {
	s := start(t, openflights.Sample())
	db := connect(t, s.Addr(), "root", password)
	long := "SELECT '" + strings.Repeat("x", maxPacket) + "'"
	if _, err := db.Exec(long); err == nil {
		t.Error("a statement longer than a packet was run")
	}
	// On a separate connection: the server hangs up on a client that sent too much, and the pool may not know yet.
	db = connect(t, s.Addr(), "root", password)
	if got := ask(t, db, "SELECT LENGTH('"+strings.Repeat("x", maxPacket-100)+"')"); got[0] != fmt.Sprint(maxPacket-100) {
		t.Errorf("the longest statement: %s", got[0])
	}
	checkServes(t, s)
}

// TestHalfLogin greets and then says nothing: the server hangs up.
func TestHalfLogin(t *testing.T) {
	limits := defaultLimits
	limits.login = 250 * time.Millisecond // Enough for a good login under the race detector.
	s := startLimited(t, openflights.Sample(), limits)
	for _, half := range [][]byte{nil, {32}, {32, 0, 0, 1, 0xff}} {
		c := dial(t, s)
		if _, err := readPacket(c); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(half); err != nil {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("after half a login of %d bytes: %q, %v; want the end", len(half), rest, err)
		}
	}
	db := connect(t, s.Addr(), "root", password)
	ask(t, db, "SELECT 1")
	time.Sleep(2 * limits.login) // The test is that nothing happens, and there is no clock to advance.
	if got := ask(t, db, "SELECT CONNECTION_ID()"); got[0] != "4" {
		t.Errorf("connection: %s, want 4: a client who has logged in may be idle", got[0])
	}
}

func TestTooManyConnections(t *testing.T) {
	limits := defaultLimits
	limits.connections = 20
	s := startLimited(t, openflights.Sample(), limits)
	var held []net.Conn
	refused := 0
	for range 100 {
		c := dial(t, s)
		held = append(held, c)
		payload, err := readPacket(c)
		if err != nil {
			t.Fatal(err)
		}
		if refusal(payload) == 1040 {
			refused++
		}
	}
	if refused != 80 {
		t.Errorf("refused: %d of 100, want 80", refused)
	}
	if got := number(t, connect(t, s.Addr(), "root", password).Ping()); got != 1040 {
		t.Errorf("a driver's error: %d, want 1040", got)
	}
	for _, c := range held {
		c.Close()
	}
	deadline := time.Now().Add(10 * time.Second)
	for connect(t, s.Addr(), "root", password).Ping() != nil {
		if time.Now().After(deadline) {
			t.Fatal("the server takes no client after the crowd has gone")
		}
	}
}

// TestTwoThousandConnections opens more connections at once than the server accepts.
func TestTwoThousandConnections(t *testing.T) {
	s := start(t, openflights.Sample())
	var mutex sync.Mutex
	var crowd sync.WaitGroup
	outcomes := map[string]int{}
	release := make(chan struct{})
	var arrived sync.WaitGroup
	for range 2000 {
		crowd.Add(1)
		arrived.Add(1)
		go func() {
			defer crowd.Done()
			outcome := "greeted"
			c, err := net.Dial("tcp", s.Addr())
			if err == nil {
				defer c.Close()
				var payload []byte
				c.SetDeadline(time.Now().Add(30 * time.Second))
				payload, err = readPacket(c)
				if refusal(payload) == 1040 {
					outcome = "refused"
				}
			}
			if err != nil {
				outcome = "failed: " + err.Error()
			}
			mutex.Lock()
			outcomes[outcome]++
			mutex.Unlock()
			arrived.Done()
			<-release
		}()
	}
	arrived.Wait()
	if outcomes["greeted"] != defaultLimits.connections || outcomes["refused"] != 2000-defaultLimits.connections {
		t.Errorf("outcomes: %v, want %d greeted and the rest refused", outcomes, defaultLimits.connections)
	}
	close(release)
	crowd.Wait()
	for s.listener.openNow() > 0 {
		time.Sleep(time.Millisecond)
	}
	checkServes(t, s)
}

// openNow is how many connections are open.
func (l *listener) openNow() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return len(l.open)
}

// TestDeepStatements are those that would overflow the stack, which no recover catches: the test program would end.
func TestDeepStatements(t *testing.T) {
	s := start(t, openflights.Sample())
	clients := map[string]*sql.DB{
		"one statement": connect(t, s.Addr(), "root", password),
		"several":       connectMode(t, s.Addr(), "root", password, true),
	}
	const n = 6_000
	repeat := func(prefix, part, suffix string) string { return prefix + strings.Repeat(part, n) + suffix }
	for name, statement := range map[string]string{
		"plus": repeat("SELECT 1", "+1", ""), "minus": repeat("SELECT 1", "-1", ""), "times": repeat("SELECT 1", "*1", ""),
		"divide": repeat("SELECT 1", "/1", ""), "div": repeat("SELECT 1", " DIV 1", ""), "mod": repeat("SELECT 1", "%1", ""),
		"and": repeat("SELECT 1", " AND 1", ""), "or": repeat("SELECT 1", " OR 1", ""), "xor": repeat("SELECT 1", " XOR 1", ""),
		"not": repeat("SELECT ", "NOT ", "1"), "bang": repeat("SELECT ", "!", "1"), "tilde": repeat("SELECT ", "~", "1"),
		"negative": repeat("SELECT ", "- ", "a"), "binary": repeat("SELECT ", "BINARY ", "1"),
		"collate": repeat("SELECT 'a'", " COLLATE utf8mb4_bin", ""), "is": repeat("SELECT 1", " IS NULL", ""),
		"equal": repeat("SELECT 1", "=1", ""), "less": repeat("SELECT 1", "<1", ""), "like": repeat("SELECT 1", " LIKE 1", ""),
		"in": repeat("SELECT 1", " IN (1)", ""), "between": repeat("SELECT 1", " BETWEEN 1 AND 1", ""),
		"bits": repeat("SELECT 1", "|1", ""), "shift": repeat("SELECT 1", "<<1", ""),
		"interval": repeat("SELECT NOW()", " + INTERVAL 1 DAY", ""), "assign": repeat("SELECT ", "@a:=", "1"),
		"parentheses": repeat("SELECT ", "(", "1") + strings.Repeat(")", n),
		"functions":   repeat("SELECT ", "ABS(", "1") + strings.Repeat(")", n),
		"subqueries":  repeat("SELECT ", "(SELECT ", "1") + strings.Repeat(")", n),
		"unions":      repeat("SELECT 1", " UNION SELECT 1", ""), "intersects": repeat("SELECT 1", " INTERSECT SELECT 1", ""),
		"set": repeat("SET @a = 1", "+1", ""), "show": repeat("SHOW TABLES WHERE 1", "+1", ""),
		"explain": repeat("EXPLAIN SELECT 1", "+1", ""), "limit": repeat("SELECT 1 LIMIT 1", "+1", ""),
		"joins": repeat("SELECT 1 FROM locales", " JOIN locales", ""), "group": repeat("SELECT 1 GROUP BY 1", "+1", ""),
		"prepare": "PREPARE s FROM '" + repeat("SELECT 1", "+1", "") + "'",
		"900,000": "SELECT " + strings.Repeat("!", 900_000) + "1", "500,000": "SELECT 1" + strings.Repeat("+1", 500_000),
		"second": "SELECT 1; SELECT 1" + strings.Repeat("+1", 500_000),
	} {
		if len(statement) > maxPacket {
			statement = statement[:maxPacket-10]
		}
		for mode, db := range clients {
			if _, err := db.Exec(statement); err == nil {
				t.Errorf("%s, %s: was run", name, mode)
			}
			if _, err := db.Prepare(statement); err == nil {
				t.Errorf("%s, %s: was prepared", name, mode)
			}
		}
	}
	checkServes(t, s)
}

// TestComplexity runs what is at the limits, and nothing beyond.
func TestComplexity(t *testing.T) {
	db := sample(t)
	joins := func(n int) string {
		query := "SELECT 1 FROM locales t0"
		for i := 1; i < n; i++ {
			query += fmt.Sprintf(" JOIN locales t%d ON t%d.locale = t%d.locale", i, i, i-1)
		}
		return query + " LIMIT 1"
	}
	nested := func(n int) string {
		return strings.Repeat("SELECT (", n-1) + "SELECT 1" + strings.Repeat(")", n-1)
	}
	for _, test := range []struct {
		name, query string
		want        uint16
	}{
		{"joins at the limit", joins(maxTables), 0},
		{"one join more", joins(maxTables + 1), 1116},
		{"nested at the limit", nested(maxSelects), 0},
		{"nested once more", nested(maxSelects + 1), 1473},
		{"long sum", "SELECT 1" + strings.Repeat("+1", maxDepth-20), 0},
		{"longer sum", "SELECT 1" + strings.Repeat("+1", maxDepth), 1436},
		{"250 alternatives", "SELECT COUNT(*) FROM routes WHERE rid = 0" + strings.Repeat(" OR rid = 1", 250), 0},
		{"ten branches", "SELECT locale FROM locales" + strings.Repeat(" UNION SELECT locale FROM locales", 9), 0},
		{"branches at the limit", "(" + joins(maxTables) + ") UNION (" + joins(maxTables) + ")", 1116},
		{"branches in a subquery", "SELECT 1 FROM ((" + joins(5) + ") UNION (" + joins(5) + ")) a, locales b LIMIT 1", 0},
		{"many branches", "SELECT 1" + strings.Repeat(" UNION SELECT 1", maxDepth/unionDepth), 1436},
		{"ten thousand keys", "SELECT COUNT(*) FROM routes WHERE rid IN (1" + strings.Repeat(",2", 10_000) + ")", 0},
		{"nested choices", "SELECT " + strings.Repeat("COALESCE(IFNULL(IF(1, ", 50) + "1" + strings.Repeat(", 2), 3), 4)", 50), 0},
		{"nested CASE", "SELECT " + strings.Repeat("CASE ", 60) + "1" + strings.Repeat(" WHEN 1 THEN 1 WHEN 'a' THEN 2 ELSE 3.5 END", 60), 0},
		{"nested BETWEEN", "SELECT " + strings.Repeat("(", 60) + "'1'" + strings.Repeat(" BETWEEN 0 AND '1')", 60), 0},
		{"nested functions", "SELECT " + strings.Repeat("LEFT(CONCAT(ROUND(", 40) + "1" + strings.Repeat(", 1), 'a'), 9)", 40), 0},
	} {
		_, err := answer(db, test.query)
		if got := number(t, err); got != test.want {
			t.Errorf("%s: error %v, want %d", test.name, err, test.want)
		}
	}
}

// TestHugeTexts ask for gigabytes in few words.
func TestHugeTexts(t *testing.T) {
	db := sample(t)
	for _, expression := range []string{
		"REPEAT('ab', 2000000000)", "REPEAT(REPEAT('a', 1000000), 1000000)", "SPACE(2000000000)",
		"CONCAT(REPEAT('a', 1000000), REPEAT('b', 1000000))", "CONCAT_WS(REPEAT('a', 600000), 1, 2, 3)",
		"REPLACE(REPEAT('a', 10000), 'a', REPEAT('b', 10000))", "REGEXP_REPLACE(REPEAT('a', 10000), 'a', REPEAT('b', 10000))",
		strings.Repeat("HEX(", 40) + "'a'" + strings.Repeat(")", 40), strings.Repeat("TO_BASE64(", 90) + "'a'" + strings.Repeat(")", 90),
		"LPAD('a', 2000000000, 'b')", "RPAD('a', 2000000000, 'b')", "LPAD('a', 9223372036854775807, 'b')",
	} {
		if got := ask(t, db, "SELECT LENGTH("+expression+")"); got[0] != "NULL" {
			t.Errorf("%s: length %s, want NULL", expression, got[0])
		}
	}
	query := "SELECT REPEAT('ab', 2), LPAD('a', 3, 'b'), RPAD('a', 3, 'b'), SPACE(2), REPEAT(NULL, 2), CONCAT('a', 1, NULL), " +
		"CONCAT('a', 1, 2.5), CONCAT_WS('-', 'a', NULL, 1), REPLACE('aXa', 'a', 'bb'), HEX('A'), TO_BASE64('A'), QUOTE('a'), " +
		"LENGTH(" + strings.Repeat("CONCAT(", 80) + "'a'" + strings.Repeat(")", 80) + ")"
	if got, want := ask(t, db, query)[0], "abab|bba|abb|  |NULL|NULL|a12.5|a-1|bbXbb|41|QQ==|'a'|1"; got != want {
		t.Errorf("short texts: %s, want %s", got, want)
	}
}

// TestLongStatement ends a statement that would run for hours.
func TestLongStatement(t *testing.T) {
	limits := defaultLimits
	limits.statement = 500 * time.Millisecond // Enough for a good statement under the race detector.
	s := startLimited(t, openflights.Sample(), limits)
	db := connect(t, s.Addr(), "root", password)
	for _, query := range []string{
		"SELECT SLEEP(3600)", "SELECT COUNT(*) FROM routes a, routes b, routes c WHERE a.equipment < b.equipment",
		"SELECT a.rid FROM routes a, routes b, routes c ORDER BY a.rid + b.rid + c.rid",
	} {
		started := time.Now()
		_, err := answer(db, query)
		if got := number(t, err); got != 3024 {
			t.Errorf("%s: error %v, want 3024", query, err)
		}
		if took := time.Since(started); took > 10*time.Second {
			t.Errorf("%s: ended after %v", query, took)
		}
	}
	checkServes(t, s)
}

// TestOutOfMemory is a join whose condition was forgotten.
func TestOutOfMemory(t *testing.T) {
	limits := defaultLimits
	limits.memory = uint64(heap()+100) << 20
	s := startLimited(t, openflights.Sample(), limits)
	_, err := answer(connect(t, s.Addr(), "root", password), "SELECT * FROM routes a, routes b ORDER BY a.equipment, b.equipment")
	if got := number(t, err); got != 1041 {
		t.Errorf("error %v, want 1041", err)
	}
	runtime.GC()
	checkServes(t, s)
}

// TestBriefStatements go on when memory runs low, unless they are the cause.
func TestBriefStatements(t *testing.T) {
	s := newStatements(defaultLimits)
	s.limits.memory = 1
	begun := func(age time.Duration) (*statement, context.Context) {
		ctx, cancel := context.WithCancelCause(t.Context())
		running := &statement{started: time.Now().Add(-age), conn: &conn{}, cancel: cancel, all: s}
		s.running[running] = struct{}{}
		return running, ctx
	}
	_, old := begun(time.Minute)
	looking, cause := begun(-time.Minute)
	_, brief := begun(-time.Minute)
	s.checkMemory(looking)
	for ctx, want := range map[context.Context]error{old: errOutOfMemory, cause: errOutOfMemory, brief: nil} {
		if got := context.Cause(ctx); got != want {
			t.Errorf("ended by %v, want %v", got, want)
		}
	}
}

func TestTooManyPreparedStatements(t *testing.T) {
	db := sample(t)
	db.SetMaxOpenConns(1)
	var open []*sql.Stmt
	for i := range maxPrepared {
		statement, err := db.Prepare(fmt.Sprintf("SELECT %d", i))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, statement)
	}
	if _, err := db.Prepare("SELECT 'one more'"); number(t, err) != 1461 {
		t.Errorf("one statement more: error %v, want 1461", err)
	}
	for _, statement := range open {
		statement.Close()
	}
	// Closed statements make room, however many there were.
	for i := range 2 * maxPrepared {
		statement, err := db.Prepare(fmt.Sprintf("SELECT %d, 2", i))
		if err != nil {
			t.Fatal(err)
		}
		statement.Close()
	}
}
