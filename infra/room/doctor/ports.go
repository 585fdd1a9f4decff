package doctor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
)

// patience bounds a question to what listens on a port.
const patience = 2 * time.Second

// ports looks at every port of the workshop: free, held by what the workshop uses anyway, or taken.
func ports(ctx context.Context, cfg config.Infra) []Finding {
	app := 5000
	if settings, err := config.Load[config.App](); err == nil {
		app = settings.Port
	}
	return []Finding{
		look(ctx, cfg, "MYSQL_PORT", cfg.MySQLPort, flights),
		look(ctx, cfg, "PROXY_PORT", cfg.ProxyPort, flights),
		look(ctx, cfg, "TOXIPROXY_PORT", cfg.ToxiproxyPort, toxiproxy),
		look(ctx, cfg, "PORT", app, nil),
		look(ctx, cfg, "CONSOLE_PORT", cfg.ConsolePort, nil),
	}
}

// look looks at one port. Friend tells whether what listens there is what the workshop would use; nil means that nothing
// may listen.
func look(ctx context.Context, cfg config.Infra, variable string, number int, friend func(context.Context, config.Infra, string) (string, error)) Finding {
	name := "port " + strconv.Itoa(number)
	addr := net.JoinHostPort(cfg.Bind, strconv.Itoa(number))
	listener, err := net.Listen("tcp", addr)
	if err == nil {
		listener.Close()
		return ok(name, "free, for "+variable)
	}
	if _, ok := errors.AsType[*net.AddrError](err); ok || !inUse(addr) {
		return Finding{name, Fix, "cannot be listened on: BIND or " + variable + " is not an address of this computer, or not allowed", "correct BIND and " + variable}
	}
	holder := port.HeldBy(number)
	if friend == nil {
		return Finding{name, Fix, "taken" + holder + describe(ctx, addr), fmt.Sprintf("end that program, or set %s to another port", variable)}
	}
	what, err := friend(ctx, cfg, reach(addr))
	if err != nil {
		return Finding{name, Fix, "taken" + holder + ": " + err.Error(), fmt.Sprintf("end that program, or set %s to another port", variable)}
	}
	return ok(name, what+" answers"+holder+" and will be used")
}

// inUse tells whether something accepts connections there.
func inUse(addr string) bool {
	connection, err := net.DialTimeout("tcp", reach(addr), patience)
	if err != nil {
		return false
	}
	connection.Close()
	return true
}

// describe adds what holds the port of an app, where it can be told.
func describe(ctx context.Context, addr string) string {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+reach(addr)+"/metrics", nil)
	if err != nil {
		return ""
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	if strings.Contains(answer.Header.Get("Server"), "AirTunes") {
		return ": AirPlay of macOS (System Settings, General, AirDrop & Handoff, AirPlay Receiver)"
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err == nil && strings.Contains(string(text), "database_attempts_total") {
		return ": an exercise that runs already"
	}
	return ""
}

// flights tells whether a flights database answers, with the password of the settings.
func flights(ctx context.Context, cfg config.Infra, addr string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	driver := mysql.NewConfig()
	driver.Net, driver.Addr = "tcp", addr
	driver.User, driver.Passwd, driver.DBName = "root", cfg.RootPassword, "flights"
	driver.Timeout, driver.ReadTimeout = patience, patience
	driver.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(driver)
	if err != nil {
		return "", errors.New("the settings make no sense")
	}
	pool := sql.OpenDB(connector)
	defer pool.Close()
	var rows int
	err = pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM routes").Scan(&rows)
	if refused, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return "", fmt.Errorf("a database answers, with error %d: another password, or no flights in it", refused.Number)
	}
	if err != nil {
		return "", errors.New("it is no flights database")
	}
	return fmt.Sprintf("a flights database with %d routes", rows), nil
}

// toxiproxy tells whether a Toxiproxy answers.
func toxiproxy(ctx context.Context, _ config.Infra, addr string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	version, err := toxi.NewClient("http://" + addr).Version(ctx)
	if err != nil {
		return "", errors.New("it is no Toxiproxy")
	}
	return "Toxiproxy " + version, nil
}

// reach is the address to dial for one to listen on, which may name every interface.
func reach(addr string) string {
	host, number, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, number)
}
