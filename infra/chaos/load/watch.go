package load

import (
	"context"
	"sync"
	"time"
)

// Watch runs the load and calls each for every second that has passed, with the results of that second. breaker tells the
// state of the app's circuit breaker; Watch calls it twice a second. However the load ends, the summary holds all results.
func Watch(ctx context.Context, options Options, breaker func(context.Context) string, each func(Second)) (Summary, error) {
	summary := Summary{URL: options.URL, Rate: options.Rate, Seed: options.Seed, Started: time.Now()}
	var mutex sync.Mutex
	window, state := &Tally{}, ""
	second := func() {
		mutex.Lock()
		defer mutex.Unlock()
		outOfPorts := options.OutOfPorts != nil && window.Count() > 0 && window.Success() < 1 && options.OutOfPorts()
		summary.Seconds = append(summary.Seconds, Second{len(summary.Seconds) + 1, window.Numbers(), state, outOfPorts})
		each(summary.Seconds[len(summary.Seconds)-1])
		window = &Tally{}
	}
	watching, stop := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() {
		Every(watching, 500*time.Millisecond, func() {
			now := breaker(watching)
			mutex.Lock()
			defer mutex.Unlock()
			state = now
		})
	})
	beside.Go(func() {
		select {
		case <-time.After(time.Second):
			Every(watching, time.Second, second)
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
		second()
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
