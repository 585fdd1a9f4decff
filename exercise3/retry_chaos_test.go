package main

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"chaosworkshop/shared/stacktest"
)

func TestRetryHealsAFlakyDatabase(t *testing.T) {
	t.Parallel()
	// Given the app in its steady state
	app := stacktest.Start(t).Run(t, run)
	if got := app.Get(lhrToJFK); got.Status != http.StatusOK {
		t.Fatalf("calm: got %d, want 200", got.Status)
	}

	// When four connections in five go silent and are closed after 500 ms
	app.Inject(t, "timeout", 0.8, stacktest.Attributes{"timeout": 500})

	// Then most users do not notice
	var served atomic.Int32
	var users sync.WaitGroup
	for range 24 {
		users.Go(func() {
			if app.Get(lhrToJFK).Status == http.StatusOK {
				served.Add(1)
			}
		})
	}
	users.Wait()
	if got := served.Load(); got < 13 {
		t.Errorf("flaky: served %d of 24, want most", got)
	}

	// And when the fault is gone, one request is one attempt, and one attempt is one connection
	app.Calm(t)
	before := app.Metric(t, "database_dials_total")
	if got := app.Get(lhrToJFK); got.Status != http.StatusOK {
		t.Errorf("after the flaky fault: got %d, want 200", got.Status)
	}
	if got := app.Metric(t, "database_dials_total") - before; got != 1 {
		t.Errorf("dials in calm: got %v, want 1", got)
	}
}
