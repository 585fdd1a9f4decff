package stack

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/go-sql-driver/mysql"

	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/shared/config"
	"chaosworkshop/shared/model"
)

// pingPatience bounds the check whether a database already answers.
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
	dial, err := net.DialTimeout("tcp", port.Reachable(s.database), time.Second)
	if err != nil {
		return false, nil
	}
	dial.Close()
	err = ping(ctx, port.Reachable(s.database), cfg)
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
	return false, port.Taken(cfg.MySQLPort, "MYSQL_PORT")
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

// dataset is what the database serves: the folder that OPENFLIGHTS_DIR names, or the sample; and one line about it.
func dataset(cfg config.Infra) (model.Dataset, string, error) {
	if cfg.OpenFlightsDir == "" {
		data := openflights.Sample()
		return data, fmt.Sprintf("the built-in sample, %d routes", len(data.Routes)), nil
	}
	dir := Folder(cfg.OpenFlightsDir)
	data, report, err := openflights.Load(dir)
	if err != nil {
		return data, "", err
	}
	return data, fmt.Sprintf("OpenFlights from %s, %d routes, %d rows rejected", dir, len(data.Routes), report.Rejected()), nil
}

// Dataset is what a database with these settings serves.
func Dataset(cfg config.Infra) (model.Dataset, error) {
	data, _, err := dataset(cfg)
	return data, err
}

// Folder resolves a folder named in the settings. If it does not exist in the working directory, it is relative to the
// workshop's root, because make and .env are there.
func Folder(dir string) string {
	if _, err := os.Stat(dir); err == nil || filepath.IsAbs(dir) {
		return dir
	}
	if root, err := config.Root(); err == nil {
		return filepath.Join(root, dir)
	}
	return dir
}
