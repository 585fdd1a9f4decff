package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"chaosworkshop/shared/apptest"
	"chaosworkshop/shared/server"
)

// Time is fake inside synctest: a second passes at once, and a goroutine that is left behind fails the test.

func TestTimeoutBoundsAnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts []time.Duration
		app := newTestApp(t, func(ctx context.Context, _, _ string) ([]flight, error) {
			start := time.Now()
			<-ctx.Done()
			attempts = append(attempts, time.Since(start))
			return nil, ctx.Err()
		})
		answer := get(t.Context(), app, lhrToJFK)
		wantProblem(t, answer, http.StatusGatewayTimeout)
		if got, want := attempts[0], time.Second; got != want {
			t.Errorf("the attempt took %s, want %s", got, want)
		}
	})
}

func TestTimeoutSparesASlowAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := newTestApp(t, func(ctx context.Context, from, to string) ([]flight, error) {
			time.Sleep(990 * time.Millisecond)
			return findBritishAirways(ctx, from, to)
		})
		if got := get(t.Context(), app, lhrToJFK); got.Code != http.StatusOK {
			t.Errorf("status: got %d, want 200", got.Code)
		}
	})
}

func TestTimeoutIsLoggedWithItsCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := newTestApp(t, func(ctx context.Context, _, _ string) ([]flight, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		log := apptest.CaptureLog(t)
		get(server.ForRequest(t.Context()), app, lhrToJFK)
		lines := log.Lines("cause", "request")
		line := lines[len(lines)-1]
		if !strings.HasPrefix(line, "WARN timeout cause=") || !strings.Contains(line, context.DeadlineExceeded.Error()) || !strings.Contains(line, " request=") {
			t.Errorf("log: got %q, want a warning with the cause and the request", line)
		}
	})
}
