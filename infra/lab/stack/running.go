package stack

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/go-sql-driver/mysql"

	"chaosworkshop/shared/config"
)

// pingPatience bounds the question whether a database already answers.
const pingPatience = 3 * time.Second

// MySQL's error numbers for a wrong user or password, and for a missing database or table.
const (
	accessDenied    = 1045
	unknownDatabase = 1049
	noSuchTable     = 1146
)

// running tells whether a flights database already answers on the port of cfg.
func (s *Stack) running(ctx context.Context, cfg config.Infra) (bool, error) {
	if cfg.MySQLPort == 0 {
		return false, nil
	}
	dial, err := net.DialTimeout("tcp", reachable(s.database), time.Second)
	if err != nil {
		return false, nil
	}
	dial.Close()
	err = ping(ctx, reachable(s.database), cfg)
	if err == nil {
		return true, nil
	}
	if refused, ok := errors.AsType[*mysql.MySQLError](err); ok {
		switch refused.Number {
		case accessDenied:
			return false, fmt.Errorf("a database at %s refuses the password of root; set MYSQL_ROOT_PASSWORD to its password, or MYSQL_PORT to start another database", s.database)
		case unknownDatabase, noSuchTable:
			return false, fmt.Errorf("the database at %s holds no flights; `make seed` fills it, or set MYSQL_PORT to start another database", s.database)
		}
		return false, fmt.Errorf("a database at %s does not answer as it should (error %d); set MYSQL_PORT to start another", s.database, refused.Number)
	}
	return false, explain(cfg, fmt.Errorf("start the flights database: %w", errTaken{s.database}))
}

// ping asks the database at addr for its first route.
func ping(ctx context.Context, addr string, cfg config.Infra) error {
	ctx, cancel := context.WithTimeout(ctx, pingPatience)
	defer cancel()
	driver := mysql.NewConfig()
	driver.Net, driver.Addr = "tcp", addr
	driver.User, driver.Passwd, driver.DBName = "root", cfg.RootPassword, "flights"
	driver.Timeout, driver.ReadTimeout = pingPatience, pingPatience
	driver.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(driver)
	if err != nil {
		return err
	}
	pool := sql.OpenDB(connector)
	defer pool.Close()
	var any int
	return pool.QueryRowContext(ctx, "SELECT rid FROM routes LIMIT 1").Scan(&any)
}

// reachable is the address to dial for a server that listens on addr, which may name every interface.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
