package main

import (
	"context"
	"net/http"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/gin-gonic/gin"
)

// A health check answers within a second, whatever the database does.
const pingTimeout = 800 * time.Millisecond

// However many ask about the health, the database is asked twice a second at most.
const healthMaxAge = 500 * time.Millisecond

// healthCheck is the health of one thing that the app depends on; Duration is in milliseconds.
type healthCheck struct {
	Name        string  `json:"name"`
	Status      string  `json:"status"`
	Description string  `json:"description"`
	Duration    float64 `json:"duration"`
}

// healthReport is the health of the app: that of its worst check. TotalDuration is in milliseconds.
type healthReport struct {
	Status        string        `json:"status"`
	Checks        []healthCheck `json:"checks"`
	TotalDuration float64       `json:"totalDuration"`
}

// serveHealth adds to router whether the app can serve (/health/) and whether it is alive (/health/live).
func serveHealth(router *gin.Engine, ping func(context.Context) error, breaker circuitbreaker.CircuitBreaker[[]flight]) {
	var report healthReport
	var checked time.Time
	turn := make(chan struct{}, 1)
	health := func(c *gin.Context) {
		turn <- struct{}{} // One check at a time: who comes meanwhile waits for its report.
		if time.Since(checked) > healthMaxAge {
			report, checked = checkHealth(ping, breaker), time.Now()
		}
		answer, status := report, http.StatusOK
		<-turn
		if answer.Status == "Unhealthy" {
			status = http.StatusServiceUnavailable
		}
		c.JSON(status, answer)
	}
	router.GET("/health/", health)
	router.GET("/health", health)
	router.GET("/health/live", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "Healthy"}) })
}

// checkHealth asks the database, then the breaker. If the breaker waits for a probe, the answer of the database is one: an
// app that gets no traffic because it is unhealthy comes back all the same.
func checkHealth(ping func(context.Context) error, breaker circuitbreaker.CircuitBreaker[[]flight]) healthReport {
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
	defer cancel()
	probe := state(breaker) == circuitbreaker.HalfOpenState && breaker.TryAcquirePermit()
	err := ping(ctx)
	if probe {
		breaker.RecordError(err)
	}
	took := float64(time.Since(start).Microseconds()) / 1000
	circuit := healthCheck{"circuitBreaker", "Healthy", "Circuit breaker is currently Closed.", 0}
	switch state(breaker) {
	case circuitbreaker.HalfOpenState:
		circuit.Status, circuit.Description = "Degraded", "Circuit breaker is currently HalfOpen."
	case circuitbreaker.OpenState:
		circuit.Status, circuit.Description = "Unhealthy", "Circuit breaker is currently Open."
	}
	mysql, worst := healthCheck{"mysql", "Healthy", "The flights database answers.", took}, circuit.Status
	if err != nil {
		mysql.Status, mysql.Description, worst = "Unhealthy", "The flights database does not answer.", "Unhealthy"
	}
	return healthReport{worst, []healthCheck{mysql, circuit}, took}
}
