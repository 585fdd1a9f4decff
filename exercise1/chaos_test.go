package main

import (
	"net/http"
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
)

func TestBaselineBreaksUnderAnOutage(t *testing.T) {
	// Given the app in its steady state
	app, proxy := startApp(t)
	if got := call(app + lhrToJFK); got.status != http.StatusOK || !strings.Contains(got.body, "British Airways") {
		t.Fatalf("calm: got %d %s, want 200 with British Airways", got.status, got.body)
	}

	// When every connection to the database is dropped after 100 ms
	inject(t, proxy, "timeout", 1, toxiproxy.Attributes{"timeout": 100})

	// Then the user sees an error
	if got := call(app + lhrToJFK); got.status != http.StatusInternalServerError {
		t.Errorf("outage: got %d, want 500", got.status)
	}

	// And when the fault goes, the app serves again, with no restart
	calm(t, proxy)
	if got := call(app + lhrToJFK); got.status != http.StatusOK {
		t.Errorf("after the outage: got %d, want 200", got.status)
	}
}
