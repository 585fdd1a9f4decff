package flightsdb

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"chaosworkshop/infra/lab/openflights"
)

// connectTLS is connect of a client that insists on TLS.
func connectTLS(t *testing.T, s *Server, password string) *sql.DB {
	t.Helper()
	return connectAs(t, s.Addr(), "root", password, func(config *mysql.Config) { config.TLSConfig = "skip-verify" })
}

// TestTLS serves a client that insists on TLS like any other: with its limits, and until it is gone.
func TestTLS(t *testing.T) {
	s := start(t, openflights.Sample())
	db := connectTLS(t, s, password)
	for range 3 {
		if got, want := ask(t, db, routesQuery, "LHR", "JFK")[0], "LHR|JFK|American Airlines"; got != want {
			t.Errorf("first route: %s, want %s", got, want)
		}
	}
	if got := len(ask(t, db, "SELECT * FROM routes")); got < 3000 {
		t.Errorf("routes: %d, want all", got)
	}
	if got := number(t, connectTLS(t, s, "wrong").Ping()); got != 1045 {
		t.Errorf("a wrong password: error %d, want 1045", got)
	}
	if _, err := db.Exec("SELECT '" + strings.Repeat("x", maxPacket) + "'"); err == nil {
		t.Error("a statement longer than a packet was run")
	}
	db = connectTLS(t, s, password) // The server closes that connection, and the driver cannot check one with TLS before it uses it again.
	gone, leave := context.WithCancel(t.Context())
	defer leave()
	ended := make(chan error)
	go func() {
		_, err := db.ExecContext(gone, "SELECT SLEEP(3600)")
		ended <- err
	}()
	awaitRunning(t, s)
	leave()
	if err := <-ended; err == nil {
		t.Error("a statement of an hour ended well")
	}
	awaitIdle(t, s, "a client that is gone")
	checkServes(t, s)
}

// TestStockClientWithTLS is a client that insists on TLS, as those of newer versions do.
func TestStockClientWithTLS(t *testing.T) {
	output := runClient(t, "mariadb", "--ssl", "flights", "-N", "-e", "SELECT COUNT(*) > 3000 FROM routes\n\\s")
	for _, want := range []string{"1\n", "Cipher in use"} {
		if !strings.Contains(output, want) {
			t.Errorf("the client's output lacks %q:\n%s", want, output)
		}
	}
}
