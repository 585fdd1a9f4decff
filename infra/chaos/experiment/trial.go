package experiment

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/internal/stats"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/toxi"
)

// The intervals of the measurements during the load.
const (
	samplePace   = 100 * time.Millisecond // of GET /metrics, for the breaker's state.
	databasePace = 200 * time.Millisecond
	healthPace   = 100 * time.Millisecond
	stallPace    = 5 * time.Millisecond
)

// leftPatience is how long connections may take to close after the last answer of a phase.
const leftPatience = time.Second

// trial is a run in progress: its parts, and what was observed so far.
type trial struct {
	runner *Runner
	start  time.Time
	meter  *Meter
	toxi   *toxi.Server
	app    *app.Process
	raw    *raw
	// direct is a client of the database itself, around proxy and meter.
	direct *raw
	fault  string
	stop   context.CancelFunc
	watch  sync.WaitGroup
	stall  atomic.Int64 // The longest since the phase began, in nanoseconds.

	mutex sync.Mutex // Guards the run.
	run   *Run
}

// now is the time since the run's start, in milliseconds.
func (t *trial) now() float64 { return stats.Milliseconds(time.Since(t.start)) }

// open starts the parts, from the database to the app.
func (t *trial) open(ctx context.Context, subject Subject) (err error) {
	if t.meter, err = StartMeter(t.runner.stack.Database()); err != nil {
		return err
	}
	t.toxi, err = toxi.Start(ctx, toxi.Options{APIAddr: "127.0.0.1:0", Listen: cmp.Or(subject.Proxy, "127.0.0.1:0"), Upstream: t.meter.Addr()})
	if err != nil {
		return err
	}
	if t.raw, err = newRaw(t.toxi.ProxyAddr(), "root", t.runner.cfg.RootPassword); err != nil {
		return err
	}
	if t.direct, err = newRaw(t.runner.stack.Database(), "root", t.runner.cfg.RootPassword); err != nil {
		return err
	}
	env, err := app.Env(t.toxi.ProxyAddr(), t.runner.cfg.RootPassword)
	if err != nil {
		return err
	}
	maps.Copy(env, t.runner.Settings.variables())
	maps.Copy(env, subject.App.Env)
	options := subject.App
	options.Env = env
	if t.app, err = app.Start(ctx, options); err != nil {
		return err
	}
	watched, stop := context.WithCancel(ctx)
	t.stop = stop
	t.watch.Go(func() { t.sample(watched) })
	t.watch.Go(func() { t.measureStalls(watched) })
	t.watch.Go(func() { t.askDatabase(watched) })
	return nil
}

// close ends the parts, in the order from the app to the database; the toxics go with their proxy.
func (t *trial) close() error {
	if t.stop != nil {
		t.stop()
		t.watch.Wait()
	}
	if t.app != nil {
		t.app.Kill()
	}
	for _, client := range []*raw{t.raw, t.direct} {
		if client != nil {
			client.close()
		}
	}
	var errs []error
	if t.toxi != nil {
		errs = append(errs, t.toxi.Close())
	}
	if t.meter != nil {
		errs = append(errs, t.meter.Close())
	}
	return errors.Join(errs...)
}

// conduct carries out one phase.
func (t *trial) conduct(ctx context.Context, phase Phase) error {
	span := Span{Name: phase.Name, Fault: phase.Fault, From: t.now()}
	dials := t.dials()
	t.stall.Store(0)
	changed := phase.Fault != t.fault || len(t.run.Phases) == 0
	if err := t.inject(ctx, phase.Fault); err != nil {
		return err
	}
	var group sync.WaitGroup
	if changed {
		group.Go(func() {
			felt := t.raw.feel(ctx, phase)
			t.mutex.Lock()
			defer t.mutex.Unlock()
			t.run.Felt = append(t.run.Felt, felt)
		})
	}
	if err := t.drive(ctx, phase); err != nil {
		return err
	}
	group.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	span.To = t.now()
	span.Dials, span.Left = t.dials()-dials, t.left(ctx, len(t.run.Phases) == 0)
	span.Stall = stats.Milliseconds(time.Duration(t.stall.Load()))
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.run.Phases = append(t.run.Phases, span)
	select {
	case <-t.app.Done():
		t.run.Died = "the app ended during the phase " + phase.Name + ": it exited cleanly"
		if err := t.app.Err(); err != nil {
			t.run.Died = "the app ended during the phase " + phase.Name + ": " + err.Error()
		}
	default:
	}
	if t.toxi.Rebuilds() > 0 {
		t.run.Broken = "Toxiproxy hung and was rebuilt during the phase " + phase.Name
	}
	return nil
}

// inject replaces the current fault; an empty name means calm.
func (t *trial) inject(ctx context.Context, name string) error {
	if name == t.fault {
		return nil
	}
	t.fault = name
	if name == "" {
		return t.toxi.Calm(ctx, toxi.ProxyName)
	}
	fault, err := toxi.Lookup(name)
	if err != nil {
		return err
	}
	return t.toxi.Inject(ctx, toxi.ProxyName, fault)
}

// dials counts the connections at the meter, without those of the raw client.
func (t *trial) dials() int { return t.meter.Dials() - int(t.raw.dialled.Load()) }

