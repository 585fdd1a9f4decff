package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
)

func TestHealthFollowsAnOutage(t *testing.T) {
	// Given the app in its steady state
	t.Setenv("BREAKER_DELAY", "2s")
	app, proxy := startApp(t)
	if got := call(app + "/health/"); got.status != http.StatusOK || !strings.Contains(got.body, "Closed") {
		t.Fatalf("calm: got %d %s, want 200 with a closed breaker", got.status, got.body)
	}

	// When every connection to the database is dropped after 100 ms, and enough requests have failed
	inject(t, proxy, "timeout", 1, toxiproxy.Attributes{"timeout": 100})
	var clients sync.WaitGroup
	for range 12 {
		clients.Go(func() { call(app + lhrToJFK) })
	}
	clients.Wait()

	// Then the health check says so, in time
	got := call(app + "/health/")
	if got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "Circuit breaker is currently Open.") {
		t.Errorf("outage: got %d %s, want 503 with an open breaker", got.status, got.body)
	}
	if got.took > time.Second {
		t.Errorf("outage: answered after %s, want at most a second", got.took)
	}

	// And when the fault goes, the app is healthy again after the breaker's delay, without a single user
	calm(t, proxy)
	time.Sleep(2500 * time.Millisecond)
	if got := call(app + "/health/"); got.status != http.StatusOK || !strings.Contains(got.body, "Closed") {
		t.Errorf("after the outage: got %d %s, want 200 with a closed breaker", got.status, got.body)
	}
}
