// Package stack starts what the exercises need, the flights database behind Toxiproxy, or reuses what already runs.
package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/lab/flightsdb"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
)

// Stack is a running flights database behind a running Toxiproxy.
type Stack struct {
	// Toxi is the Toxiproxy, with the proxy toxi.ProxyName in front of the database.
	Toxi *toxi.Server
	// Data says in one line what the database serves; empty if it was already running.
	Data string
	// Fault names the fault that was already in place on a Toxiproxy that was already running; empty for none.
	Fault string

	own      *flightsdb.Server // nil if the database was already running.
	database string
	proxy    string
}

// Isolated returns cfg with every port free and on loopback: for a stack next to others, in tests and experiments. If the
// variable LAB_MYSQL_PORT names the port of a flights database, that database is used instead of a new one.
func Isolated(cfg config.Infra) config.Infra {
	cfg.Bind, cfg.MySQLPort, cfg.ProxyPort, cfg.ToxiproxyPort = "127.0.0.1", 0, 0, 0
	if number, err := strconv.Atoi(os.Getenv("LAB_MYSQL_PORT")); err == nil {
		cfg.MySQLPort = number
	}
	return cfg
}

// Start starts the database and Toxiproxy on the ports of cfg; port 0 takes any free one. What already answers on a port
// is reused, and Close leaves it running. The error says which port is taken, by whom if known, and which
// variable changes it.
func Start(ctx context.Context, cfg config.Infra) (*Stack, error) {
	stack := &Stack{database: address(cfg.Bind, cfg.MySQLPort)}
	running, err := stack.running(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if !running {
		if err := stack.serve(ctx, cfg); err != nil {
			return nil, err
		}
	}
	stack.Toxi, err = toxi.Start(ctx, toxi.Options{
		APIAddr:  address(cfg.Bind, cfg.ToxiproxyPort),
		Listen:   address(cfg.Bind, cfg.ProxyPort),
		Upstream: stack.database,
	})
	if err == nil {
		err = stack.proxied(ctx, cfg)
	}
	if err != nil {
		return nil, errors.Join(explain(cfg, err), stack.Close())
	}
	return stack, nil
}

// Database is the host and port of the database itself.
func (s *Stack) Database() string { return s.database }

// Proxy is the host and port of the database as the exercises reach it.
func (s *Stack) Proxy() string { return s.proxy }

// OwnsDatabase tells whether the database runs in this process.
func (s *Stack) OwnsDatabase() bool { return s.own != nil }

// Owned are the ports that this process holds, by the variables that set them.
func (s *Stack) Owned() map[string]int {
	ports := map[string]int{}
	if s.own != nil {
		ports["MYSQL_PORT"] = portOf(s.database)
	}
	if s.Toxi.Owned() {
		ports["PROXY_PORT"], ports["TOXIPROXY_PORT"] = portOf(s.proxy), portOf(strings.TrimPrefix(s.Toxi.URL(), "http://"))
	}
	return ports
}

// Close removes every fault and stops what Start started.
func (s *Stack) Close() error {
	var errs []error
	if s.Toxi != nil {
		errs = append(errs, s.Toxi.Close())
	}
	if s.own != nil {
		errs = append(errs, s.own.Close())
	}
	return errors.Join(errs...)
}

// serve starts the embedded database.
func (s *Stack) serve(ctx context.Context, cfg config.Infra) error {
	data, about, err := dataset(cfg)
	if err != nil {
		return err
	}
	s.own, err = flightsdb.Start(ctx, flightsdb.Options{
		Addr:         s.database,
		RootPassword: cfg.RootPassword,
		User:         cfg.User,
		Password:     cfg.Password,
		Data:         data,
	})
	if err != nil {
		return explain(cfg, fmt.Errorf("start the flights database: %w", err))
	}
	s.database, s.Data = s.own.Addr(), about
	return nil
}

// proxied finds the proxy, and checks that a Toxiproxy that was already running leads to the right database.
func (s *Stack) proxied(ctx context.Context, cfg config.Infra) error {
	s.proxy = s.Toxi.ProxyAddr()
	if s.Toxi.Owned() {
		return nil
	}
	proxy, err := s.Toxi.Proxy(ctx, toxi.ProxyName)
	if err != nil {
		return err
	}
	s.Fault = proxy.Fault()
	if s.proxy, err = leadsTo(ctx, cfg, proxy); err != nil {
		return fmt.Errorf("the Toxiproxy at %s runs, but its %s at %s leads to no flights database (%w); stop that Toxiproxy, or set TOXIPROXY_PORT and PROXY_PORT to start another",
			s.Toxi.URL(), toxi.ProxyName, s.proxy, err)
	}
	return nil
}

// leadsTo returns the address at which an existing proxy leads to a flights database. With a fault in place nobody can tell
// whether it does, so that is not an error.
func leadsTo(ctx context.Context, cfg config.Infra, proxy toxi.Proxy) (string, error) {
	// In a container, it listens on a port of the container's network, which is published as PROXY_PORT.
	published := address(cfg.Bind, cfg.ProxyPort)
	if proxy.Fault() != "" {
		if host, _, err := net.SplitHostPort(proxy.Listen); err == nil && !net.ParseIP(host).IsLoopback() && cfg.ProxyPort != 0 {
			return published, nil
		}
		return proxy.Listen, nil
	}
	if cfg.ProxyPort != 0 && ping(ctx, port.Reachable(published), cfg) == nil {
		return published, nil
	}
	return proxy.Listen, ping(ctx, port.Reachable(proxy.Listen), cfg)
}

// portOf is the port of an address that a server listens on.
func portOf(addr string) int {
	_, text, _ := net.SplitHostPort(addr)
	number, _ := strconv.Atoi(text) // The address is a listener's own.
	return number
}

// address is host and port in one.
func address(host string, number int) string { return net.JoinHostPort(host, strconv.Itoa(number)) }

// explain turns an error about a taken port into one line: which port, who holds it, and which variable changes it.
func explain(cfg config.Infra, err error) error {
	if !port.InUse(err) {
		return err
	}
	for variable, number := range map[string]int{
		"MYSQL_PORT": cfg.MySQLPort, "PROXY_PORT": cfg.ProxyPort, "TOXIPROXY_PORT": cfg.ToxiproxyPort,
	} {
		if strings.Contains(err.Error(), fmt.Sprintf(":%d:", number)) {
			return port.Taken(number, variable)
		}
	}
	return err
}
