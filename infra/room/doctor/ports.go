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

// patience bounds a request to what listens on a port.
const patience = 2 * time.Second

// ports checks whether every port of the workshop is free, held by something that the workshop can reuse, or taken.
func ports(ctx context.Context, cfg config.Infra) []Finding {
	app := 5000
	if settings, err := config.Load[config.App](); err == nil {
		app = settings.Port
	}
	return []Finding{
		look(ctx, cfg, "MYSQL_PORT", cfg.MySQLPort, flights),
		look(ctx, cfg, "PROXY_PORT", cfg.ProxyPort, flights),
		look(ctx, cfg, "TOXIPROXY_PORT", cfg.ToxiproxyPort, toxiproxy),
		look(ctx, cfg, "PORT", app, stranger),
		look(ctx, cfg, "CONSOLE_PORT", cfg.ConsolePort, stranger),
	}
}

// look checks one port. Identify names what answers there if the workshop can reuse it; its error says why not.
func look(ctx context.Context, cfg config.Infra, variable string, number int, identify func(context.Context, config.Infra, string) (string, error)) Finding {
	name, addr := "port "+strconv.Itoa(number), net.JoinHostPort(cfg.Bind, strconv.Itoa(number))
	listener, err := net.Listen("tcp", addr)
	if err == nil {
		listener.Close()
		return ok(name, "free, for "+variable)
	}
	if !port.InUse(err) {
		return Finding{name, Fix, "cannot be used: BIND is not an address of this computer, or you have no permission for the port", "correct BIND and " + variable}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	holder := port.HeldBy(number)
	what, err := identify(ctx, cfg, addr)
	if err != nil {
		return Finding{name, Fix, "taken" + holder + err.Error(), fmt.Sprintf("stop that program, or set %s to another port", variable)}
	}
	return ok(name, what+" answers"+holder+" and is reused")
}

// flights tells whether a flights database answers and accepts the password of the settings.
func flights(ctx context.Context, cfg config.Infra, addr string) (string, error) {
	driver := mysql.NewConfig()
	driver.Net, driver.Addr = "tcp", addr
	driver.User, driver.Passwd, driver.DBName = "root", cfg.RootPassword, "flights"
	driver.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(driver)
	if err != nil {
		return "", errors.New(": the settings of the database are invalid")
	}
	pool := sql.OpenDB(connector)
	defer pool.Close()
	var rows int
	err = pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM routes").Scan(&rows)
	if refused, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return "", fmt.Errorf(": a database answers with error %d: it has another password, or no flights", refused.Number)
	}
	if err != nil {
		return "", errors.New(": it is not a flights database")
	}
	return fmt.Sprintf("a flights database with %d routes", rows), nil
}

// toxiproxy tells whether a Toxiproxy answers.
func toxiproxy(ctx context.Context, _ config.Infra, addr string) (string, error) {
	version, err := toxi.NewClient("http://" + addr).Version(ctx)
	if err != nil {
		return "", errors.New(": it is not a Toxiproxy")
	}
	return "Toxiproxy " + version, nil
}

// stranger says what holds a port that should be free, if it can tell.
func stranger(ctx context.Context, _ config.Infra, addr string) (string, error) {
	unknown := errors.New("")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", nil)
	if err != nil {
		return "", unknown
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", unknown
	}
	defer answer.Body.Close()
	if strings.Contains(answer.Header.Get("Server"), "AirTunes") {
		return "", errors.New(": AirPlay of macOS (System Settings, General, AirDrop & Handoff, AirPlay Receiver)")
	}
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<20)) // Part of the text is enough to identify an exercise.
	if strings.Contains(string(text), "database_attempts_total") {
		return "", errors.New(": an exercise that is already running")
	}
	return "", unknown
}
