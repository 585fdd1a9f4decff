package main

import (
	"context"
	"database/sql/driver"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-sql-driver/mysql"

	"chaosworkshop/shared/apptest"
	"chaosworkshop/shared/config"
	"chaosworkshop/shared/metrics"
	"chaosworkshop/shared/server"
)

// The defaults: 12 failed requests in a row open the breaker for 5 seconds and at most a tenth more.
const (
	failuresToOpen = 12
	breakerDelay   = 5 * time.Second
	halfOpenAfter  = breakerDelay + breakerDelay/10
)

// errDown is how the database fails while it is down.
var errDown = driver.ErrBadConn

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
	database := &outage{down: errDown}
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

func TestRetryAfterIsTrue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, database := openBreaker(t)
		database.down = nil
		for range 10 {
			answer := get(t.Context(), app, lhrToJFK)
			seconds, err := strconv.Atoi(answer.Header().Get("Retry-After"))
			if err != nil || seconds < 1 || seconds > 6 {
				t.Fatalf("Retry-After: got %q, want 1 to 6", answer.Header().Get("Retry-After"))
			}
			time.Sleep(time.Duration(seconds-1) * time.Second)
			wantStatus(t, app, http.StatusServiceUnavailable)
			time.Sleep(time.Second)
			wantStatus(t, app, http.StatusOK)

			database.down = errDown
			for range failuresToOpen {
				wantStatus(t, app, http.StatusInternalServerError)
			}
			database.down = nil
		}
	})
}

func TestOpenBreakersDoNotProbeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waits := map[time.Duration]bool{}
		for range 20 {
			breaker := newBreaker(config.Defaults[policies](), metrics.New())
			breaker.Open()
			wait := breaker.RemainingDelay()
			if wait < breakerDelay || wait > halfOpenAfter {
				t.Errorf("open for %s, want %s to %s", wait, breakerDelay, halfOpenAfter)
			}
			waits[wait] = true
		}
		if len(waits) < 10 {
			t.Errorf("20 breakers wait for %d different times, want as many as breakers", len(waits))
		}
	})
}

func TestBreakerClosesOnASuccessfulProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, database := openBreaker(t)
		database.down = nil
		time.Sleep(breakerDelay - time.Millisecond)
		wantStatus(t, app, http.StatusServiceUnavailable)
		time.Sleep(halfOpenAfter - breakerDelay + time.Millisecond)
		for range 3 {
			wantStatus(t, app, http.StatusOK)
		}
	})
}

func TestBreakerOpensAgainOnAFailedProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, database := openBreaker(t)
		time.Sleep(halfOpenAfter)
		wantStatus(t, app, http.StatusInternalServerError)
		for range 10 {
			wantStatus(t, app, http.StatusServiceUnavailable)
		}
		if got, want := database.asked, 10; got != want {
			t.Errorf("the database was asked %d times, want %d: the attempts of one probe", got, want)
		}
	})
}

func TestHalfOpenLetsOneProbeThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, database := openBreaker(t)
		database.down, database.takes = nil, 500*time.Millisecond
		time.Sleep(halfOpenAfter)
		probe := make(chan int)
		go func() { probe <- get(t.Context(), app, lhrToJFK).Code }()
		synctest.Wait()

		beside := get(t.Context(), app, lhrToJFK)
		wantProblem(t, beside, http.StatusServiceUnavailable)
		if got := beside.Header().Get("Retry-After"); got != "1" {
			t.Errorf("Retry-After during a probe: got %s, want 1", got)
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
		if got, want := database.asked, 10*failuresToOpen; got != want {
			t.Errorf("the database was asked %d times, want %d", got, want)
		}
	})
}

func TestBreakerCountsOnlyFailuresInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		database := &outage{}
		app := newTestApp(t, database.find)
		for range 3 {
			database.down = errDown
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

func TestOnlyTheDatabaseOpensTheBreaker(t *testing.T) {
	for name, find := range map[string]finder{
		"a wrong query":    func(context.Context, string, string) ([]flight, error) { return nil, &mysql.MySQLError{Number: 1064} },
		"an error of ours": func(context.Context, string, string) ([]flight, error) { return nil, errors.New("unknown") },
		"a panic":          func(context.Context, string, string) ([]flight, error) { return brokenQuery() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				app := newTestApp(t, find)
				for range 3 * failuresToOpen {
					answer := get(t.Context(), app, lhrToJFK)
					wantProblem(t, answer, http.StatusInternalServerError)
					if !strings.Contains(answer.Body.String(), "this app") {
						t.Fatalf("got %s, want this app named as the cause", answer.Body)
					}
				}
			})
		})
	}
}

// hangUp sends a request whose user hangs up after patience, and returns when its answer is written.
func hangUp(t *testing.T, app http.Handler, patience time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(patience, cancel)
	get(ctx, app, lhrToJFK)
}

func TestUsersWhoHangUpDecideNothing(t *testing.T) {
	for _, test := range []struct {
		name         string
		takes        time.Duration
		down         error
		open, closed int // What is answered next, by a breaker that was open and waits for a probe, and by one that was closed.
	}{
		{"a database that answers, slowly", 500 * time.Millisecond, nil, http.StatusOK, http.StatusOK},
		{"a database that is down", 500 * time.Millisecond, errDown, http.StatusServiceUnavailable, http.StatusServiceUnavailable},
		{"a black hole", time.Hour, nil, http.StatusServiceUnavailable, http.StatusServiceUnavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				database := &outage{takes: test.takes, down: test.down}
				app := newTestApp(t, database.find)
				for range failuresToOpen {
					hangUp(t, app, 100*time.Millisecond)
				}
				wantStatus(t, app, test.closed)
			})
			synctest.Test(t, func(t *testing.T) {
				app, database := openBreaker(t)
				database.takes, database.down = test.takes, test.down
				time.Sleep(halfOpenAfter)
				hangUp(t, app, 100*time.Millisecond)
				wantStatus(t, app, test.open)
			})
		})
	}
}

func TestUserWhoHangsUpDoesNotResetTheCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		database := &outage{down: errDown, takes: 500 * time.Millisecond}
		app := newTestApp(t, database.find)
		for i := range failuresToOpen {
			if i%2 == 0 {
				hangUp(t, app, 100*time.Millisecond)
			} else {
				wantStatus(t, app, http.StatusGatewayTimeout)
			}
		}
		wantStatus(t, app, http.StatusServiceUnavailable)
	})
}

func TestRequestEndsWithinItsDeadlineThoughItsUserHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := newTestApp(t, (&outage{takes: time.Hour}).find)
		start := time.Now()
		hangUp(t, app, 100*time.Millisecond)
		if got, want := time.Since(start), 5*time.Second; got != want {
			t.Errorf("the request took %s, want %s", got, want)
		}
	})
}

func TestLateResultDoesNotDecideTheProbe(t *testing.T) {
	for _, test := range []struct {
		name string
		late error
	}{{"a late success", nil}, {"a late failure", errDown}} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// When the breaker opens, a request from before the outage has been in flight for as long as it can be.
				late, database := make(chan int), &outage{}
				app := newTestApp(t, func(ctx context.Context, from, to string) ([]flight, error) {
					if from == "AAA" {
						return (&outage{down: test.late, takes: 990 * time.Millisecond}).find(ctx, from, to)
					}
					return database.find(ctx, from, to)
				})
				database.down = errDown
				for range failuresToOpen - 1 {
					wantStatus(t, app, http.StatusInternalServerError)
				}
				go func() { late <- get(t.Context(), app, "/api/flights/routes?from=AAA&to=JFK").Code }()
				synctest.Wait()
				wantStatus(t, app, http.StatusInternalServerError)
				<-late
				wantStatus(t, app, http.StatusServiceUnavailable)
				time.Sleep(halfOpenAfter)
				database.down = nil
				wantStatus(t, app, http.StatusOK)
			})
		})
	}
}

