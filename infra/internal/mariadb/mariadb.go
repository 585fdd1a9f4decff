// Package mariadb gives a test a MariaDB server of its own.
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
	server, serverErr := look("mariadbd", "mysqld")
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
	if err := os.WriteFile(initFile, []byte(initSQL), 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	output, err := exec.Command(install, append(asUser(), "--no-defaults", "--datadir="+data, "--skip-test-db",
		"--auth-root-authentication-method=normal")...).CombinedOutput()
	if err != nil {
		t.Fatalf("make MariaDB's files: %v\n%s", err, output)
	}
	arguments := append([]string{"--no-defaults", "--datadir=" + data, "--init-file=" + initFile, "--skip-name-resolve",
		// As in Debian's own configuration.
		"--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci",
		// Five exercises at once under a flaky network hold more than the default of 151.
		"--max-connections=1000",
		"--bind-address=127.0.0.1", "--socket=" + filepath.Join(dir, "socket"), "--pid-file=" + filepath.Join(dir, "pid")}, asUser()...)
	arguments = append(arguments, options...)
	// MariaDB takes no port 0, so a free port may be taken by the time it listens.
	for range 3 {
		if addr, err = run(t, server, arguments); err == nil {
			return addr, password
		}
	}
	t.Fatal(err)
	return "", ""
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

// asUser is the option without which MariaDB refuses to run as root.
func asUser() []string {
	if os.Geteuid() != 0 {
		return nil
	}
	return []string{"--user=root"}
}

// run starts the server on a free port and waits until it answers.
func run(t testing.TB, program string, arguments []string) (string, error) {
	number, err := port.Free("127.0.0.1")
	if err != nil {
		return "", err
	}
	var output bytes.Buffer
	command := exec.Command(program, append(arguments, "--port="+strconv.Itoa(number))...)
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		return "", fmt.Errorf("start MariaDB: %w", err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = command.Wait() // How it ended shows in its output.
	}()
	stop := func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(20 * time.Second):
			_ = command.Process.Kill()
			<-exited
		}
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(number))
	if err := await(addr, exited); err != nil {
		stop()
		return "", fmt.Errorf("start MariaDB: %w\n%s", err, output.String())
	}
	t.Cleanup(stop)
	return addr, nil
}

// await returns when root can log in to the database flights.
func await(addr string, exited <-chan struct{}) error {
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.Passwd, config.DBName = "tcp", addr, "root", password, "flights"
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-exited:
			return errors.New("it ended")
		case <-ctx.Done():
			return fmt.Errorf("it did not answer within 30 s: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
