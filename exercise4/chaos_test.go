package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
)

func TestBreakerFailsFastInAnOutage(t *testing.T) {
	// Given the app in its steady state
	t.Setenv("BREAKER_DELAY", "2s")
	app, proxy := startApp(t)
	if got := call(app + lhrToJFK); got.status != http.StatusOK || !strings.Contains(got.body, "British Airways") {
		t.Fatalf("calm: got %d %s, want 200 with British Airways", got.status, got.body)
	}

	// When every connection to the database is dropped after 100 ms, and enough requests have failed
	inject(t, proxy, "timeout", 1, toxiproxy.Attributes{"timeout": 100})
	var clients sync.WaitGroup
	for range 12 {
		clients.Go(func() { call(app + lhrToJFK) })
	}
	clients.Wait()

	// Then the next user is told at once, and told when to come back
	got := call(app + lhrToJFK)
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("outage: got %d with Retry-After %q, want 503 and a time", got.status, got.header.Get("Retry-After"))
	}
	if got.took > 500*time.Millisecond {
		t.Errorf("outage: answered after %s, want at once", got.took)
	}

	// And when the fault goes, the app serves again as soon as the breaker's delay is over
	calm(t, proxy)
	time.Sleep(2 * time.Second)
	if got := call(app + lhrToJFK); got.status != http.StatusOK {
		t.Errorf("after the outage: got %d, want 200", got.status)
	}
}
