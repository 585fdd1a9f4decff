package main

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chaosworkshop/shared/stacktest"
)

// watched is an app under a fault, with users, and with somebody who asks for its health.
type watched struct {
	name     string
	toxic    string
	toxicity float32
	numbers  stacktest.Attributes

	app            *stacktest.App
	sent, served   atomic.Int32
	polls, healthy int // In the second half, when the health has had time to follow.
}

// load sends 8 requests a second.
func (w *watched) load(until time.Time) {
	var users sync.WaitGroup
	for time.Now().Before(until) {
		w.sent.Add(1)
		users.Go(func() {
			if got := w.app.Get(lhrToJFK); got.Status == 200 && strings.Contains(got.Body, "British Airways") {
				w.served.Add(1)
			}
		})
		time.Sleep(125 * time.Millisecond)
	}
	users.Wait()
}

// watch asks for the health, and reports an answer that takes longer than a second.
func (w *watched) watch(t *testing.T, from, until time.Time) {
	for time.Now().Before(until) {
		got := w.app.Get("/health/")
		if got.Took > 1200*time.Millisecond {
			t.Errorf("%s: /health/ answered after %s, want within a second", w.name, got.Took)
		}
		if time.Now().After(from) {
			w.polls++
			if got.Status == 200 {
				w.healthy++
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func TestHealthAgreesWithService(t *testing.T) {
	t.Parallel()
	stack := stacktest.Start(t)
	faults := []*watched{
		{name: "slow", toxic: "latency", toxicity: 1, numbers: stacktest.Attributes{"latency": 100, "jitter": 900}},
		{name: "flaky", toxic: "timeout", toxicity: 0.8, numbers: stacktest.Attributes{"timeout": 500}},
		{name: "cut", toxic: "limit_data", toxicity: 1, numbers: stacktest.Attributes{"bytes": 128}},
		{name: "outage", toxic: "timeout", toxicity: 1, numbers: stacktest.Attributes{"timeout": 100}},
		{name: "black hole", toxic: "timeout", toxicity: 1, numbers: stacktest.Attributes{"timeout": 0}},
	}
	// Given apps that are healthy
	for _, w := range faults {
		w.app = stack.Run(t, run)
		if got := w.app.Get("/health/"); got.Status != 200 || !strings.Contains(got.Body, `"name":"mysql","status":"Healthy","description":""`) {
			t.Fatalf("calm: got %d %s, want it healthy", got.Status, got.Body)
		}
	}

	// When each meets a fault of its own
	var running sync.WaitGroup
	start := time.Now()
	for _, w := range faults {
		w.app.Inject(t, w.toxic, w.toxicity, w.numbers)
		running.Go(func() { w.load(start.Add(8 * time.Second)) })
		running.Go(func() { w.watch(t, start.Add(6*time.Second), start.Add(9*time.Second)) })
	}
	running.Wait()

	// Then an app that serves its users is not unhealthy, and one that serves nobody is
	for _, w := range faults {
		share := float64(w.served.Load()) / float64(w.sent.Load())
		t.Logf("%s: served %.0f %%, healthy in %d of %d polls", w.name, 100*share, w.healthy, w.polls)
		switch {
		case share > 0.5 && w.healthy < w.polls:
			t.Errorf("%s: served %.0f %%, and healthy in %d of %d polls, want all", w.name, 100*share, w.healthy, w.polls)
		case share == 0 && w.healthy > 0:
			t.Errorf("%s: served nobody, and healthy in %d of %d polls, want none", w.name, w.healthy, w.polls)
		case share > 0 && share <= 0.5:
			t.Errorf("%s: served %.0f %%, want most users or none", w.name, 100*share)
		}
	}

	// And when the fault is gone, each is healthy again, without a single user
	for _, w := range faults {
		w.app.Calm(t)
	}
	calm := time.Now()
	for _, w := range faults {
		for got := w.app.Get("/health/"); !strings.HasPrefix(got.Body, `{"status":"Healthy"`); got = w.app.Get("/health/") {
			if time.Since(calm) > 8*time.Second { // BREAKER_DELAY and a tenth, and 2 s for the check.
				t.Errorf("%s: %s after the fault: got %d %s, want it healthy", w.name, time.Since(calm), got.Status, got.Body)
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}
