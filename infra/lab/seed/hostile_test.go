package seed

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/shared/model"
)

// TestHostileServer is one test with one MariaDB whose defaults and tables are not what seed would choose.
func TestHostileServer(t *testing.T) {
	root := start(t, "--sql-mode=", "--character-set-server=latin1", "--collation-server=latin1_swedish_ci",
		"--skip-character-set-client-handshake", "--init-connect=SET NAMES latin1")
	execute(t, root, "SET GLOBAL sql_select_limit = 3")
	fresh := func(t *testing.T, statements ...string) {
		t.Helper()
		execute(t, root, append([]string{"DROP DATABASE IF EXISTS flights", "CREATE DATABASE flights CHARACTER SET latin1", "USE flights"}, statements...)...)
	}

	t.Run("every letter is kept, whatever the server's defaults are", func(t *testing.T) {
		fresh(t)
		user := root.Clone()
		user.User, user.Passwd = "ann", "secret-of-ann" // init_connect does not hold for root.
		execute(t, root, "CREATE USER ann@'127.0.0.1' IDENTIFIED BY 'secret-of-ann'", "GRANT ALL ON flights.* TO ann@'127.0.0.1'")
		seedInto(t, user, small())
		if got := count(t, root, "SELECT COUNT(*) FROM flights.locales WHERE HEX(name) = '506F6C736B692028C581C3B364C5BA2920E69DB1E4BAAC20F09F9BAB'"); got != 1 {
			t.Errorf("got %d rows with Polski (Łódź) 東京 🛫 in UTF-8, want 1", got)
		}
		for table, got := range seedInto(t, user, small()) {
			if !strings.HasSuffix(got, " 0 0") {
				t.Errorf("%s: got %s the second time, want nothing written or removed", table, got)
			}
		}
	})
	t.Run("a table in latin1 is refused before anything is written", func(t *testing.T) {
		fresh(t)
		seedInto(t, root, small())
		execute(t, root, "DELETE FROM flights.locales", "ALTER TABLE flights.locales CONVERT TO CHARACTER SET latin1")
		wantError(t, Options{DSN: root.FormatDSN(), Data: small(), Force: true}, root.Passwd, "locales in the database flights stores latin1", "ALTER TABLE locales CONVERT TO CHARACTER SET utf8mb4")
		execute(t, root, "SET foreign_key_checks = 0", "ALTER TABLE flights.locales CONVERT TO CHARACTER SET utf8mb4")
		seedInto(t, root, small())
	})
	t.Run("a value that a column cannot keep is refused, not cut", func(t *testing.T) {
		fresh(t)
		data := small()
		data.Locales[0].Name = strings.Repeat("x", 300)
		wantError(t, Options{DSN: root.FormatDSN(), Data: data}, root.Passwd, "write locales")
	})
	t.Run("what reads back differently is said", func(t *testing.T) {
		fresh(t)
		seedInto(t, root, small())
		execute(t, root, "CREATE TRIGGER flights.shout BEFORE UPDATE ON flights.airlines FOR EACH ROW SET NEW.name = UPPER(NEW.name)")
		data := small()
		data.Airlines[0].Name = "another"
		wantError(t, Options{DSN: root.FormatDSN(), Data: data}, root.Passwd, "1 rows of airlines read back differently")
	})
	t.Run("a view is no table", func(t *testing.T) {
		fresh(t)
		seedInto(t, root, small())
		execute(t, root, "RENAME TABLE flights.locales TO flights.languages", "CREATE VIEW flights.locales AS SELECT * FROM flights.languages")
		wantError(t, Options{DSN: root.FormatDSN(), Data: small(), Force: true}, root.Passwd, "locales in the database flights is a view")
	})
	t.Run("rows are removed only after a question that says how many", func(t *testing.T) {
		fresh(t)
		seedInto(t, root, openflights.Sample())
		var asked string
		no := errors.New("nothing was changed")
		_, err := Run(t.Context(), Options{DSN: root.FormatDSN(), Data: small(), Confirm: func(results []Result) error {
			asked = Removal(results)
			return no
		}})
		if !errors.Is(err, no) {
			t.Errorf("got %v, want the answer", err)
		}
		sample := openflights.Sample()
		if !strings.Contains(asked, " of routes") || !strings.Contains(asked, "rows that do not belong to the data (") {
			t.Errorf("asked about %q, want the numbers", asked)
		}
		if got := count(t, root, "SELECT COUNT(*) FROM flights.routes"); got != len(sample.Routes) {
			t.Errorf("got %d routes after a no, want %d", got, len(sample.Routes))
		}
		if _, err := Run(t.Context(), Options{DSN: root.FormatDSN(), Data: small(), Confirm: func([]Result) error { return nil }}); err != nil {
			t.Error(err)
		}
		if got := count(t, root, "SELECT COUNT(*) FROM flights.routes"); got != 2 {
			t.Errorf("got %d routes after a yes, want 2", got)
		}
		if _, err := Run(t.Context(), Options{DSN: root.FormatDSN(), Data: small(), Confirm: func([]Result) error { return no }}); err != nil {
			t.Errorf("nothing to remove: got %v, want no question", err)
		}
	})
	t.Run("rows of others do not follow", func(t *testing.T) {
		for _, rule := range []string{"CASCADE", "SET NULL"} {
			fresh(t)
			more := small()
			more.Airlines = append(more.Airlines, model.Airline{ALID: 7, Name: "Extra", IATA: "XX", Mode: "F", Active: "Y"})
			seedInto(t, root, more)
			execute(t, root, "CREATE TABLE flights.bookings (id INT, alid BIGINT, FOREIGN KEY (alid) REFERENCES flights.airlines (alid) ON DELETE "+rule+")",
				"INSERT INTO flights.bookings VALUES (1, 7)")
			wantError(t, Options{DSN: root.FormatDSN(), Data: small(), Force: true}, root.Passwd, "bookings refers to airlines with ON DELETE "+rule)
			if got := count(t, root, "SELECT COUNT(alid) FROM flights.bookings"); got != 1 {
				t.Errorf("%s: the row of others is gone", rule)
			}
			if _, err := Run(t.Context(), Options{DSN: root.FormatDSN(), Data: more, Force: true}); err != nil {
				t.Errorf("%s: nothing to remove: %v", rule, err)
			}
		}
		execute(t, root, "DROP TABLE flights.bookings", "CREATE TABLE flights.bookings (alid BIGINT, FOREIGN KEY (alid) REFERENCES flights.airlines (alid))",
			"INSERT INTO flights.bookings VALUES (7)")
		wantError(t, Options{DSN: root.FormatDSN(), Data: small(), Force: true}, root.Passwd, "another table refers to rows")
	})
	t.Run("a cluster shows what the last run wrote", func(t *testing.T) {
		target, err := Parse(root.FormatDSN())
		if err != nil {
			t.Fatal(err)
		}
		pool, err := open(context.Background(), target)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		var wait, mode string
		if err := pool.QueryRow("SELECT @@SESSION.wsrep_sync_wait, @@SESSION.sql_mode").Scan(&wait, &mode); err != nil || wait != "1" || !strings.Contains(mode, "STRICT_ALL_TABLES") {
			t.Errorf("got wsrep_sync_wait %s and sql_mode %s, %v, want 1 and STRICT_ALL_TABLES", wait, mode, err)
		}
	})
}

