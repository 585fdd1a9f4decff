package experiment

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
)

// probes is how many fresh connections the raw client opens to feel a fault.
const probes = 20

// Felt is what a raw client met beside the app: fresh connections through the same proxy, one query each, no policy.
type Felt struct {
	Phase  string `json:"phase"`
	Fault  string `json:"fault,omitempty"`
	Probes int    `json:"probes"`
	Failed int    `json:"failed"`
	// Median is the median latency, in milliseconds, of those that did not fail.
	Median float64 `json:"median_ms"`
	// Late are those that did not fail and took 100 ms or more.
	Late int `json:"late"`
	// Error is that of the last one that failed.
	Error string `json:"error,omitempty"`
}

// raw is the raw client.
type raw struct {
	connector driver.Connector
	network   string
	// dialled counts the connections that reached the proxy, and so the meter.
	dialled atomic.Int64
}

// newRaw is a client of the database at the address addr. The caller closes it.
func newRaw(addr, user, password string) (*raw, error) {
	r := &raw{}
	r.network = fmt.Sprintf("counted %p", r)
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.User, cfg.Passwd, cfg.DBName = r.network, addr, user, password, "flights"
	cfg.Logger = &mysql.NopLogger{}
	// The driver takes a dialler by the name of its network only.
	mysql.RegisterDialContext(cfg.Net, func(ctx context.Context, address string) (net.Conn, error) {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			r.dialled.Add(1)
		}
		return conn, err
	})
	var err error
	r.connector, err = mysql.NewConnector(cfg)
	if err != nil {
		return nil, fmt.Errorf("make a raw client: %w", err)
	}
	return r, nil
}

// close makes the driver forget the client's dialler.
func (r *raw) close() { mysql.DeregisterDialContext(r.network) }

// feel opens the probes side by side and says what they met.
func (r *raw) feel(ctx context.Context, phase Phase) Felt {
	const late, usual = 100.0, 1500 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, max(phase.Raw, usual))
	defer cancel()
	felt := Felt{Phase: phase.Name, Fault: phase.Fault, Probes: probes}
	var mutex sync.Mutex
	var group sync.WaitGroup
	var latencies []float64
	for range probes {
		group.Go(func() {
			start := time.Now()
			err := r.ask(ctx)
			took := milliseconds(time.Since(start))
			mutex.Lock()
			defer mutex.Unlock()
			switch {
			case err != nil:
				felt.Failed++
				felt.Error = err.Error()
				return
			case took >= late:
				felt.Late++
			}
			latencies = append(latencies, took)
		})
	}
	group.Wait()
	felt.Median = Percentile(latencies, 50)
	return felt
}

// ask sends one query over a connection of its own.
func (r *raw) ask(ctx context.Context) error {
	conn, err := r.connector.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	asker, ok := conn.(driver.QueryerContext)
	if !ok {
		return errors.New("the driver does not query")
	}
	rows, err := asker.QueryContext(ctx, "SELECT 1", nil)
	if err != nil {
		return err
	}
	defer rows.Close()
	return rows.Next(make([]driver.Value, len(rows.Columns())))
}

// missing says why the fault was not felt; empty when it was.
//
// flaky: each of 20 connections fails with chance 0.8, so fewer than 10 fail in 6 runs of 10,000. slow: a connection pays
// three replies at least, of which each is late with chance 0.56; one that meets no delay of 100 ms is rarer than 1 in 10,
// and half of 20 in a run rarer than 1 in 100,000. The others hit every connection.
func (f Felt) missing() string {
	switch f.Fault {
	case "":
		if f.Failed > 0 {
			return fmt.Sprintf("the database did not answer a raw client in calm (%d of %d failed: %s)", f.Failed, f.Probes, f.Error)
		}
	case "slow":
		if f.Late+f.Failed < f.Probes/2 {
			return f.unfelt("half of the connections late by 100 ms")
		}
	case "flaky":
		if f.Failed < f.Probes/2 {
			return f.unfelt("half of the connections failed")
		}
	case "outage", "blackhole", "refused", "reset", "cut":
		if f.Failed < f.Probes {
			return f.unfelt("every connection failed")
		}
	}
	return ""
}

func (f Felt) unfelt(required string) string {
	return fmt.Sprintf("the fault %s was not felt: of %d fresh connections %d failed and %d were late, required %s; is the toxic in place, and on this proxy?",
		f.Fault, f.Probes, f.Failed, f.Late, required)
}
