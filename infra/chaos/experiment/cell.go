package experiment

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/toxi"
)

// The pace of what is watched beside the load.
const (
	samplePace   = 100 * time.Millisecond // of GET /metrics, for the breaker's state.
	databasePace = 200 * time.Millisecond
	healthPace   = 200 * time.Millisecond
	stallPace    = 5 * time.Millisecond
)

// patience is how long a user waits beyond the last bound of an app.
const patience = 1500 * time.Millisecond

// cell is one run while it goes on: the parts, and what was seen so far.
type cell struct {
	lab   *Lab
	start time.Time
	meter *Meter
	toxi  *toxi.Server
	app   *app.Process
	raw   *raw
	// direct is a client of the database itself, past proxy and meter.
	direct *raw
	fault  string
	stop   context.CancelFunc
	watch  sync.WaitGroup
	stall  atomic.Int64 // The longest since the phase began, in nanoseconds.

	mutex sync.Mutex // Guards the run.
	run   *Run
}

// now is the time since the run's start, in milliseconds.
func (c *cell) now() float64 { return milliseconds(time.Since(c.start)) }

// open starts the parts, from the database to the app.
func (c *cell) open(ctx context.Context, binary string) (err error) {
	if c.meter, err = StartMeter(c.lab.stack.Database()); err != nil {
		return err
	}
	c.toxi, err = toxi.Start(ctx, toxi.Options{APIAddr: "127.0.0.1:0", Listen: "127.0.0.1:0", Upstream: c.meter.Addr()})
	if err != nil {
		return err
	}
	if c.raw, err = newRaw(c.toxi.ProxyAddr(), "root", c.lab.cfg.RootPassword); err != nil {
		return err
	}
	if c.direct, err = newRaw(c.lab.stack.Database(), "root", c.lab.cfg.RootPassword); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(c.toxi.ProxyAddr())
	if err != nil {
		return fmt.Errorf("find the proxy: %w", err)
	}
	c.app, err = app.Start(ctx, app.Options{Binary: binary, Env: map[string]string{
		"BIND": "127.0.0.1", "DB_HOST": host, "DB_PORT": port,
		"DB_USER": "root", "DB_PASSWORD": c.lab.cfg.RootPassword, "DB_NAME": "flights",
	}})
	if err != nil {
		return err
	}
	watched, stop := context.WithCancel(ctx)
	c.stop = stop
	c.watch.Go(func() { c.sample(watched) })
	c.watch.Go(func() { c.measureStalls(watched) })
	c.watch.Go(func() { c.askDatabase(watched) })
	return nil
}

// close ends the parts, in the order from the app to the database; the toxics go with their proxy.
func (c *cell) close() error {
	if c.stop != nil {
		c.stop()
		c.watch.Wait()
	}
	if c.app != nil {
		c.app.Kill()
	}
	for _, client := range []*raw{c.raw, c.direct} {
		if client != nil {
			client.close()
		}
	}
	var errs []error
	if c.toxi != nil {
		errs = append(errs, c.toxi.Close())
	}
	if c.meter != nil {
		errs = append(errs, c.meter.Close())
	}
	return errors.Join(errs...)
}

