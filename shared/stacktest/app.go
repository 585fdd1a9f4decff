package stacktest

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2/client"
)

// Attributes are the numbers of a toxic.
type Attributes = toxiproxy.Attributes

// App is an app under test, whose database is behind a proxy that no other app uses.
type App struct {
	// URL is where the app listens, without a path.
	URL   string
	proxy *toxiproxy.Proxy
}

// environment guards the environment of the process, of which there is only one: an app reads it while it starts.
var environment sync.Mutex

// Run runs the whole app until the test ends, with the default settings except for the given ones (NAME=value).
func (s *Stack) Run(t testing.TB, run func(context.Context) error, chosen ...string) *App {
	t.Helper()
	port := freePort(t)
	proxy, err := toxiproxy.NewClient(s.Toxiproxy).CreateProxy("app_"+port, "127.0.0.1:0", s.Database)
	if err != nil {
		t.Fatal(err)
	}
	host, proxyPort, err := net.SplitHostPort(proxy.Listen)
	if err != nil {
		t.Fatal(err)
	}
	app := &App{URL: "http://127.0.0.1:" + port, proxy: proxy}

	environment.Lock()
	defer environment.Unlock()
	own := append([]string{"BIND=127.0.0.1", "PORT=" + port, "DB_HOST=" + host, "DB_PORT=" + proxyPort}, chosen...)
	defer setenv(t, settings(t, s.root, own...))()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the app ended with: %v", err)
		}
		if err := proxy.Delete(); err != nil {
			t.Errorf("remove the proxy: %v", err)
		}
	})
	for range 250 {
		if app.Get("/metrics").Status == http.StatusOK {
			return app
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the app did not start")
	return nil
}

// freePort is a port that nobody listens on. It lies below those that systems give to outgoing connections, so that nobody
// takes it before the app.
func freePort(t testing.TB) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(20000 + rand.IntN(10000))
		if listener, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			listener.Close()
			return port
		}
	}
	t.Fatal("found no free port from 20000 to 29999")
	return ""
}

// Answer is what a user sees of one request; Status is 0 when no answer came.
type Answer struct {
	Status int
	Body   string
	Header http.Header
	Took   time.Duration
}

// Get sends one request, like a user who waits for 10 s.
func (a *App) Get(path string) Answer { return a.GetFor(10*time.Second, path) }

// GetFor sends one request, like a user who hangs up when patience is over.
func (a *App) GetFor(patience time.Duration, path string) Answer {
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	start := time.Now()
	response, err := client.Get(a.URL + path)
	if err != nil {
		return Answer{Took: time.Since(start)}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{Took: time.Since(start)}
	}
	return Answer{response.StatusCode, string(body), response.Header, time.Since(start)}
}

// Metric is the value of one line of the app's /metrics, such as "database_dials_total".
func (a *App) Metric(t testing.TB, name string) float64 {
	t.Helper()
	for line := range strings.Lines(a.Get("/metrics").Body) {
		if text, ok := strings.CutPrefix(line, name+" "); ok {
			value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil {
				t.Fatal(err)
			}
			return value
		}
	}
	t.Fatalf("the metrics have no line %s", name)
	return 0
}

// Inject adds a toxic of that kind to what the database sends back, for that share of the connections.
func (a *App) Inject(t testing.TB, kind string, toxicity float32, attributes Attributes) {
	t.Helper()
	if _, err := a.proxy.AddToxic("", kind, "downstream", toxicity, attributes); err != nil {
		t.Fatal(err)
	}
}

// Calm removes every toxic.
func (a *App) Calm(t testing.TB) {
	t.Helper()
	toxics, err := a.proxy.Toxics()
	if err != nil {
		t.Fatal(err)
	}
	for _, toxic := range toxics {
		if err := a.proxy.RemoveToxic(toxic.Name); err != nil {
			t.Fatal(err)
		}
	}
}
