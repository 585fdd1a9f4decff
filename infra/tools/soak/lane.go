package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/toxi"
)

// recovery is how soon after its breaker's delay an app must serve again.
const recovery = 2 * time.Second

// steady is how many good answers in a row show that an app has recovered.
const steady = 20

// lane is one exercise behind its own proxy.
type lane struct {
	name  string
	app   *app.Process
	proxy toxi.Proxy
	toxi  *toxi.Client
	meter *meter

	goroutines [2]int // Before and after.
	recovered  time.Duration
	steady     bool

	mutex   sync.Mutex
	summary *load.Tally
	faults  map[string]int
	fault   string // In place now.
}

// begin makes the app do everything once and measures it at rest.
func (l *lane) begin(ctx context.Context) error {
	for range steady {
		if status, err := l.ask(ctx); err != nil || status != http.StatusOK {
			return errors.Join(fmt.Errorf("%s does not serve in calm: it answers %d", l.name, status), err)
		}
	}
	var err error
	l.goroutines[0], err = l.atRest(ctx)
	l.meter.before()
	return err
}

// soak applies the load and the planned faults, and returns when both are over.
func (l *lane) soak(ctx context.Context, lab *lab, options Options) error {
	var group sync.WaitGroup
	var loaded, struck error
	group.Go(func() {
		loaded = load.Run(ctx, load.Options{
			URL: l.app.URL, Rate: options.Rate, Duration: options.Duration, Pairs: lab.pairs, Seed: options.Seed,
		}, l.add)
	})
	group.Go(func() {
		struck = l.strike(ctx, plan(options.Seed, slices.Index(stages, l.name), options.Duration))
	})
	group.Wait()
	return errors.Join(loaded, struck)
}

// add counts an answer.
func (l *lane) add(result load.Result) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.summary.Add(result)
}

// strike injects each fault when it is due.
func (l *lane) strike(ctx context.Context, strikes []strike) error {
	began := time.Now()
	for _, next := range strikes {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(began.Add(next.at))):
		}
		l.meet(next.fault.Name)
		err := l.toxi.InjectFor(ctx, l.proxy.Name, next.fault, time.Until(began.Add(next.at+next.lasts)))
		l.meet("")
		if err != nil {
			return fmt.Errorf("inject %s: %w", next.fault.Name, err)
		}
	}
	return nil
}

// meet notes the fault that is in place now.
func (l *lane) meet(fault string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.fault = fault; fault != "" {
		l.faults[fault]++
	}
}

// describe adds the lane to what is going on.
func (l *lane) describe(progress *Progress) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	progress.Answered += l.summary.Count()
	progress.OK += l.summary.Of(load.OK)
	progress.Faults = append(progress.Faults, l.fault)
}

// recover asks the app until it serves again, and then whether it goes on to.
func (l *lane) recover(ctx context.Context, bound time.Duration) error {
	began := time.Now()
	for time.Since(began) < bound+recovery && !l.steady {
		if status, _ := l.ask(ctx); status == http.StatusOK {
			l.recovered = time.Since(began)
			l.steady = l.serves(ctx, steady)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// serves tells whether the next n answers are good.
func (l *lane) serves(ctx context.Context, n int) bool {
	for range n {
		if status, err := l.ask(ctx); err != nil || status != http.StatusOK {
			return false
		}
	}
	return true
}

// after measures the app at rest again.
func (l *lane) after(ctx context.Context) {
	end := time.Now().Add(settle)
	for {
		// An app that answers no more has ended, and that is a finding of its own.
		l.goroutines[1], _ = l.atRest(ctx)
		if l.goroutines[1] <= l.goroutines[0] && l.goroutines[1] > 0 || time.Now().After(end) || ctx.Err() != nil {
			break
		}
	}
	l.meter.after(ctx)
}

// looks is how often the number of goroutines is read for one figure.
const looks = 9

// atRest is the number of the app's goroutines when nothing is asked of it: the median of some looks, for the collection of
// the metrics has goroutines of its own, which a look sees more or less of.
func (l *lane) atRest(ctx context.Context) (int, error) {
	var seen [looks]int
	for i := range seen {
		metrics, err := l.app.Metrics(ctx)
		if err != nil {
			return 0, err
		}
		seen[i] = metrics.Goroutines
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(30 * time.Millisecond):
		}
	}
	slices.Sort(seen[:])
	return seen[looks/2], nil
}

// ask sends one request over a connection of its own and reads the whole answer.
func (l *lane) ask(ctx context.Context) (status int, err error) {
	return ask(ctx, l.app.URL)
}

// ask sends one request to the app at the address over a connection of its own and reads the whole answer.
func ask(ctx context.Context, address string) (status int, err error) {
	client := http.Client{Timeout: load.DefaultTimeout, Transport: &http.Transport{DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/api/flights/routes?from=LHR&to=JFK", nil)
	if err != nil {
		return 0, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, err
	}
	return response.StatusCode, nil
}

// hostOf is the host and port of a URL.
func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return strings.TrimPrefix(address, "http://")
	}
	return parsed.Host
}
