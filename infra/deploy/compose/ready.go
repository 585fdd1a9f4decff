package compose

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/go-sql-driver/mysql"
)

// patience bounds the wait for the database and the app: a new MySQL first creates its files.
const patience = 3 * time.Minute

// ready waits until the database answers through Toxiproxy, and then the exercise, where there is one.
func (c *Compose) ready(ctx context.Context, names []string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := await(ctx, "the database did not answer through Toxiproxy", c.ask); err != nil {
		return err
	}
	if !slices.ContainsFunc(names, isExercise) {
		return nil
	}
	return await(ctx, "the exercise did not answer", c.askApp)
}

// await asks until there is no error, or ctx ends.
func await(ctx context.Context, what string, ask func(context.Context) error) error {
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		const accessDenied = 1045
		if refused, ok := errors.AsType[*mysql.MySQLError](err); ok && refused.Number == accessDenied {
			return errors.New("the database refuses the root password; its volume may have an older one: `make down VOLUMES=1`, then `make up` again")
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return errStopped
			}
			return fmt.Errorf("%s within %s; `make logs` shows why, `make down` stops it", what, patience)
		}
	}
}

// ask pings the database through Toxiproxy.
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

// askApp asks the exercise for its metrics.
func (c *Compose) askApp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.address("${PORT:-5000}")+"/metrics", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}
