// Package soak runs all five exercises under random faults and steady load, and then looks for what was lost, leaked or
// left running.
package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/infra/tools/stages"
	"chaosworkshop/shared/config"
)

// The bounds of a soak.
const (
	MinDuration = 10 * time.Second
	MaxDuration = load.MaxDuration
	// MaxRate is per exercise: all five, their database and the load share one machine.
	MaxRate = load.MaxRate / 5
)

const (
	// settle is how long what was in flight may take to end: longer than the longest request and its connections.
	settle = 15 * time.Second
	// recovery is how soon after the breaker's delay an app must serve again.
	recovery = 2 * time.Second
)

// Options say how long, how much, and which faults when.
type Options struct {
	// Duration is how long faults and load last, from MinDuration to MaxDuration.
	Duration time.Duration
	// Seed decides which faults come when, and what the load asks for.
	Seed uint64
	// Rate is the number of requests a second to each exercise, from 1 to MaxRate.
	Rate int
	// Attendees is how many people type SQL, ask the apps, inject faults and open live pages meanwhile, from 0 to MaxAttendees.
	Attendees int
	// Output gets a line every ten seconds.
	Output io.Writer
}

// Finding is one thing that was checked.
type Finding struct {
	// Name says what must be, Detail what was found.
	Name, Detail string
	// OK tells whether it is; Skipped that this system or so short a run cannot tell.
	OK, Skipped bool
}

// soak is a run: the stack, the exercises, and what was found so far.
type soak struct {
	Options
	stack     *stack.Stack
	exercises []*exercise
	own       process // The database, Toxiproxy and the load.
	pairs     []load.Pair
	password  string // Of the database's root.
	// delay is how long an open circuit breaker waits before its probe.
	delay    time.Duration
	findings []Finding
}

// Run soaks the exercises. Everything runs on free ports and is gone when Run returns. The error says that the soak could
// not run; what the exercises did wrong is among the findings.
func Run(ctx context.Context, options Options) ([]Finding, error) {
	switch {
	case options.Duration < MinDuration || options.Duration > MaxDuration:
		return nil, fmt.Errorf("a duration of %s is out of bounds; choose %s to %s", options.Duration, MinDuration, MaxDuration)
	case options.Attendees < 0 || options.Attendees > MaxAttendees:
		return nil, fmt.Errorf("%d attendees are out of bounds; choose 0 to %d", options.Attendees, MaxAttendees)
	case options.Rate < 1 || options.Rate > MaxRate:
		return nil, fmt.Errorf("a rate of %d requests a second is out of bounds; choose 1 to %d", options.Rate, MaxRate)
	}
	large := options.Attendees > 0 // They ask for more than the apps do.
	before, _ := ownGoroutines(large)
	s := &soak{Options: options, own: process{name: "database, Toxiproxy and load", pid: os.Getpid()}}
	err := s.open(ctx)
	if err == nil {
		err = s.run(ctx)
	}
	addresses := s.addresses()
	if err := errors.Join(err, s.close()); err != nil || ctx.Err() != nil {
		return nil, errors.Join(ctx.Err(), err)
	}
	open := stillOpen(addresses)
	s.check("no port is left open", len(open) == 0, "%d of %d %s", len(open), len(addresses), strings.Join(open, " "))
	left, toxiproxys := ownGoroutines(large)
	for end := time.Now().Add(5 * time.Second); len(left) > len(before) && time.Now().Before(end); left, toxiproxys = ownGoroutines(large) {
		time.Sleep(50 * time.Millisecond)
	}
	if len(left) > len(before) {
		fmt.Fprintln(s.Output, strings.Join(left, "\n\n"))
	}
	s.check("no goroutine is left in this process", len(left) <= len(before), "%d before, %d after, and %d that Toxiproxy never ends", len(before), len(left), toxiproxys)
	return s.findings, nil
}

// open starts the database, Toxiproxy and the five apps, each behind a proxy of its own.
func (s *soak) open(ctx context.Context) error {
	cfg, err := config.Load[config.Infra]()
	if err != nil {
		return err
	}
	policies, err := config.Load[struct {
		BreakerDelay time.Duration `env:"BREAKER_DELAY" envDefault:"5s"`
	}]()
	if err != nil {
		return err
	}
	s.delay, s.password = policies.BreakerDelay, cfg.RootPassword
	root, err := config.Root()
	if err != nil {
		return err
	}
	data, err := stack.Dataset(cfg)
	if err != nil {
		return err
	}
	s.pairs = load.Pairs(data, 200, s.Seed)
	if s.stack, err = stack.Start(ctx, stack.Isolated(cfg)); err != nil {
		return err
	}
	for _, name := range stages.Names {
		one, err := startExercise(ctx, filepath.Join(root, name), s.stack, cfg.RootPassword)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s.exercises = append(s.exercises, one)
	}
	return nil
}

// close ends the apps, and then Toxiproxy and the database.
func (s *soak) close() error {
	err := s.together(func(e *exercise) error { return e.app.Stop() })
	if s.stack != nil {
		err = errors.Join(err, s.stack.Close())
	}
	return err
}

// addresses are the hosts and ports on which something of the soak listens.
func (s *soak) addresses() []string {
	if s.stack == nil {
		return nil
	}
	all := []string{s.stack.Database(), s.stack.Proxy(), hostOf(s.stack.Toxi.URL())}
	for _, e := range s.exercises {
		all = append(all, e.proxy.Listen, hostOf(e.app.URL))
	}
	return all
}

