// Package config reads settings from the environment and from .env files.
//
// A variable of the real environment wins over .env at the root of the workshop, which wins over the same file in the
// user's config directory (chaosworkshop/.env). Where none of them sets a port, the one that a running program of the same
// workshop holds counts, and then the default in the field's tag. The range is there too: min and max hold a value, or
// the name of another variable of the same struct.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"chaosworkshop/shared/running"
)

// Infra is where the workshop's infrastructure listens and who may log in.
type Infra struct {
	// Bind is the address that everything listens on.
	Bind string `env:"BIND" envDefault:"127.0.0.1"`
	// MySQLPort is the port of the flights database itself.
	MySQLPort int `env:"MYSQL_PORT" envDefault:"3306" min:"0" max:"65535"`
	// ProxyPort is the port on which Toxiproxy serves the database.
	ProxyPort int `env:"PROXY_PORT" envDefault:"3307" min:"0" max:"65535"`
	// ToxiproxyPort is the port of Toxiproxy's HTTP API.
	ToxiproxyPort int `env:"TOXIPROXY_PORT" envDefault:"8474" min:"0" max:"65535"`
	// ConsolePort is the port of the live page.
	ConsolePort int `env:"CONSOLE_PORT" envDefault:"8475" min:"0" max:"65535"`
	// RootPassword is the password of the database user root.
	RootPassword string `env:"MYSQL_ROOT_PASSWORD" envDefault:"workshop"`
	// User is a second database user; empty for none.
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
	Port int `env:"PORT" envDefault:"5000" min:"0" max:"65535"`

	Database Database
}

// Addr is the host and port that the app listens on.
func (a App) Addr() string { return net.JoinHostPort(a.Bind, strconv.Itoa(a.Port)) }

// Database is where the app finds its database: by default behind Toxiproxy.
type Database struct {
	// Host is the host of the database or of its proxy.
	Host string `env:"DB_HOST" envDefault:"127.0.0.1"`
	// Port is the port on Host; the default is PROXY_PORT, the proxy's.
	Port int `env:"DB_PORT" envDefault:"3307" min:"1" max:"65535"`
	// User is the database user that the app logs in as.
	User string `env:"DB_USER" envDefault:"root"`
	// Password defaults to the root password of the flights database.
	Password string `env:"DB_PASSWORD"`
	// Name is the name of the database.
	Name string `env:"DB_NAME" envDefault:"flights"`
	// MaxIdleConns is how many idle connections the pool keeps. With 0, every query dials, so every query meets the
	// fault; a pool keeps the connections that survived, and the fault hides.
	MaxIdleConns int `env:"DB_MAX_IDLE_CONNS" envDefault:"0" min:"0" max:"DB_MAX_OPEN_CONNS"`
	// MaxOpenConns is how many connections the app opens at most: a bulkhead. Further queries wait for one of them. MySQL
	// accepts 151 by default, from all its clients together.
	MaxOpenConns int `env:"DB_MAX_OPEN_CONNS" envDefault:"100" min:"1" max:"10000"`
	// Timeout bounds the dial, each read and each write of the driver: a backstop for what no context reaches. 0 means
	// no bound. No variable sets it: it follows from the exercise's own timeout.
	Timeout time.Duration `env:"-"`
}

// Load reads the settings T from the environment and the .env files. The error is one line that names each wrong
// variable, its range and where it is set, but never its value, which may be a password.
func Load[T any]() (T, error) {
	var none T
	values, err := Environment()
	if err != nil {
		return none, err
	}
	sources, err := Sources()
	if err != nil {
		return none, err
	}
	return parse[T](values, sources)
}

// Defaults returns the settings T at their defaults, for tests, which read no environment.
func Defaults[T any]() T {
	settings, err := Parse[T](nil)
	if err != nil {
		panic(fmt.Sprintf("the default settings are out of range: %v", err))
	}
	return settings
}

// Parse reads the settings T from the values, by the names of the variables, and from nothing else. Its error is like Load's,
// without the sources.
func Parse[T any](values map[string]string) (T, error) { return parse[T](values, nil) }

func parse[T any](values, sources map[string]string) (T, error) {
	var settings T
	if values == nil {
		values = map[string]string{} // Otherwise, the library would read the environment.
	}
	if wrong := check[T](values, sources); len(wrong) > 0 {
		return settings, fmt.Errorf("read settings: %s", strings.Join(wrong, "; "))
	}
	if err := env.ParseWithOptions(&settings, env.Options{Environment: values}); err != nil {
		return settings, errors.New("read settings: not readable") // It quotes the value, and check knows all kinds.
	}
	return settings, nil
}

// Environment is the real environment, completed by the .env files, by the ports that programs of this workshop hold now, and by
// the defaults that one value borrows from another. It returns an error that names the file when a .env file cannot be read.
func Environment() (map[string]string, error) {
	chosen, err := Chosen()
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	if root, err := Root(); err == nil {
		for name, number := range running.Ports(root) {
			values[name] = strconv.Itoa(number)
		}
	}
	maps.Copy(values, chosen)
	values["MYSQL_ROOT_PASSWORD"] = cmp.Or(values["MYSQL_ROOT_PASSWORD"], "workshop")
	values["DB_PASSWORD"] = cmp.Or(values["DB_PASSWORD"], values["MYSQL_ROOT_PASSWORD"])
	if values["PROXY_PORT"] != "0" { // 0 means any free port: whoever starts the app knows which.
		values["DB_PORT"] = cmp.Or(values["DB_PORT"], values["PROXY_PORT"])
	}
	return values, nil
}

// Chosen is what the user set, in the real environment or in a .env file. An empty value means the default.
func Chosen() (map[string]string, error) {
	layers, err := layers()
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, layer := range layers {
		maps.Copy(values, layer.values)
	}
	return values, nil
}

// UserFile is the .env outside the workshop, for secrets: chaosworkshop/.env in the user's config directory.
func UserFile() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ".env"
	}
	return filepath.Join(dir, "chaosworkshop", ".env")
}

// rootFile is the .env at the workshop's root, or in the working directory if there is no root.
func rootFile() string {
	root, err := Root()
	if err != nil {
		return ".env"
	}
	return filepath.Join(root, ".env")
}

// Root is the folder of the workshop: the one with go.work, searched from the working directory upwards. A learner's own folder,
// such as work/exercise3, has a go.work of its own and is skipped.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the workshop: %w", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		above := filepath.Dir(at)
		if isWorkspace(at) && !(filepath.Base(above) == "work" && isWorkspace(filepath.Dir(above))) {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("find the workshop: no go.work in %s or above it; run this inside the workshop's folder", dir)
		}
	}
}

// isWorkspace tells whether a folder has a go.work.
func isWorkspace(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.work"))
	return err == nil
}
