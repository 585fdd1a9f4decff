// Package mariadb gives a test a MariaDB server of its own, or a cluster of three.
package mariadb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/internal/require"
)

// password is the password of root. The server listens on loopback only, for as long as one test runs.
const password = "mariadb-of-a-test"

// patience bounds a server's start.
const patience = time.Minute

// initSQL lets root in over TCP and makes the empty database flights.
const initSQL = `CREATE OR REPLACE USER root@'127.0.0.1' IDENTIFIED BY '` + password + `';
GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
ALTER USER root@localhost IDENTIFIED BY '` + password + `';
CREATE DATABASE IF NOT EXISTS flights;
`

// Start runs a MariaDB server with an empty database flights until the test ends, and returns its host and port and the
// password of root. The options are added to MariaDB's own. Where MariaDB is not installed the test ends as require.Missing says.
func Start(t testing.TB, options ...string) (addr, rootPassword string) {
	t.Helper()
	program, arguments := prepare(t, "root", initSQL)
	arguments = append(arguments, options...)
	// MariaDB takes no port 0, so a free port may be taken by the time it listens.
	var err error
	for range 3 {
		var number int
		if number, err = port.Free("127.0.0.1"); err != nil {
			break
		}
		var server *server
		if server, err = run(program, append(arguments, "--port="+strconv.Itoa(number))); err != nil {
			break
		}
		addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(number))
		if err = server.await(addr, ping); err == nil {
			t.Cleanup(server.stop)
			return addr, password
		}
		server.stop()
	}
	t.Fatal(err)
	return "", ""
}

// prepare makes the files of a new server, which runs the SQL when it starts, and returns its program and arguments. Where this
// process is root's, the server runs as the account.
func prepare(t testing.TB, account, sql string) (program string, arguments []string) {
	t.Helper()
	program, serverErr := look("mariadbd", "mysqld")
	install, installErr := look("mariadb-install-db", "mysql_install_db")
	if serverErr != nil || installErr != nil {
		require.Missing(t, "MariaDB (Debian's package mariadb-server)")
	}
	// Not t.TempDir: the path of a socket holds at most 107 characters.
	dir, err := os.MkdirTemp("", "mariadb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove MariaDB's files: %v", err)
		}
	})
	initFile := filepath.Join(dir, "init.sql")
	if err := os.WriteFile(initFile, []byte(sql), 0o600); err != nil {
		t.Fatal(err)
	}
	options, err := asUser(account, dir, initFile)
	if err != nil {
		t.Fatal(err)
	}
	// A folder of its own for passing files too: servers that share one take each other's away.
	options = append([]string{"--no-defaults", "--datadir=" + filepath.Join(dir, "data"), "--tmpdir=" + dir}, options...)
	output, err := exec.Command(install, append(options, "--skip-test-db", "--auth-root-authentication-method=normal")...).CombinedOutput()
	if err != nil {
		t.Fatalf("make MariaDB's files: %v\n%s", err, output)
	}
	return program, append(options, "--init-file="+initFile, "--skip-name-resolve",
		// As in Debian's own configuration.
		"--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci",
		// Five exercises at once under a flaky network hold more than the default of 151.
		"--max-connections=1000",
		"--bind-address=127.0.0.1", "--socket="+filepath.Join(dir, "socket"), "--pid-file="+filepath.Join(dir, "pid"))
}

// look finds a program by one of its names, outside the path as well: administrators' programs are not on everybody's.
func look(names ...string) (string, error) {
	var err error
	for _, name := range names {
		for _, dir := range []string{"", "/usr/sbin", "/usr/local/sbin"} {
			var path string
			if path, err = exec.LookPath(filepath.Join(dir, name)); err == nil {
				return path, nil
			}
		}
	}
	return "", err
}

// asUser is the option without which MariaDB refuses to run as root. It gives the files to the account.
func asUser(account string, files ...string) ([]string, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	owner, err := user.Lookup(account)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(owner.Uid)
	for _, file := range files {
		err = errors.Join(err, os.Chown(file, number, -1))
	}
	return []string{"--user=" + account}, err
}

// server is a MariaDB server that runs.
type server struct {
	command *exec.Cmd
	output  bytes.Buffer
	exited  chan struct{}
}

// run starts a server.
func run(program string, arguments []string) (*server, error) {
	s := &server{command: exec.Command(program, arguments...), exited: make(chan struct{})}
	s.command.Stdout, s.command.Stderr = &s.output, &s.output
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("start MariaDB: %w", err)
	}
	go func() {
		defer close(s.exited)
		_ = s.command.Wait() // How it ended shows in its output.
	}()
	return s, nil
}

// stop ends the server in order, or kills it if that takes longer than 20 s.
func (s *server) stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(20 * time.Second):
		s.kill()
	}
}

// kill ends the server as a crash would.
func (s *server) kill() {
	_ = s.command.Process.Kill()
	<-s.exited
}

// await returns when root can log in to the database flights at addr and ready returns no error.
func (s *server) await(addr string, ready func(context.Context, *sql.DB) error) error {
	db, err := open(addr)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		if err = ready(ctx, db); err == nil {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("start MariaDB: it ended\n%s", &s.output)
		case <-ctx.Done():
			s.kill() // Its output is complete then.
			return fmt.Errorf("start MariaDB: it was not ready within %s: %w\n%s", patience, err, &s.output)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// ping tells whether the server answers.
func ping(ctx context.Context, db *sql.DB) error { return db.PingContext(ctx) }

// open returns root's connections to the database flights at addr.
func open(addr string) (*sql.DB, error) {
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.Passwd, config.DBName = "tcp", addr, "root", password, "flights"
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}
