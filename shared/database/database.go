// Package database opens the flights database.
package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/go-sql-driver/mysql"
	gormmysql "gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"chaosworkshop/shared/config"
	"chaosworkshop/shared/metrics"
	"chaosworkshop/shared/tracing"
)

// Open returns the database without touching the network: an app starts while its database is down, and recovers by
// itself. The error says that the settings make no sense.
func Open(cfg config.Database, counts *metrics.Metrics) (*gorm.DB, error) {
	connector, err := mysql.NewConnector(driverConfig(cfg))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pool := sql.OpenDB(observedConnector{connector, cfg, counts})
	pool.SetMaxOpenConns(cfg.MaxOpenConns)
	pool.SetMaxIdleConns(cfg.MaxIdleConns)

	db, err := gorm.Open(
		gormmysql.New(gormmysql.Config{Conn: pool, SkipInitializeWithVersion: true}),
		&gorm.Config{DisableAutomaticPing: true, Logger: logger.Discard},
	)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	begin := func(query *gorm.DB) {
		ctx := query.Statement.Context
		query.Statement.Context = tracing.StartAttempt(ctx, counts.Attempt(ctx), cfg)
	}
	end := func(query *gorm.DB) { tracing.EndAttempt(query.Statement.Context, query.Error) }
	err = errors.Join(
		db.Callback().Query().Before("gorm:query").Register("begin an attempt", begin),
		db.Callback().Query().After("gorm:query").Register("end an attempt", end),
	)
	if err != nil {
		return nil, fmt.Errorf("observe attempts: %w", err)
	}
	return db, nil
}

// observedConnector counts and traces the connections that it opens.
type observedConnector struct {
	driver.Connector
	cfg    config.Database
	counts *metrics.Metrics
}

// Connect opens a connection. If the server hangs up while the driver logs in, the driver returns an error that it does not
// export; Connect turns it into one that Transient knows.
func (c observedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	c.counts.Dial()
	ctx, end := tracing.StartDial(ctx, c.cfg)
	conn, err := c.Connector.Connect(ctx)
	if err != nil && err.Error() == "bad connection" {
		err = mysql.ErrInvalidConn
	}
	end(err)
	return conn, advise(err)
}

// advise adds to an error of the server what to do about it, if the error does not go away on its own.
func advise(err error) error {
	refused, ok := errors.AsType[*mysql.MySQLError](err)
	if !ok {
		return err
	}
	advice := map[uint16]string{
		1045: "set DB_USER and DB_PASSWORD to a user of this database",
		1049: "set DB_NAME to a database that exists there, or create it with make seed",
		1129: "run FLUSH HOSTS on the database server, and SET GLOBAL max_connect_errors = 1000000: faults break handshakes",
	}[refused.Number]
	if advice == "" {
		return err
	}
	return fmt.Errorf("%w; %s", err, advice)
}

// Close ends every connection of the pool behind db.
func Close(db *gorm.DB) error {
	pool, err := db.DB()
	if err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return pool.Close()
}

func driverConfig(cfg config.Database) *mysql.Config {
	settings := mysql.NewConfig()
	settings.Net = "tcp"
	settings.Addr = net.JoinHostPort(cfg.Host, strconv.Itoa(cfg.Port))
	settings.User = cfg.User
	settings.Passwd = cfg.Password
	settings.DBName = cfg.Name
	// One round trip per query instead of two: every reply of the server meets the fault.
	settings.InterpolateParams = true
	settings.Timeout = cfg.Timeout
	settings.ReadTimeout = cfg.Timeout
	settings.WriteTimeout = cfg.Timeout
	// The driver's own lines would drown the app's log under chaos; what matters comes back as an error.
	settings.Logger = &mysql.NopLogger{}
	return settings
}
