// Package soak runs all five exercises for a long time under random faults and steady load, and then looks for what was
// lost, leaked or stuck.
package soak

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/shared/config"
)

// stages are the folders of the exercises.
var stages = []string{"exercise1", "exercise2", "exercise3", "exercise4", "exercise5"}

// The bounds of a soak.
const (
	MinDuration = 10 * time.Second
	MaxDuration = load.MaxDuration
	// MaxRate is per exercise: all five, their database and the load share one machine.
	MaxRate = load.MaxRate / 5
)

// settle is how long whatever was in flight may take to end when load and faults are over: longer than the longest
// request and its connections.
const settle = 15 * time.Second

// Options say how long, how much, and which faults when.
type Options struct {
	// Duration is how long faults and load last, from MinDuration to MaxDuration.
	Duration time.Duration
	// Seed decides which faults come when, and what the load asks for.
	Seed uint64
	// Rate is the number of requests a second to each exercise, from 1 to MaxRate.
	Rate int
}

// check says in one line what is wrong with the options.
func (o Options) check() error {
	switch {
	case o.Duration < MinDuration || o.Duration > MaxDuration:
		return fmt.Errorf("a duration of %s is out of bounds; choose %s to %s", o.Duration, MinDuration, MaxDuration)
	case o.Rate < 1 || o.Rate > MaxRate:
		return fmt.Errorf("a rate of %d requests a second is out of bounds; choose 1 to %d", o.Rate, MaxRate)
	}
	return nil
}

// Run soaks the exercises and calls each once a second with what is going on. Everything runs on free ports and is gone
// when Run returns. The error says that the environment is broken or that ctx ended; what the exercises did wrong is in
// the report.
func Run(ctx context.Context, options Options, each func(Progress)) (Report, error) {
	if err := options.check(); err != nil {
		return Report{}, err
	}
	before, _ := goroutinesNow()
	lab, err := open(ctx, options.Seed)
	if err != nil {
		return Report{}, err
	}
	report, err := lab.soak(ctx, options, each)
	left := lab.addresses()
	if end := lab.close(); err == nil {
		err = end
	}
	if ctx.Err() != nil {
		return Report{}, ctx.Err()
	}
	if err != nil {
		return Report{}, err
	}
	report.nothingLeft(left, before)
	return report, nil
}

// lab is everything that a soak runs.
type lab struct {
	stack *stack.Stack
	lanes []*lane
	pairs []load.Pair
	// breaker is how long an open circuit breaker waits for its probe.
	breaker time.Duration
}

// open starts the database, Toxiproxy and the five apps.
func open(ctx context.Context, seed uint64) (*lab, error) {
	policies, err := config.Load[struct {
		BreakerDelay time.Duration `env:"BREAKER_DELAY" envDefault:"5s"`
	}]()
	if err != nil {
		return nil, err
	}
	cfg, err := config.Load[config.Infra]()
	if err != nil {
		return nil, err
	}
	root, err := config.Root()
	if err != nil {
		return nil, err
	}
	running, err := stack.Start(ctx, stack.Isolated(cfg))
	if err != nil {
		return nil, err
	}
	data, err := stack.Dataset(cfg)
	lab := &lab{stack: running, breaker: policies.BreakerDelay, pairs: load.Pairs(data, 200, seed)}
	for _, stage := range stages {
		if err != nil {
			break
		}
		var lane *lane
		if lane, err = newLane(ctx, lab, filepath.Join(root, stage), cfg.RootPassword); err == nil {
			lab.lanes = append(lab.lanes, lane)
		}
	}
	if err != nil {
		return nil, errors.Join(err, lab.close())
	}
	return lab, nil
}

// close ends the apps side by side, then Toxiproxy and the database.
func (l *lab) close() error {
	errs := make([]error, len(l.lanes))
	var group sync.WaitGroup
	for i, lane := range l.lanes {
		group.Go(func() { errs[i] = lane.app.Stop() })
	}
	group.Wait()
	return errors.Join(errors.Join(errs...), l.stack.Close())
}

// addresses are the hosts and ports on which something of the lab listens.
func (l *lab) addresses() []string {
	all := []string{l.stack.Database(), l.stack.Proxy(), hostOf(l.stack.Toxi.URL())}
	for _, lane := range l.lanes {
		all = append(all, lane.proxy.Listen, hostOf(lane.app.URL))
	}
	return all
}

