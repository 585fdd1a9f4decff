package main

import (
	"context"
	"database/sql/driver"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The defaults: 12 failed requests in a row open the breaker for 5 seconds.
const (
	failuresToOpen = 12
	breakerDelay   = 5 * time.Second
)

// outage is a database that fails while it is down. It takes its time, and counts how often it was asked.
type outage struct {
	down  error
	takes time.Duration
	asked int
}

func (o *outage) find(ctx context.Context, from, to string) ([]flight, error) {
	o.asked++
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(o.takes):
	}
	if o.down != nil {
		return nil, o.down
	}
	return findBritishAirways(ctx, from, to)
}

// openBreaker returns an app whose breaker has just opened.
func openBreaker(t *testing.T) (http.Handler, *outage) {
	t.Helper()
	database := &outage{down: errors.New("down")}
	app := newTestApp(t, database.find)
	for range failuresToOpen {
		wantProblem(t, get(t.Context(), app, lhrToJFK), http.StatusInternalServerError)
	}
	database.asked = 0
	return app, database
}

func wantStatus(t *testing.T, app http.Handler, want int) {
	t.Helper()
	if got := get(t.Context(), app, lhrToJFK).Code; got != want {
		t.Errorf("status: got %d, want %d", got, want)
	}
}

func TestBreakerOpensAndSparesTheDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, database := openBreaker(t)
		start := time.Now()
		for range 100 {
			wantProblem(t, get(t.Context(), app, lhrToJFK), http.StatusServiceUnavailable)
		}
		if got := time.Since(start); got != 0 {
			t.Errorf("100 refused requests took %s, want no time", got)
		}
		if database.asked != 0 {
			t.Errorf("the database was asked %d times, want none", database.asked)
		}
	})
}

func TestRetryAfterIsTheRemainingDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, _ := openBreaker(t)
		for _, want := range []int{5, 4, 3, 2, 1} {
			got := get(t.Context(), app, lhrToJFK).Header().Get("Retry-After")
			if got != strconv.Itoa(want) {
				t.Errorf("Retry-After: got %s, want %d", got, want)
			}
			time.Sleep(time.Second)
		}
	})
}

func TestBreakerClosesOnASuccessfulProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, database := openBreaker(t)
		database.down = nil
		time.Sleep(breakerDelay - time.Millisecond)
		wantStatus(t, app, http.StatusServiceUnavailable)
		time.Sleep(time.Millisecond)
		for range 3 {
			wantStatus(t, app, http.StatusOK)
		}
	})
}

func TestBreakerOpensAgainOnAFailedProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, database := openBreaker(t)
		time.Sleep(breakerDelay)
		wantStatus(t, app, http.StatusInternalServerError)
		for range 10 {
			wantStatus(t, app, http.StatusServiceUnavailable)
		}
		if got, want := database.asked, 1; got != want {
			t.Errorf("the database was asked %d times, want %d: the probe", got, want)
		}
	})
}

func TestHalfOpenLetsOneProbeThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, database := openBreaker(t)
		database.down, database.takes = nil, 500*time.Millisecond
		time.Sleep(breakerDelay)
		probe := make(chan int)
		go func() { probe <- get(t.Context(), app, lhrToJFK).Code }()
		synctest.Wait()

		beside := get(t.Context(), app, lhrToJFK)
		wantProblem(t, beside, http.StatusServiceUnavailable)
		if got := beside.Header().Get("Retry-After"); got != "1" {
			t.Errorf("Retry-After beside a probe: got %s, want 1", got)
		}
		if got := <-probe; got != http.StatusOK {
			t.Errorf("the probe: got %d, want 200", got)
		}
		wantStatus(t, app, http.StatusOK)
	})
}

func TestBreakerCountsRequestsNotAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		database := &outage{down: driver.ErrBadConn}
		app := newTestApp(t, database.find)
		for range failuresToOpen {
			wantStatus(t, app, http.StatusInternalServerError)
		}
		wantStatus(t, app, http.StatusServiceUnavailable)
		if got, want := database.asked, 5*failuresToOpen; got != want {
			t.Errorf("the database was asked %d times, want %d", got, want)
		}
	})
}

func TestBreakerCountsOnlyFailuresInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		database := &outage{}
		app := newTestApp(t, database.find)
		for range 3 {
			database.down = errors.New("down")
			for range failuresToOpen - 1 {
				wantStatus(t, app, http.StatusInternalServerError)
			}
			database.down = nil
			wantStatus(t, app, http.StatusOK)
		}
	})
}

func TestDeadlinesOpenTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := newTestApp(t, (&outage{takes: time.Hour}).find)
		for range failuresToOpen {
			wantStatus(t, app, http.StatusGatewayTimeout)
		}
		wantStatus(t, app, http.StatusServiceUnavailable)
	})
}

func TestBadRequestsAndEmptyAnswersAreNoFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := newTestApp(t, func(context.Context, string, string) ([]flight, error) { return []flight{}, nil })
		for range 2 * failuresToOpen {
			wantProblem(t, get(t.Context(), app, "/api/flights/routes?from=1"), http.StatusBadRequest)
			wantStatus(t, app, http.StatusOK)
		}
	})
}

func TestClientsThatHangUpDoNotOpenTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		database := &outage{takes: 500 * time.Millisecond}
		app := newTestApp(t, database.find)
		for range 2 * failuresToOpen {
			ctx, hangUp := context.WithTimeout(t.Context(), time.Hour)
			time.AfterFunc(100*time.Millisecond, hangUp)
			get(ctx, app, lhrToJFK)
		}
		wantStatus(t, app, http.StatusOK)
	})
}

func TestClientThatHangsUpDoesNotDecideTheProbe(t *testing.T) {
	for _, test := range []struct {
		name string
		down error
		want int
	}{
		{"the database is back", nil, http.StatusOK},
		{"the database is still down", errors.New("down"), http.StatusServiceUnavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				app, database := openBreaker(t)
				database.down, database.takes = test.down, 500*time.Millisecond
				time.Sleep(breakerDelay)
				ctx, hangUp := context.WithCancel(t.Context())
				time.AfterFunc(100*time.Millisecond, hangUp)
				get(ctx, app, lhrToJFK)
				wantStatus(t, app, test.want)
			})
		})
	}
}

func TestPanicDoesNotWedgeTheProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		database := &outage{down: errors.New("down")}
		broken := false
		app := newTestApp(t, func(ctx context.Context, from, to string) ([]flight, error) {
			if broken {
				panic("broken query")
			}
			return database.find(ctx, from, to)
		})
		for range failuresToOpen {
			wantStatus(t, app, http.StatusInternalServerError)
		}
		broken, database.down = true, nil
		time.Sleep(breakerDelay)
		wantStatus(t, app, http.StatusInternalServerError)
		wantStatus(t, app, http.StatusServiceUnavailable)
		broken = false
		time.Sleep(breakerDelay)
		wantStatus(t, app, http.StatusOK)
	})
}

func TestEachTransitionIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines := captureLog(t)
		app, database := openBreaker(t)
		database.down = nil
		time.Sleep(breakerDelay)
		wantStatus(t, app, http.StatusOK)
		got := slices.DeleteFunc(lines("from", "to", "failures"), func(line string) bool { return !strings.HasPrefix(line, "breaker") })
		want := []string{
			"breaker from=closed to=open failures=12",
			"breaker from=open to=half-open failures=0",
			"breaker from=half-open to=closed failures=0",
		}
		if !slices.Equal(got, want) {
			t.Errorf("log: got %q, want %q", got, want)
		}
	})
}

func TestOpenWithItsDelayOverIsHalfOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		breaker := newBreaker(policies{BreakerFailures: 1, BreakerDelay: breakerDelay})
		want := func(name string) {
			t.Helper()
			if got := state(breaker).String(); got != name {
				t.Errorf("state: got %s, want %s", got, name)
			}
		}
		want("closed")
		breaker.RecordFailure()
		want("open")
		time.Sleep(breakerDelay)
		want("half-open")
		breaker.TryAcquirePermit()
		want("half-open")
		breaker.RecordSuccess()
		want("closed")
	})
}
