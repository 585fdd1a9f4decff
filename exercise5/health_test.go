package main

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"chaosworkshop/shared/config"
	"chaosworkshop/shared/metrics"
)

// newHealthApp is the app with its health check around a fake finder, with the default settings.
func newHealthApp(find finder) (http.Handler, circuitbreaker.CircuitBreaker[[]flight]) {
	p := config.Defaults[policies]()
	breaker := newBreaker(p, metrics.New())
	checked := newHealthCheck(resilient(find, p, breaker), breaker)
	router := newRouter(checked.find)
	checked.serve(router)
	return router, breaker
}

// document is what /health/ answers.
type document struct {
	Status string
	Checks []struct{ Name, Status, Description string }
}

// askHealth asks for the health. The answer must come within a second and be consistent.
func askHealth(t *testing.T, app http.Handler) document {
	t.Helper()
	start := time.Now()
	answer := get(t.Context(), app, "/health/")
	if got := time.Since(start); got > time.Second {
		t.Errorf("/health/ took %s, want at most a second", got)
	}
	var got document
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Checks) != 2 || got.Checks[0].Name != "mysql" || got.Checks[1].Name != "circuitBreaker" {
		t.Fatalf("checks: got %+v, want mysql and circuitBreaker", got.Checks)
	}
	if (got.Status == "Unhealthy") != (answer.Code == http.StatusServiceUnavailable) {
		t.Errorf("got %d and %s", answer.Code, got.Status)
	}
	if (got.Checks[0].Status == "Healthy") != (got.Checks[0].Description == "") {
		t.Errorf("mysql: got %+v, want a description unless it is healthy", got.Checks[0])
	}
	return got
}

// poll asks for the health every 100 ms until done is true, and returns how long that took. It gives up after a minute.
func poll(t *testing.T, app http.Handler, done func(document) bool) time.Duration {
	t.Helper()
	start := time.Now()
	for !done(askHealth(t, app)) {
		if time.Since(start) > time.Minute {
			t.Fatal("it did not happen within a minute")
		}
		time.Sleep(100 * time.Millisecond)
	}
	return time.Since(start)
}

func unhealthy(d document) bool { return d.Status == "Unhealthy" }

func healthy(d document) bool { return d.Status == "Healthy" }

// settle lets everything in flight end.
func settle() { time.Sleep(time.Minute) }

// The duration of each check is measured; time is not fake here.
var calmDocument = regexp.MustCompile(`^{"status":"Healthy","checks":\[` +
	`{"name":"mysql","status":"Healthy","description":"","duration":(\d[\d.e-]*)},` +
	`{"name":"circuitBreaker","status":"Healthy","description":"Circuit breaker is currently Closed.","duration":(\d[\d.e-]*)}` +
	`\],"totalDuration":(\d[\d.e-]*)}\n$`)

func TestHealthyInCalm(t *testing.T) {
	app, _ := newHealthApp(func(ctx context.Context, from, to string) ([]flight, error) {
		time.Sleep(2 * time.Millisecond)
		return findBritishAirways(ctx, from, to)
	})
	for _, path := range []string{"/health/", "/health"} {
		answer := get(t.Context(), app, path)
		durations := calmDocument.FindStringSubmatch(answer.Body.String())
		if answer.Code != http.StatusOK || len(durations) != 4 {
			t.Fatalf("%s: got %d %s, want a healthy document", path, answer.Code, answer.Body)
		}
		for _, duration := range durations[1:] {
			if duration == "0" {
				t.Errorf("%s: got %s, want every duration measured", path, answer.Body)
			}
		}
	}
}

func TestHealthMethods(t *testing.T) {
	app, _ := newHealthApp(findBritishAirways)
	for _, path := range []string{"/health/", "/health", "/health/live"} {
		for method, want := range map[string]int{http.MethodHead: http.StatusOK, http.MethodPost: http.StatusMethodNotAllowed} {
			answer := httptest.NewRecorder()
			app.ServeHTTP(answer, httptest.NewRequest(method, path, nil))
			if answer.Code != want {
				t.Errorf("%s %s: got %d, want %d", method, path, answer.Code, want)
			}
		}
	}
}

func TestAliveWhateverTheDatabaseDoes(t *testing.T) {
	app, _ := newHealthApp(func(context.Context, string, string) ([]flight, error) {
		t.Error("the database was asked")
		return nil, driver.ErrBadConn
	})
	if got := get(t.Context(), app, "/health/live").Code; got != http.StatusOK {
		t.Errorf("/health/live: got %d, want 200", got)
	}
}

func TestUnhealthyInTimeWithoutUsers(t *testing.T) {
	for _, test := range []struct {
		name     string
		database *outage
		within   time.Duration
	}{
		{"outage", &outage{takes: 100 * time.Millisecond, down: driver.ErrBadConn}, 3 * time.Second},
		{"black hole", &outage{takes: time.Hour}, 6 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				database := &outage{}
				app, _ := newHealthApp(func(ctx context.Context, from, to string) ([]flight, error) { return database.find(ctx, from, to) })
				poll(t, app, healthy)
				database = test.database
				if got := poll(t, app, unhealthy); got > test.within {
					t.Errorf("unhealthy after %s, want within %s", got, test.within)
				}
				database = &outage{}
				if got := poll(t, app, healthy); got > test.within {
					t.Errorf("healthy again after %s, want within %s", got, test.within)
				}
				settle()
			})
		})
	}
}

