package load

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/shared/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var somePairs = []Pair{{"LHR", "JFK"}, {"JFK", "LHR"}, {"CDG", "FRA"}}

// answering serves status and remembers what was asked for.
func answering(t *testing.T, status int) (url string, asked func() []string) {
	t.Helper()
	var mutex sync.Mutex
	var queries []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		queries = append(queries, r.URL.RequestURI())
		mutex.Unlock()
		w.Header().Set("Retry-After", "4")
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []string {
		mutex.Lock()
		defer mutex.Unlock()
		return slices.Clone(queries)
	}
}

// results runs the load and collects what it reports.
func results(t *testing.T, ctx context.Context, options Options) []Result {
	t.Helper()
	var all []Result
	if err := Run(ctx, options, func(r Result) { all = append(all, r) }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRunSendsAtTheRate(t *testing.T) {
	url, asked := answering(t, http.StatusServiceUnavailable)
	got := results(t, t.Context(), Options{URL: url, Rate: 100, Duration: 500 * time.Millisecond, Pairs: somePairs})
	if len(got) != 50 || len(asked()) != 50 {
		t.Errorf("%d results of %d requests, want 50 of 50", len(got), len(asked()))
	}
	if took := got[len(got)-1].At.Sub(got[0].At); took < 400*time.Millisecond {
		t.Errorf("all sent within %s, want them spread over 490 ms", took)
	}
	for _, result := range got {
		if result.Status != 503 || result.RetryAfter != 4 || result.Outcome() != Rejected || result.Err != "" {
			t.Fatalf("got %+v, want a 503 with Retry-After 4, rejected", result)
		}
	}
}

func TestRunAsksTheSameOfEveryLane(t *testing.T) {
	var lanes [2][]string
	for i := range lanes {
		url, asked := answering(t, http.StatusOK)
		results(t, t.Context(), Options{URL: url, Rate: 200, Duration: 100 * time.Millisecond, Pairs: somePairs, Seed: 7})
		lanes[i] = asked()
		slices.Sort(lanes[i])
	}
	if !slices.Equal(lanes[0], lanes[1]) {
		t.Errorf("two lanes were asked\n%v\n%v", lanes[0], lanes[1])
	}
	if got := slices.Compact(lanes[0]); len(got) != len(somePairs) {
		t.Errorf("asked for %v, want every pair of %v", got, somePairs)
	}
}

func TestRunIsAnOpenLoop(t *testing.T) {
	const all = 80
	release := make(chan struct{})
	let := sync.OnceFunc(func() { close(release) })
	var waiting atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if waiting.Add(1) == all {
			let()
		}
		<-release
	}))
	t.Cleanup(server.Close)
	late := time.AfterFunc(5*time.Second, func() {
		t.Errorf("%d requests wait for a hanging app, want %d: waiting must not slow the load down", waiting.Load(), all)
		let()
	})
	got := results(t, t.Context(), Options{URL: server.URL, Rate: 200, Duration: 400 * time.Millisecond, Pairs: somePairs})
	late.Stop()
	if len(got) != all {
		t.Errorf("got %d results, want %d", len(got), all)
	}
}

func TestThrottleIsBounded(t *testing.T) {
	for set, want := range map[int]int{-1: 0, 7: 7, MaxRate + 1: MaxRate} {
		if got, _ := NewThrottle(set).now(); got != want {
			t.Errorf("a rate of %d is %d, want %d", set, got, want)
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(hang) })
	ctx, cancel := context.WithCancel(t.Context())
	var cancelled time.Time
	time.AfterFunc(200*time.Millisecond, func() { cancelled = time.Now(); cancel() })
	got := results(t, ctx, Options{URL: server.URL, Rate: 1, Pairs: somePairs})
	if took := time.Since(cancelled); took > 500*time.Millisecond {
		t.Errorf("ended %s after its context, want at once", took)
	}
	if len(got) != 0 {
		t.Errorf("reported %v, want nothing of what was cancelled", got)
	}
}

func TestRunTimesOut(t *testing.T) {
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(hang) })
	got := results(t, t.Context(), Options{
		URL: server.URL, Rate: 10, Duration: 100 * time.Millisecond, Pairs: somePairs, Timeout: 50 * time.Millisecond,
	})
	if len(got) != 1 || got[0].Outcome() != NoAnswer || got[0].Err != "no answer in time" {
		t.Errorf("got %+v, want one result: no answer in time", got)
	}
}

func TestRunSurvivesAnAppThatIsDown(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	got := results(t, t.Context(), Options{URL: server.URL, Rate: 100, Duration: 50 * time.Millisecond, Pairs: somePairs})
	if len(got) != 5 {
		t.Fatalf("%d results, want 5", len(got))
	}
	for _, result := range got {
		if result.Outcome() != NoAnswer || !strings.Contains(result.Err, "refused") {
			t.Errorf("got %+v, want no answer: connection refused", result)
		}
	}
}

func TestThrottlePausesAndResumes(t *testing.T) {
	url, asked := answering(t, http.StatusOK)
	throttle := NewThrottle(0)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, func() {
		if got := len(asked()); got != 0 {
			t.Errorf("%d requests while paused, want none", got)
		}
		throttle.Set(100)
	})
	time.AfterFunc(600*time.Millisecond, cancel)
	got := len(results(t, ctx, Options{URL: url, Throttle: throttle, Pairs: somePairs}))
	if got < 15 || got > 45 {
		t.Errorf("%d requests in 300 ms at 100 a second, want about 30: no burst for the pause", got)
	}
}

func TestRunRefusesNonsense(t *testing.T) {
	good := Options{URL: "http://127.0.0.1:1", Rate: 1, Pairs: somePairs}
	for name, spoil := range map[string]func(*Options){
		"no URL":   func(o *Options) { o.URL = "127.0.0.1:5000" },
		"no rate":  func(o *Options) { o.Rate = 0 },
		"fast":     func(o *Options) { o.Rate = MaxRate + 1 },
		"long":     func(o *Options) { o.Duration = MaxDuration + 1 },
		"no pairs": func(o *Options) { o.Pairs = nil },
	} {
		options := good
		spoil(&options)
		if err := Run(t.Context(), options, func(Result) {}); err == nil {
			t.Errorf("%s: ran, want an error", name)
		}
	}
}

func TestPairsAreDrawnFromTheDataset(t *testing.T) {
	data := openflights.Sample()
	first, again, other := Pairs(data, 50, 1), Pairs(data, 50, 1), Pairs(data, 50, 2)
	if len(first) != 50 || !slices.Equal(first, again) || slices.Equal(first, other) {
		t.Errorf("one seed gave %v and %v, another %v", first, again, other)
	}
	for _, pair := range first {
		if !slices.ContainsFunc(data.Routes, func(r model.Route) bool { return r.SrcAP == pair.From && r.DstAP == pair.To }) {
			t.Errorf("%v is no route of the dataset", pair)
		}
	}
}