// conduct carries out one phase.
func (c *cell) conduct(ctx context.Context, phase Phase) error {
	span := Span{Name: phase.Name, Fault: phase.Fault, From: c.now()}
	dials, before := c.dials(), c.metrics(ctx)
	c.stall.Store(0)
	changed := phase.Fault != c.fault || len(c.run.Phases) == 0
	if err := c.inject(ctx, phase.Fault); err != nil {
		return err
	}
	var group sync.WaitGroup
	if changed {
		group.Go(func() {
			felt := c.raw.feel(ctx, phase)
			c.mutex.Lock()
			defer c.mutex.Unlock()
			c.run.Felt = append(c.run.Felt, felt)
		})
	}
	if err := c.drive(ctx, phase, &span); err != nil {
		return err
	}
	group.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	span.To = c.now()
	now := c.metrics(ctx)
	span.Dials, span.Attempts, span.Retries = c.dials()-dials, now.Attempts-before.Attempts, now.Retries-before.Retries
	span.Stall = milliseconds(time.Duration(c.stall.Load()))
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.run.Phases = append(c.run.Phases, span)
	select {
	case <-c.app.Done():
		c.run.Died = "the app ended in the phase " + phase.Name + ": it exited cleanly"
		if err := c.app.Err(); err != nil {
			c.run.Died = "the app ended in the phase " + phase.Name + ": " + err.Error()
		}
	default:
	}
	if c.toxi.Rebuilds() > 0 {
		c.run.Broken = "Toxiproxy hung and was rebuilt in the phase " + phase.Name
	}
	return nil
}

// inject puts the fault in place of the one that is there; empty is calm.
func (c *cell) inject(ctx context.Context, name string) error {
	if name == c.fault {
		return nil
	}
	c.fault = name
	if name == "" {
		return c.toxi.Calm(ctx, toxi.ProxyName)
	}
	fault, err := toxi.Lookup(name)
	if err != nil {
		return err
	}
	return c.toxi.Inject(ctx, toxi.ProxyName, fault)
}

// dials are the connections at the meter without those of the raw client.
func (c *cell) dials() int { return c.meter.Dials() - int(c.raw.dialled.Load()) }

// metrics are those of the app; none when it does not answer.
func (c *cell) metrics(ctx context.Context) app.Metrics {
	metrics, err := c.app.Metrics(ctx)
	if err != nil {
		return app.Metrics{}
	}
	return metrics
}

// drive sends the load of a phase and waits for all its answers.
func (c *cell) drive(ctx context.Context, phase Phase, span *Span) error {
	ended := make(chan struct{}) // Closed when an answer fulfils phase.Until.
	end := sync.OnceFunc(func() { close(ended) })
	see := func(answer Answer) {
		c.mutex.Lock()
		c.run.Answers = append(c.run.Answers, answer)
		c.mutex.Unlock()
		if phase.Until != nil && phase.Until(answer) {
			end()
		}
	}
	loaded := make(chan struct{})
	var asking sync.WaitGroup
	if phase.Health {
		asking.Go(func() { c.askHealth(ctx, phase, ended, loaded, see) })
	}
	var err error
	if phase.Rate > 0 {
		err = c.send(ctx, phase, ended, see)
	}
	span.Loaded = c.now()
	close(loaded)
	asking.Wait()
	return err
}

// send is the users' load of a phase. When ended is closed it sends no more, and waits for the answers still due.
func (c *cell) send(ctx context.Context, phase Phase, ended <-chan struct{}, see func(Answer)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	throttle := load.NewThrottle(phase.Rate)
	var due atomic.Int64
	var over atomic.Bool
	go func() {
		select {
		case <-ended:
			throttle.Set(0)
			over.Store(true)
			if due.Load() == 0 {
				cancel()
			}
		case <-ctx.Done():
		}
	}()
	return load.Run(ctx, load.Options{
		URL: c.app.URL, Throttle: throttle, Duration: phase.For,
		Pairs: c.lab.pairs, Seed: c.lab.Seed, Timeout: c.lab.Settings.Deadline + patience,
		Sent: func() { due.Add(1) },
	}, func(result load.Result) {
		see(Answer{
			Phase: phase.Name, At: milliseconds(result.At.Sub(c.start)), Latency: milliseconds(result.Latency),
			Status: result.Status, RetryAfter: result.RetryAfter, Error: result.Err,
		})
		if due.Add(-1) == 0 && over.Load() {
			cancel()
		}
	})
}

