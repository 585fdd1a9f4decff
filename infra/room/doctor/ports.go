package doctor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
	"chaosworkshop/shared/running"
)

// patience bounds a request to what listens on a port.
const patience = 2 * time.Second

// ports checks whether every port of the workshop is free, held by something that the workshop can reuse, or taken.
func ports(ctx context.Context, root string, cfg config.Infra) []Finding {
	settings, err := config.Load[config.App]()
	chosen, failed := config.Chosen()
	if err != nil || failed != nil {
		return nil // The settings have a finding of their own.
	}
	if err := port.Busy(cfg.Bind, 0); err != nil {
		return []Finding{{"settings", Fix, port.Unusable(cfg.Bind, 0, "", err).Error(), "correct BIND, or remove it to use the default"}}
	}
	search := search{cfg: cfg, chosen: chosen, here: running.Ports(root), elsewhere: running.Elsewhere(root)}
	all := []setting{
		{"MYSQL_PORT", cfg.MySQLPort, flights},
		{"PROXY_PORT", cfg.ProxyPort, flights},
		{"TOXIPROXY_PORT", cfg.ToxiproxyPort, toxiproxy},
		{"PORT", settings.Port, stranger},
		{"CONSOLE_PORT", cfg.ConsolePort, stranger},
	}
	var findings []Finding
	for _, one := range all {
		at := slices.IndexFunc(all, func(other setting) bool {
			return other.number == one.number && other.number != 0 && other.variable != one.variable && chosen[other.variable] != ""
		})
		name := "port " + strconv.Itoa(one.number)
		switch {
		case at < 0:
			findings = append(findings, search.look(ctx, one.variable, one.number, one.identify))
		case chosen[one.variable] == "":
			findings = append(findings, ok(name, all[at].variable+" is set to this port, so "+one.variable+" uses the next free one"))
		default:
			findings = append(findings, Finding{name, Fix, "both " + all[at].variable + " and " + one.variable + " use this port", "set them to different ports"})
		}
	}
	return findings
}

// setting is one port: the variable that moves it, and how to identify what answers there.
type setting struct {
	variable string
	number   int
	identify func(context.Context, config.Infra, string) (string, error)
}

// search is what is known before the ports are looked at.
type search struct {
	cfg       config.Infra
	chosen    map[string]string // What the user set.
	here      map[string]int    // The ports that this workshop holds now, by their variables.
	elsewhere map[int]string    // The ports that workshops in other folders hold.
}

// look checks one port. Identify names what answers there if the workshop can reuse it; its error says why not.
func (s search) look(ctx context.Context, variable string, number int, identify func(context.Context, config.Infra, string) (string, error)) Finding {
	name, addr := "port "+strconv.Itoa(number), net.JoinHostPort(s.cfg.Bind, strconv.Itoa(number))
	if s.here[variable] == number && number != 0 {
		return ok(name, "in use by this workshop, for "+variable)
	}
	err := port.Busy(s.cfg.Bind, number)
	if err == nil {
		return ok(name, "free, for "+variable)
	}
	if !port.InUse(err) {
		return Finding{name, Fix, "cannot be used: you have no permission for it", "set " + variable + " to another port above 1023"}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	holder := port.HeldBy(number)
	if folder := s.elsewhere[number]; folder != "" {
		holder, err = holder+", for the workshop in "+folder, errors.New("")
	} else {
		var what string
		if what, err = identify(ctx, s.cfg, port.Reachable(addr)); err == nil {
			return ok(name, what+" answers"+holder+" and is reused")
		}
	}
	if s.chosen[variable] == "" {
		return ok(name, "taken"+holder+err.Error()+"; the next free port is used instead, for "+variable)
	}
	return Finding{name, Fix, "taken" + holder + err.Error(), fmt.Sprintf("stop that program, or set %s to another port", variable)}
}

// fault says whether a fault is still in place.
func fault(ctx context.Context) []Finding {
	client, err := stack.Toxiproxy()
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	name, err := client.Active(ctx)
	if err != nil || name == "" {
		return nil // None runs, or none is in place.
	}
	return []Finding{{"fault", Fix, "the fault " + name + " is in place", "make calm"}}
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