func TestHealthyAgainAfterTheBreakerOpenedWithoutUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		database := &outage{down: errDown}
		app, breaker := newHealthApp(database.find)
		for range failuresToOpen {
			wantStatus(t, app, http.StatusInternalServerError)
		}
		database.asked = 0
		if got := askHealth(t, app); got.Checks[1].Status != "Unhealthy" || got.Checks[1].Description != "Circuit breaker is currently Open." {
			t.Errorf("breaker: got %+v, want it open and unhealthy", got.Checks[1])
		}
		database.down = nil
		if got := poll(t, app, healthy); got > breakerDelay+2*time.Second {
			t.Errorf("healthy again after %s, want within the breaker's delay and 2 s", got)
		}
		if database.asked != 1 || !breaker.IsClosed() {
			t.Errorf("the database was asked %d times, and the breaker is %s; want once, as the probe, and closed", database.asked, breaker.State())
		}
	})
}

func TestCheckThatIsTheProbeIsDegradedUntilItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		database := &outage{down: errDown}
		app, _ := newHealthApp(database.find)
		for range failuresToOpen {
			wantStatus(t, app, http.StatusInternalServerError)
		}
		time.Sleep(halfOpenAfter)
		database.down, database.takes = nil, 900*time.Millisecond
		if got := askHealth(t, app).Checks[1]; got.Status != "Degraded" || got.Description != "Circuit breaker is currently HalfOpen." {
			t.Errorf("breaker: got %+v, want it half-open and degraded", got)
		}
		settle()
		wantStatus(t, app, http.StatusOK)
	})
}

func TestHealthAgreesWithServiceWhileAttemptsFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Every user is served at the third attempt, and so is the check.
		var asked atomic.Int32
		app, _ := newHealthApp(func(ctx context.Context, from, to string) ([]flight, error) {
			if asked.Add(1)%3 != 0 {
				time.Sleep(500 * time.Millisecond)
				return nil, driver.ErrBadConn
			}
			return findBritishAirways(ctx, from, to)
		})
		for range 100 {
			if got := askHealth(t, app); unhealthy(got) {
				t.Fatalf("got %+v, though retries serve everybody", got)
			}
			time.Sleep(100 * time.Millisecond)
		}
		settle()
	})
}

func TestFailedCheckIsOutweighedByAUserWhoWasServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var checkFails atomic.Bool
		app, _ := newHealthApp(func(ctx context.Context, from, to string) ([]flight, error) {
			if from == "LHR" && checkFails.Load() {
				time.Sleep(100 * time.Millisecond)
				return nil, driver.ErrBadConn
			}
			return findBritishAirways(ctx, from, to)
		})
		serve := func() {
			t.Helper()
			if got := get(t.Context(), app, "/api/flights/routes?from=CDG&to=JFK").Code; got != http.StatusOK {
				t.Fatalf("the user: got %d, want 200", got)
			}
		}
		serve()
		checkFails.Store(true)
		poll(t, app, unhealthy) // The user was served before that check began.
		serve()
		if got := askHealth(t, app); got.Status != "Degraded" {
			t.Errorf("a user was served since: got %+v, want Degraded", got)
		}
		checkFails.Store(false)
		poll(t, app, healthy)
		settle()
	})
}

func TestCheckThatTakesLongIsDegraded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, _ := newHealthApp((&outage{takes: 990 * time.Millisecond}).find)
		if got := askHealth(t, app); got.Status != "Degraded" {
			t.Errorf("during the first check: got %+v, want Degraded", got)
		}
		time.Sleep(200 * time.Millisecond)
		if got := askHealth(t, app); unhealthy(got) {
			t.Errorf("after it: got %+v, want it not Unhealthy", got)
		}
		settle()
	})
}

func TestManyWhoAskSpareTheDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		database := &outage{takes: 10 * time.Millisecond}
		app, _ := newHealthApp(database.find)
		for range 100 {
			var clients sync.WaitGroup
			for range 20 {
				clients.Go(func() { askHealth(t, app) })
			}
			clients.Wait()
			time.Sleep(90 * time.Millisecond)
		}
		if database.asked > 21 {
			t.Errorf("200 health checks a second for 10 s asked the database %d times, want twice a second", database.asked)
		}
		asked := database.asked
		settle()
		if database.asked != asked {
			t.Errorf("nobody asked for the health, and the database was asked %d times more", database.asked-asked)
		}
	})
}

func TestClientWhoLeavesDoesNotDecideTheHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, _ := newHealthApp((&outage{takes: 300 * time.Millisecond}).find)
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, leave)
		get(ctx, app, "/health/")
		if got := askHealth(t, app); got.Status != "Healthy" {
			t.Errorf("got %+v, want Healthy", got)
		}
		settle()
	})
}

func TestPanicDoesNotWedgeTheHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		broken.Store(true)
		app, _ := newHealthApp(func(ctx context.Context, from, to string) ([]flight, error) {
			if broken.Load() {
				return brokenQuery()
			}
			return findBritishAirways(ctx, from, to)
		})
		poll(t, app, unhealthy)
		broken.Store(false)
		poll(t, app, healthy)
	})
}

func TestHealthShowsNothingInternal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, _ := newHealthApp(func(context.Context, string, string) ([]flight, error) {
			return nil, errors.New("root:s3cret@tcp broke")
		})
		poll(t, app, unhealthy)
		if body := get(t.Context(), app, "/health/").Body.String(); strings.Contains(body, "s3cret") {
			t.Errorf("the document shows internals: %s", body)
		}
	})
}
