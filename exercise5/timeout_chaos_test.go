package main

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"chaosworkshop/shared/stacktest"
)

func TestTimeoutBoundsABlackHole(t *testing.T) {
	t.Parallel()
	// Given the app in its steady state
	app := stacktest.Start(t).Run(t, run, "TIMEOUT=1s", "DEADLINE=1s")
	if got := app.Get(lhrToJFK); got.Status != http.StatusOK {
		t.Fatalf("calm: got %d, want 200", got.Status)
	}

	// When no reply of the database ever arrives
	app.Inject(t, "timeout", 1, stacktest.Attributes{"timeout": 0})

	// Then the user hears about it in time, instead of waiting for ever
	got := app.Get(lhrToJFK)
	if got.Status != http.StatusGatewayTimeout || got.Took < time.Second || got.Took > 1500*time.Millisecond {
		t.Errorf("black hole: got %d after %s, want 504 after 1 s", got.Status, got.Took)
	}

	// And when the fault is gone, the app serves again
	app.Calm(t)
	if got := app.Get(lhrToJFK); got.Status != http.StatusOK {
		t.Errorf("after the black hole: got %d, want 200", got.Status)
	}
}

func TestTinyTimeoutIsStillATimeout(t *testing.T) {
	t.Parallel()
	// Given an app that gives its database a millisecond
	app := stacktest.Start(t).Run(t, run, "TIMEOUT=1ms", "DEADLINE=1ms")

	// When many ask at once
	var users sync.WaitGroup
	for range 200 {
		users.Go(func() {
			// Then each is served in time or told that it took too long, and nothing else
			if got := app.Get(lhrToJFK); got.Status != http.StatusOK && got.Status != http.StatusGatewayTimeout && got.Status != http.StatusServiceUnavailable {
				t.Errorf("got %d %s, want 200 or 504, or 503 from an open breaker", got.Status, got.Body)
			}
		})
	}
	users.Wait()
}

func TestNoQueryWaitsForAConnectionBeyondTheTimeout(t *testing.T) {
	t.Parallel()
	// Given an app that opens two connections at most
	app := stacktest.Start(t).Run(t, run, "DB_MAX_OPEN_CONNS=2", "TIMEOUT=1s", "DEADLINE=1s")

	// When the database never answers on them, and eight users ask
	app.Inject(t, "timeout", 1, stacktest.Attributes{"timeout": 0})
	var users sync.WaitGroup
	for range 8 {
		users.Go(func() {
			// Then each hears about it in time, even those who waited for a connection
			if got := app.Get(lhrToJFK); got.Status != http.StatusGatewayTimeout || got.Took > 1500*time.Millisecond {
				t.Errorf("got %d after %s, want 504 after 1 s", got.Status, got.Took)
			}
		})
	}
	users.Wait()
	if got := app.Metric(t, "database_dials_total"); got > 4 {
		t.Errorf("dials: got %v, want 2 and at most as many more", got)
	}
}