// soak applies load and faults, and then looks at what became of the apps.
func (l *lab) soak(ctx context.Context, options Options, each func(Progress)) (Report, error) {
	report := Report{Seed: options.Seed, Rate: options.Rate, Duration: options.Duration}
	own := &meter{name: "database, Toxiproxy and load", pid: os.Getpid()}
	if err := l.together(func(lane *lane) error { return lane.begin(ctx) }); err != nil {
		return report, err
	}
	own.before()
	report.Started = time.Now()

	ending, end := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { l.watch(ending, own, report.Started, options, each) })
	err := l.together(func(lane *lane) error { return lane.soak(ctx, l, options) })
	end()
	watching.Wait()
	if err != nil || ctx.Err() != nil {
		return report, err
	}
	if _, err := l.stack.Toxi.CalmAll(ctx); err != nil {
		return report, err
	}
	if err := l.together(func(lane *lane) error { return lane.recover(ctx, l.breaker+recovery) }); err != nil {
		return report, err
	}
	for _, lane := range l.lanes {
		lane.after(ctx)
	}
	own.after(ctx)
	toxics, err := l.toxics(ctx)
	if err != nil {
		return report, err
	}
	report.judge(l, own, toxics)
	return report, nil
}

// together calls do for every lane at once and returns when all are done.
func (l *lab) together(do func(*lane) error) error {
	errs := make([]error, len(l.lanes))
	var group sync.WaitGroup
	for i, lane := range l.lanes {
		group.Go(func() { errs[i] = do(lane) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// watch measures the memory and reports what is going on, once a second, until ctx ends.
func (l *lab) watch(ctx context.Context, own *meter, started time.Time, options Options, each func(Progress)) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		own.sample()
		progress := Progress{Elapsed: time.Since(started), Duration: options.Duration, Resident: own.last()}
		for _, lane := range l.lanes {
			lane.meter.sample()
			progress.Resident += lane.meter.last()
			lane.describe(&progress)
		}
		each(progress)
	}
}

// toxics counts the toxics and the disabled proxies that are left.
func (l *lab) toxics(ctx context.Context) (int, error) {
	proxies, err := l.stack.Toxi.Proxies(ctx)
	if err != nil {
		return 0, err
	}
	left := 0
	for _, proxy := range proxies {
		left += len(proxy.Toxics)
		if !proxy.Enabled {
			left++
		}
	}
	return left, nil
}

// Progress is what is going on in a soak.
type Progress struct {
	// Elapsed is the time since the start, of Duration.
	Elapsed, Duration time.Duration
	// Answered counts the requests that are over, and OK those with a good answer.
	Answered, OK int
	// Faults are the faults in place now, one for each exercise; empty for calm.
	Faults []string
	// Resident is the resident memory of all together, in bytes; 0 where that is not measured.
	Resident int
}

// startApp runs an exercise against a proxy of its own.
func startApp(ctx context.Context, dir, proxy, password string) (*app.Process, error) {
	binary, err := app.Build(ctx, dir)
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(proxy)
	if err != nil {
		return nil, fmt.Errorf("find the proxy: %w", err)
	}
	return app.Start(ctx, app.Options{Binary: binary, Env: map[string]string{
		"BIND": "127.0.0.1", "DB_HOST": host, "DB_PORT": port, "DB_USER": "root", "DB_PASSWORD": password, "DB_NAME": "flights",
	}})
}

// newLane starts the exercise in the folder behind a proxy of its own.
func newLane(ctx context.Context, lab *lab, dir, password string) (*lane, error) {
	name := filepath.Base(dir)
	proxy, err := lab.stack.Toxi.Create(ctx, name, "127.0.0.1:0", lab.stack.Database())
	if err != nil {
		return nil, err
	}
	app, err := startApp(ctx, dir, proxy.Listen, password)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &lane{
		name: name, app: app, proxy: proxy, toxi: lab.stack.Toxi.Client,
		meter: &meter{name: name, pid: app.PID()}, summary: &load.Tally{}, faults: map[string]int{},
	}, nil
}
