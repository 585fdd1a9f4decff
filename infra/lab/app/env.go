package app

import (
	"fmt"
	"net"

	"chaosworkshop/shared/config"
)

// Env is the environment of an app that finds the flights database, as root, at the host and port in database. Its pool
// keeps no connection, so that a fault of new connections reaches every query. It sends no traces.
func Env(database, rootPassword string) (map[string]string, error) {
	host, port, err := net.SplitHostPort(database)
	if err != nil {
		return nil, fmt.Errorf("read the database's address: %w", err)
	}
	pool := config.Defaults[config.Database]()
	return map[string]string{
		"BIND": "127.0.0.1", "DB_HOST": host, "DB_PORT": port, "DB_USER": "root", "DB_PASSWORD": rootPassword, "DB_NAME": "flights",
		"OTEL_SDK_DISABLED": "true",
		"DB_MAX_IDLE_CONNS": fmt.Sprint(pool.MaxIdleConns), "DB_MAX_OPEN_CONNS": fmt.Sprint(pool.MaxOpenConns),
	}, nil
}
