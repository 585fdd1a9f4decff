package main

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
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

func TestClientThatHangsUpIsNotATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, hangUp := context.WithCancel(t.Context())
		start := time.Now()
		time.AfterFunc(300*time.Millisecond, hangUp)
		app := newTestApp(t, func(ctx context.Context, _, _ string) ([]flight, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		get(ctx, app, lhrToJFK)
		if got, want := time.Since(start), 300*time.Millisecond; got != want {
			t.Errorf("the query ran for %s after the client came, want %s", got, want)
		}
	})
}
