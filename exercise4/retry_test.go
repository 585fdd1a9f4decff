package main

import (
	"context"
	"database/sql/driver"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-sql-driver/mysql"
	"gorm.io/gorm"

	"chaosworkshop/shared/apptest"
	"chaosworkshop/shared/config"
	"chaosworkshop/shared/server"
)

// failing returns a finder that fails with err that many times, and then succeeds; at records when each attempt began.
func failing(err error, times int, at *[]time.Time) finder {
	return func(ctx context.Context, from, to string) ([]flight, error) {
		*at = append(*at, time.Now())
		if len(*at) <= times {
			return nil, err
		}
		return findBritishAirways(ctx, from, to)
	}
}

func TestRetryHealsATransientError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts []time.Time
		app := newTestApp(t, failing(driver.ErrBadConn, 9, &attempts))
		if got := get(t.Context(), app, lhrToJFK); got.Code != http.StatusOK {
			t.Errorf("status: got %d, want 200", got.Code)
		}
		if got, want := len(attempts), 10; got != want {
			t.Errorf("attempts: got %d, want %d", got, want)
		}
	})
}

func TestRetryGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts []time.Time
		app := newTestApp(t, failing(mysql.ErrInvalidConn, 100, &attempts))
		wantProblem(t, get(t.Context(), app, lhrToJFK), http.StatusInternalServerError)
		if got, want := len(attempts), 10; got != want {
			t.Errorf("attempts: got %d, want %d", got, want)
		}
	})
}

func TestRetryOnlyWhatMayGoAway(t *testing.T) {
	for _, permanent := range []error{
		gorm.ErrRecordNotFound, &mysql.MySQLError{Number: 1045}, &mysql.MySQLError{Number: 1064}, errors.New("unknown"),
	} {
		synctest.Test(t, func(t *testing.T) {
			var attempts []time.Time
			get(t.Context(), newTestApp(t, failing(permanent, 100, &attempts)), lhrToJFK)
			if got, want := len(attempts), 1; got != want {
				t.Errorf("attempts after %v: got %d, want %d", permanent, got, want)
			}
		})
	}
}

func TestRetryBacksOffWithJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exact := 0
		for range 10 {
			var attempts []time.Time
			get(t.Context(), newTestApp(t, failing(driver.ErrBadConn, 9, &attempts)), lhrToJFK)
			for i, most := range []time.Duration{25, 50, 100, 100, 100, 100, 100, 100, 100} {
				most *= time.Millisecond
				got := attempts[i+1].Sub(attempts[i])
				if got < most/3-time.Microsecond || got > most {
					t.Errorf("wait before retry %d: got %s, want from a third of it to %s", i+1, got, most)
				}
				if got == most*2/3 {
					exact++
				}
			}
		}
		if exact > 10 {
			t.Errorf("%d of 90 backoffs had no jitter", exact)
		}
	})
}

func TestRequestInAnOutageEndsWithinTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 20 {
			app := newTestApp(t, func(context.Context, string, string) ([]flight, error) {
				time.Sleep(100 * time.Millisecond)
				return nil, driver.ErrBadConn
			})
			start := time.Now()
			get(t.Context(), app, lhrToJFK)
			if got := time.Since(start); got >= 2*time.Second {
				t.Errorf("ten attempts of 100 ms took %s, want less than 2 s", got)
			}
		}
	})
}

func TestEachAttemptHasItsOwnTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		app := newTestApp(t, func(ctx context.Context, from, to string) ([]flight, error) {
			if attempts++; attempts < 3 {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return findBritishAirways(ctx, from, to)
		})
		start := time.Now()
		if got := get(t.Context(), app, lhrToJFK); got.Code != http.StatusOK {
			t.Errorf("status: got %d, want 200", got.Code)
		}
		if got := time.Since(start); got < 2*time.Second || got > 2200*time.Millisecond {
			t.Errorf("two attempts that time out and one that does not: got %s, want 2 s and two backoffs", got)
		}
	})
}

func TestDeadlineBoundsTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := newTestApp(t, func(ctx context.Context, _, _ string) ([]flight, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		start := time.Now()
		wantProblem(t, get(t.Context(), app, lhrToJFK), http.StatusGatewayTimeout)
		if got, want := time.Since(start), 5*time.Second; got != want {
			t.Errorf("the request took %s, want %s", got, want)
		}
	})
}

func TestUserWhoHangsUpEndsTheRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, hangUp := context.WithCancel(t.Context())
		var attempts []time.Time
		app := newTestApp(t, func(context.Context, string, string) ([]flight, error) {
			attempts = append(attempts, time.Now())
			time.AfterFunc(time.Millisecond, hangUp)
			return nil, driver.ErrBadConn
		})
		get(ctx, app, lhrToJFK)
		if got := len(attempts) == 1; got != hangUpEndsTheQuery {
			t.Errorf("the hang-up ended the retries: got %v after %d attempts, want %v", got, len(attempts), hangUpEndsTheQuery)
		}
	})
}

func TestEachRetryIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts []time.Time
		log := apptest.CaptureLog(t)
		get(server.ForRequest(t.Context()), newTestApp(t, failing(driver.ErrBadConn, 2, &attempts)), lhrToJFK)
		want := []string{"WARN retry attempt=1 cause=driver: bad connection", "WARN retry attempt=2 cause=driver: bad connection"}
		if got := log.Lines("attempt", "cause"); !slices.Equal(got, want) {
			t.Errorf("log: got %q, want %q", got, want)
		}
		if got := log.Lines("request"); got[0] != got[1] || !strings.Contains(got[0], " request=") {
			t.Errorf("log: got %q, want both of the same request", got)
		}
	})
}

func TestSettingsThatContradictAreRefused(t *testing.T) {
	for _, test := range [][2]string{
		{"RETRY_ATTEMPTS", "0"}, {"RETRY_ATTEMPTS", "-1"}, {"RETRY_BASE_DELAY", "101ms"}, {"RETRY_MAX_DELAY", "24ms"}, {"DEADLINE", "999ms"},
	} {
		_, err := config.Parse[policies](map[string]string{test[0]: test[1]})
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), test[0]) {
			t.Errorf("%s=%s: got %v, want one line that names the variable", test[0], test[1], err)
		}
	}
}
