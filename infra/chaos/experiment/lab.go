package experiment

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/shared/config"
)

// DefaultSeed is the seed of every load unless another is asked for.
const DefaultSeed = 1

// tries is how often a run is repeated until it is valid.
const tries = 3

// Subject is the app under test.
type Subject struct {
	// Folder is how reports call it.
	Folder string
	// Binary is what app.Build returned.
	Binary string
}

// Lab is where experiments run: one flights database for all of them, and for each a meter, a Toxiproxy and an app of its
// own, all on free ports. Several runs may go on at the same time.
type Lab struct {
	// Settings are the policy values of every app.
	Settings Settings
	// Seed decides which connections the load asks for.
	Seed uint64

	cfg       config.Infra
	stack     *stack.Stack
	pairs     []load.Pair
	reference func() (float64, error)
}

// Open starts a lab; Close ends it. ctx bounds the measurement of the reference, too.
func Open(ctx context.Context, seed uint64) (*Lab, error) {
	settings, err := LoadSettings()
	if err != nil {
		return nil, err
	}
	cfg, err := config.Load[config.Infra]()
	if err != nil {
		return nil, err
	}
	// The experiments' database is the same everywhere.
	cfg = stack.Isolated(cfg)
	cfg.OpenFlightsDir = ""
	running, err := stack.Start(ctx, cfg)
	if err != nil {
		return nil, err
	}
	const pairs = 200
	lab := &Lab{
		Settings: settings, Seed: seed, cfg: cfg, stack: running,
		pairs: load.Pairs(openflights.Sample(), pairs, seed),
	}
	lab.reference = sync.OnceValues(func() (float64, error) { return lab.measureReference(ctx) })
	return lab, nil
}

// Close ends the lab's database.
func (l *Lab) Close() error { return l.stack.Close() }

// Experiment is the experiment of an exercise, 1 to 5, with the lab's settings.
func (l *Lab) Experiment(number int) (Experiment, error) {
	all := Experiments(l.Settings)
	if number < 1 || number > len(all) {
		return Experiment{}, fmt.Errorf("there is no exercise %d; choose 1 to %d", number, len(all))
	}
	return all[number-1], nil
}

// Run runs an experiment on an app. The error says that the environment is broken: the app does not start, or the
// experiment's own parts do not work.
func (l *Lab) Run(ctx context.Context, e Experiment, subject Subject) (*Run, error) {
	type measured struct {
		success float64
		err     error
	}
	beside := make(chan measured, 1)
	if e.Reference {
		go func() {
			success, err := l.reference()
			beside <- measured{success, err}
		}()
	}
	run, err := l.observe(ctx, e, subject)
	if err != nil {
		return nil, err
	}
	if e.Reference {
		reference := <-beside
		if reference.err != nil {
			return nil, fmt.Errorf("measure exercise 2 beside: %w", reference.err)
		}
		run.Reference = &reference.success
	}
	run.judge(e)
	return run, nil
}

// RunUntilValid is Run, repeated while the run is invalid, three times at most, with a pause for the machine to calm down.
func (l *Lab) RunUntilValid(ctx context.Context, e Experiment, subject Subject) (*Run, error) {
	for try := 1; ; try++ {
		run, err := l.Run(ctx, e, subject)
		if err != nil || run.Verdict != Invalid || try == tries {
			return run, err
		}
		awaitQuiet(ctx)
	}
}

// measureReference is the success rate of exercise 2 under the fault and load of E3.
func (l *Lab) measureReference(ctx context.Context) (float64, error) {
	root, err := config.Root()
	if err != nil {
		return 0, err
	}
	binary, err := app.Build(ctx, filepath.Join(root, "exercise2"))
	if err != nil {
		return 0, err
	}
	e, err := l.Experiment(3)
	if err != nil {
		return 0, err
	}
	e.Reference = false
	for range tries {
		run, err := l.observe(ctx, e, Subject{Folder: "exercise2", Binary: binary})
		if err != nil {
			return 0, err
		}
		if run.invalid() == "" {
			return Success(run.answers(flaky)), nil
		}
	}
	return 0, errors.New("no run of it was valid")
}

// observe runs the method once and writes down what happens. Whatever happens, the fault is gone and the app has ended
// when it returns.
func (l *Lab) observe(ctx context.Context, e Experiment, subject Subject) (_ *Run, err error) {
	run := &Run{Experiment: e.ID, Folder: subject.Folder, Started: time.Now(), Modules: modules(subject.Binary)}
	c := &cell{lab: l, run: run, start: run.Started}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := c.open(ctx, subject.Binary); err != nil {
		return run, err
	}
	for i, phase := range e.Method {
		if phase.Only != nil && !phase.Only(run) {
			continue
		}
		if err := c.conduct(ctx, phase); err != nil {
			return run, err
		}
		// Nothing is injected into an app that is not in its steady state.
		if i == 0 && (!steadyState(phase)(run).Passed || run.invalid() != "") || run.Died != "" {
			break
		}
	}
	run.sort()
	run.Took = c.now()
	run.Bytes = c.meter.Bytes()
	return run, nil
}

// modules are what matters of the modules that a binary was built with; none when that cannot be read.
func modules(binary string) []Version {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil
	}
	versions := []Version{{"go", info.GoVersion}}
	for _, module := range info.Deps {
		switch module.Path {
		case "github.com/failsafe-go/failsafe-go", "github.com/gin-gonic/gin", "gorm.io/gorm", "gorm.io/driver/mysql", "github.com/go-sql-driver/mysql":
			versions = append(versions, Version{module.Path, module.Version})
		}
	}
	return versions
}
