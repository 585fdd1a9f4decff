// Package database opens the flights database.
package database

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"strconv"

	"github.com/go-sql-driver/mysql"
	gormmysql "gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"chaosworkshop/shared/config"
	"chaosworkshop/shared/metrics"
)

// Open returns the database without touching the network: an app starts while its database is down, and recovers by
// itself. The error says that the settings make no sense.
func Open(cfg config.Database, counts *metrics.Metrics) (*gorm.DB, error) {
	connector, err := mysql.NewConnector(driverConfig(cfg, counts))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxIdleConns(cfg.MaxIdleConns)

	db, err := gorm.Open(
		gormmysql.New(gormmysql.Config{Conn: pool, SkipInitializeWithVersion: true}),
		&gorm.Config{DisableAutomaticPing: true, Logger: logger.Discard},
	)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	count := func(query *gorm.DB) { counts.Attempt(query.Statement.Context) }
	if err := db.Callback().Query().Before("gorm:query").Register("count attempts", count); err != nil {
		return nil, fmt.Errorf("count attempts: %w", err)
	}
	return db, nil
}

// Close ends every connection of the pool behind db.
func Close(db *gorm.DB) error {
	pool, err := db.DB()
	if err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return pool.Close()
}

func driverConfig(cfg config.Database, counts *metrics.Metrics) *mysql.Config {
	driver := mysql.NewConfig()
	driver.Net = "tcp"
	driver.Addr = net.JoinHostPort(cfg.Host, strconv.Itoa(cfg.Port))
	driver.User = cfg.User
	driver.Passwd = cfg.Password
	driver.DBName = cfg.Name
	// One round trip a query instead of two: a fault is paid per server reply.
	driver.InterpolateParams = true
	driver.Timeout = cfg.Timeout
	driver.ReadTimeout = cfg.Timeout
	driver.WriteTimeout = cfg.Timeout
	// The driver's own lines would drown the app's log under chaos; what matters comes back as an error.
	driver.Logger = &mysql.NopLogger{}
	driver.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		counts.Dial()
		var dialer net.Dialer
		return dialer.DialContext(ctx, network, address)
	}
	return driver
}
