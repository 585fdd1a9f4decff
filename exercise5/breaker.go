package main

import (
	"log/slog"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"chaosworkshop/shared/metrics"
)

// newBreaker returns a circuit breaker that counts the requests that the database failed. An invalid query does not count.
func newBreaker(p policies, counts *metrics.Metrics) (breaker circuitbreaker.CircuitBreaker[[]flight]) {
	breaker = circuitbreaker.NewBuilder[[]flight]().
		HandleIf(failed).
		WithFailureThreshold(p.BreakerFailures).
		WithRandomDelay(p.BreakerDelay, p.BreakerDelay*11/10). // Breakers that open together do not probe together.
		WithSuccessThreshold(1).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) {
			counts.BreakerChanged(e.OldState.String(), e.NewState.String())
			slog.Warn("breaker", "from", e.OldState, "to", e.NewState, "failures", breaker.Metrics().Failures())
		}).
		Build()
	counts.Breaker(func() string { return state(breaker).String() }, breaker.Metrics().Failures, p.BreakerFailures)
	return breaker
}

// state is the breaker's state. The breaker is lazy: without traffic, it still calls itself open when its delay is over.
func state(breaker circuitbreaker.CircuitBreaker[[]flight]) circuitbreaker.State {
	if breaker.IsOpen() && breaker.RemainingDelay() == 0 {
		return circuitbreaker.HalfOpenState
	}
	return breaker.State()
}
