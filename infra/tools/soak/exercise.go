package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/infra/tools/stages"
)

// exercise is an app behind its own proxy, and what became of it.
type exercise struct {
	process
	app   *app.Process
	proxy toxi.Proxy
	toxi  *toxi.Client

	goroutines [2]int // At rest, before and after.
	back       time.Duration
	serves     bool

	mutex   sync.Mutex
	summary *load.Tally
	faults  map[string]int
	fault   string // In place now.
}

// startExercise starts the exercise in the folder.
func startExercise(ctx context.Context, dir string, stack *stack.Stack, password string) (*exercise, error) {
	binary, err := app.Build(ctx, dir)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(dir)
	proxy, err := stack.Toxi.Create(ctx, name, "127.0.0.1:0", stack.Database())
	if err != nil {
		return nil, err
	}
	env, err := app.Env(proxy.Listen, password)
	if err != nil {
		return nil, err
	}
	app, err := app.Start(ctx, app.Options{Binary: binary, Env: env})
	if err != nil {
		return nil, err
	}
	return &exercise{
		process: process{name: name, pid: app.PID()}, app: app, proxy: proxy, toxi: stack.Toxi.Client,
		summary: &load.Tally{}, faults: map[string]int{}, fault: calm,
	}, nil
}

// calm stands for no fault.
const calm = "calm"

// begin makes the app do everything once and measures it at rest.
func (e *exercise) begin(ctx context.Context) (err error) {
	if _, serves := awaitService(ctx, e.app.URL, 0); !serves {
		return fmt.Errorf("%s does not serve in calm", e.name)
	}
	e.goroutines[0], err = e.atRest(ctx)
	e.before()
	return err
}

// soak applies the load and the planned faults, and returns when both are over.
func (e *exercise) soak(ctx context.Context, s *soak) error {
	var group errgroup.Group
	group.Go(func() error {
		return load.Run(ctx, load.Options{URL: e.app.URL, Rate: s.Rate, Duration: s.Duration, Pairs: s.pairs, Seed: s.Seed}, func(result load.Result) {
			e.mutex.Lock()
			defer e.mutex.Unlock()
			e.summary.Add(result)
		})
	})
	group.Go(func() error {
		began := time.Now()
		for _, next := range plan(s.Seed, slices.Index(stages.Names, e.name), s.Duration) {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(time.Until(began.Add(next.at))):
			}
			e.meet(next.fault.Name)
			if err := e.toxi.InjectFor(ctx, e.proxy.Name, next.fault, time.Until(began.Add(next.at+next.lasts))); err != nil {
				return fmt.Errorf("inject %s: %w", next.fault.Name, err)
			}
			e.meet(calm)
		}
		return nil
	})
	return group.Wait()
}

// meet notes what is in place now.
func (e *exercise) meet(fault string) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.fault = fault; fault != calm {
		e.faults[fault]++
	}
}

// settle measures the app again when it has come to rest.
func (e *exercise) settle(ctx context.Context) {
	for end := time.Now().Add(settle); ; {
		// An app that does not answer has ended, and that is a finding of its own.
		e.goroutines[1], _ = e.atRest(ctx)
		if e.goroutines[1] > 0 && e.goroutines[1] <= e.goroutines[0] || time.Now().After(end) || ctx.Err() != nil {
			break
		}
	}
	e.process.settle(ctx)
}

// atRest is the number of the app's goroutines: the median of some readings, for the collection of metrics has goroutines
// of its own, of which a reading sees more or fewer.
func (e *exercise) atRest(ctx context.Context) (int, error) {
	var seen [9]int
	for i := range seen {
		metrics, err := e.app.Metrics(ctx)
		if err != nil {
			return 0, err
		}
		seen[i] = metrics.Goroutines
		time.Sleep(30 * time.Millisecond)
	}
	slices.Sort(seen[:])
	return seen[len(seen)/2], nil
}

// awaitService asks the app until it gives 20 good answers in a row, the first of them within the bound, and returns how
// long that took; false when it did not.
func awaitService(ctx context.Context, url string, bound time.Duration) (time.Duration, bool) {
	for began := time.Now(); ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		asked := time.Since(began)
		good, first := 0, time.Duration(0)
		for good < 20 && ask(ctx, url) == nil {
			if good++; good == 1 {
				first = time.Since(began)
			}
		}
		if good == 20 {
			return first, bound == 0 || first <= bound
		}
		if asked >= bound {
			return asked, false
		}
	}
	return 0, false
}

// ask sends one request over a connection of its own and reads the whole answer. The error says that it is not a 200.
func ask(ctx context.Context, url string) error {
	client := http.Client{Timeout: load.DefaultTimeout, Transport: &http.Transport{DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/flights/routes?from=LHR&to=JFK", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}