// TestServerThatRequiresTLS: a server that requires TLS gets it, and the DSN may say so in the words of MySQL's own clients.
func TestServerThatRequiresTLS(t *testing.T) {
	certificate, key := certify(t)
	root := start(t, "--ssl-cert="+certificate, "--ssl-key="+key)
	execute(t, root, "SET GLOBAL require_secure_transport = ON")
	for parameter, want := range map[string]string{
		"":                          "",
		"&ssl-mode=REQUIRED":        "",
		"&ssl-mode=required":        "",
		"&sslMode=PREFERRED":        "",
		"&tls=skip-verify":          "",
		"&ssl-mode=VERIFY_IDENTITY": "cannot be verified",
		"&tls=true":                 "cannot be verified",
		"&ssl-mode=DISABLED":        "without TLS",
		"&tls=false":                "without TLS",
		"&ssl-mode=secret":          "unknown ssl-mode; choose DISABLED",
	} {
		for form, dsn := range map[string]string{
			"driver": "root:" + root.Passwd + "@tcp(" + root.Addr + ")/flights?timeout=9s" + parameter,
			"URL":    "mysql://root:" + root.Passwd + "@" + root.Addr + "/flights?timeout=9s" + parameter,
		} {
			if want != "" {
				wantError(t, Options{DSN: dsn, Data: small()}, root.Passwd, want)
			} else if _, err := Run(t.Context(), Options{DSN: dsn, Data: small()}); err != nil {
				t.Errorf("%s%s: %v", form, parameter, err)
			}
		}
	}
}

// TestServerWithoutTLS: without TLS on the server, only a DSN that asks for it fails, and says so.
func TestServerWithoutTLS(t *testing.T) {
	root := start(t, "--skip-ssl")
	seedInto(t, root, small())
	wantError(t, Options{DSN: root.FormatDSN() + "&ssl-mode=REQUIRED", Data: small()}, root.Passwd, "offers no TLS")
}

// TestServerThatStarts: while Docker's MySQL fills its files, Docker accepts connections and hangs up at once.
func TestServerThatStarts(t *testing.T) {
	root := start(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for number := 0; ; number++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", root.Addr)
			if number < 3 || err != nil {
				conn.Close()
				continue
			}
			go func() { _, _ = io.Copy(server, conn); server.Close() }()
			go func() { _, _ = io.Copy(conn, server); conn.Close() }()
		}
	}()
	docker := root.Clone()
	docker.Addr = listener.Addr().String()
	seedInto(t, docker, small())
}

// TestServerThatBlocksThisComputer: after broken handshakes, as faults leave them, the error says how to unblock this computer.
// A server never blocks 127.0.0.1, so the test comes from 127.0.0.2, which only Linux has without further ado.
func TestServerThatBlocksThisComputer(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("it needs an address other than 127.0.0.1")
	}
	root := start(t, "--skip-name-resolve=OFF", "--max-connect-errors=1")
	execute(t, root, "CREATE USER ann@'%' IDENTIFIED BY 'secret-of-ann'", "GRANT ALL ON flights.* TO ann@'%'")
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	dial := func(ctx context.Context, addr string) (net.Conn, error) { return dialer.DialContext(ctx, "tcp", addr) }
	mysql.RegisterDialContext("elsewhere", dial)
	t.Cleanup(func() { mysql.DeregisterDialContext("elsewhere") })
	for range 3 {
		conn, err := dial(t.Context(), root.Addr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	wantError(t, Options{DSN: "ann:secret-of-ann@elsewhere(" + root.Addr + ")/flights", Data: small()}, "secret-of-ann",
		"blocks this computer (error 1129)", "FLUSH HOSTS", "max_connect_errors")
}

// certify makes a certificate that nobody signed.
func certify(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	made, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, block := range map[string]pem.Block{"cert": {Type: "CERTIFICATE", Bytes: made}, "key": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "cert"), filepath.Join(dir, "key")
}
