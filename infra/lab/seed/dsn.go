package seed

import (
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// errDSN says how to write a DSN. The given DSN may hold a password, so the error shows nothing of it.
var errDSN = errors.New("the DSN cannot be read; write user:password@tcp(host:3306)/flights, or " +
	"mysql://user:password@host:3306/flights with special characters of the password percent-encoded")

// errNoName asks for the part of a DSN that people forget most often.
var errNoName = errors.New("the DSN names no database; end it with /flights")

// The timeouts of the connection, if the DSN sets none.
const (
	dialTimeout  = 10 * time.Second
	replyTimeout = 2 * time.Minute
)

// Parse reads a DSN in either of two forms: that of the Go driver, user:password@tcp(host:port)/name, whose password
// is used as written, or a URL, mysql://user:password@host:port/name. The error never quotes it.
func Parse(dsn string) (*mysql.Config, error) {
	target, err := parse(strings.TrimSpace(dsn))
	if err != nil {
		return nil, err
	}
	if target.DBName == "" {
		return nil, errNoName
	}
	if err := secure(target); err != nil {
		return nil, err
	}
	// Whatever the server's defaults are, it must refuse what it cannot keep, and must not read the names as latin1.
	if target.Params == nil {
		target.Params = map[string]string{}
	}
	target.Params["sql_mode"] = "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"
	target.Params["sql_select_limit"] = "18446744073709551615"
	if err := target.Apply(mysql.Charset("utf8mb4", "utf8mb4_general_ci")); err != nil {
		return nil, errDSN
	}
	// One round trip a batch instead of two.
	target.InterpolateParams = true
	target.Logger = &mysql.NopLogger{}
	if target.Timeout == 0 {
		target.Timeout = dialTimeout
	}
	if target.ReadTimeout == 0 {
		target.ReadTimeout = replyTimeout
	}
	return target, nil
}

func parse(dsn string) (*mysql.Config, error) {
	if rest, ok := cutScheme(dsn); ok {
		return parseURL("mysql://" + rest)
	}
	target, err := mysql.ParseDSN(dsn)
	if err != nil || dsn == "" {
		return nil, errDSN
	}
	return target, nil
}

// secure turns the parameter ssl-mode of MySQL's own clients into the driver's tls.
func secure(target *mysql.Config) error {
	modes := map[string]string{
		"DISABLED": "false", "PREFERRED": "preferred", "REQUIRED": "skip-verify", "VERIFY_CA": "true", "VERIFY_IDENTITY": "true",
	}
	for name, value := range target.Params {
		if !slices.Contains([]string{"ssl-mode", "sslmode", "ssl_mode"}, strings.ToLower(name)) {
			continue
		}
		mode, ok := modes[strings.ToUpper(value)]
		if !ok {
			return errors.New("the DSN has an unknown ssl-mode; choose DISABLED, PREFERRED, REQUIRED or VERIFY_IDENTITY")
		}
		delete(target.Params, name)
		target.TLSConfig, target.TLS = mode, nil
	}
	return nil
}

// cutScheme removes the scheme of the URL form; mariadb:// means the same.
func cutScheme(dsn string) (rest string, found bool) {
	for _, scheme := range []string{"mysql://", "mariadb://"} {
		if rest, found := strings.CutPrefix(dsn, scheme); found {
			return rest, true
		}
	}
	return "", false
}

// parseURL turns the URL form into the driver's, so that the parameters mean the same in both.
func parseURL(dsn string) (*mysql.Config, error) {
	address, err := url.Parse(dsn)
	if err != nil || address.Hostname() == "" {
		return nil, errDSN
	}
	target, err := mysql.ParseDSN("/?" + address.RawQuery)
	if err != nil {
		return nil, errDSN
	}
	target.Net = "tcp"
	target.Addr = address.Host
	if address.Port() == "" {
		target.Addr = net.JoinHostPort(address.Hostname(), "3306")
	}
	target.User = address.User.Username()
	target.Passwd, _ = address.User.Password()
	target.DBName = strings.TrimPrefix(address.Path, "/")
	return target, nil
}