// left counts the app's connections to the database that stay open after the last answer. Before any fault, that is what
// the app keeps. Later, it waits until no more than that are left, or until its patience ends.
func (t *trial) left(ctx context.Context, calm bool) int {
	for deadline := time.Now().Add(leftPatience); ; time.Sleep(10 * time.Millisecond) {
		open := t.meter.Open()
		if !calm && open <= t.run.Phases[0].Left || time.Now().After(deadline) || ctx.Err() != nil || calm && open == 0 {
			return open
		}
	}
}

// drive sends the load of a phase and waits for all its answers.
func (t *trial) drive(ctx context.Context, phase Phase) error {
	ended := make(chan struct{}) // Closed when an answer satisfies phase.Until.
	end := sync.OnceFunc(func() { close(ended) })
	see := func(answer Answer) {
		t.mutex.Lock()
		t.run.Answers = append(t.run.Answers, answer)
		t.mutex.Unlock()
		if phase.Until != nil && phase.Until(answer) {
			end()
		}
	}
	loaded := make(chan struct{})
	var asking sync.WaitGroup
	if phase.Health {
		asking.Go(func() { t.askHealth(ctx, phase, ended, loaded, see) })
	}
	var err error
	if phase.Rate > 0 {
		err = t.send(ctx, phase, ended, see)
	}
	close(loaded)
	asking.Wait()
	return err
}

// send is the users' load of a phase. When ended is closed it sends no more, and waits for the answers still due.
func (t *trial) send(ctx context.Context, phase Phase, ended <-chan struct{}, see func(Answer)) error {
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
		URL: t.app.URL, Throttle: throttle, Duration: phase.For,
		Pairs: t.runner.pairs, Seed: t.runner.Seed, Timeout: cmp.Or(phase.Patience, t.runner.Settings.Deadline+patience),
		Right: t.runner.right,
		Sent:  func() { due.Add(1) },
	}, func(result load.Result) {
		see(Answer{
			Phase: phase.Name, At: stats.Milliseconds(result.At.Sub(t.start)), Latency: stats.Milliseconds(result.Latency),
			Status: result.Status, Wrong: result.Wrong, RetryAfter: result.RetryAfter, Error: result.Err,
		})
		if due.Add(-1) == 0 && over.Load() {
			cancel()
		}
	})
}

// askHealth asks GET /health/ at a constant pace until the phase is over, and waits for the answers still due.
func (t *trial) askHealth(ctx context.Context, phase Phase, ended, loaded <-chan struct{}, see func(Answer)) {
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
			answer := Answer{Phase: phase.Name, At: t.now(), Health: true}
			answer.Status, answer.Says, answer.Error = askHealth(ctx, client, t.app.URL)
			answer.Latency = t.now() - answer.At
			see(answer)
		})
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		case <-ended:
			return
		case <-over:
			// The load may still be waiting for answers; keep asking until it has them.
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

// sample follows the state of the app's breaker, if its metrics show it.
func (t *trial) sample(ctx context.Context) {
	load.Every(ctx, samplePace, func() {
		metrics, err := t.app.Metrics(ctx)
		if err != nil || metrics.Breaker == "" {
			return
		}
		t.mutex.Lock()
		defer t.mutex.Unlock()
		if last := len(t.run.States) - 1; last < 0 || t.run.States[last].Name != metrics.Breaker {
			t.run.States = append(t.run.States, State{At: t.now(), Name: metrics.Breaker})
		}
	})
}

// askDatabase queries the database itself, around every fault: how long that takes is a control for scheduling noise.
func (t *trial) askDatabase(ctx context.Context) {
	load.Every(ctx, databasePace, func() {
		start := time.Now()
		_ = t.direct.ask(ctx) // Only the time matters, not the result.
		if ctx.Err() == nil {
			t.stalled(time.Since(start))
		}
	})
}

// measureStalls takes short naps: whatever it oversleeps is scheduling noise.
func (t *trial) measureStalls(ctx context.Context) {
	for ctx.Err() == nil {
		t.stalled(overslept())
	}
}

// stalled remembers the longest stall of a phase.
func (t *trial) stalled(took time.Duration) {
	for {
		longest := t.stall.Load()
		if int64(took) <= longest || t.stall.CompareAndSwap(longest, int64(took)) {
			return
		}
	}
}

// overslept takes a nap and returns how much longer than planned it was.
func overslept() time.Duration {
	start := time.Now()
	time.Sleep(stallPace)
	return time.Since(start) - stallPace
}

// awaitQuiet returns when the scheduling noise has been low for two seconds, or after half a minute.
func awaitQuiet(ctx context.Context) {
	const limit, enough = 30 * time.Second, 2 * time.Second
	begin := time.Now()
	for quiet := begin; ctx.Err() == nil && time.Since(begin) < limit && time.Since(quiet) < enough; {
		if overslept() > 4*stallPace {
			quiet = time.Now()
		}
	}
}

// sort puts the answers in the order of time.
func (r *Run) sort() {
	slices.SortFunc(r.Answers, func(a, b Answer) int { return cmp.Compare(a.At, b.At) })
}
