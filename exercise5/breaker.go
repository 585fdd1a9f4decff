package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// openError refuses a request; remaining is the time until the breaker lets a probe through.
type openError struct{ remaining time.Duration }

func (openError) Error() string { return circuitbreaker.ErrOpen.Error() }

// newBreaker returns a circuit breaker that counts failed requests. A client that hangs up is no failure.
func newBreaker(p policies) (breaker circuitbreaker.CircuitBreaker[[]flight]) {
	return circuitbreaker.NewBuilder[[]flight]().
		HandleIf(func(_ []flight, err error) bool { return err != nil && !errors.Is(err, context.Canceled) }).
		WithFailureThreshold(p.BreakerFailures).
		WithDelay(p.BreakerDelay).
		WithSuccessThreshold(1).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) {
			slog.Warn("breaker", "from", e.OldState, "to", e.NewState, "failures", breaker.Metrics().Failures())
		}).
		Build()
}

// state is the breaker's state. The breaker is lazy: without traffic it stays open when its delay is over.
func state(breaker circuitbreaker.CircuitBreaker[[]flight]) circuitbreaker.State {
	if breaker.IsOpen() && breaker.RemainingDelay() == 0 {
		return circuitbreaker.HalfOpenState
	}
	return breaker.State()
}
