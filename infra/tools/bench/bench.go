// Package bench measures what the workshop promises, each figure beside its reference in one run, and keeps the ledger of it.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/shared/config"
)

// Options say what to measure.
type Options struct {
	// Short measures less of everything, within a minute: enough for the wide bounds, not for the targets.
	Short bool
	// Only are the names of the benchmarks to run; all when empty.
	Only []string
	// Progress gets a line for each step.
	Progress io.Writer
}

// benchmark is one section of the ledger.
type benchmark struct {
	name, title string
	run         func(context.Context, *session) ([]Row, error)
	// long says that it takes too long for a short run.
	long bool
}

// wanted tells whether the options ask for the benchmark, by name or by default.
func (b benchmark) wanted(options Options) bool {
	if len(options.Only) > 0 {
		return slices.Contains(options.Only, b.name)
	}
	return !options.Short || !b.long
}

// benchmarks are the sections, in their order.
var benchmarks = []benchmark{
	{name: "policies", title: "What the policies cost", run: policies},
	{name: "calm", title: "Calm: exercise 5 beside exercise 1", run: calm},
	{name: "bounded", title: "Slow and black hole: no late answer", run: bounded},
	{name: "flaky", title: "Flaky: success, and a breaker that stays closed", run: flaky},
	{name: "outage", title: "Outage: fail fast, leave the database alone, come back", run: outage},
	{name: "startup", title: "Start-up", run: startup},
	{name: "memory", title: "The race: memory and processors", run: memory, long: true},
	{name: "flightsdb", title: "Flights database beside MariaDB", run: flightsDatabase, long: true},
	{name: "matrix", title: "The proof matrix", run: matrix, long: true},
}

// Names are the names of the benchmarks.
func Names() []string {
	var names []string
	for _, one := range benchmarks {
		names = append(names, one.name)
	}
	return names
}

// requireAll is the variable that turns everything missing into an error when it is 1, as in the tests.
const requireAll = "WORKSHOP_REQUIRE_ALL"

// errMissing says what a benchmark lacks here.
type errMissing string

func (e errMissing) Error() string { return string(e) + " is missing" }

// session is what the benchmarks of one run share.
type session struct {
	root     string
	short    bool
	progress io.Writer
	start    time.Time
	cfg      config.Infra
	settings experiment.Settings
	stack    *stack.Stack
	pairs    []load.Pair
}

// Run measures, one benchmark after the other, and returns the ledger. What cannot be measured here, because a program
// or data is missing, stands in the ledger as such; where WORKSHOP_REQUIRE_ALL is 1 it is an error.
func Run(ctx context.Context, options Options) (_ Ledger, err error) {
	for _, name := range options.Only {
		if !slices.Contains(Names(), name) {
			return Ledger{}, fmt.Errorf("there is no benchmark %q; choose among %s", name, strings.Join(Names(), ", "))
		}
	}
	s, err := open(ctx, options)
	if err != nil {
		return Ledger{}, err
	}
	defer func() { err = errors.Join(err, s.stack.Close()) }()
	ledger := Ledger{Date: s.start, Short: options.Short, Machine: machine()}
	if ledger.Versions, err = versions(ctx, s.root); err != nil {
		return Ledger{}, err
	}
	for _, one := range benchmarks {
		if !one.wanted(options) {
			continue
		}
		s.say("%s", one.title)
		section := Section{Name: one.name, Title: one.title}
		section.Rows, err = one.run(ctx, s)
		missing, lacks := errors.AsType[errMissing](err)
		switch {
		case ctx.Err() != nil:
			return Ledger{}, ctx.Err()
		case lacks && os.Getenv(requireAll) != "1":
			section.Missing = missing.Error()
			s.say("NOT MEASURED: %s", missing)
		case err != nil:
			return Ledger{}, fmt.Errorf("benchmark %s: %w", one.name, err)
		}
		ledger.Sections = append(ledger.Sections, section)
	}
	ledger.Took = time.Since(s.start)
	return ledger, nil
}

// open starts what the benchmarks share: one flights database with the sample.
func open(ctx context.Context, options Options) (*session, error) {
	s := &session{short: options.Short, progress: options.Progress, start: time.Now()}
	var err error
	if s.root, err = config.Root(); err != nil {
		return nil, err
	}
	if s.settings, err = experiment.LoadSettings(); err != nil {
		return nil, err
	}
	if s.cfg, err = config.Load[config.Infra](); err != nil {
		return nil, err
	}
	s.cfg = stack.Isolated(s.cfg)
	s.cfg.OpenFlightsDir = ""
	const pairs, seed = 200, 1
	s.pairs = load.Pairs(openflights.Sample(), pairs, seed)
	s.stack, err = stack.Start(ctx, s.cfg)
	return s, err
}

// say writes a line of progress, with the time since the start.
func (s *session) say(format string, args ...any) {
	fmt.Fprintf(s.progress, "%4.0f s  %s\n", time.Since(s.start).Seconds(), fmt.Sprintf(format, args...))
}

// pick is long, or short in a short run.
func pick[T any](s *session, long, short T) T {
	if s.short {
		return short
	}
	return long
}
