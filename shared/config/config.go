// Package config reads settings from the environment and from .env files.
//
// A variable of the real environment wins over .env at the root of the workshop, which wins over the same file in the
// user's config directory (chaosworkshop/.env), which wins over the default that stands at the field.
package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Infra is where the workshop's infrastructure listens and who may log in.
type Infra struct {
	// Bind is the address that everything listens on.
	Bind string `env:"BIND" envDefault:"127.0.0.1"`
	// MySQLPort is the port of the flights database itself.
	MySQLPort int `env:"MYSQL_PORT" envDefault:"3306"`
	// ProxyPort is the port on which Toxiproxy passes the database on.
	ProxyPort int `env:"PROXY_PORT" envDefault:"3307"`
	// ToxiproxyPort is the port of Toxiproxy's HTTP API.
	ToxiproxyPort int `env:"TOXIPROXY_PORT" envDefault:"8474"`
	// ConsolePort is the port of the console.
	ConsolePort int `env:"CONSOLE_PORT" envDefault:"8475"`
	// RootPassword is the password of the database user root.
	RootPassword string `env:"MYSQL_ROOT_PASSWORD" envDefault:"workshop"`
	// User is a second database user; none when empty.
	User string `env:"MYSQL_USER"`
	// Password is the password of User.
	Password string `env:"MYSQL_PASSWORD"`
	// OpenFlightsDir is a folder of OpenFlights .dat files to serve instead of the sample.
	OpenFlightsDir string `env:"OPENFLIGHTS_DIR"`
}

// App is what every exercise reads.
type App struct {
	// Bind is the address that the app listens on.
	Bind string `env:"BIND" envDefault:"127.0.0.1"`
	// Port is the port that the app listens on.
	Port int `env:"PORT" envDefault:"5000"`

	Database Database
}

// Addr is the host and port that the app listens on.
func (a App) Addr() string { return net.JoinHostPort(a.Bind, strconv.Itoa(a.Port)) }

// Database is where the app finds its database: by default behind Toxiproxy.
type Database struct {
	// Host is the host of the database or of the proxy before it.
	Host string `env:"DB_HOST" envDefault:"127.0.0.1"`
	// Port is the port there: by default the proxy's.
	Port int `env:"DB_PORT" envDefault:"3307"`
	// User is the database user that the app logs in as.
	User string `env:"DB_USER" envDefault:"root"`
	// Password defaults to the root password of the flights database.
	Password string `env:"DB_PASSWORD"`
	// Name is the name of the database.
	Name string `env:"DB_NAME" envDefault:"flights"`
	// MaxIdleConns is how many idle connections the pool keeps. With 0, every query dials, so every query meets the
	// fault; a pool keeps the connections that survived, and the fault hides.
	MaxIdleConns int `env:"DB_MAX_IDLE_CONNS" envDefault:"0"`
	// Timeout bounds the dial, each read and each write of the driver: a backstop for what no context reaches. 0 is no
	// bound. No variable sets it: it follows from the exercise's own timeout.
	Timeout time.Duration `env:"-"`
}

// Load reads the settings T from the environment and the .env files. The error names the variable that is wrong, never
// its value.
func Load[T any]() (T, error) {
	var settings T
	values, err := Environment()
	if err != nil {
		return settings, err
	}
	if err := env.ParseWithOptions(&settings, env.Options{Environment: values}); err != nil {
		return settings, fmt.Errorf("read settings: %w", withoutValues(settings, values, err))
	}
	return settings, nil
}

// Environment is the real environment, completed by the .env files and by the defaults that one value borrows from
// another. It returns an error that names the file when a .env file cannot be read.
func Environment() (map[string]string, error) {
	values := map[string]string{"MYSQL_ROOT_PASSWORD": "workshop"}
	layers, err := layers()
	if err != nil {
		return nil, err
	}
	for _, layer := range layers {
		maps.Copy(values, layer.values)
	}
	if values["DB_PASSWORD"] == "" {
		values["DB_PASSWORD"] = values["MYSQL_ROOT_PASSWORD"]
	}
	return values, nil
}

// withoutValues keeps of err which variables are wrong and drops their values: one may be a password.
func withoutValues(settings any, values map[string]string, err error) error {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return errors.New("not readable")
	}
	var wrong []error
	for _, one := range all.Errors {
		var parse env.ParseError
		if errors.As(one, &parse) {
			names := strings.Join(variables(reflect.TypeOf(settings), parse.Name, values), " or ")
			wrong = append(wrong, fmt.Errorf("%s is not a valid %s", names, parse.Type))
		}
	}
	return errors.Join(wrong...)
}

// variables are the set environment variables of all fields with that name: the library names the field, not the variable.
func variables(settings reflect.Type, field string, values map[string]string) []string {
	var names []string
	for i := range settings.NumField() {
		at := settings.Field(i)
		if name := at.Tag.Get("env"); at.Name == field && values[name] != "" {
			names = append(names, name)
		}
		if at.Type.Kind() == reflect.Struct {
			names = append(names, variables(at.Type, field, values)...)
		}
	}
	return names
}

// UserFile is the .env outside the tree, for secrets: chaosworkshop/.env in the user's config directory.
func UserFile() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ".env"
	}
	return filepath.Join(dir, "chaosworkshop", ".env")
}

// rootFile is the .env at the workshop's root, or in the working directory where there is no root.
func rootFile() string {
	root, err := Root()
	if err != nil {
		return ".env"
	}
	return filepath.Join(root, ".env")
}

// Root is the folder of the workshop: the one with go.work, looked for from the working directory upwards.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the workshop: %w", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.work")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("find the workshop: no go.work in %s or above it; run this inside the workshop's folder", dir)
		}
	}
}
