package main

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/gin-gonic/gin"

	"chaosworkshop/shared/health"
)

const (
	checkEvery = 500 * time.Millisecond // However many ask, the database is asked at most twice a second.
	checkWait  = 800 * time.Millisecond // Whatever the database does, the endpoint answers within a second.
)

// healthCheck knows how the app's query does, for users and for a check in the background.
type healthCheck struct {
	query   finder
	breaker circuitbreaker.CircuitBreaker[[]flight]
	check   *health.Background
	served  atomic.Int64 // When the query last succeeded, in nanoseconds since 1970.
}

// newHealthCheck returns a health check that runs the query of a user in the same way: through the policies. When the
// breaker waits for a probe, the check is that probe.
func newHealthCheck(query finder, breaker circuitbreaker.CircuitBreaker[[]flight]) *healthCheck {
	h := &healthCheck{query: query, breaker: breaker}
	h.check = health.NewBackground(checkEvery, checkWait, func(ctx context.Context) error {
		_, err := h.find(ctx, "LHR", "JFK")
		return err
	})
	return h
}

// find is the query, for users and for the check.
func (h *healthCheck) find(ctx context.Context, from, to string) ([]flight, error) {
	flights, err := h.query(ctx, from, to)
	if err == nil {
		h.served.Store(time.Now().UnixNano())
	}
	return flights, err
}

// serve adds the endpoints that say whether the app can serve (/health/) and whether it is alive (/health/live).
func (h *healthCheck) serve(router *gin.Engine) {
	ready := func(c *gin.Context) { health.Write(c.Writer, h.mysql(c.Request.Context()), h.circuitBreaker()) }
	router.Match(methods, "/health/", ready)
	router.Match(methods, "/health", ready)
	router.Match(methods, "/health/live", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "Healthy"}) })
}

func (h *healthCheck) mysql(ctx context.Context) health.Check {
	last := h.check.Ask(ctx)
	switch {
	case last.Err != nil && h.served.Load() < last.Began.UnixNano():
		return health.Check{Name: "mysql", Status: health.Unhealthy, Description: "The last check failed.", Duration: last.Took}
	case last.Err != nil:
		return health.Check{Name: "mysql", Status: health.Degraded, Description: "The last check failed, but users are served.", Duration: last.Took}
	case last.Late:
		return health.Check{Name: "mysql", Status: health.Degraded, Description: "The check is still running.", Duration: last.Took}
	}
	return health.Check{Name: "mysql", Status: health.Healthy, Duration: last.Took}
}

func (h *healthCheck) circuitBreaker() health.Check {
	start, status, name := time.Now(), health.Unhealthy, "Open"
	switch state(h.breaker) {
	case circuitbreaker.ClosedState:
		status, name = health.Healthy, "Closed"
	case circuitbreaker.HalfOpenState:
		status, name = health.Degraded, "HalfOpen"
	}
	description := "Circuit breaker is currently " + name + "."
	return health.Check{Name: "circuitBreaker", Status: status, Description: description, Duration: time.Since(start)}
}
