package flightsdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/go-sql-driver/mysql"
	"go.uber.org/goleak"

	"chaosworkshop/infra/openflights"
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

// start serves the data, or the sample without any, until the test ends.
func start(t testing.TB, data model.Dataset) *Server {
	t.Helper()
	s, err := Start(context.Background(), Options{Addr: "127.0.0.1:0", RootPassword: password, Data: data})
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

// connect opens the database as a client of that account.
func connect(t testing.TB, addr, user, password string) *sql.DB {
	t.Helper()
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.Passwd, config.DBName = "tcp", addr, user, password, "flights"
	config.InterpolateParams = true
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db
}

// code is the number of a MySQL error; 0 is no error.
func code(t testing.TB, err error) uint16 {
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

const routesQuery = "SELECT routes.src_ap AS `from`, routes.dst_ap AS `to`, airlines.name AS airline FROM routes JOIN airlines ON airlines.alid = routes.alid WHERE routes.src_ap = ? AND routes.dst_ap = ? ORDER BY airlines.name LIMIT 100"

func TestRoutes(t *testing.T) {
	s := start(t, openflights.Sample())
	db := connect(t, s.Addr(), "root", password)
	rows, err := db.Query(routesQuery, "lhr", "JFK")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var from, to, airline string
		if err := rows.Scan(&from, &to, &airline); err != nil {
			t.Fatal(err)
		}
		t.Log(from, to, airline)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"INSERT INTO locales VALUES ('a','b')", "DELETE FROM routes", "DROP TABLE routes"} {
		_, err = db.Exec(q)
		if got := code(t, err); got != 1290 {
			t.Errorf("%s: %v", q, err)
		}
	}
	bad := connect(t, s.Addr(), "root", "wrong")
	if got := code(t, bad.Ping()); got != 1045 {
		t.Errorf("wrong password: error %d, want 1045", got)
	}
}
