package app

import (
	"fmt"
	"net"
)

// Env is the environment of an app that finds the flights database, as root, at the host and port in database.
func Env(database, rootPassword string) (map[string]string, error) {
	host, port, err := net.SplitHostPort(database)
	if err != nil {
		return nil, fmt.Errorf("read the database's address: %w", err)
	}
	return map[string]string{
		"BIND": "127.0.0.1", "DB_HOST": host, "DB_PORT": port, "DB_USER": "root", "DB_PASSWORD": rootPassword, "DB_NAME": "flights",
	}, nil
}
