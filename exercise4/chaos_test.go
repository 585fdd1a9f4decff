package main

import (
	"net/http"
	"strings"
	"testing"

	"chaosworkshop/shared/stacktest"
)

func TestAppComesThroughAnOutage(t *testing.T) {
	t.Parallel()
	// Given the app in its steady state
	app := stacktest.Start(t).Run(t, run)
	if got := app.Get(lhrToJFK); got.Status != http.StatusOK || !strings.Contains(got.Body, "British Airways") {
		t.Fatalf("calm: got %d %s, want 200 with British Airways", got.Status, got.Body)
	}

	// When every connection to the database is dropped after 100 ms
	app.Inject(t, "timeout", 1, stacktest.Attributes{"timeout": 100})

	// Then the user sees an error
	if got := app.Get(lhrToJFK); got.Status != http.StatusInternalServerError {
		t.Errorf("outage: got %d, want 500", got.Status)
	}

	// And when the fault is gone, the app serves again, without a restart
	app.Calm(t)
	if got := app.Get(lhrToJFK); got.Status != http.StatusOK {
		t.Errorf("after the outage: got %d, want 200", got.Status)
	}
}
