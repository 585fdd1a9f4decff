package load

import (
	"context"
	"math"
	"sync"
	"time"
)

// App is what an app says about itself. What it does not say is empty.
type App struct {
	// Name is the exercise, Breaker the state of its circuit breaker, Health what its health endpoint answers.
	Name, Breaker, Health string
	// Counts says that the app counts its dials and retries, Dials and Retries how many there were since its start.
	Counts         bool
	Dials, Retries int
}

// Watch runs the load and calls each for every second that has passed, with the results of that second. look asks the app about
// itself; Watch calls it at the end of each second. However the load ends, the summary holds all results.
func Watch(ctx context.Context, options Options, look func(context.Context) App, each func(Second)) (Summary, error) {
	summary := Summary{URL: Shown(options.URL), Rate: options.Rate, Seed: options.Seed, Started: time.Now()}
	var mutex sync.Mutex
	window, before, sent, sentBefore := &Tally{}, look(ctx), 0, 0
	tell := options.Sent
	options.Sent = func() {
		mutex.Lock()
		sent++
		mutex.Unlock()
		if tell != nil {
			tell()
		}
	}
	second := func(now App) {
		mutex.Lock()
		defer mutex.Unlock()
		one := Second{
			Second: len(summary.Seconds) + 1, Sent: sent - sentBefore, Numbers: window.Numbers(),
			App: now.Name, Breaker: now.Breaker, Health: now.Health,
		}
		one.OutOfPorts = options.OutOfPorts != nil && window.Count() > 0 && window.Success() < 1 && options.OutOfPorts()
		// Counters that fell are those of an app that was started meanwhile.
		if now.Counts && before.Counts && now.Dials >= before.Dials && now.Retries >= before.Retries && one.Sent > 0 {
			share := func(count int) *float64 {
				ratio := math.Round(100*float64(count)/float64(one.Sent)) / 100
				return &ratio
			}
			one.Dials, one.Retries = share(now.Dials-before.Dials), share(now.Retries-before.Retries)
		}
		summary.Seconds = append(summary.Seconds, one)
		each(one)
		window, before, sentBefore = &Tally{}, now, sent
	}
	watching, stop := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() {
		select {
		case <-time.After(time.Second):
			Every(watching, time.Second, func() {
				if now := look(watching); watching.Err() == nil {
					second(now)
				}
			})
		case <-watching.Done():
		}
	})
	err := Run(ctx, options, func(result Result) {
		mutex.Lock()
		defer mutex.Unlock()
		window.Add(result)
		summary.results = append(summary.results, result)
	})
	stop()
	beside.Wait()
	if window.Count() > 0 {
		second(look(context.WithoutCancel(ctx))) // After Ctrl-C, too: what the app counted belongs to this second.
	}
	summary.total()
	return summary, err
}

// Every calls do now and after each pause, until ctx ends.
func Every(ctx context.Context, pause time.Duration, do func()) {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for ctx.Err() == nil {
		do()
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}
