package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	timeoutpolicy "github.com/failsafe-go/failsafe-go/timeout"

	"chaosworkshop/shared/database"
	"chaosworkshop/shared/problem"
)

// policies are the values of the stability patterns.
type policies struct {
	// Timeout bounds one attempt at the query.
	Timeout time.Duration `env:"TIMEOUT" envDefault:"1s" min:"1ms" max:"10m"`
	// RetryAttempts is how often the query is tried, the first attempt included.
	RetryAttempts int `env:"RETRY_ATTEMPTS" envDefault:"10" min:"1" max:"100"`
	// RetryBaseDelay is the longest backoff before the first retry; it doubles with each, up to RetryMaxDelay.
	RetryBaseDelay time.Duration `env:"RETRY_BASE_DELAY" envDefault:"25ms" min:"1ms" max:"RETRY_MAX_DELAY"`
	RetryMaxDelay  time.Duration `env:"RETRY_MAX_DELAY" envDefault:"100ms" min:"1ms" max:"1m"`
	// Deadline bounds the whole request: all attempts and all backoffs.
	Deadline time.Duration `env:"DEADLINE" envDefault:"5s" min:"TIMEOUT" max:"1h"`
	// BreakerFailures is how many failed requests in a row open the circuit breaker.
	BreakerFailures uint `env:"BREAKER_FAILURES" envDefault:"12" min:"1" max:"1000"`
	// BreakerDelay is how long the breaker stays open; a random extra of up to a tenth comes on top. At least Deadline: a
	// request from before the breaker opened must have ended by then, or it would count as the probe.
	BreakerDelay time.Duration `env:"BREAKER_DELAY" envDefault:"5s" min:"DEADLINE" max:"1h"`
}

// resilient returns find with the stability patterns around it.
func resilient(find finder, p policies, breaker circuitbreaker.CircuitBreaker[[]flight]) finder {
	retry := retrypolicy.NewBuilder[[]flight]().
		HandleIf(failed).
		WithMaxAttempts(p.RetryAttempts).
		// The jitter adds or subtracts up to half: of two thirds, so that RetryMaxDelay stays the maximum.
		WithBackoff(p.RetryBaseDelay*2/3, p.RetryMaxDelay*2/3).
		WithJitterFactor(0.5).
		ReturnLastFailure().
		OnRetryScheduled(func(e failsafe.ExecutionScheduledEvent[[]flight]) {
			slog.WarnContext(e.Context(), "retry", "attempt", e.Attempts(), "delay", e.Delay, "cause", e.LastError())
		}).
		Build()
	timeout := timeoutpolicy.New[[]flight](p.Timeout)
	executor := failsafe.With(breaker, retry, timeout)

	return func(ctx context.Context, from, to string) ([]flight, error) {
		ctx = context.WithoutCancel(ctx) // The user may hang up: the breaker must still hear how the database did.
		ctx, cancel := context.WithTimeout(ctx, p.Deadline)
		defer cancel()
		flights, err := executor.WithContext(ctx).GetWithExecution(func(exec failsafe.Execution[[]flight]) (_ []flight, err error) {
			defer problem.Recover(&err) // A panic of the probe would leave the breaker half-open for ever.
			return find(exec.Context(), from, to)
		})
		if errors.Is(err, timeoutpolicy.ErrExceeded) {
			err = fmt.Errorf("no answer within %s: %w", p.Timeout, context.DeadlineExceeded)
		}
		if errors.Is(err, circuitbreaker.ErrOpen) {
			err = problem.Refusal{Cause: err, After: breaker.RemainingDelay()}
		}
		return flights, err
	}
}

// failed reports whether the database failed in a way that may be transient: it took too long, or a connection broke.
func failed(_ []flight, err error) bool {
	return errors.Is(err, timeoutpolicy.ErrExceeded) || errors.Is(err, context.DeadlineExceeded) || database.Transient(err)
}
