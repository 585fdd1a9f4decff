package bench

import (
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chaosworkshop/infra/chaos/load"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const goTestOutput = `goos: linux
pkg: chaosworkshop/exercise5
cpu: a processor
BenchmarkPolicies-2   	  140599	      7646 ns/op	    2056 B/op	      36 allocs/op
BenchmarkPolicies-2   	  140599	      7000 ns/op	    2056 B/op	      36 allocs/op
BenchmarkPolicies-2   	  140599	      9000 ns/op	    2056 B/op	      36 allocs/op
PASS
pkg: chaosworkshop/infra/lab/flightsdb
BenchmarkRoutes/kept-2 	    3000	       457.0 flightsdb-µs	       218.0 mariadb-µs	         2.100 ratio
PASS
`

func TestParse(t *testing.T) {
	found, err := parse([]byte(goTestOutput))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, unit string
		want       float64
	}{
		{"exercise5.Policies", "ns/op", 7646},
		{"exercise5.Policies", "allocs/op", 36},
		{"infra/lab/flightsdb.Routes/kept", "mariadb-µs", 218},
	} {
		if got, err := found.median(test.name, test.unit); err != nil || got != test.want {
			t.Errorf("%s of %s: got %v, %v, want %v", test.unit, test.name, got, err, test.want)
		}
	}
	if _, err := found.median("exercise5.Policies", "miles"); err == nil {
		t.Error("a unit that nobody reported: got no error")
	}
	if _, err := parse([]byte("PASS\n")); err == nil {
		t.Error("an output without benchmarks: got no error")
	}
}

func TestQuantile(t *testing.T) {
	var all []time.Duration
	for i := range 100 {
		all = append(all, time.Duration(100-i)*time.Millisecond)
	}
	for q, want := range map[float64]float64{0.5: 50, 0.99: 99, 1: 100, 0: 1} {
		if got := quantile(all, q); got != want {
			t.Errorf("quantile %v: got %v ms, want %v", q, got, want)
		}
	}
	if got := quantile(nil, 0.5); !math.IsNaN(got) {
		t.Errorf("quantile of nothing: got %v, want no number", got)
	}
}

func TestClosedLoop(t *testing.T) {
	var asked, now, most atomic.Int64
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		if asked.Add(1)%2 == 0 {
			w.WriteHeader(http.StatusGatewayTimeout)
		}
	}))
	defer app.Close()
	var sent atomic.Int64
	answers := closedLoop(t.Context(), 4, app.URL, []load.Pair{{From: "LHR", To: "JFK"}}, func() bool { return sent.Add(1) <= 40 })
	if got, want := len(answers), 40; got != want {
		t.Errorf("answers: got %d, want %d", got, want)
	}
	if got, want := success(answers), 50.0; got != want {
		t.Errorf("success: got %v %%, want %v", got, want)
	}
	if got, want := most.Load(), int64(4); got > want {
		t.Errorf("requests at once: got %d, want at most %d", got, want)
	}
}

func TestJournalCountsTurns(t *testing.T) {
	log := &journal{}
	for _, line := range []string{
		"2026/01/02 03:04:05 INFO request method=GET url=/ status=503 took=1ms",
		"2026/01/02 03:04:05 WARN breaker from=closed to=open failures=12",
		"2026/01/02 03:04:10 WARN breaker from=open to=half-open failures=0",
		"2026/01/02 03:04:11 WARN breaker from=half-open to=open failures=1",
	} {
		log.Write([]byte(line + "\n"))
	}
	for state, want := range map[string]int{"open": 2, "half-open": 1, "closed": 0} {
		if got := log.turns(state); got != want {
			t.Errorf("turns to %s: got %d, want %d", state, got, want)
		}
	}
}

func TestSkippedBenchmarkIsMissing(t *testing.T) {
	found := skipped.FindStringSubmatch("    bench_test.go:94: SKIPPED, NOTHING WAS TESTED: MariaDB (Debian's package mariadb-server) is missing")
	if len(found) != 2 || !strings.HasPrefix(found[1], "MariaDB") {
		t.Errorf("got %q, want what is missing", found)
	}
}

func TestUnknownBenchmark(t *testing.T) {
	_, err := Run(t.Context(), Options{Only: []string{"clam"}, Progress: &strings.Builder{}})
	if err == nil || !strings.Contains(err.Error(), "calm") {
		t.Errorf("got %v, want the names there are", err)
	}
}

func TestSeconds(t *testing.T) {
	for text, want := range map[string]float64{"00:00:07": 7, "01:02:03": 3723, "0:07.25": 7.25, "?": 0} {
		if got := seconds(text); got != want {
			t.Errorf("%q: got %g, want %g", text, got, want)
		}
	}
}
