package load

import (
	"context"
	"sync"
	"time"
)

// Watch runs the load and calls each for every second that has passed, with what came back in it. breaker tells the
// state of the app's circuit breaker; it is asked once a second. However the load ends, the report holds what there was.
func Watch(ctx context.Context, options Options, breaker func(context.Context) string, each func(Second)) (Report, error) {
	report := Report{URL: options.URL, Rate: options.Rate, Seed: options.Seed, Started: time.Now()}
	results := make(chan Result, MaxRate)
	failed := make(chan error, 1)
	go func() {
		defer close(results)
		failed <- Run(ctx, options, func(result Result) { results <- result })
	}()

	asking, stop := context.WithCancel(ctx)
	var asked sync.WaitGroup
	defer asked.Wait()
	defer stop()
	state := ""
	states := make(chan string)
	asked.Go(func() { poll(asking, breaker, states) })

	total, window := NewSummary(), NewSummary()
	second := func() {
		report.Seconds = append(report.Seconds, newSecond(len(report.Seconds)+1, window, state))
		each(report.Seconds[len(report.Seconds)-1])
		window = NewSummary()
	}
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case result, more := <-results:
			if !more {
				if window.Count() > 0 {
					second()
				}
				report.total(total)
				return report, <-failed
			}
			total.Add(result)
			window.Add(result)
			report.results = append(report.results, result)
		case state = <-states:
		case <-ticker.C:
			second()
		}
	}
}

// poll asks for the breaker's state twice a second and passes it on, until ctx ends.
func poll(ctx context.Context, breaker func(context.Context) string, states chan<- string) {
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case states <- breaker(ctx):
		case <-ctx.Done():
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
