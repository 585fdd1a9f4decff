package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
)

func TestTimeoutBoundsASlowDatabase(t *testing.T) {
	// Given the app in its steady state
	app, proxy := startApp(t)
	if got := call(app + lhrToJFK); got.status != http.StatusOK || !strings.Contains(got.body, "British Airways") {
		t.Fatalf("calm: got %d %s, want 200 with British Airways", got.status, got.body)
	}

	// When every reply of the database is held back for good
	inject(t, proxy, "timeout", 1, toxiproxy.Attributes{"timeout": 0})

	// Then the user is told so in time, instead of waiting for ever
	got := call(app + lhrToJFK)
	if got.status != http.StatusGatewayTimeout {
		t.Errorf("black hole: got %d, want 504", got.status)
	}
	if got.took < time.Second || got.took > 2*time.Second {
		t.Errorf("black hole: answered after %s, want about 1 s", got.took)
	}

	// And when the fault goes, the app serves again
	calm(t, proxy)
	if got := call(app + lhrToJFK); got.status != http.StatusOK {
		t.Errorf("after the black hole: got %d, want 200", got.status)
	}
}
