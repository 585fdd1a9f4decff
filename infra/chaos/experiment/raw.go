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

	"chaosworkshop/infra/internal/stats"

	"github.com/go-sql-driver/mysql"
)

// probes is how many new connections the raw client opens to verify the injection of a fault.
const probes = 20

// Felt is what a raw client met next to the app: new connections through the same proxy, one query each, no policy.
type Felt struct {
	Phase  string `json:"phase"`
	Fault  string `json:"fault,omitempty"`
	Probes int    `json:"probes"`
	Failed int    `json:"failed"`
	// Median is the median latency of the successful probes, in milliseconds.
	Median float64 `json:"median_ms"`
	// Late counts the successful probes that took 100 ms or more.
	Late int `json:"late"`
	// Error is the error of the last probe that failed.
	Error string `json:"error,omitempty"`
}

// wideQuery is answered with more bytes than the fault cut lets through.
const wideQuery = "SELECT REPEAT('.', 200)"

// raw is the raw client.
type raw struct {
	connector driver.Connector
	network   string
	// dialled counts the connections that reached the proxy, and so the meter.
	dialled atomic.Int64
}

// newRaw returns a client of the database at addr. The caller closes it.
func newRaw(addr, user, password string) (*raw, error) {
	r := &raw{}
	r.network = fmt.Sprintf("counted %p", r)
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.User, cfg.Passwd, cfg.DBName = r.network, addr, user, password, "flights"
	cfg.Logger = &mysql.NopLogger{}
	// The driver accepts a dialler only under the name of a network.
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

// feel runs the probes side by side and returns what they met.
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
			took := stats.Milliseconds(time.Since(start))
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
	felt.Median = stats.Percentile(latencies, 50)
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
		return errors.New("the driver cannot run a query")
	}
	rows, err := asker.QueryContext(ctx, wideQuery, nil)
	if err != nil {
		return err
	}
	defer rows.Close()
	return rows.Next(make([]driver.Value, len(rows.Columns())))
}

// missing says why the injection is not verified; empty when it is.
//
// flaky: each of 20 connections fails with chance 0.8, so fewer than 10 fail in 6 of 10,000 runs. slow: a connection waits
// for at least three replies, each of which is late with chance 0.56. Fewer than 1 connection in 7 meets less than 100 ms of
// delay in total, and more than half of 20 do so in fewer than 1 run in 100,000. The other faults hit every connection.
func (f Felt) missing() string {
	switch f.Fault {
	case "":
		if f.Failed > 0 {
			return fmt.Sprintf("without a fault, the database did not answer a raw client (%d of %d failed: %s)", f.Failed, f.Probes, f.Error)
		}
	case "slow":
		if f.Late+f.Failed < f.Probes/2 {
			return f.unfelt("at least half of them late by 100 ms")
		}
	case "flaky":
		if f.Failed < f.Probes/2 {
			return f.unfelt("at least half of them failed")
		}
	case "outage", "blackhole", "refused", "reset", "cut":
		if f.Failed < f.Probes {
			return f.unfelt("all of them failed")
		}
	}
	return ""
}

func (f Felt) unfelt(required string) string {
	return fmt.Sprintf("injection of %s not verified: of %d new connections, %d failed and %d were late, required: %s; is the toxic in place, and on this proxy?",
		f.Fault, f.Probes, f.Failed, f.Late, required)
}
