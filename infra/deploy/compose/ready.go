package compose

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// patience bounds the wait for a database to answer: a new MySQL first makes its files.
const patience = 3 * time.Minute

// accessDenied is MySQL's error number for a wrong user or password.
const accessDenied = 1045

// ready waits until the database answers through Toxiproxy, and the exercise, where there is one.
func (c *Compose) ready(ctx context.Context, names []string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := c.ask(ctx)
		if err == nil {
			break
		}
		if refused, ok := errors.AsType[*mysql.MySQLError](err); ok && refused.Number == accessDenied {
			return errors.New("the database refuses the root password; an older one may be in its volume: `make down VOLUMES=1`, then `make up` again")
		}
		if err := pause(ctx, "the database did not answer through Toxiproxy"); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, "exercise") }) {
		return nil
	}
	for !c.answers(ctx) {
		if err := pause(ctx, "the exercise did not answer"); err != nil {
			return err
		}
	}
	return nil
}

// pause waits between two questions, until there is no more patience.
func pause(ctx context.Context, what string) error {
	select {
	case <-time.After(200 * time.Millisecond):
		return nil
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return errors.New("stopped; `make ps` shows what runs, `make down` ends it")
		}
		return fmt.Errorf("%s within %s; `make logs` shows why, `make down` ends it", what, patience)
	}
}

// ask asks the database, through Toxiproxy, whether it is there.
func (c *Compose) ask(ctx context.Context) error {
	driver := mysql.NewConfig()
	driver.Net, driver.Addr = "tcp", c.address("${PROXY_PORT:-3307}")
	driver.User, driver.Passwd = "root", c.settings["MYSQL_ROOT_PASSWORD"]
	driver.Timeout, driver.ReadTimeout = 3*time.Second, 3*time.Second
	driver.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(driver)
	if err != nil {
		return err
	}
	pool := sql.OpenDB(connector)
	defer pool.Close()
	return pool.PingContext(ctx)
}

// answers tells whether the exercise does.
func (c *Compose) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.address("${PORT:-5000}")+"/metrics", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// address is where a published port is reached from this computer.
func (c *Compose) address(port string) string {
	host := c.expand("${BIND:-127.0.0.1}")
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, c.expand(port))
}

// Addresses are what runs for the profiles and where, for people: name and address in turn.
func (c *Compose) Addresses(profiles []string) [][2]string {
	lines := [][2]string{
		{"Database", c.address("${MYSQL_PORT:-3306}")},
		{"Proxied", c.address("${PROXY_PORT:-3307}")},
		{"Toxiproxy", "http://" + c.address("${TOXIPROXY_PORT:-8474}")},
	}
	for _, profile := range profiles {
		switch {
		case strings.HasPrefix(profile, "exercise"):
			lines = append(lines, [2]string{"App", "http://" + c.address("${PORT:-5000}") + "/api/flights/routes?from=LHR&to=JFK"})
		case profile == "observe":
			lines = append(lines, [2]string{"Grafana", "http://" + c.address("${GRAFANA_PORT:-3000}")},
				[2]string{"Prometheus", "http://" + c.address("${PROMETHEUS_PORT:-9090}")})
		case profile == "mysql":
			lines = append(lines, [2]string{"Next", "make seed, which fills it"})
		}
	}
	return lines
}
