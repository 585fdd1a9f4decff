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
	"github.com/failsafe-go/failsafe-go/timeout"

	"chaosworkshop/shared/database"
)

// policies are the values of the stability patterns.
type policies struct {
	// Timeout bounds one attempt at the query.
	Timeout time.Duration `env:"TIMEOUT" envDefault:"1s"`
	// RetryAttempts is how often the query is tried, the first attempt included.
	RetryAttempts int `env:"RETRY_ATTEMPTS" envDefault:"5"`
	// RetryBaseDelay is the backoff before the first retry; it doubles with each, up to RetryMaxDelay.
	RetryBaseDelay time.Duration `env:"RETRY_BASE_DELAY" envDefault:"25ms"`
	RetryMaxDelay  time.Duration `env:"RETRY_MAX_DELAY" envDefault:"200ms"`
	// Deadline bounds the whole request: all attempts and all backoffs.
	Deadline time.Duration `env:"DEADLINE" envDefault:"5s"`
	// BreakerFailures is how many failed requests in a row open the circuit breaker, BreakerDelay for how long.
	BreakerFailures uint          `env:"BREAKER_FAILURES" envDefault:"12"`
	BreakerDelay    time.Duration `env:"BREAKER_DELAY" envDefault:"5s"`
}

// resilient returns find with the stability patterns around it.
func resilient(find finder, p policies, breaker circuitbreaker.CircuitBreaker[[]flight]) finder {
	retry := retrypolicy.NewBuilder[[]flight]().
		HandleIf(func(_ []flight, err error) bool {
			return errors.Is(err, timeout.ErrExceeded) || database.Transient(err)
		}).
		WithMaxAttempts(p.RetryAttempts).
		WithBackoff(p.RetryBaseDelay, p.RetryMaxDelay).
		WithJitterFactor(0.5).
		ReturnLastFailure().
		OnRetryScheduled(func(e failsafe.ExecutionScheduledEvent[[]flight]) {
			slog.Warn("retry", "attempt", e.Attempts(), "delay", e.Delay, "cause", e.LastError())
		}).
		Build()
	timeout := timeout.New[[]flight](p.Timeout)
	executor := failsafe.With(breaker, retry, timeout)

	return func(ctx context.Context, from, to string) ([]flight, error) {
		if !breaker.IsClosed() {
			ctx = context.WithoutCancel(ctx) // This may be the probe: its client must not end it by hanging up.
		}
		ctx, cancel := context.WithTimeout(ctx, p.Deadline)
		defer cancel()
		flights, err := executor.WithContext(ctx).GetWithExecution(func(exec failsafe.Execution[[]flight]) (_ []flight, err error) {
			// A panic is a failed attempt: the policies must see it end.
			defer func() {
				if cause := recover(); cause != nil {
					err = fmt.Errorf("panic: %v", cause)
				}
			}()
			return find(exec.Context(), from, to)
		})
		if errors.Is(err, circuitbreaker.ErrOpen) {
			err = openError{breaker.RemainingDelay()}
		}
		return flights, err
	}
}
