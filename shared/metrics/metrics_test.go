package metrics

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// want checks that the metrics hold each line.
func want(t *testing.T, counts *Metrics, lines ...string) {
	t.Helper()
	answer := httptest.NewRecorder()
	counts.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range lines {
		if !strings.Contains(answer.Body.String(), line+"\n") {
			t.Errorf("the metrics hold no line %q", line)
		}
	}
	if t.Failed() {
		t.Log(answer.Body)
	}
}

func TestCountsStartAtZeroAndGoUp(t *testing.T) {
	counts := New()
	want(t, counts, "database_attempts_total 0", "database_retries_total 0", "database_dials_total 0")
	counts.Request(http.StatusOK, 3*time.Millisecond)
	counts.Request(http.StatusOK, 3*time.Second)
	counts.Request(http.StatusGatewayTimeout, time.Second)
	counts.Dial()
	want(t, counts, `http_requests_total{status="200"} 2`, `http_requests_total{status="504"} 1`, "database_dials_total 1",
		`http_request_duration_seconds_bucket{le="0.005"} 1`, "http_request_duration_seconds_count 3")
}

func TestRetriesAreCountedByRequest(t *testing.T) {
	counts := New()
	first, second := ForRequest(context.Background()), ForRequest(context.Background())
	for _, request := range []context.Context{first, second, first, first, context.Background()} {
		counts.Attempt(request)
	}
	want(t, counts, "database_attempts_total 5", "database_retries_total 2")
}

func TestBreakerIsInOneState(t *testing.T) {
	counts, state, failures := New(), "closed", uint(3)
	counts.Breaker(func() string { return state }, func() uint { return failures }, 12)
	want(t, counts, `circuit_breaker_state{state="closed"} 1`, `circuit_breaker_state{state="open"} 0`,
		"circuit_breaker_failures 3", "circuit_breaker_failure_threshold 12")
	state, failures = "open", 12
	want(t, counts, `circuit_breaker_state{state="closed"} 0`, `circuit_breaker_state{state="half-open"} 0`,
		`circuit_breaker_state{state="open"} 1`, "circuit_breaker_failures 12")
}

func TestBreakerTransitionsAreCounted(t *testing.T) {
	counts := New()
	counts.Breaker(func() string { return "open" }, func() uint { return 0 }, 12)
	want(t, counts, `circuit_breaker_transitions_total{from="half-open",to="closed"} 0`)
	counts.BreakerChanged("closed", "open")
	counts.BreakerChanged("closed", "open")
	want(t, counts, `circuit_breaker_transitions_total{from="closed",to="open"} 2`)
}

func TestCountingIsSafe(t *testing.T) {
	counts := New()
	ctx := ForRequest(context.Background())
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			counts.Attempt(ctx)
			counts.Request(http.StatusOK, time.Millisecond)
		})
	}
	group.Wait()
	want(t, counts, "database_attempts_total 50", "database_retries_total 49", `http_requests_total{status="200"} 50`)
}