func TestBreakerRestsAtLeastAsLongAsARequestMayTake(t *testing.T) {
	for _, values := range []map[string]string{{"BREAKER_DELAY": "4999ms"}, {"DEADLINE": "5001ms"}} {
		_, err := config.Parse[policies](values)
		if err == nil || !strings.Contains(err.Error(), "BREAKER_DELAY must be a duration such as 500ms, at least DEADLINE (5") {
			t.Errorf("%v: got %v, want BREAKER_DELAY refused", values, err)
		}
	}
	for name, value := range map[string]string{"BREAKER_FAILURES": "0", "BREAKER_DELAY": "0s"} {
		if _, err := config.Parse[policies](map[string]string{name: value}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: got %v, want the variable named", name, value, err)
		}
	}
}

func TestPanicDoesNotWedgeTheProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		database := &outage{down: errDown}
		broken := false
		app := newTestApp(t, func(ctx context.Context, from, to string) ([]flight, error) {
			if broken {
				return brokenQuery()
			}
			return database.find(ctx, from, to)
		})
		for range failuresToOpen {
			wantStatus(t, app, http.StatusInternalServerError)
		}
		broken, database.down = true, nil
		time.Sleep(halfOpenAfter)
		wantStatus(t, app, http.StatusInternalServerError)
		broken = false
		wantStatus(t, app, http.StatusOK)
	})
}

func TestEachTransitionIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := apptest.CaptureLog(t)
		app, database := openBreaker(t)
		database.down = nil
		time.Sleep(halfOpenAfter)
		wantStatus(t, app, http.StatusOK)
		got := slices.DeleteFunc(log.Lines("from", "to", "failures"), func(line string) bool { return !strings.Contains(line, "breaker") })
		want := []string{
			"WARN breaker from=closed to=open failures=12",
			"WARN breaker from=open to=half-open failures=0",
			"WARN breaker from=half-open to=closed failures=0",
		}
		if !slices.Equal(got, want) {
			t.Errorf("log: got %q, want %q", got, want)
		}
	})
}

func TestRefusalIsLoggedWithItsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app, _ := openBreaker(t)
		log := apptest.CaptureLog(t)
		get(server.ForRequest(t.Context()), app, lhrToJFK)
		if got := log.Lines("cause", "request"); len(got) != 1 || !strings.HasPrefix(got[0], "INFO refused cause=circuit breaker open request=") {
			t.Errorf("log: got %q, want one refusal with its cause and the request", got)
		}
	})
}

func TestBreakerIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counts, p := metrics.New(), config.Defaults[policies]()
		find := resilient((&outage{down: errDown}).find, p, newBreaker(p, counts))
		want := func(lines ...string) {
			t.Helper()
			answer := httptest.NewRecorder()
			counts.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			for _, line := range lines {
				if !strings.Contains(answer.Body.String(), "\ncircuit_breaker_"+line+"\n") {
					t.Errorf("the metrics have no line circuit_breaker_%s", line)
				}
			}
		}
		want(`state{state="closed"} 1`, "failures 0", "failure_threshold 12", `transitions_total{from="closed",to="open"} 0`)
		for range failuresToOpen - 1 {
			_, _ = find(t.Context(), "LHR", "JFK")
		}
		want(`state{state="closed"} 1`, "failures 11")
		_, _ = find(t.Context(), "LHR", "JFK")
		want(`state{state="open"} 1`, `transitions_total{from="closed",to="open"} 1`)
		time.Sleep(halfOpenAfter)
		want(`state{state="half-open"} 1`) // Nobody has asked for a probe yet.
		_, _ = find(t.Context(), "LHR", "JFK")
		want(`state{state="open"} 1`, `transitions_total{from="open",to="half-open"} 1`, `transitions_total{from="half-open",to="open"} 1`)
	})
}