// together calls do for every exercise at once and returns when all are done.
func (s *soak) together(do func(*exercise) error) error {
	var group errgroup.Group
	for _, e := range s.exercises {
		group.Go(func() error { return do(e) })
	}
	return group.Wait()
}

// run applies load and faults, and then checks what became of the apps.
func (s *soak) run(ctx context.Context) error {
	if err := s.together(func(e *exercise) error { return e.begin(ctx) }); err != nil {
		return err
	}
	s.own.before()
	ending, end := context.WithCancel(ctx)
	var looking sync.WaitGroup
	looking.Go(func() { s.look(ending) })
	attending := make(chan error, 1)
	go func() { attending <- s.attend(ending) }()
	err := s.together(func(e *exercise) error { return e.soak(ctx, s) })
	end()
	looking.Wait()
	if err = errors.Join(err, <-attending); err != nil || ctx.Err() != nil {
		return err
	}
	if _, err := s.stack.Toxi.CalmAll(ctx); err != nil {
		return err
	}
	bound := s.delay + recovery
	_ = s.together(func(e *exercise) error {
		e.back, e.serves = awaitService(ctx, e.app.URL, bound)
		return nil
	})
	_ = s.together(func(e *exercise) error { e.settle(ctx); return nil })
	s.own.settle(ctx)
	met := map[string]int{}
	for _, e := range s.exercises {
		s.judge(e, bound)
		for fault, times := range e.faults {
			met[fault] += times
		}
	}
	s.judgeProcess(&s.own)
	// In a minute the plans deal all faults.
	every := len(met) == len(toxi.Faults()) || len(met) > 0 && s.Duration < time.Minute
	s.check("every fault was injected", every, "%d of %d kinds; Toxiproxy hung and was rebuilt %d times", len(met), len(toxi.Faults()), s.stack.Toxi.Rebuilds())
	left, err := s.toxics(ctx)
	s.check("no toxic is left", left == 0, "%d left", left)
	return err
}

// look samples the memory every second, and prints every ten what is going on, until ctx ends.
func (s *soak) look(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for seconds := 1; ; seconds++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		memory := s.own.sample()
		answers, ok, faults := 0, 0, ""
		for _, e := range s.exercises {
			memory += e.sample()
			e.mutex.Lock()
			answers, ok, faults = answers+e.summary.Count(), ok+e.summary.Of(load.OK), faults+" "+e.fault
			e.mutex.Unlock()
		}
		if seconds%10 == 0 {
			fmt.Fprintf(s.Output, "%d s of %s: %d answers, %d %% ok, %.0f MB;%s\n", seconds, s.Duration, answers, 100*ok/max(1, answers), memory, faults)
		}
	}
}

// toxics counts the toxics and the disabled proxies that are left.
func (s *soak) toxics(ctx context.Context) (int, error) {
	proxies, err := s.stack.Toxi.Proxies(ctx)
	left := 0
	for _, proxy := range proxies {
		left += len(proxy.Toxics)
		if !proxy.Enabled {
			left++
		}
	}
	return left, err
}

// check adds what was found.
func (s *soak) check(name string, ok bool, detail string, values ...any) {
	s.findings = append(s.findings, Finding{Name: name, OK: ok, Detail: fmt.Sprintf(detail, values...)})
}

// judge checks what became of one app.
func (s *soak) judge(e *exercise, bound time.Duration) {
	select {
	case <-e.app.Done():
		s.check(e.name+" stays alive", false, "%v", e.app.Err())
	default:
	}
	unanswered := e.summary.Of(load.NoAnswer)
	if e.name == stages.Names[0] {
		unanswered = 0 // The baseline has no bound: under a black hole only its client gives up.
	}
	var outcomes []string
	for _, outcome := range load.Outcomes() {
		outcomes = append(outcomes, fmt.Sprintf("%s %d", outcome, e.summary.Of(outcome)))
	}
	s.check(e.name+" answers every request", e.summary.Count() > 0 && unanswered == 0, "%s; p50 %s, p99 %s", strings.Join(outcomes, ", "),
		e.summary.Quantile(0.5).Round(time.Millisecond), e.summary.Quantile(0.99).Round(time.Millisecond))
	s.check(e.name+" serves again", e.serves, "after %s, bound %s", e.back.Round(time.Millisecond), bound)
	s.check(e.name+" leaks no goroutine", e.goroutines[1] > 0 && e.goroutines[1] <= e.goroutines[0], "%d before, %d after", e.goroutines[0], e.goroutines[1])
	s.judgeProcess(&e.process)
}

// judgeProcess checks a process for leaks of connections and memory.
func (s *soak) judgeProcess(p *process) {
	if p.sockets[0] < 0 {
		s.findings = append(s.findings, Finding{Name: p.name + " leaks no connection and no memory", Skipped: true, Detail: "measured on Linux only"})
		return
	}
	s.check(p.name+" leaks no connection", p.sockets[1] <= p.sockets[0], "%d sockets before, %d after", p.sockets[0], p.sockets[1])
	if len(p.memory) < fewest {
		s.findings = append(s.findings, Finding{Name: p.name + " leaks no memory", Skipped: true, Detail: fmt.Sprintf("a run of less than %d s cannot tell", fewest)})
		return
	}
	grew, noise := growth(p.memory)
	s.check(p.name+" leaks no memory", grew <= noise, "grew by %.0f MB, noise %.0f MB", grew, noise)
}