// askHealth asks GET /health/ at a constant pace until the phase is over, and waits for the answers still due.
func (c *cell) askHealth(ctx context.Context, phase Phase, ended, loaded <-chan struct{}, see func(Answer)) {
	const give = 3 * time.Second
	client := &http.Client{Timeout: give, Transport: &http.Transport{DisableKeepAlives: true}}
	ticker := time.NewTicker(healthPace)
	defer ticker.Stop()
	over := time.After(phase.For)
	var done <-chan struct{} // Set to loaded when the phase's time is over.
	var due sync.WaitGroup
	defer due.Wait()
	for {
		due.Go(func() {
			answer := Answer{Phase: phase.Name, At: c.now(), Health: true}
			answer.Status, answer.Says, answer.Error = askHealth(ctx, client, c.app.URL)
			answer.Latency = c.now() - answer.At
			see(answer)
		})
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		case <-ended:
			return
		case <-over:
			// The load may still wait for answers: the health is asked until they are there.
			over, done = nil, loaded
		case <-done:
			return
		}
	}
}

// askHealth is the status of one GET /health/ and what its body says, or 0 and why there was no answer.
func askHealth(ctx context.Context, client *http.Client, url string) (status int, says, reason string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/health/", nil)
	if err != nil {
		return 0, "", err.Error()
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err.Error()
	}
	defer response.Body.Close()
	var report struct {
		Status string `json:"status"`
	}
	const most = 64 << 10
	if err := json.NewDecoder(io.LimitReader(response.Body, most)).Decode(&report); err != nil {
		return response.StatusCode, "", ""
	}
	return response.StatusCode, report.Status, ""
}

// sample follows the breaker's state. How long the app takes to answer that is a control: it asks no database and meets no
// policy, so what it waits for is the machine.
func (c *cell) sample(ctx context.Context) {
	ticker := time.NewTicker(samplePace)
	defer ticker.Stop()
	for {
		start := time.Now()
		metrics, err := c.app.Metrics(ctx)
		if ctx.Err() == nil {
			c.stalled(time.Since(start))
		}
		if err == nil && metrics.Breaker != "" {
			c.mutex.Lock()
			if last := len(c.run.States) - 1; last < 0 || c.run.States[last].Name != metrics.Breaker {
				c.run.States = append(c.run.States, State{At: c.now(), Name: metrics.Breaker})
			}
			c.mutex.Unlock()
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// askDatabase asks the database itself, past every fault: another control of the machine.
func (c *cell) askDatabase(ctx context.Context) {
	ticker := time.NewTicker(databasePace)
	defer ticker.Stop()
	for {
		start := time.Now()
		_ = c.direct.ask(ctx) // However it ends, its time is what counts.
		if ctx.Err() == nil {
			c.stalled(time.Since(start))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// measureStalls sleeps in short naps: what it oversleeps, the machine stood still for this program.
func (c *cell) measureStalls(ctx context.Context) {
	for ctx.Err() == nil {
		c.stalled(overslept())
	}
}

// stalled remembers the longest stall of a phase.
func (c *cell) stalled(took time.Duration) {
	for {
		longest := c.stall.Load()
		if int64(took) <= longest || c.stall.CompareAndSwap(longest, int64(took)) {
			return
		}
	}
}

// overslept takes a nap and returns by how much it was too long.
func overslept() time.Duration {
	start := time.Now()
	time.Sleep(stallPace)
	return time.Since(start) - stallPace
}

// awaitQuiet returns when the machine has let this program run in time for two seconds, or after half a minute.
func awaitQuiet(ctx context.Context) {
	const limit, enough = 30 * time.Second, 2 * time.Second
	begin := time.Now()
	for quiet := begin; ctx.Err() == nil && time.Since(begin) < limit && time.Since(quiet) < enough; {
		if overslept() > 4*stallPace {
			quiet = time.Now()
		}
	}
}

// sort puts what was observed in the order of time.
func (r *Run) sort() {
	slices.SortFunc(r.Answers, func(a, b Answer) int { return cmp.Compare(a.At, b.At) })
}
