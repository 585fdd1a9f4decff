package flightsdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"
	"go.uber.org/goleak"

	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/shared/model"
)

const password = "secret"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveVariable); dir != "" {
		if err := serve(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// start serves the data until the test ends.
func start(t testing.TB, data model.Dataset) *Server {
	t.Helper()
	return startLimited(t, data, defaultLimits)
}

// startLimited is start within limits.
func startLimited(t testing.TB, data model.Dataset, limits limits) *Server {
	t.Helper()
	options := Options{
		Addr: "127.0.0.1:0", RootPassword: password, User: "learner", Password: "learning", Data: data,
	}
	s, err := startWithin(context.Background(), options, limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// connect opens the database flights at the address as a client of that account.
func connect(t testing.TB, addr, user, password string) *sql.DB {
	t.Helper()
	return connectMode(t, addr, user, password, false)
}

// connectMode is connect, of a client that may send several statements at once if multi is true, as the stock client does.
func connectMode(t testing.TB, addr, user, password string, multi bool) *sql.DB {
	t.Helper()
	return connectAs(t, addr, user, password, func(config *mysql.Config) {
		config.MultiStatements, config.InterpolateParams = multi, true
	})
}

// connectAs is connect, of a client with other settings.
func connectAs(t testing.TB, addr, user, password string, set func(*mysql.Config)) *sql.DB {
	t.Helper()
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.Passwd, config.DBName = "tcp", addr, user, password, "flights"
	config.Logger = &mysql.NopLogger{}
	set(config)
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db
}

// sample is a client of root to a server of the sample.
func sample(t testing.TB) *sql.DB {
	t.Helper()
	return connect(t, start(t, openflights.Sample()).Addr(), "root", password)
}

// ask returns the answer to a query: one line per row, the columns separated by bars.
func ask(t testing.TB, db *sql.DB, query string, args ...any) []string {
	t.Helper()
	lines, err := answer(db, query, args...)
	if err != nil {
		t.Fatalf("%.200s: %v", query, err)
	}
	return lines
}

// answer is ask with the error, for a query that may fail.
func answer(db *sql.DB, query string, args ...any) ([]string, error) {
	rows, err := db.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	table, err := fieldsOf(rows)
	var lines []string
	for _, fields := range table {
		lines = append(lines, strings.Join(fields, "|"))
	}
	return lines, err
}

// fieldsOf are the fields of all rows, as texts.
func fieldsOf(rows *sql.Rows) ([][]string, error) {
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values := make([]sql.NullString, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	var table [][]string
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		fields := make([]string, len(values))
		for i, value := range values {
			fields[i] = value.String
			if !value.Valid {
				fields[i] = "NULL"
			}
		}
		table = append(table, fields)
	}
	return table, rows.Err()
}

// number is the number of a MySQL error; 0 is no error.
func number(t testing.TB, err error) uint16 {
	t.Helper()
	if err == nil {
		return 0
	}
	var refused *mysql.MySQLError
	if !errors.As(err, &refused) {
		t.Fatalf("no MySQL error: %v", err)
	}
	return refused.Number
}

// routesQuery is the query of the exercises, as GORM writes it.
const routesQuery = "SELECT routes.src_ap AS `from`, routes.dst_ap AS `to`, airlines.name AS airline FROM `routes` " +
	"JOIN airlines ON airlines.alid = routes.alid WHERE routes.src_ap = ? AND routes.dst_ap = ? " +
	"ORDER BY airlines.name LIMIT 100"

func TestRoutes(t *testing.T) {
	want := "LHR|JFK|American Airlines, LHR|JFK|British Airways, LHR|JFK|Delta Air Lines, LHR|JFK|Virgin Atlantic"
	db := sample(t)
	for _, from := range []string{"LHR", "lhr"} {
		if got := strings.Join(ask(t, db, routesQuery, from, "JFK"), ", "); got != want {
			t.Errorf("routes from %s: %s, want %s", from, got, want)
		}
	}
	if got := ask(t, db, routesQuery, "LHR", "XXX"); len(got) != 0 {
		t.Errorf("routes to nowhere: %v, want none", got)
	}
}

func TestPreparedStatement(t *testing.T) {
	statement, err := sample(t).Prepare(routesQuery)
	if err != nil {
		t.Fatal(err)
	}
	defer statement.Close()
	for range 2 {
		var from, to, airline string
		if err := statement.QueryRow("LHR", "JFK").Scan(&from, &to, &airline); err != nil {
			t.Fatal(err)
		}
		if want := "American Airlines"; airline != want {
			t.Errorf("first airline: %s, want %s", airline, want)
		}
	}
}

func TestAccounts(t *testing.T) {
	s := start(t, openflights.Sample())
	for _, test := range []struct {
		user, password string
		want           uint16
	}{
		{"root", password, 0},
		{"learner", "learning", 0},
		{"root", "wrong", 1045},
		{"root", "", 1045},
		{"root", "learning", 1045},
		{"learner", password, 1045},
		{"nobody", password, 1045},
		{"", "", 1045},
	} {
		err := connect(t, s.Addr(), test.user, test.password).Ping()
		if got := number(t, err); got != test.want {
			t.Errorf("log in as %q with %q: error %d, want %d", test.user, test.password, got, test.want)
		}
	}
}

// TestSHA256Login logs in as the clients of MySQL 9 do, which no longer have any other way.
func TestSHA256Login(t *testing.T) {
	salt, secret := []byte("12345678901234567890"), []byte("secret")
	a := newAccounts(Options{RootPassword: string(secret)})
	_, state, err := a.UserEntryWithCacheHash(nil, salt, "root", scrambleSHA256(salt, secret), nil)
	if err != nil || state != 1 {
		t.Errorf("right password: state %v, error %v", state, err)
	}
	_, state, err = a.UserEntryWithCacheHash(nil, salt, "root", scrambleSHA256(salt, []byte("wrong")), nil)
	if err != nil || state != 0 {
		t.Errorf("wrong password: state %v, error %v", state, err)
	}
}

// TestRootKeepsPassword opens no second door to root where both accounts have one name.
func TestRootKeepsPassword(t *testing.T) {
	options := Options{Addr: "127.0.0.1:0", RootPassword: password, User: "root", Password: "other"}
	s, err := Start(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := number(t, connect(t, s.Addr(), "root", "other").Ping()); got != 1045 {
		t.Errorf("log in with the other password: error %d, want 1045", got)
	}
}

func TestTakenPort(t *testing.T) {
	s := start(t, openflights.Sample())
	second, err := Start(context.Background(), Options{Addr: s.Addr()})
	if err == nil {
		second.Close()
		t.Fatal("a second server started on the port of the first")
	}
	if !errors.Is(err, syscall.EADDRINUSE) && !strings.Contains(err.Error(), "in use") {
		t.Errorf("error %v does not say that the port is taken", err)
	}
}

func TestConnections(t *testing.T) {
	s := start(t, openflights.Sample())
	db := connect(t, s.Addr(), "root", password)
	db.SetMaxIdleConns(-1)
	for range 3 {
		if err := db.Ping(); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Connections(); got != 3 {
		t.Errorf("connections: %d, want 3", got)
	}
}

// TestClose cuts what is running and what is idle, and leaves nothing behind: TestMain looks for goroutines.
func TestClose(t *testing.T) {
	s, err := Start(context.Background(), Options{Addr: "127.0.0.1:0", RootPassword: password})
	if err != nil {
		t.Fatal(err)
	}
	idle := connect(t, s.Addr(), "root", password)
	if err := idle.Ping(); err != nil {
		t.Fatal(err)
	}
	running := make(chan error)
	busy := connect(t, s.Addr(), "root", password)
	go func() {
		_, err := busy.Exec("SELECT SLEEP(60)")
		running <- err
	}()
	for len(ask(t, idle, "SHOW PROCESSLIST")) < 2 {
		continue
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-running; err == nil {
		t.Error("a statement of 60 s ended well before its time")
	}
	if connection, err := net.Dial("tcp", s.Addr()); err == nil {
		connection.Close()
		t.Error("the port is still open")
	}
}
