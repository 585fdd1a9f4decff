// Package seed fills the flights database of any server that speaks MySQL's protocol: MySQL 8, MariaDB, TiDB and the like.
package seed

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"
	gormmysql "gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"chaosworkshop/shared/model"
)

// Options say which data goes into which database.
type Options struct {
	// DSN names the database, in the form of Parse.
	DSN string
	// Data is what the database holds afterwards.
	Data model.Dataset
	// Force allows a database that holds other tables. They stay as they are.
	Force bool
	// Confirm, unless nil, is asked before rows are removed, and told what the Run would do to each table. Its error ends the
	// Run, before anything is written.
	Confirm func([]Result) error
	// Out gets a line for each step, and one every second in a long one; nil discards them.
	Out io.Writer
}

// Result is what a Run did to one table.
type Result struct {
	Table string `json:"table"`
	// Rows is how many rows the table holds now, Written how many of them are new or changed, and Removed how many rows were
	// removed.
	Rows    int `json:"rows"`
	Written int `json:"written"`
	Removed int `json:"removed"`
}

// Run makes the tables of the flights schema and brings their content in line with the data. It does not touch rows that
// are already the same, so a second run writes nothing, and a run that was cut short is completed.
//
// It writes each table in one transaction, in an order that always satisfies the foreign keys. It creates a database that
// does not exist. The error is one line, says what to do, and holds neither the DSN nor the password.
func Run(ctx context.Context, options Options) ([]Result, error) {
	target, err := Parse(options.DSN)
	if err != nil {
		return nil, err
	}
	results, err := run(ctx, target, options)
	if err != nil {
		return nil, fmt.Errorf("seed: %w", explain(target, err))
	}
	return results, nil
}

func run(ctx context.Context, target *mysql.Config, options Options) ([]Result, error) {
	progress := &progress{out: options.Out, last: time.Now()}
	if options.Out == nil {
		progress.out = io.Discard
	}
	pool, err := connect(ctx, target, progress)
	for end := time.Now().Add(startPatience); err != nil && target.Net == "tcp" && starting(ctx, target.Addr, err) && time.Now().Before(end); {
		progress.say("waiting for the server at %s", target.Addr)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
		pool, err = connect(ctx, target, progress)
	}
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	db, err := gorm.Open(gormmysql.New(gormmysql.Config{Conn: pool}), &gorm.Config{
		Logger: logger.Discard, SkipDefaultTransaction: true,
	})
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db = db.WithContext(ctx)
	if err := inspect(db, target.DBName, options.Force); err != nil {
		return nil, err
	}
	// Whatever the server's default is, the names of the world's airports need all of Unicode, and foreign keys InnoDB.
	const ours = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
	if err := db.Set("gorm:table_options", ours).AutoMigrate(model.All()...); err != nil {
		return nil, fmt.Errorf("make the tables: %w", err)
	}
	return fill(db, tables(options.Data), options.Confirm, progress)
}

// startPatience is how long a server may take to start: Docker's MySQL first fills its files, with a server that listens on no port.
const startPatience = time.Minute

// starting tells whether a connection to addr failed because somebody accepts connections there on behalf of a server that is
// not there yet, as Docker does: it hangs up without a word. It is also true if the server is there by now.
func starting(ctx context.Context, addr string, failed error) bool {
	if !slices.ContainsFunc([]error{mysql.ErrInvalidConn, driver.ErrBadConn, io.EOF, syscall.ECONNRESET}, func(one error) bool { return errors.Is(failed, one) }) {
		return false
	}
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return false // What is wrong shows when the driver connects.
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	// The greeting of MySQL's protocol 10 has that number in its fifth byte.
	greeting := make([]byte, 5)
	_, err = io.ReadFull(conn, greeting)
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || err == nil && greeting[4] == 10
}

// connect opens the database, and creates it if it is missing.
func connect(ctx context.Context, target *mysql.Config, progress *progress) (*sql.DB, error) {
	pool, err := open(ctx, target)
	const unknownDatabase = 1049
	if refused, ok := errors.AsType[*mysql.MySQLError](err); !ok || refused.Number != unknownDatabase {
		return pool, err
	}
	server := target.Clone()
	server.DBName = ""
	pool, err = open(ctx, server)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	if _, err := pool.ExecContext(ctx, "CREATE DATABASE IF NOT EXISTS "+quote(target.DBName)+" CHARACTER SET utf8mb4"); err != nil {
		return nil, fmt.Errorf("create database %s: %w", target.DBName, err)
	}
	progress.say("database %s created", target.DBName)
	return open(ctx, target)
}

// open connects, and checks that the connection works. If the DSN does not say whether to use TLS, it is used where the server
// offers a version that this computer accepts.
func open(ctx context.Context, target *mysql.Config) (*sql.DB, error) {
	if target.TLSConfig != "" || target.TLS != nil || target.Net != "tcp" {
		return openAs(ctx, target)
	}
	secure := target.Clone()
	secure.TLSConfig = "preferred"
	pool, err := openAs(ctx, secure)
	if err != nil && strings.Contains(err.Error(), "tls:") {
		return openAs(ctx, target)
	}
	return pool, err
}

// openAs is open as the target says.
func openAs(ctx context.Context, target *mysql.Config) (*sql.DB, error) {
	connector, err := mysql.NewConnector(target)
	if err != nil {
		return nil, errDSN
	}
	pool := sql.OpenDB(connector)
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect: %w", err)
	}
	// In a Galera cluster behind a load balancer, another node may not have applied yet what the last run wrote.
	const synchronous = "wsrep_sync_wait"
	var name, value string
	if pool.QueryRowContext(ctx, "SHOW VARIABLES LIKE '"+synchronous+"'").Scan(&name, &value) != nil || target.Params[synchronous] != "" {
		return pool, nil
	}
	pool.Close()
	waiting := target.Clone()
	waiting.Params[synchronous] = "1"
	return openAs(ctx, waiting)
}

// quote makes a name safe within a statement.
func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
