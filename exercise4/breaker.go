package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	timeoutpolicy "github.com/failsafe-go/failsafe-go/timeout"

	"chaosworkshop/shared/database"
	"chaosworkshop/shared/metrics"
)

// openError refuses a request; remaining is the time until the breaker lets a probe through.
type openError struct{ remaining time.Duration }

func (openError) Error() string { return circuitbreaker.ErrOpen.Error() }

// newBreaker returns a circuit breaker that counts the requests that the database failed. A wrong query is not one.
func newBreaker(p policies, counts *metrics.Metrics) (breaker circuitbreaker.CircuitBreaker[[]flight]) {
	breaker = circuitbreaker.NewBuilder[[]flight]().
		HandleIf(func(_ []flight, err error) bool {
			return errors.Is(err, timeoutpolicy.ErrExceeded) || errors.Is(err, context.DeadlineExceeded) || database.Transient(err)
		}).
		WithFailureThreshold(p.BreakerFailures).
		// Chance adds up to a tenth, so that instances that opened together do not probe together.
		WithDelay(p.BreakerDelay + p.BreakerDelay/20).
		WithJitter(p.BreakerDelay / 20).
		WithSuccessThreshold(1).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) {
			counts.BreakerChanged(e.OldState.String(), e.NewState.String())
			slog.Warn("breaker", "from", e.OldState, "to", e.NewState, "failures", breaker.Metrics().Failures())
		}).
		Build()
	counts.Breaker(func() string { return state(breaker).String() }, breaker.Metrics().Failures, p.BreakerFailures)
	return breaker
}

// state is the breaker's state. The breaker is lazy: without traffic it stays open when its delay is over.
func state(breaker circuitbreaker.CircuitBreaker[[]flight]) circuitbreaker.State {
	if breaker.IsOpen() && breaker.RemainingDelay() == 0 {
		return circuitbreaker.HalfOpenState
	}
	return breaker.State()
}
