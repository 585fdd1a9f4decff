package main

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"chaosworkshop/shared/stacktest"
)

func TestBreakerOpensThoughItsUsersHangUp(t *testing.T) {
	t.Parallel()
	stack := stacktest.Start(t)
	for _, test := range []struct {
		name     string
		timeout  int // The toxic's; with 0, no reply ever arrives.
		patience time.Duration
	}{
		{"outage", 100, 300 * time.Millisecond},
		{"black hole", 0, 2 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// Given the app in its steady state
			app := stack.Run(t, run, "DEADLINE=3s", "BREAKER_DELAY=3s")
			if got := app.Get(lhrToJFK); got.Status != http.StatusOK {
				t.Fatalf("calm: got %d, want 200", got.Status)
			}

			// When the database fails, and no user waits long enough to see it
			app.Inject(t, "timeout", 1, stacktest.Attributes{"timeout": test.timeout})
			var users sync.WaitGroup
			for range 20 {
				users.Go(func() {
					if got := app.GetFor(test.patience, lhrToJFK); got.Status != 0 {
						t.Errorf("got %d after %s, want a user who hangs up", got.Status, got.Took)
					}
				})
			}
			users.Wait()
			for waited := time.Now(); app.Metric(t, `circuit_breaker_state{state="open"}`) == 0; time.Sleep(20 * time.Millisecond) {
				if time.Since(waited) > 4*time.Second {
					t.Fatal("the breaker did not open within DEADLINE and a second")
				}
			}

			time.Sleep(time.Second) // Requests in flight when it opened still make their attempts.

			// Then the next user is told at once, and told when to come back, and the database is left alone
			before := app.Metric(t, "database_dials_total")
			got := app.Get(lhrToJFK)
			seconds, err := strconv.Atoi(got.Header.Get("Retry-After"))
			if got.Status != http.StatusServiceUnavailable || err != nil {
				t.Fatalf("got %d with Retry-After %q, want 503 and a time", got.Status, got.Header.Get("Retry-After"))
			}
			if got.Took > 500*time.Millisecond {
				t.Errorf("answered after %s, want at once", got.Took)
			}
			if after := app.Metric(t, "database_dials_total"); after != before {
				t.Errorf("dials while the breaker is open: got %v, want none", after-before)
			}

			// And when the fault is gone, the app serves again when it said it would
			app.Calm(t)
			time.Sleep(time.Duration(seconds) * time.Second)
			if got := app.Get(lhrToJFK); got.Status != http.StatusOK {
				t.Errorf("after the fault: got %d, want 200", got.Status)
			}
		})
	}
}
