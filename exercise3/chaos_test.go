package main

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
)

func TestRetryHealsAFlakyDatabase(t *testing.T) {
	// Given the app in its steady state
	app, proxy := startApp(t)
	if got := call(app + lhrToJFK); got.status != http.StatusOK || !strings.Contains(got.body, "British Airways") {
		t.Fatalf("calm: got %d %s, want 200 with British Airways", got.status, got.body)
	}

	// When four connections in five go silent and are closed after 500 ms
	inject(t, proxy, "timeout", 0.8, toxiproxy.Attributes{"timeout": 500})

	// Then most users do not notice
	var served atomic.Int32
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range 5 {
				if call(app+lhrToJFK).status == http.StatusOK {
					served.Add(1)
				}
			}
		})
	}
	clients.Wait()
	if got := served.Load(); got < 22 {
		t.Errorf("flaky: served %d of 40, want most", got)
	}

	// And when the fault goes, the app serves again
	calm(t, proxy)
	if got := call(app + lhrToJFK); got.status != http.StatusOK {
		t.Errorf("after the flaky fault: got %d, want 200", got.status)
	}
}
