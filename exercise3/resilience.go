package main

import (
	"context"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/timeout"
)

// policies are the values of the stability patterns.
type policies struct {
	// Timeout bounds one attempt at the query.
	Timeout time.Duration `env:"TIMEOUT" envDefault:"1s"`
	// RetryAttempts is how often the query is tried, the first attempt included.
	RetryAttempts int `env:"RETRY_ATTEMPTS" envDefault:"5"`
	// RetryBaseDelay is the backoff before the first retry; it doubles with each.
	RetryBaseDelay time.Duration `env:"RETRY_BASE_DELAY" envDefault:"25ms"`
	// RetryMaxDelay bounds the backoff.
	RetryMaxDelay time.Duration `env:"RETRY_MAX_DELAY" envDefault:"200ms"`
	// Deadline bounds the whole request, all attempts and backoffs together.
	Deadline time.Duration `env:"DEADLINE" envDefault:"5s"`
}

// resilient returns find with the stability patterns around it.
func resilient(find finder, p policies) finder {
	timeout := timeout.New[[]flight](p.Timeout)
	retry := retrypolicy.NewBuilder[[]flight]().
		HandleIf(func(_ []flight, err error) bool { return errors.Is(err, timeoutpolicy.ErrExceeded) || database.Transient(err) }).
		WithMaxAttempts(p.RetryAttempts).
		WithBackoff(p.RetryBaseDelay, p.RetryMaxDelay).
		WithJitterFactor(0.5).
		ReturnLastFailure().
		OnRetryScheduled(func(e failsafe.ExecutionScheduledEvent[[]flight]) {
			slog.Warn("retry", "attempt", e.Attempts(), "delay", e.Delay, "cause", e.LastError())
		}).
		Build()
	executor := failsafe.With(retry, timeout)

	return func(ctx context.Context, from, to string) ([]flight, error) {
		ctx, cancel := context.WithTimeout(ctx, p.Deadline)
		defer cancel()
		return executor.WithContext(ctx).GetWithExecution(func(exec failsafe.Execution[[]flight]) ([]flight, error) {
			return find(exec.Context(), from, to)
		})
	}
}
