package main

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"

	"chaosworkshop/shared/lab"
)

// lhrToJFK is the request of every chaos test.
const lhrToJFK = "/api/flights/routes?from=LHR&to=JFK"

// startApp runs the whole app against a real flights database behind a real Toxiproxy. It returns the app's URL and the
// proxy to inject faults into.
func startApp(t *testing.T) (string, *toxiproxy.Proxy) {
	t.Helper()
	lab := lab.Start(t)
	app := lab.Environment(t)
	proxy, err := toxiproxy.NewClient(lab.Toxiproxy).Proxy("mysql_proxy")
	if err != nil {
		t.Fatal(err)
	}

	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the app ended with: %v", err)
		}
	})
	for range 100 {
		if answer := call(app + "/metrics"); answer.status == http.StatusOK {
			return app, proxy
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the app did not start")
	return "", nil
}

// answer is what a client sees of one request.
type answer struct {
	status int
	body   string
	header http.Header
	took   time.Duration
}

// call sends one request and gives up after 10 s; the status is 0 when there was no answer.
func call(url string) answer {
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	start := time.Now()
	response, err := client.Get(url)
	if err != nil {
		return answer{took: time.Since(start)}
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return answer{response.StatusCode, string(body), response.Header, time.Since(start)}
}

// inject adds a toxic to what the database sends back.
func inject(t *testing.T, proxy *toxiproxy.Proxy, kind string, toxicity float32, attributes toxiproxy.Attributes) {
	t.Helper()
	if _, err := proxy.AddToxic("", kind, "downstream", toxicity, attributes); err != nil {
		t.Fatal(err)
	}
}

// calm removes every toxic.
func calm(t *testing.T, proxy *toxiproxy.Proxy) {
	t.Helper()
	toxics, err := proxy.Toxics()
	if err != nil {
		t.Fatal(err)
	}
	for _, toxic := range toxics {
		if err := proxy.RemoveToxic(toxic.Name); err != nil {
			t.Fatal(err)
		}
	}
}
