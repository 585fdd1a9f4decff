package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// newHealthApp is an app with health checks, whose database answers ping; it counts the pings.
func newHealthApp(ping func(context.Context) error) (app http.Handler, breaker circuitbreaker.CircuitBreaker[[]flight], pings func() int) {
	var mutex sync.Mutex
	count := 0
	breaker = newBreaker(policies{BreakerFailures: 1, BreakerDelay: breakerDelay})
	router := newRouter(findBritishAirways)
	serveHealth(router, func(ctx context.Context) error {
		mutex.Lock()
		count++
		mutex.Unlock()
		return ping(ctx)
	}, breaker)
	return router, breaker, func() int {
		mutex.Lock()
		defer mutex.Unlock()
		return count
	}
}

func wantHealth(t *testing.T, app http.Handler, code int, status, mysql, circuit string) {
	t.Helper()
	answer := get(t.Context(), app, "/health/")
	if answer.Code != code {
		t.Errorf("code: got %d, want %d", answer.Code, code)
	}
	var got healthReport
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Status != status || got.Checks[0].Status != mysql || got.Checks[1].Description != circuit {
		t.Errorf("health: got %+v, want %s, mysql %s, %s", got, status, mysql, circuit)
	}
	if got.Checks[0].Name != "mysql" || got.Checks[1].Name != "circuitBreaker" {
		t.Errorf("checks: got %+v, want mysql and circuitBreaker", got.Checks)
	}
}

const (
	isClosed   = "Circuit breaker is currently Closed."
	isHalfOpen = "Circuit breaker is currently HalfOpen."
	isOpen     = "Circuit breaker is currently Open."
)

func up(context.Context) error { return nil }

func down(context.Context) error { return errors.New("root:s3cret@tcp broke") }

func TestHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, _, _ := newHealthApp(up)
		wantHealth(t, app, http.StatusOK, "Healthy", "Healthy", isClosed)
		if got := get(t.Context(), app, "/health").Code; got != http.StatusOK {
			t.Errorf("/health without the slash: got %d, want 200", got)
		}
	})
}

func TestUnhealthyDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, _, _ := newHealthApp(down)
		wantHealth(t, app, http.StatusServiceUnavailable, "Unhealthy", "Unhealthy", isClosed)
	})
}

func TestAliveWhileUnhealthy(t *testing.T) {
	app, _, pings := newHealthApp(down)
	if got := get(t.Context(), app, "/health/live").Code; got != http.StatusOK {
		t.Errorf("/health/live: got %d, want 200", got)
	}
	if got := pings(); got != 0 {
		t.Errorf("/health/live asked the database %d times, want none", got)
	}
}

func TestOpenBreakerIsUnhealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, breaker, _ := newHealthApp(up)
		breaker.RecordFailure()
		wantHealth(t, app, http.StatusServiceUnavailable, "Unhealthy", "Healthy", isOpen)
	})
}

func TestProbeInFlightIsDegraded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, breaker, _ := newHealthApp(up)
		breaker.RecordFailure()
		time.Sleep(breakerDelay)
		breaker.TryAcquirePermit()
		wantHealth(t, app, http.StatusOK, "Degraded", "Healthy", isHalfOpen)
	})
}

func TestHealthCheckIsTheProbe(t *testing.T) {
	for _, test := range []struct {
		name            string
		ping            func(context.Context) error
		code            int
		status, circuit string
	}{
		{"the database is back", up, http.StatusOK, "Healthy", isClosed},
		{"the database is still down", down, http.StatusServiceUnavailable, "Unhealthy", isOpen},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				app, breaker, _ := newHealthApp(test.ping)
				breaker.RecordFailure()
				time.Sleep(breakerDelay)
				wantHealth(t, app, test.code, test.status, test.status, test.circuit)
			})
		})
	}
}

func TestHealthAnswersWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, _, pings := newHealthApp(func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		var clients sync.WaitGroup
		for range 100 {
			clients.Go(func() {
				start := time.Now()
				wantHealth(t, app, http.StatusServiceUnavailable, "Unhealthy", "Unhealthy", isClosed)
				if got := time.Since(start); got > time.Second {
					t.Errorf("the health check took %s, want at most a second", got)
				}
			})
		}
		clients.Wait()
		if got, want := pings(), 1; got != want {
			t.Errorf("100 clients at once asked the database %d times, want %d", got, want)
		}
	})
}

func TestHealthChecksSpareTheDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, _, pings := newHealthApp(up)
		for range 1000 {
			get(t.Context(), app, "/health/")
			time.Sleep(10 * time.Millisecond)
		}
		if got := pings(); got > 20 {
			t.Errorf("100 health checks a second for 10 s asked the database %d times, want at most 20", got)
		}
	})
}

func TestHealthShowsNothingInternal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, _, _ := newHealthApp(down)
		var got map[string]any
		if err := json.Unmarshal(get(t.Context(), app, "/health/").Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		description := got["checks"].([]any)[0].(map[string]any)["description"]
		if want := "The flights database does not answer."; description != want {
			t.Errorf("description: got %q, want %q", description, want)
		}
	})
}
