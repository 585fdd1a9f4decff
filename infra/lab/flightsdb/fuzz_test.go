package flightsdb

import (
	"bufio"
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dolthub/vitess/go/mysql"

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

// startBrief serves a few rows of each table: a statement takes no longer than it must.
func startBrief(f testing.TB) *Server {
	limits := defaultLimits
	limits.statement = time.Second
	data := openflights.Sample()
	data.Airlines, data.Airports, data.Routes = data.Airlines[:20], data.Airports[:20], data.Routes[:20]
	return startLimited(f, data, limits)
}

// FuzzPrepared prepares anything and sends commands with anything in them after it: the connection goes on.
func FuzzPrepared(f *testing.F) {
	for _, query := range []string{routesQuery, "SELECT ?, ? + 1, CONCAT(?, 'a')", "SELECT * FROM airports WHERE x < ? LIMIT ?", "SELECT 1", "SET @a = ?", "DELETE FROM routes", ";", "SELEC ?"} {
		for typ := range 24 {
			body := append([]byte{0, 1, byte(typ), 0, byte(typ), 128, 253, 0}, "\x03abc\x08\x00\x00\x00\x00\x00\x00\x00\x01"...)
			f.Add(query, body, []byte{mysql.ComStmtExecute, mysql.ComStmtSendLongData, mysql.ComStmtExecute, mysql.ComStmtFetch, mysql.ComStmtReset, mysql.ComStmtExecute, mysql.ComStmtClose})
		}
	}
	p := newPreparer(f, startBrief(f))
	f.Fuzz(p.try)
}

// preparer is a bare connection for prepared statements.
type preparer struct {
	conn    net.Conn
	answers *bufio.Reader
	// number is that of the last statement.
	number []byte
}

func newPreparer(t testing.TB, s *Server) *preparer {
	c := login(t, s)
	return &preparer{conn: c, answers: bufio.NewReader(c), number: make([]byte, 4)}
}

// try prepares a statement and sends commands with the body. Those that end the connection, or wait for more, are left out.
func (p *preparer) try(t *testing.T, query string, body, commands []byte) {
	if strings.Contains(strings.ToLower(query), "kill") || len(query)+len(body) > 4000 || len(commands) > 20 {
		return
	}
	if internals.Match(body) || internals.MatchString(query) {
		return // An error may quote what was sent.
	}
	if err := p.conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := p.command(mysql.ComPrepare, []byte(query)); err != nil {
		t.Fatalf("%q: %v", query, err)
	}
	for _, command := range append(commands, mysql.ComStmtClose) {
		parts := [][]byte{p.number, body}
		switch command {
		case mysql.ComQuit, comChangeUser, comProcessKill, mysql.ComQuery, mysql.ComPrepare:
			continue
		case mysql.ComStmtExecute:
			parts = [][]byte{p.number, {byte(len(body)), 1, 0, 0, 0}, body}
		}
		if err := p.command(command, parts...); err != nil {
			t.Fatalf("%q, % x, command %#x of % x: %v", query, body, command, commands, err)
		}
	}
}

// command sends a command, and another whose answer is known, and reads all that comes until then.
func (p *preparer) command(command byte, parts ...[]byte) error {
	payload := append([]byte{command}, bytes.Join(parts, nil)...)
	all := join(packet(0, len(payload))[:4], payload, packet(comStatistics, 1))
	if _, err := p.conn.Write(all); err != nil {
		return err
	}
	for first := true; ; first = false {
		answer, err := readPacket(p.answers)
		if err != nil || bytes.HasPrefix(answer, []byte("Uptime: ")) {
			return err
		}
		if first && command == mysql.ComPrepare && answer[0] == 0 {
			p.number = answer[1:5]
		}
		if message := string(answer); answer[0] == mysql.ErrPacket && internals.MatchString(message) {
			return fmt.Errorf("an error that nobody understands: %q", message)
		}
	}
}

// internals matches what an error must not show.
var internals = regexp.MustCompile(`%!|\b(expression|plan|sql|types|memo|planbuilder|sqlparser)\.[A-Z]|interface conversion|runtime error|goroutine`)

// killed matches a statement that may rightly end one of the test's own connections.
var killed = regexp.MustCompile(`(?i)kill\W+(connection\W+)?\d\b`)

// inputsVariable is how many random inputs TestRandomInputs tries, seedVariable which.
const inputsVariable = "FLIGHTSDB_TEST_INPUTS"

// TestRandomInputs sends statements that are put together from the words of others, in every mode: the connections go on, and errors are
// plain. Without an instrumented program, it is a hundred times as fast as fuzzing.
func TestRandomInputs(t *testing.T) {
	inputs, seed := 500, uint64(7)
	for name, into := range map[string]any{inputsVariable: &inputs, seedVariable: &seed} {
		if text := os.Getenv(name); text != "" {
			if _, err := fmt.Sscan(text, into); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	random := rand.New(rand.NewPCG(seed, 1))
	word := regexp.MustCompile(`'[^']*'|[\w@.]+|\s+|.`)
	var statements [][]string
	var words []string
	add := func(query string) {
		parts := word.FindAllString(query, -1)
		statements, words = append(statements, parts), append(words, parts...)
	}
	for _, queries := range [][]string{dataQueries, schemaQueries, onceWrong} {
		for _, query := range queries {
			add(query)
		}
	}
	for _, statement := range refusedStatements {
		if len(statement.query) < 200 {
			add(statement.query)
		}
	}
	s := startBrief(t)
	var clients []*sql.DB
	for _, multi := range []bool{false, true} {
		db := connectMode(t, s.Addr(), "root", password, multi)
		db.SetMaxOpenConns(1)
		clients = append(clients, db)
	}
	p := newPreparer(t, s)
	connections := func() string {
		return ask(t, clients[0], "SELECT CONNECTION_ID()")[0] + ask(t, clients[1], "SELECT CONNECTION_ID()")[0]
	}
	want := connections()
	for i := range inputs {
		parts := slices.Clone(statements[random.IntN(len(statements))])
		for range 1 + random.IntN(4) {
			at := random.IntN(len(parts))
			other := statements[random.IntN(len(statements))]
			from := random.IntN(len(other))
			switch random.IntN(3) {
			case 0:
				parts[at] = words[random.IntN(len(words))]
			case 1:
				parts = slices.Insert(parts, at, other[from:min(from+random.IntN(9), len(other))]...)
			default:
				parts = slices.Delete(parts, at, min(at+1+random.IntN(3), len(parts)-1))
			}
		}
		query := strings.Join(parts, "")
		if len(query) > 2000 || strings.Contains(query, "SLEEP") || killed.MatchString(query) {
			continue
		}
		switch mode := random.IntN(3); mode {
		case 2:
			body := make([]byte, random.IntN(30))
			for i := range body {
				body[i] = byte(random.Uint32() >> random.IntN(32))
			}
			p.try(t, strings.Replace(query, "1", "?", 1), body, []byte{mysql.ComStmtExecute, byte(random.IntN(32)), mysql.ComStmtExecute})
		default:
			if _, err := answer(clients[mode], query); err != nil && internals.MatchString(err.Error()) {
				t.Errorf("%s: %v", query, err)
			}
		}
		if i%100 > 0 {
			continue
		}
		if got := connections(); got != want {
			t.Fatalf("one of the last hundred inputs before %q: connections %s, want %s", query, got, want)
		}
	}
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
	db := connect(f, startBrief(f).Addr(), "root", password)
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
